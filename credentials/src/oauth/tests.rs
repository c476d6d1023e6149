#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::{
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use abide_base::{
    clock::{Clock, ManualClock},
    scope::ScopeSet,
    secret::{Redactor, Secret},
};
use abide_net as net;
use abide_testbed::lab::stub::{Answer, Seen, Stub, json as reply_json, plain};
use futures_util::FutureExt;
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::{
    jwt::MAX_TOKEN,
    oauth::{
        config::{Access, ClientAuth, OAuth, ProtectedResource, StepUp, TokenSource},
        *,
    },
};

/// An issuer of opaque tokens whose token endpoint answers as told.
struct Issuer {
    stub: Stub,
    clock: Arc<ManualClock>,
    redactor: Redactor,
}

impl Issuer {
    async fn start(answer: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Self {
        let own: Arc<Mutex<String>> = Arc::default();
        let base = own.clone();
        let stub = Stub::start(move |seen| match seen.path.as_str() {
            "/.well-known/oauth-authorization-server" => {
                let base = base.lock().unwrap().clone();
                reply_json(&json!({ "issuer": base, "token_endpoint": format!("{base}/token") }))
            }
            "/token" => answer(seen),
            _ => plain("404 Not Found", ""),
        })
        .await;
        own.lock().unwrap().clone_from(&stub.url);
        Self {
            stub,
            clock: Arc::new(ManualClock::at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000))),
            redactor: Redactor::new(),
        }
    }

    fn config(&self) -> ProtectedResource {
        let url = "https://mcp.example/mcp/#part".parse().unwrap();
        let oauth = OAuth::new(self.stub.url.clone(), "a:client", ClientAuth::Basic(secret()));
        let id = "crm".to_owned().try_into().unwrap();
        ProtectedResource { id, url, access: Access::OAuth(Box::new(oauth)), connection: net::Options::default() }
    }

    fn identity(&self, config: ProtectedResource) -> Identity {
        let scopes = ScopeSet::parse("a b").unwrap();
        Identity::new(config, scopes, self.clock.clone(), self.redactor.clone()).unwrap()
    }

    async fn token(&self) -> Result<Arc<AccessToken>, AuthError> {
        self.identity(self.config()).token().await
    }

    fn token_requests(&self) -> Vec<Seen> {
        let mut seen = self.stub.seen();
        seen.retain(|request| request.path == "/token");
        seen
    }
}

fn granted(extra: Value) -> Answer {
    let mut body = json!({ "access_token": "opaque-token-1", "token_type": "bearer" });
    let map = body.as_object_mut().unwrap();
    map.extend(extra.as_object().unwrap().clone());
    reply_json(&body)
}

fn form(seen: &Seen) -> Vec<(String, String)> {
    form_urlencoded::parse(seen.body.as_bytes()).into_owned().collect()
}

#[tokio::test]
async fn a_token_goes_to_its_servers_address_and_to_no_other() {
    let issuer =
        Issuer::start(|_| reply_json(&json!({ "access_token": "opaque", "token_type": "bearer", "scope": "a b" })))
            .await;
    let identity = issuer.identity(issuer.config());
    for other in ["https://mcp.example/mcp", "https://evil.example/mcp/#part", "http://mcp.example/mcp/#part"] {
        let mut request = net::Request::get(other.parse().unwrap());
        let error = identity.attach(&mut request).await.unwrap_err();
        assert!(matches!(error, AuthError::OtherAddress { .. }) && request.headers.is_empty(), "{error}");
    }
    assert!(issuer.token_requests().is_empty(), "none is asked for");
    let mut request = net::Request::get(issuer.config().url);
    identity.attach(&mut request).await.unwrap();
    assert!(request.headers.contains_key("authorization"));
}

#[tokio::test]
async fn asks_with_resource_scope_and_encoded_credentials() {
    let issuer = Issuer::start(|_| granted(json!({}))).await;
    issuer.token().await.unwrap();
    let request = &issuer.token_requests()[0];
    let expected = [("grant_type", "client_credentials"), ("resource", "https://mcp.example/mcp"), ("scope", "a b")];
    assert_eq!(form(request), expected.map(|(n, v)| (n.to_owned(), v.to_owned())));
    // base64("a%3Aclient:s3cret+%25%2B%C3%A4%3A%2F")
    assert_eq!(request.header("authorization"), Some("Basic YSUzQWNsaWVudDpzM2NyZXQrJTI1JTJCJUMzJUE0JTNBJTJG"));

    let mut config = issuer.config();
    config.access.oauth_mut().unwrap().client = ClientAuth::Post(secret());
    issuer.identity(config).token().await.unwrap();
    let request = &issuer.token_requests()[1];
    assert_eq!(request.header("authorization"), None);
    assert!(form(request).contains(&("client_secret".to_owned(), "s3cret %+ä:/".to_owned())));
}

