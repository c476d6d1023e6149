//! oidc-provider as issuer, and a resource server that checks its tokens with another library before fastmcp serves the call.

use abide::credentials::{
    jwt::{Algorithm, SigningKey},
    oauth::{
        AuthError,
        config::{ClientAuth, Proof, TokenRules},
    },
};
use futures_util::future::join;

use super::*;

/// An issuer, and a server that checks its tokens.
pub(super) struct World {
    pub(super) issuer: Referee,
    pub(super) gate: Referee,
    _served: Referee,
}

impl World {
    pub(super) fn start(lifetime_s: u32) -> Self {
        let served = fastmcp(&json!({ "name": "served" }));
        let issuer = Starting::ours("issuer.cjs", &json!({ "ttl": lifetime_s })).ready();
        let served = served.ready();
        let options = json!({ "issuer": issuer_of(&issuer), "upstream": served.mcp() });
        Self { issuer, gate: Starting::ours("gate.cjs", &options).ready(), _served: served }
    }

    /// A resource of its own, for which the issuer signs tokens with this algorithm.
    pub(super) async fn resource(&self, name: &str, algorithm: &str) -> String {
        let url = self.gate.url(&format!("/{name}/mcp"));
        register(&self.issuer, &url, algorithm).await;
        url
    }

    fn oauth(&self, client: &str, auth: ClientAuth) -> OAuth {
        OAuth::new(issuer_of(&self.issuer), client, auth)
    }

    fn key(&self, algorithm: Algorithm) -> ClientAuth {
        let client = algorithm.name().to_lowercase();
        let pem = self.issuer.told["keys"][&client].as_str().unwrap();
        let key = SigningKey::from_pem(pem.as_bytes(), algorithm, Some(format!("{client}-key"))).unwrap();
        ClientAuth::PrivateKey(Arc::new(key))
    }

    fn basic(&self) -> OAuth {
        self.oauth("basic", ClientAuth::Basic(secret(&self.issuer, "basic")))
    }

    fn bound(&self) -> OAuth {
        self.oauth("dpop", ClientAuth::Basic(secret(&self.issuer, "dpop"))).proof(Proof::Dpop)
    }

    async fn connect(&self, url: &str, oauth: OAuth) -> Caller {
        Caller::connect(guarded(url, oauth), &[ADD, WHOAMI]).await.unwrap()
    }
}

#[tokio::test]
#[ignore = "needs scripts/referees.sh"]
async fn every_way_to_say_who_we_are_is_understood() {
    let world = World::start(300);
    let mut clients = vec![
        (world.basic(), "client_secret_basic", "RS256"),
        (world.oauth("post", ClientAuth::Post(secret(&world.issuer, "post"))), "client_secret_post", "ES256"),
    ];
    for algorithm in Algorithm::all() {
        let tokens = TokenRules { algorithms: vec![algorithm], ..TokenRules::default() };
        let oauth = world.oauth(&algorithm.name().to_lowercase(), world.key(algorithm)).tokens(tokens);
        clients.push((oauth, "private_key_jwt", algorithm.name()));
    }
    for (oauth, method, token_algorithm) in clients {
        let client = oauth.client_id.clone();
        let url = world.resource(&client, token_algorithm).await;
        let caller = world.connect(&url, oauth).await;
        let called = caller.call("whoami", json!({})).await;
        assert_eq!(called.result()["server"], "served", "{client}");
        assert_eq!(called.events, [], "{client}");
        let grant = json!({
            "client": client, "grant": "client_credentials", "method": method, "resource": url, "scope": READ, "type": "Bearer", "generation": 1,
        });
        assert_eq!(granted(&world.issuer, &client).await, [grant]);
    }
    let (issuer, gate) = join(world.issuer.seen(), world.gate.seen()).await;
    assert_eq!(issuer["refused"], json!([]));
    for algorithm in Algorithm::all() {
        assert!(gate["algorithms"][algorithm.name()].as_u64() > Some(0), "{gate}");
    }
    assert_eq!(gate["refused"]["invalid_token"], Value::Null, "{gate}");
}

#[tokio::test]
#[ignore = "needs scripts/referees.sh"]
async fn a_bound_token_is_sent_with_proofs_of_its_key() {
    let world = World::start(300);
    let url = world.resource("bound", "ES256").await;
    let caller = world.connect(&url, world.bound()).await;
    for _ in 0..20 {
        let called = caller.call("add", json!({ "a": 1, "b": 2 })).await;
        assert_eq!((&called.result()["sum"], called.events.len()), (&json!(3.0), 0));
    }
    // who is asked for another nonce, even by many replies at once, needs no other token
    for _ in 0..5 {
        world.gate.steer("forget", json!({})).await;
        let calls = join_all((0..16).map(|i| caller.call("add", json!({ "a": i, "b": 0 })))).await;
        assert!(calls.iter().all(|called| called.result()["sum"].is_number() && called.events.is_empty()));
    }
    let grants = granted(&world.issuer, "dpop").await;
    assert_eq!(grants.len(), 1);
    assert_eq!(grants[0]["type"], "DPoP");
    let gate = world.gate.seen().await;
    assert_eq!(gate["schemes"]["Bearer"], Value::Null, "{gate}");
    assert!(gate["schemes"]["DPoP"].as_u64() >= Some(20), "{gate}");
    assert_eq!(gate["refused"]["invalid_dpop_proof"], Value::Null, "{gate}");

    let unbound = world.bound().proof(Proof::Bearer);
    let Err(error) = Caller::connect(guarded(&url, unbound), &[ADD]).await else { panic!("without a proof") };
    assert!(error.to_string().contains("invalid_grant"), "{error}");
}

