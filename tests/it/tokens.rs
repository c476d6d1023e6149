//! Hostile tokens on both paths: one that our issuer's token endpoint hands out, and one that is presented to an MCP server.

mod corpus;
mod forge;

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use abide::{
    clock::ManualClock,
    credentials::jwt::{self, Claims, Refusal, ResourceServer, Verifier},
    net::{self, Request},
    scope::ScopeSet,
};
use abide_base::token_shape::is_jwt;
use abide_testbed::{
    Options, Testbed, TraceId,
    log::{self, Verdict},
    mcp::{Checking, Passed, Refused, TokenCheck},
};
use axum::{Json, Router, extract::State, routing::get};
use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use self::{
    corpus::{Hostile, hostile},
    forge::{Forge, ISSUER, NOW, SCOPE, message},
};

/// Abide's check at the door of the testbed.
#[derive(Debug)]
struct Door(ResourceServer);

/// An issuer's key set over HTTP, a trap, and an MCP server that takes that issuer's tokens as Abide checks them.
struct World {
    testbed: Testbed,
    forge: Forge,
    keys: Published,
    trap: Published,
    client: net::Client,
}

/// A key set, and how often it was asked for.
struct Published {
    url: String,
    reads: Arc<AtomicUsize>,
}

impl TokenCheck for Door {
    fn check<'a>(&'a self, headers: &'a HeaderMap, scope: Option<&'a str>) -> Checking<'a> {
        Box::pin(async move {
            let needed = ScopeSet::parse(scope.unwrap_or_default()).unwrap();
            let admitted = self.0.admit(headers).await;
            let admitted = admitted.and_then(|claims| ResourceServer::require(&claims, &needed).map(|()| claims));
            admitted.map(|claims| passed(&claims)).map_err(|refusal| Refused {
                reason: reason(&refusal),
                status: refusal.status(),
                challenge: self.0.challenge(&refusal),
            })
        })
    }
}

fn passed(claims: &Claims) -> Passed {
    let scope = claims.scopes.as_ref().map(ToString::to_string).unwrap_or_default();
    Passed { subject: claims.subject.clone().unwrap_or_default(), scope }
}

fn reason(refusal: &Refusal) -> log::Refusal {
    match refusal {
        Refusal::NoToken => log::Refusal::NoToken,
        Refusal::Scope(_) => log::Refusal::InsufficientScope,
        _ => log::Refusal::InvalidToken,
    }
}

impl Published {
    async fn start(key_set: Value) -> Self {
        let reads = Arc::new(AtomicUsize::new(0));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/jwks", listener.local_addr().unwrap());
        let answer = |State((reads, key_set)): State<(Arc<AtomicUsize>, Value)>| async move {
            reads.fetch_add(1, Ordering::SeqCst);
            Json(key_set)
        };
        let router = Router::new().fallback(get(answer)).with_state((reads.clone(), key_set));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, reads }
    }

    fn reads(&self) -> usize {
        self.reads.load(Ordering::SeqCst)
    }
}

impl World {
    async fn start() -> Self {
        let testbed = Testbed::start(Options::default().burst(10_000)).await.unwrap();
        let forge = Forge::new(testbed.mcp_url());
        let keys = Published::start(forge.key_set()).await;
        let trap = Published::start(json!({ "keys": [forge.attacker.public()] })).await;
        let options = net::Options::own_network().ca_bundle(Some(testbed.ca_path().to_owned()));
        let client = net::Client::new(&options).unwrap();
        let world = Self { testbed, forge, keys, trap, client };
        let metadata = "https://mcp.example/.well-known/oauth-protected-resource/mcp".parse().unwrap();
        let door = Door(ResourceServer::new(world.verifier(), metadata));
        world.testbed.mcp().check_tokens_with(Arc::new(door));
        world
    }

    fn verifier(&self) -> Verifier {
        let clock = Arc::new(ManualClock::at(SystemTime::UNIX_EPOCH + Duration::from_secs(NOW)));
        let key_set = self.keys.url.parse().unwrap();
        Verifier::new(self.client.clone(), key_set, ISSUER.to_owned(), self.forge.audience.clone(), clock)
    }

    fn corpus(&self) -> Vec<Hostile> {
        hostile(&self.forge, &self.trap.url)
    }

