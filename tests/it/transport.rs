//! Identity and MCP client against real servers on loopback.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use abide::{
    call::{Effect, ReplyStatus, ToolReply},
    clock::{Clock, SystemClock},
    credentials::{
        jwt,
        oauth::{
            AuthError, Identity,
            config::{ClientAuth, OAuth},
        },
    },
    episode::Recorder,
    event::EventKind,
    id::RunId,
    mcp::{ConnectError, Connection, McpServer, ToolError, servers::ServerConfig},
    net,
    scope::ScopeSet,
    secret::{Redactor, Secret},
};
use abide_testbed::{Options, Scheme, Testbed, TraceId, auth, mcp};
use futures_util::{FutureExt, future::join_all};
use serde_json::{Map, Value, json};

use crate::support::{Caller, Hasty, events};

const READ: &str = "customer:read";

struct Setup {
    testbed: Testbed,
    clock: Arc<Hasty>,
    redactor: Redactor,
}

impl Setup {
    async fn new(options: Options) -> Self {
        Self { testbed: Testbed::start(options).await.unwrap(), clock: Arc::default(), redactor: Redactor::new() }
    }

    fn config(&self) -> ServerConfig {
        let client = ClientAuth::Basic(Secret::new(self.testbed.client_secret().to_owned()));
        let oauth = OAuth::new(self.testbed.issuer(), self.testbed.client_id(), client);
        let url = self.testbed.mcp_url().parse().unwrap();
        let mut config = ServerConfig::new("crm".to_owned().try_into().unwrap(), url).with_oauth(oauth);
        config.connection.ca_bundle = Some(self.testbed.ca_path().to_owned());
        config.connection.spki_pins = vec![self.testbed.spki_pin().parse().unwrap()];
        config
    }

    fn identity(&self, config: ServerConfig, scopes: &str) -> Identity {
        let scopes = ScopeSet::parse(scopes).unwrap();
        Identity::new(config.protected_resource(), scopes, self.clock.clone(), self.redactor.clone()).unwrap()
    }

    async fn connect_as(&self, config: ServerConfig, scopes: &str) -> Result<McpServer, ConnectError> {
        let scopes = ScopeSet::parse(scopes).unwrap();
        let connection = Connection::new(config, scopes, self.clock.clone(), self.redactor.clone()).unwrap();
        McpServer::connect(Arc::new(connection)).await
    }

    async fn token_error(&self, config: ServerConfig) -> AuthError {
        self.identity(config, READ).token().await.unwrap_err()
    }

    async fn connect(&self, scopes: &str) -> Caller {
        let server = self.connect_as(self.config(), scopes).await.unwrap();
        Caller { server, redactor: self.redactor.clone() }
    }

    async fn connect_error(&self, config: ServerConfig) -> ConnectError {
        self.connect_as(config, READ).await.unwrap_err()
    }
}

impl Caller {
    async fn look_up(&self) -> (Result<ToolReply, ToolError>, Recorder, RunId) {
        let arguments = json!({ "customer_id": customer() });
        self.call("get_customer_info", arguments, Effect::Read).await
    }

    async fn file_ticket(&self) -> (Result<ToolReply, ToolError>, Recorder, RunId) {
        let arguments = json!({ "customer_id": customer(), "issue": "no sound" });
        self.call("create_support_ticket", arguments, Effect::Write).await
    }
}

fn customer() -> String {
    abide_testbed::customers::all()[0].id.clone()
}

fn trace(run: RunId) -> TraceId {
    run.to_string().parse().unwrap()
}