#[tokio::test]
async fn an_opaque_token_has_the_scopes_that_were_granted() {
    let issuer = Issuer::start(|_| granted(json!({ "scope": "a" }))).await;
    let token = issuer.token().await.unwrap();
    assert_eq!(token.granted.to_string(), "a");
    assert_eq!(token.expose(), "opaque-token-1");
    assert!(!format!("{token:?}").contains("opaque-token-1"));
    assert_eq!(issuer.redactor.scrub("x opaque-token-1 y"), "x [redacted] y");

    let silent = Issuer::start(|_| granted(json!({}))).await;
    let token = silent.token().await.unwrap();
    assert_eq!(token.granted.to_string(), "a b", "as asked for (RFC 6749, section 5.1)");
    assert_eq!(token.expires, silent.clock.now() + Duration::from_secs(300));
}

#[tokio::test]
async fn a_token_whose_end_is_past_when_it_comes_is_refused() {
    for (exp, life) in
        [(1_800_000_100, Some(100)), (1_800_000_000, Some(30)), (1_799_999_970, None), (1, None), (0, Some(3_600))]
    {
        let mut issuer = Issuer::start(|_| granted(json!({}))).await;
        let own: Arc<Mutex<String>> = Arc::default();
        let base = own.clone();
        issuer.stub = Stub::start(move |seen| match seen.path.as_str() {
            "/.well-known/oauth-authorization-server" => {
                let base = base.lock().unwrap().clone();
                let (token, introspection) = (format!("{base}/token"), format!("{base}/introspect"));
                reply_json(&json!({ "issuer": base, "token_endpoint": token, "introspection_endpoint": introspection }))
            }
            "/token" => granted(json!({ "expires_in": 3_600 })),
            _ => reply_json(&json!({ "active": true, "exp": exp })),
        })
        .await;
        own.lock().unwrap().clone_from(&issuer.stub.url);
        match (issuer.token().await, life) {
            (Ok(token), Some(life)) => assert_eq!(token.expires, issuer.clock.now() + Duration::from_secs(life)),
            (Err(error), None) => assert!(error.to_string().contains("has expired"), "{error}"),
            (other, _) => panic!("{exp}: {other:?}"),
        }
    }
}

#[test]
fn a_verified_token_past_its_end_is_used_to_the_end_of_the_leeway() {
    let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    for (expires, left) in [(1_100, 100), (1_001, 1), (1_000, 30), (999, 29), (971, 1), (970, 0), (1, 0)] {
        assert_eq!(expiry::remaining(at(expires), at(1_000)), Duration::from_secs(left), "{expires}");
    }
}

#[tokio::test]
async fn is_renewed_a_minute_before_its_end_or_after_half_its_life() {
    for (life, fresh) in [(600, 539), (120, 59), (100, 49), (8, 3)] {
        let issuer = Issuer::start(move |_| granted(json!({ "expires_in": life }))).await;
        let identity = issuer.identity(issuer.config());
        identity.token().await.unwrap();
        issuer.clock.advance(Duration::from_secs(fresh));
        identity.token().await.unwrap();
        assert_eq!(issuer.token_requests().len(), 1, "{life}");
        issuer.clock.advance(Duration::from_secs(1));
        identity.token().await.unwrap();
        assert_eq!(issuer.token_requests().len(), 2, "{life}");
    }
}

#[tokio::test]
async fn a_jump_of_the_clock_costs_a_renewal_at_most() {
    let issuer = Issuer::start(|_| granted(json!({ "expires_in": "600" }))).await;
    let identity = issuer.identity(issuer.config());
    identity.token().await.unwrap();
    let start = issuer.clock.now();
    issuer.clock.set_origin(start - Duration::from_secs(7_200));
    identity.token().await.unwrap();
    assert_eq!(issuer.token_requests().len(), 1);
    issuer.clock.set_origin(start + Duration::from_secs(7_200));
    identity.token().await.unwrap();
    assert_eq!(issuer.token_requests().len(), 2);
}

#[tokio::test]
async fn unusable_answers_are_refused_without_being_shown() {
    for body in [
        json!({ "token_type": "Bearer", "note": "hidden" }),
        json!({ "access_token": "hidden", "token_type": "DPoP" }),
        json!({ "access_token": "", "token_type": "Bearer" }),
        json!({ "access_token": "hidden\r\nx: y", "token_type": "Bearer" }),
        json!({ "access_token": "hidden".repeat(10_000), "token_type": "Bearer" }),
        json!({ "access_token": "hidden", "token_type": "Bearer", "expires_in": -1 }),
        json!({ "access_token": "hidden", "token_type": "Bearer", "expires_in": [] }),
        json!({ "access_token": "hidden", "token_type": "Bearer", "scope": "\u{7}" }),
        json!("hidden"),
    ] {
        let issuer = Issuer::start(move |_| reply_json(&body)).await;
        let error = issuer.token().await.unwrap_err();
        assert!(matches!(error, AuthError::Answer { .. }), "{error}");
        assert!(!format!("{error} {error:?}").contains("hidden"));
        assert!(!error.is_infrastructure());
    }
}