    /// A call of a tool with something as its token; nothing where HTTP cannot carry it.
    async fn call(&self, tool: &str, token: &str) -> Option<Result<net::Reply, net::Error>> {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
            "name": tool,
            "arguments": { "customer_id": abide_testbed::customers::all()[0].id },
            "_meta": {
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
                "io.modelcontextprotocol/clientCapabilities": {},
            },
        } });
        let mut request = Request::post(self.testbed.mcp_url().parse().unwrap(), body.to_string());
        for (name, value) in [
            ("content-type", "application/json"),
            ("accept", "application/json, text/event-stream"),
            ("mcp-protocol-version", "2026-07-28"),
            ("mcp-method", "tools/call"),
        ] {
            request.headers.insert(name, HeaderValue::from_static(value));
        }
        request.headers.insert("mcp-name", HeaderValue::from_str(tool).unwrap());
        let value = HeaderValue::from_bytes(format!("Bearer {token}").as_bytes()).ok()?;
        request.headers.insert(AUTHORIZATION, value);
        Some(self.client.send(request).await)
    }
}

/// Good ones, of every algorithm and every shape that may be.
fn good(forge: &Forge) -> Vec<String> {
    let mut all: Vec<String> = forge.keys.iter().map(|key| forge.good(key.kid)).collect();
    for typ in ["AT+JWT", "application/at+jwt", "JWT", "jwt"] {
        all.push(forge.header("es", |header| header["typ"] = json!(typ)));
    }
    all.push(forge.set("aud", json!(["https://other.example", forge.audience])));
    all.push(forge.set("exp", json!(NOW as f64 + 0.5)));
    all.push(forge.claim(|claims| {
        for optional in ["nbf", "iat", "jti", "sub", "client_id"] {
            claims.remove(optional);
        }
    }));
    all.push(forge.claim(|claims| {
        let scope = claims.remove("scope").unwrap();
        claims.insert("scp".to_owned(), json!(scope.as_str().unwrap().split(' ').collect::<Vec<_>>()));
    }));
    // as many issuers write them: without a type (RFC 7519, section 5.1), without the name of the key, with numbers for names, with
    // numbers that nobody reads
    for kid in ["rs", "es", "ed"] {
        all.push(forge.header(kid, |header| drop(header.remove("kid"))));
    }
    all.push(forge.header("es", |header| header["kid"] = json!(null)));
    all.push(forge.header("es", |header| drop(header.remove("typ"))));
    all.push(forge.header("es", |header| header["typ"] = json!(null)));
    for name in ["sub", "client_id", "jti"] {
        all.push(forge.set(name, json!(7)));
    }
    all.push(forge.set("iat", json!(NOW as f64 - 0.5)));
    all.push(
        forge.spelled("\"ver\":1.0,\"auth_time\":1799999999.25,\"large\":1e400,\"n\":-123456789012345678901234567890"),
    );
    // of no meaning to us, and no harm
    all.push(forge.header("es", |header| drop(header.insert("jku".to_owned(), json!("https://issuer.example/jwks")))));
    all.push(forge.header("es", |header| drop(header.insert("x5t".to_owned(), json!("AAAA")))));
    all.push(forge.set("https://example.com/roles", json!([{ "a": [1, null] }])));
    all
}

#[tokio::test]
async fn the_corpus_is_large_and_no_token_stands_in_it_twice() {
    let world = World::start().await;
    let corpus = world.corpus();
    assert!(corpus.len() >= 588, "{} tokens", corpus.len());
    let names: BTreeSet<&str> = corpus.iter().map(|one| one.name.as_str()).collect();
    let tokens: BTreeSet<&str> = corpus.iter().map(|one| one.token.as_str()).collect();
    assert_eq!((names.len(), tokens.len()), (corpus.len(), corpus.len()));
}