#[tokio::test]
async fn calls_a_tool_with_a_token_for_its_scopes() {
    let setup = Setup::new(Options::default()).await;
    let caller = setup.connect("customer:read ticket:create").await;
    assert_eq!(caller.server.protocol_version(), "2026-07-28");
    let names: Vec<_> = caller.server.tools().iter().map(|t| t.name.as_str()).collect();
    assert!(names.contains(&"crm.get_customer_info"), "{names:?}");

    let (reply, recorder, run) = caller.look_up().await;
    let reply = reply.unwrap();
    assert_eq!(reply.status, ReplyStatus::Done);
    assert_eq!(reply.content["customer_id"], customer());
    assert_eq!(events(recorder), []);
    let executed = setup.testbed.mcp().log().executed(trace(run));
    assert_eq!(executed.len(), 1);
    assert_eq!(executed[0].scope, "customer:read ticket:create");
    assert_eq!(setup.testbed.auth().counters().tokens, 1);
}

#[tokio::test]
async fn a_tool_that_says_it_failed_is_a_reply() {
    let setup = Setup::new(Options::default()).await;
    let caller = setup.connect(READ).await;
    let arguments = json!({ "customer_id": "XYZ999" });
    let (reply, ..) = caller.call("get_customer_info", arguments, Effect::Read).await;
    assert_eq!(reply.unwrap().status, ReplyStatus::Failed);
    let (reply, ..) = caller.call("drop_tables", json!({}), Effect::Read).await;
    assert_eq!(reply.unwrap_err(), ToolError::UnknownTool);
}

#[tokio::test]
async fn secrets_are_presented_in_both_ways_and_redacted() {
    let setup = Setup::new(Options::default()).await;
    for client in [ClientAuth::Basic, ClientAuth::Post] {
        let mut config = setup.config();
        config.oauth_mut().unwrap().client = client(Secret::new(setup.testbed.client_secret().to_owned()));
        let identity = setup.identity(config, READ);
        let token = identity.token().await.unwrap();
        assert_eq!(token.granted.to_string(), READ);
        assert_eq!(token.hash.len(), 16);
        assert!(format!("{identity:?}{token:?}").len() < 400);
    }
    let secret = setup.testbed.client_secret();
    let text = format!("the secret is {secret}");
    assert!(!setup.redactor.scrub(&text).contains(secret));
}

#[tokio::test]
async fn one_token_request_serves_all_who_wait() {
    let setup = Setup::new(Options::default()).await;
    let identity = setup.identity(setup.config(), READ);
    let tokens = join_all((0..64).map(|_| identity.token())).await;
    let first = tokens[0].as_ref().unwrap();
    assert!(tokens.iter().all(|t| Arc::ptr_eq(t.as_ref().unwrap(), first)));
    assert_eq!(setup.testbed.auth().counters().tokens, 1);

    for _ in 0..64 {
        identity.reject(first);
    }
    let second = join_all((0..64).map(|_| identity.token())).await;
    identity.reject(first);
    identity.token().await.unwrap();
    assert!(second.iter().all(|t| t.as_ref().unwrap().hash != first.hash));
    assert_eq!(setup.testbed.auth().counters().tokens, 2);
}

#[tokio::test]
async fn a_cancelled_leader_leaves_nobody_behind() {
    let setup = Setup::new(Options::default()).await;
    let identity = setup.identity(setup.config(), READ);
    let mut leader = Box::pin(identity.token());
    assert!(leader.as_mut().now_or_never().is_none());
    let followers = join_all((0..4).map(|_| identity.token()));
    drop(leader);
    assert!(followers.await.iter().all(Result::is_ok));
    assert_eq!(setup.testbed.auth().counters().tokens, 1);

    let mut alone = Box::pin(async { identity.token().await });
    identity.reject(&identity.token().await.unwrap());
    assert!(alone.as_mut().now_or_never().is_none());
    drop(alone);
    identity.token().await.unwrap();
    assert_eq!(setup.testbed.auth().counters().tokens, 2);
}

#[tokio::test]
async fn errors_are_shared_and_stand_for_a_moment_only() {
    let setup = Setup::new(Options::default()).await;
    setup.testbed.auth().inject(auth::Fault::WrongAudience);
    let identity = setup.identity(setup.config(), READ);
    let results = join_all((0..16).map(|_| identity.token())).await;
    assert!(results.iter().all(Result::is_err));
    assert_eq!(setup.testbed.auth().counters().tokens, 1);
    setup.testbed.auth().heal();
    assert!(identity.token().await.is_err(), "nobody locks an account by asking again and again");
    assert_eq!(setup.testbed.auth().counters().tokens, 1);
    setup.clock.advance(Duration::from_secs(5));
    identity.token().await.unwrap();
}