#[tokio::test]
async fn refusals_are_told_apart_and_never_quote_the_issuer() {
    let refusal = |status: &'static str, error: &'static str| async move {
        let body = json!({ "error": error, "error_description": "hidden words" });
        let issuer = Issuer::start(move |_| plain(status, &body)).await;
        let error = issuer.token().await.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hidden"), "{error}");
        assert_eq!(issuer.token_requests().len(), 1, "refusals are not repeated");
        error
    };
    for status in ["400 Bad Request", "401 Unauthorized"] {
        let error = refusal(status, "invalid_client").await;
        assert!(matches!(error, AuthError::ClientRefused { .. }), "{error}");
    }
    let error = refusal("400 Bad Request", "invalid_target").await;
    assert!(matches!(error, AuthError::InvalidTarget { .. }), "{error}");
    let error = refusal("400 Bad Request", "invalid_scope").await;
    assert!(matches!(error, AuthError::InvalidScope { .. }), "{error}");
    let error = refusal("400 Bad Request", "unauthorized_client").await;
    assert!(matches!(&error, AuthError::Refused { code, .. } if code == "unauthorized_client"));
    let error = refusal("400 Bad Request", "The secret hidden words").await;
    assert!(matches!(&error, AuthError::Refused { code, .. } if code == "400"));
    let error = refusal("307 Go", "").await;
    assert!(matches!(&error, AuthError::Refused { code, .. } if code == "307"));

    let issuer = Issuer::start(|_| plain("401 Unauthorized", "<html>")).await;
    let error = issuer.token().await.unwrap_err();
    assert!(matches!(error, AuthError::ClientRefused { .. }), "{error}");
}

#[tokio::test]
async fn waits_as_long_as_the_issuer_asks() {
    let issuer = Issuer::start({
        let first = Mutex::new(true);
        move |_| {
            if std::mem::take(&mut *first.lock().unwrap()) {
                let wait = "retry-after: 7".to_owned();
                ("429 Slow".to_owned(), vec![wait], String::new())
            } else {
                granted(json!({}))
            }
        }
    })
    .await;
    let identity = issuer.identity(issuer.config());
    let mut token = Box::pin(identity.token());
    while issuer.token_requests().is_empty() {
        assert!(token.as_mut().now_or_never().is_none());
        tokio::task::yield_now().await;
    }
    let wakes = async {
        loop {
            issuer.clock.advance(Duration::from_secs(1));
            tokio::task::yield_now().await;
        }
    };
    let start = issuer.clock.elapsed();
    tokio::select! {
        result = token => { result.unwrap(); }
        () = wakes => {}
    }
    assert!(issuer.clock.elapsed() - start >= Duration::from_secs(7));
    assert_eq!(issuer.token_requests().len(), 2);
}

#[tokio::test]
async fn nothing_is_taken_from_a_token_that_nobody_can_verify() {
    // {"alg":"none"} and {"scope":"admin"} at an issuer without a key set: as opaque as any other text
    let claims = "eyJzY29wZSI6ImFkbWluIn0";
    let token = format!("eyJhbGciOiJub25lIn0.{claims}.");
    let issuer = Issuer::start(move |_| granted(json!({ "access_token": token }))).await;
    assert_eq!(issuer.token().await.unwrap().granted.to_string(), "a b");
}

#[tokio::test]
async fn metadata_are_found_in_the_last_place_too() {
    let own: Arc<Mutex<String>> = Arc::default();
    let base = own.clone();
    let stub = Stub::start(move |seen| match seen.path.as_str() {
        "/realm/.well-known/openid-configuration" => {
            let base = base.lock().unwrap().clone();
            reply_json(&json!({ "issuer": format!("{base}/realm"), "token_endpoint": format!("{base}/token") }))
        }
        "/token" => granted(json!({})),
        _ => plain("404 Not Found", "{}"),
    })
    .await;
    own.lock().unwrap().clone_from(&stub.url);
    let issuer = Issuer::start(|_| granted(json!({}))).await;
    let mut config = issuer.config();
    config.access.oauth_mut().unwrap().issuer = format!("{}/realm", stub.url);
    issuer.identity(config.clone()).token().await.unwrap();
    let paths: Vec<_> = stub.seen().into_iter().map(|s| s.path).collect();
    assert_eq!(paths[0], "/.well-known/oauth-authorization-server/realm");
    assert_eq!(paths[1], "/.well-known/openid-configuration/realm");
    assert_eq!(paths.len(), 4);

    config.access.oauth_mut().unwrap().issuer = format!("{}/nowhere", stub.url);
    let error = issuer.identity(config).token().await.unwrap_err();
    assert!(matches!(error, AuthError::NoMetadata { .. }), "{error}");
}