#[tokio::test]
#[ignore = "needs scripts/referees.sh"]
async fn short_lived_tokens_are_renewed_and_no_call_fails() {
    let world = World::start(8);
    let es256 = world.oauth("es256", world.key(Algorithm::Es256));
    let clients = [("plain", world.basic()), ("signed", es256), ("proved", world.bound())];
    let loads = clients.map(|(name, oauth)| {
        let world = &world;
        async move {
            let (client, url) = (oauth.client_id.clone(), world.resource(name, "ES256").await);
            let calls = world.connect(&url, oauth).await.keep_calling(Duration::from_secs(20)).await;
            (calls, granted(&world.issuer, &client).await.len(), client)
        }
    });
    for (calls, tokens, client) in join_all(loads).await {
        assert!(calls > 100, "{client}: {calls} calls");
        // half of so short a life is margin, so a token serves for 4 s: five or six of them in 20 s
        assert!((5..=6).contains(&tokens), "{client}: {tokens} tokens for {calls} calls");
        eprintln!("{client}: {calls} calls with {tokens} tokens");
    }
    assert_eq!(world.gate.seen().await["refused"]["invalid_token"], Value::Null);
}

#[tokio::test]
#[ignore = "needs scripts/referees.sh"]
async fn keys_of_the_issuer_change_and_no_call_fails() {
    let world = World::start(8);
    let url = world.resource("rotated", "RS256").await;
    let caller = world.connect(&url, world.basic()).await;
    let mut calls = 0;
    for _ in 0..8 {
        let rotate = world.issuer.steer("rotate", json!({ "keep": true }));
        calls += join(caller.keep_calling(Duration::from_secs(2)), rotate).await.0;
    }
    let seen = world.gate.seen().await;
    assert!(seen["kids"].as_object().unwrap().len() >= 3, "{seen}");
    assert_eq!(seen["refused"]["invalid_token"], Value::Null, "while old keys are published: {seen}");

    // a key that is withdrawn at once takes its tokens with it
    for _ in 0..2 {
        let rotate = world.issuer.steer("rotate", json!({ "keep": false }));
        calls += join(caller.keep_calling(Duration::from_secs(3)), rotate).await.0;
    }
    let seen = world.gate.seen().await;
    assert!(seen["refused"]["invalid_token"].as_u64() > Some(0), "{seen}");
    eprintln!("{calls} calls over {} keys, {} refused and made again", seen["kids"], seen["refused"]["invalid_token"]);
}

#[tokio::test]
#[ignore = "needs scripts/referees.sh"]
async fn what_a_token_is_good_for_is_asked_where_it_cannot_be_read() {
    let issuer = Starting::ours("issuer.cjs", &json!({ "ttl": 300 })).ready();
    // the server asks as a client of its own
    let known = json!({
        "client_id": "post", "client_secret": secret(&issuer, "post").expose(), "method": "client_secret_post",
    });
    let options = json!({ "name": "asks", "issuer": issuer_of(&issuer), "introspection": known, "required": [READ] });
    let served = fastmcp(&options).ready();
    issuer.steer("resource", json!({ "url": served.mcp(), "format": "opaque" })).await;
    let oauth = OAuth::new(issuer_of(&issuer), "basic", ClientAuth::Basic(secret(&issuer, "basic")));
    let caller = Caller::connect(guarded(&served.mcp(), oauth), &[WHOAMI]).await.unwrap();
    assert_eq!(issuer.seen().await["introspected"]["basic"], 1);
    let called = caller.call("whoami", json!({})).await;
    assert_eq!(*called.result(), json!({ "server": "asks", "client": "basic", "scopes": [READ] }));
    assert_eq!(granted(&issuer, "basic").await.len(), 1);
}

#[tokio::test]
#[ignore = "needs scripts/referees.sh"]
async fn what_is_wrong_with_the_credentials_is_named() {
    let world = World::start(300);
    let url = world.resource("strict", "RS256").await;
    let refused = async |url: &str, oauth: OAuth| match Caller::connect(guarded(url, oauth), &[ADD]).await {
        Err(ToolboxError::Connect(abide::mcp::ConnectError::Auth { reason, .. })) => reason,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it was let in"),
    };
    let wrong_secret = world.oauth("basic", ClientAuth::Basic(secret(&world.issuer, "post")));
    let error = refused(&url, wrong_secret).await;
    assert!(matches!(&error, AuthError::ClientRefused { client_id, .. } if client_id == "basic"), "{error}");
    let wrong_key = world.oauth("es256", ClientAuth::PrivateKey(Arc::new(SigningKey::generate().unwrap())));
    let error = refused(&url, wrong_key).await;
    assert!(matches!(&error, AuthError::ClientRefused { client_id, .. } if client_id == "es256"), "{error}");

    let unknown = world.gate.url("/unknown/mcp");
    let error = refused(&unknown, world.basic()).await;
    assert!(matches!(&error, AuthError::InvalidTarget { resource, .. } if *resource == unknown), "{error}");
    let other = Starting::ours("issuer.cjs", &json!({})).ready();
    register(&other, &url, "RS256").await;
    let foreign = OAuth::new(issuer_of(&other), "basic", ClientAuth::Basic(secret(&other, "basic")));
    let error = refused(&url, foreign).await;
    let AuthError::ForeignIssuer { named, pinned, .. } = &error else { panic!("{error}") };
    assert_eq!((named, pinned), (&issuer_of(&world.issuer), &issuer_of(&other)));
    assert_eq!(granted(&world.issuer, "basic").await, [Value::Null; 0]);
}