#[tokio::test]
async fn short_lived_tokens_are_renewed_under_load() {
    let options = Options::default().token_lifetime(Duration::from_secs(4)).burst(1_000_000);
    let setup = Setup::new(options).await;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let scopes = ScopeSet::parse(READ).unwrap();
    let connection = Connection::new(setup.config(), scopes, clock, Redactor::new()).unwrap();
    let server = McpServer::connect(Arc::new(connection)).await.unwrap();
    let caller = Caller { server, redactor: Redactor::new() };
    let end = Instant::now() + Duration::from_secs(10);
    let runs = (0..8).map(|_| async {
        let mut calls = 0;
        while Instant::now() < end {
            let (reply, recorder, _) = caller.look_up().await;
            reply.unwrap();
            assert_eq!(events(recorder), []);
            calls += 1;
        }
        calls
    });
    let calls: u64 = join_all(runs).await.into_iter().sum();
    let tokens = setup.testbed.auth().counters().tokens;
    assert!(calls > 100, "{calls} calls");
    // half of so short a life is margin, so a token serves for 2 s: five or six of them in 10 s
    assert!((5..=6).contains(&tokens), "{tokens} tokens for {calls} calls");
}

#[tokio::test]
async fn a_thousand_calls_are_under_way_at_once() {
    let setup = Setup::new(Options::default()).await;
    let caller = setup.connect(READ).await;
    let calls = join_all((0..1_000).map(|_| caller.look_up())).await;
    for (reply, recorder, run) in calls {
        reply.unwrap();
        assert_eq!(events(recorder), []);
        assert_eq!(setup.testbed.mcp().log().executed(trace(run)).len(), 1);
    }
    assert_eq!(setup.testbed.auth().counters().tokens, 1);
}

#[tokio::test]
async fn names_what_is_wrong_with_the_credentials() {
    let setup = Setup::new(Options::default()).await;
    let mut config = setup.config();
    config.oauth_mut().unwrap().client = ClientAuth::Basic(Secret::new("not-the-secret".to_owned()));
    let error = setup.token_error(config).await;
    assert!(matches!(&error, AuthError::ClientRefused { client_id, .. } if client_id == "support-agent"));
    assert!(!error.is_infrastructure());
    assert!(!error.to_string().contains("not-the-secret"));

    let mut config = setup.config();
    config.url = "https://127.0.0.1:1/other".parse().unwrap();
    let error = setup.token_error(config).await;
    assert!(matches!(&error, AuthError::InvalidTarget { resource, .. } if resource == "https://127.0.0.1:1/other"));

    let error = setup.identity(setup.config(), "moon:walk").token().await.unwrap_err();
    assert!(matches!(&error, AuthError::InvalidScope { .. }), "{error}");
}