#[tokio::test]
async fn no_hostile_token_of_an_issuer_is_accepted() {
    let world = World::start().await;
    let verifier = world.verifier();
    let mut wrong = Vec::new();
    for one in world.corpus() {
        match verifier.verify(&one.token).await {
            Err(error) if one.expects(&error) => {}
            other => wrong.push(format!("{}: {other:?}", one.name)),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for token in good(&world.forge) {
        let claims = verifier.verify(&token).await.unwrap();
        assert_eq!(claims.scopes, Some(ScopeSet::parse(SCOPE).unwrap()));
    }
    assert_eq!(world.trap.reads(), 0, "no address in a token is asked for a key");
    assert!(world.keys.reads() <= 4, "{} requests for keys", world.keys.reads());
}

/// A token endpoint may also hand out opaque tokens, which are for the server alone to read. What looks like a JWT to anybody
/// is none of those.
#[tokio::test]
async fn hardly_any_hostile_token_passes_as_opaque() {
    let world = World::start().await;
    let bearer = |token: &str| {
        !token.is_empty() && token.len() <= jwt::MAX_TOKEN && token.bytes().all(|byte| byte.is_ascii_graphic())
    };
    let corpus = world.corpus();
    let opaque: Vec<&str> =
        corpus.iter().filter(|one| bearer(&one.token) && !is_jwt(&one.token)).map(|one| one.name.as_str()).collect();
    assert_eq!(opaque, ["encrypted", "two dots", "one part", "dots escaped", "ten thousand dots"]);
    assert!(good(&world.forge).iter().all(|token| is_jwt(token)));
}

#[tokio::test]
async fn no_hostile_token_opens_an_mcp_server() {
    let world = World::start().await;
    let mut wrong = Vec::new();
    let mut presented = 0;
    for one in world.corpus() {
        let Some(reply) = world.call("get_customer_info", &one.token).await else { continue };
        presented += 1;
        match reply {
            Ok(reply) if [400, 401].contains(&reply.status.as_u16()) => {
                let challenge = reply.headers.get("www-authenticate").unwrap().to_str().unwrap();
                assert!(challenge.starts_with("Bearer resource_metadata=\"https://mcp.example/"), "{challenge}");
            }
            Ok(reply) if reply.status == 431 && one.token.len() > jwt::MAX_TOKEN => {}
            Err(_) if one.token.len() > jwt::MAX_TOKEN => {}
            Ok(reply) => wrong.push(format!("{}: {}", one.name, reply.status)),
            Err(error) => wrong.push(format!("{}: {error}", one.name)),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(presented >= 400, "HTTP carried {presented} of them");
    let log = world.testbed.mcp().log();
    let reason = log::Refusal::InvalidToken;
    assert!(log.of(TraceId::NONE).iter().all(|call| call.verdict == Verdict::Refused { reason }));
    assert_eq!(world.trap.reads(), 0, "no address in a token is asked for a key");

    let tokens = good(&world.forge);
    for token in &tokens {
        let reply = world.call("get_customer_info", token).await.unwrap().unwrap();
        assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
    }
    assert_eq!(log.executed(TraceId::NONE).len(), tokens.len());
}

#[tokio::test]
async fn whoever_lacks_a_token_or_a_scope_is_told_so_over_http() {
    let world = World::start().await;
    let place = "Bearer resource_metadata=\"https://mcp.example/.well-known/oauth-protected-resource/mcp\"";
    let bound = world.forge.set("cnf", json!({ "jkt": "AAAA" }));
    let silent = world.forge.claim(|claims| drop(claims.remove("scope")));
    let lacking = |scope| format!("{place}, error=\"insufficient_scope\", scope=\"{scope}\"");
    for (tool, token, status, challenge) in [
        ("get_customer_info", bound, 401, format!("{place}, error=\"invalid_token\"")),
        ("get_customer_info", "a b".to_owned(), 400, format!("{place}, error=\"invalid_request\"")),
        ("export_customers", world.forge.good("rs"), 403, lacking("customer:export")),
        ("get_customer_info", silent, 403, lacking("customer:read")),
    ] {
        let reply = world.call(tool, &token).await.unwrap().unwrap();
        assert_eq!(reply.status, status, "{tool}");
        assert_eq!(reply.headers.get("www-authenticate").unwrap(), &challenge);
    }
    assert!(world.testbed.mcp().log().executed(TraceId::NONE).is_empty());
    let by_another = world.forge.attacker.seal(&message(&world.forge.attacker.header(), &world.forge.claims()));
    let reply = world.call("get_customer_info", &by_another).await.unwrap().unwrap();
    assert_eq!(reply.status, 401);
}