#[tokio::test]
async fn asks_the_server_only_at_its_own_places() {
    let server = Stub::start(|seen| match seen.path.as_str() {
        "/.well-known/oauth-protected-resource/mcp" => plain("404 Not Found", ""),
        "/.well-known/oauth-protected-resource" | "/named" => {
            reply_json(&json!({ "authorization_servers": ["https://evil.example"] }))
        }
        _ => plain("404 Not Found", ""),
    })
    .await;
    let elsewhere = Stub::start(|_| plain("200 OK", "{}")).await;
    let issuer = Issuer::start(|_| granted(json!({}))).await;
    let mut config = issuer.config();
    config.url = format!("{}/mcp", server.url).parse().unwrap();
    let identity = issuer.identity(config);
    let named = format!("{}/named", server.url);
    for place in [None, Some(named.as_str()), Some(elsewhere.url.as_str()), Some("nonsense")] {
        let error = identity.check_server(place).await.unwrap_err();
        let AuthError::ForeignIssuer { named, pinned, .. } = error else {
            panic!("{error}");
        };
        assert_eq!((named.as_str(), pinned), ("https://evil.example", issuer.stub.url.clone()));
    }
    assert!(elsewhere.seen().is_empty());
    assert!(issuer.token_requests().is_empty());
}

#[tokio::test]
async fn a_request_that_nobody_waits_for_any_more_is_brought_to_its_end() {
    let issuer = Issuer::start(|_| granted(json!({}))).await;
    let identity = issuer.identity(issuer.config());
    assert!(identity.token().now_or_never().is_none(), "it was begun, and given up");
    let arrived = async {
        while issuer.token_requests().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), arrived).await.unwrap();
    identity.token().await.unwrap();
    assert_eq!(issuer.token_requests().len(), 1);
}

#[tokio::test]
async fn a_server_that_refuses_every_token_does_not_make_us_ask_for_ever() {
    let issuer = Issuer::start(|_| granted(json!({}))).await;
    let identity = issuer.identity(issuer.config());
    for _ in 0..30 {
        let token = identity.token().await.unwrap();
        identity.reject(&token);
    }
    assert_eq!(issuer.token_requests().len(), 11);
    issuer.clock.advance(Duration::from_secs(6));
    let token = identity.token().await.unwrap();
    assert!(identity.reject(&token), "one more is made up for");
    assert!(identity.reject(&token), "it is gone already");
    assert!(!identity.reject(&identity.token().await.unwrap()));
}

#[tokio::test]
async fn scopes_that_cannot_be_had_take_nothing_away() {
    let issuer = Issuer::start(|seen| {
        if form(seen).contains(&("scope".to_owned(), "a b".to_owned())) {
            granted(json!({}))
        } else {
            ("400 Bad Request".to_owned(), Vec::new(), json!({ "error": "invalid_scope" }).to_string())
        }
    })
    .await;
    let mut config = issuer.config();
    let more = ScopeSet::parse("c").unwrap();
    config.access.oauth_mut().unwrap().step_up = StepUp::Within(more.clone());
    let identity = issuer.identity(config);
    let token = identity.token().await.unwrap();
    assert!(!identity.step_up(&token, &ScopeSet::parse("d").unwrap()), "the boundary does not list it");
    assert!(identity.step_up(&token, &more));
    assert!(matches!(identity.token().await, Err(AuthError::InvalidScope { .. })));
    assert_eq!(identity.token().await.unwrap().granted.to_string(), "a b");
}

fn secret() -> Secret<String> {
    Secret::new("s3cret %+ä:/".to_owned())
}

#[cfg(unix)]
#[tokio::test]
async fn a_token_file_is_a_regular_one_of_the_size_of_a_token() {
    let folder = tempfile::tempdir().unwrap();
    let long = folder.path().join("long");
    std::fs::write(&long, vec![b'a'; MAX_TOKEN + 1]).unwrap();
    for (path, says) in [
        (long.as_path(), "which no token has"),
        (folder.path(), "not a regular file"),
        (std::path::Path::new("/dev/zero"), "not a regular file"),
    ] {
        let error = grant::read(&TokenSource::File(path.to_owned())).await.unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
    }
    std::fs::write(&long, vec![b'a'; MAX_TOKEN]).unwrap();
    assert_eq!(grant::read(&TokenSource::File(long)).await.unwrap().expose().len(), MAX_TOKEN);
}