#[tokio::test]
async fn only_the_pinned_issuer_sees_credentials() {
    let setup = Setup::new(Options::default()).await;
    setup.testbed.auth().inject(auth::Fault::WrongIssuer);
    let error = setup.token_error(setup.config()).await;
    let AuthError::IssuerMismatch { pinned, found, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(pinned, setup.testbed.issuer());
    assert_eq!(found, "https://wrong-issuer.invalid");
    assert_eq!(setup.testbed.auth().counters().tokens, 0);

    let other = Setup::new(Options::default()).await;
    other.testbed.auth().add_resource(setup.testbed.mcp_url());
    let mut config = setup.config();
    config.oauth_mut().unwrap().issuer = other.testbed.issuer().to_owned();
    config.oauth_mut().unwrap().client = ClientAuth::Basic(Secret::new(other.testbed.client_secret().to_owned()));
    let error = setup.connect_error(config).await;
    let ConnectError::Auth { reason: AuthError::ForeignIssuer { named, pinned, .. }, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(named, setup.testbed.issuer());
    assert_eq!(pinned, other.testbed.issuer());
    assert!(!error.is_infrastructure());
}

#[tokio::test]
async fn an_issuer_that_is_down_is_infrastructure() {
    let setup = Setup::new(Options::default()).await;
    setup.testbed.auth().inject(auth::Fault::Unavailable);
    let error = setup.token_error(setup.config()).await;
    assert!(matches!(error, AuthError::Unavailable { status: 503, .. }), "{error}");
    assert!(error.is_infrastructure());
    assert_eq!(setup.testbed.auth().counters().requests, 8, "one try and three more, at both places");

    let mut config = setup.config();
    config.oauth_mut().unwrap().issuer = "http://127.0.0.1:1".to_owned();
    let error = setup.token_error(config).await;
    assert!(matches!(&error, AuthError::Network { reason: net::Error::Connect { .. }, .. }), "{error}");
    assert!(error.is_infrastructure());
    assert!(error.to_string().contains("127.0.0.1:1"));
}

#[tokio::test]
async fn tokens_that_do_not_verify_are_refused() {
    let setup = Setup::new(Options::default()).await;
    for fault in [auth::Fault::WrongAudience, auth::Fault::Expired, auth::Fault::UnknownKey] {
        setup.testbed.auth().inject(fault);
        let error = setup.token_error(setup.config()).await;
        setup.testbed.auth().heal();
        let AuthError::TokenRejected { reason, .. } = &error else {
            panic!("{fault:?}: {error}");
        };
        let expected = match fault {
            auth::Fault::WrongAudience => matches!(reason, jwt::Error::Audience { .. }),
            auth::Fault::Expired => matches!(reason, jwt::Error::Expired),
            _ => matches!(reason, jwt::Error::UnknownKey(_)),
        };
        assert!(expected, "{fault:?}: {reason}");
        assert!(!error.is_infrastructure());
    }
}

#[tokio::test]
async fn tokens_signed_with_rsa_verify_too() {
    let options = Options::default().algorithm(auth::Algorithm::Rs256);
    let setup = Setup::new(options).await;
    setup.identity(setup.config(), READ).token().await.unwrap();
}

#[tokio::test]
async fn a_rotated_key_costs_one_renewal() {
    let setup = Setup::new(Options::default()).await;
    let caller = setup.connect(READ).await;
    setup.testbed.auth().rotate().unwrap();
    setup.clock.advance(Duration::from_secs(11));
    let calls = join_all((0..16).map(|_| caller.look_up())).await;
    for (reply, recorder, _) in calls {
        reply.unwrap();
        assert!(matches!(events(recorder)[..], [] | [EventKind::TokenRenewed]));
    }
    assert_eq!(setup.testbed.auth().counters().tokens, 2);
    assert_eq!(setup.testbed.auth().counters().key_sets, 2);
}

#[tokio::test]
async fn tls_problems_have_names() {
    let options = Options::default().issuer_scheme(Scheme::Https);
    let setup = Setup::new(options).await;
    let stranger = Setup::new(Options::default()).await;

    let mut config = setup.config();
    config.connection.ca_bundle = Some(stranger.testbed.ca_path().to_owned());
    let error = setup.token_error(config).await;
    assert!(matches!(&error, AuthError::Network { reason: net::Error::UnknownAuthority { .. }, .. }), "{error}");
    assert!(!error.is_infrastructure());

    let mut config = setup.config();
    config.connection.spki_pins = vec![stranger.testbed.spki_pin().parse().unwrap()];
    let error = setup.connect_error(config).await;
    let ConnectError::Unreachable { reason: source, .. } = &error else {
        panic!("{error}");
    };
    assert!(matches!(source, net::Error::PinMismatch { .. }), "{error}");
    assert!(!error.is_infrastructure());

    let mut config = setup.config();
    config.connection.ca_bundle = Some(PathBuf::from("/no/such/ca.pem"));
    let error =
        Identity::new(config.protected_resource(), ScopeSet::new(), setup.clock.clone(), Redactor::new()).unwrap_err();
    assert!(matches!(error, net::Error::Authorities { .. }), "{error}");

    let mut config = setup.config();
    config.url = "http://example.com/mcp".parse().unwrap();
    let error =
        Identity::new(config.protected_resource(), ScopeSet::new(), setup.clock.clone(), Redactor::new()).unwrap_err();
    assert!(matches!(error, net::Error::Insecure { .. }), "{error}");
}

#[tokio::test]
async fn a_missing_scope_is_named() {
    let setup = Setup::new(Options::default()).await;
    let caller = setup.connect(READ).await;
    let (reply, recorder, run) = caller.file_ticket().await;
    let missing = ScopeSet::parse("ticket:create").unwrap();
    assert_eq!(reply.unwrap_err(), ToolError::ScopeMissing { missing });
    assert_eq!(events(recorder), [EventKind::ScopeMissing]);
    assert!(setup.testbed.state(trace(run)).tickets.is_empty());
    assert_eq!(setup.testbed.auth().counters().tokens, 1, "no step-up");
}

#[tokio::test]
async fn a_limited_rate_is_waited_for_and_counted() {
    let setup = Setup::new(Options::default()).await;
    let caller = setup.connect("customer:read ticket:create").await;
    for fault in [mcp::Fault::TooMany, mcp::Fault::TooManyForSeconds, mcp::Fault::TooManyUntilDate] {
        setup.testbed.mcp().fail_next(2, fault);
        let before = setup.clock.elapsed();
        let (reply, recorder, _) = caller.file_ticket().await;
        reply.unwrap();
        assert_eq!(events(recorder), [EventKind::RateLimited; 2], "{fault:?}");
        if fault == mcp::Fault::TooManyForSeconds {
            let waited = setup.clock.elapsed() - before;
            assert!((2_000..2_400).contains(&waited.as_millis()), "{waited:?}");
        }
    }
    setup.testbed.mcp().fail_next(100, mcp::Fault::TooManyForSeconds);
    let (reply, recorder, _) = caller.file_ticket().await;
    assert_eq!(reply.unwrap_err(), ToolError::RateLimited);
    assert_eq!(events(recorder), [EventKind::RateLimited; 9], "one try and three more");
}

#[tokio::test]
async fn only_what_changes_nothing_is_sent_again() {
    let setup = Setup::new(Options::default()).await;
    let caller = setup.connect("customer:read ticket:create").await;
    for fault in [mcp::Fault::Unavailable, mcp::Fault::InternalError] {
        setup.testbed.mcp().fail_next(2, fault);
        caller.look_up().await.0.unwrap();

        setup.testbed.mcp().fail_next(2, fault);
        let (reply, recorder, run) = caller.file_ticket().await;
        assert!(reply.unwrap_err().is_infrastructure());
        assert_eq!(events(recorder), [EventKind::ServerUnavailable]);
        assert_eq!(setup.testbed.mcp().log().of(trace(run)).len(), 1, "sent once");
        setup.testbed.mcp().heal();
    }
    setup.testbed.mcp().fail_next(100, mcp::Fault::Unavailable);
    assert!(caller.look_up().await.0.unwrap_err().is_infrastructure());
}

#[tokio::test]
async fn a_server_that_went_away_is_infrastructure() {
    let setup = Setup::new(Options::default()).await;
    let caller = setup.connect(READ).await;
    drop(setup);
    let (reply, ..) = caller.look_up().await;
    let error = reply.unwrap_err();
    assert!(error.is_infrastructure(), "{error}");
}

#[tokio::test]
async fn an_empty_call_needs_no_arguments() {
    let setup = Setup::new(Options::default()).await;
    let caller = setup.connect(READ).await;
    let (reply, ..) = caller.call("get_recent_customers", Value::Object(Map::new()), Effect::Read).await;
    assert_eq!(reply.unwrap().content["customers"].as_array().unwrap().len(), 10);
}
