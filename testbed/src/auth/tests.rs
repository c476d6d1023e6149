#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::time::Duration;

use jsonwebtoken::{DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use reqwest::Response;
use serde_json::Value;

use super::{Algorithm, Client, Fault};
use crate::{
    Options,
    tests::support::{Agent, header},
};

async fn metadata(agent: &Agent, name: &str) -> Value {
    let url = format!("{}/.well-known/{name}", agent.testbed.issuer());
    let response = agent.http.get(url).send().await.unwrap();
    response.json().await.unwrap()
}

async fn post(agent: &Agent, fields: &[(&str, &str)]) -> Response {
    agent.token_request(fields).send().await.unwrap()
}

/// The fields of a good request, then `more`.
fn fields<'a>(agent: &'a Agent, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut all = vec![("client_id", agent.testbed.client_id()), ("client_secret", agent.testbed.client_secret())];
    all.extend(more);
    all
}

async fn refused(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    assert_eq!(header(&response, "cache-control"), "no-store");
    let body: Value = response.json().await.unwrap();
    (status, body["error"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_discovered_token_verifies_with_the_published_key() {
    for algorithm in [Algorithm::Es256, Algorithm::Rs256] {
        let options = Options::default().algorithm(algorithm).token_lifetime(Duration::from_secs(77));
        let agent = Agent::start(options).await;
        let document = metadata(&agent, "oauth-authorization-server").await;
        assert_eq!(document, metadata(&agent, "openid-configuration").await);
        assert_eq!(document["issuer"], agent.testbed.issuer());
        let keys: JwkSet =
            agent.http.get(document["jwks_uri"].as_str().unwrap()).send().await.unwrap().json().await.unwrap();

        let granted = agent.ask_token(None).await;
        assert_eq!(granted["expires_in"], 77);
        assert_eq!(granted["token_type"], "Bearer");
        assert_eq!(granted["scope"], "customer:read ticket:create account:calculate");
        let token = granted["access_token"].as_str().unwrap();
        let head = decode_header(token).unwrap();
        assert_eq!(head.typ.as_deref(), Some("at+jwt"));
        assert_eq!(head.alg, algorithm.jws());
        let key = keys.find(head.kid.as_deref().unwrap()).unwrap();
        assert_eq!(key.common.key_algorithm.unwrap().to_string(), format!("{:?}", head.alg));
        let mut rules = Validation::new(head.alg);
        rules.set_issuer(&[agent.testbed.issuer()]);
        rules.set_audience(&[agent.testbed.mcp_url()]);
        let claims = decode::<Value>(token, &DecodingKey::from_jwk(key).unwrap(), &rules).unwrap().claims;
        assert_eq!(claims["client_id"], "support-agent");
        assert_eq!(claims["sub"], "support-agent");
        assert_eq!(claims["scope"], granted["scope"]);
        assert_eq!(claims["jti"].as_str().unwrap().len(), 32);
        let [from, to] = ["iat", "exp"].map(|name| claims[name].as_u64().unwrap());
        assert_eq!(to - from, 77);
        assert_eq!(agent.testbed.auth().counters().key_sets, 1);
        assert_eq!(agent.testbed.auth().counters().tokens, 2);
    }
}

#[tokio::test]
async fn a_basic_secret_is_form_decoded() {
    let agent = Agent::start(Options::default()).await;
    let client = Client::new("id:with colon", ["customer:read"]).unwrap();
    agent.testbed.auth().register(client.with_secret("s+e%c&r=t"));
    let form = [("grant_type", "client_credentials"), ("resource", agent.testbed.mcp_url())];
    let ask = async |id: &str, secret: &str| {
        let request = agent.token_request(&form).basic_auth(id, Some(secret));
        request.send().await.unwrap()
    };
    let granted = ask("id%3Awith+colon", "s%2Be%25c%26r%3Dt").await;
    assert_eq!(granted.status(), 200);
    assert_eq!(header(&granted, "cache-control"), "no-store");
    let raw = ask("id%3Awith+colon", "s+e%c&r=t").await;
    assert!(header(&raw, "www-authenticate").starts_with("Basic "));
    assert_eq!(refused(raw).await, (401, "invalid_client".to_owned()));
}

#[tokio::test]
async fn a_client_must_prove_who_it_is() {
    let agent = Agent::start(Options::default()).await;
    let id = agent.testbed.client_id();
    let grant = ("grant_type", "client_credentials");
    let resource = ("resource", agent.testbed.mcp_url());
    for credentials in [
        vec![("client_id", id), ("client_secret", "wrong")],
        vec![("client_id", "nobody"), ("client_secret", agent.testbed.client_secret())],
        vec![("client_id", "nobody"), ("client_secret", "")],
        vec![("client_id", id)],
        vec![],
    ] {
        let mut fields = credentials.clone();
        fields.extend([grant, resource]);
        let response = post(&agent, &fields).await;
        assert_eq!(header(&response, "www-authenticate"), "", "{credentials:?}");
        let expected = (401, "invalid_client".to_owned());
        assert_eq!(refused(response).await, expected, "{credentials:?}");
    }
    let twice =
        agent.token_request(&fields(&agent, &[grant, resource])).basic_auth(id, Some(agent.testbed.client_secret()));
    let answer = refused(twice.send().await.unwrap()).await;
    assert_eq!(answer, (400, "invalid_request".to_owned()));
    assert_eq!(agent.testbed.auth().counters().tokens, 1);
}

#[tokio::test]
async fn requests_are_refused_by_the_book() {
    let agent = Agent::start(Options::default()).await;
    let grant = ("grant_type", "client_credentials");
    let url = agent.testbed.mcp_url();
    let cases = [
        (vec![grant], "invalid_target"),
        (vec![grant, ("resource", "https://other.example/mcp")], "invalid_target"),
        (vec![grant, ("resource", url), ("resource", url)], "invalid_target"),
        (vec![("resource", url)], "invalid_request"),
        (vec![grant, grant, ("resource", url)], "invalid_request"),
        (vec![("grant_type", "password"), ("resource", url)], "unsupported_grant_type"),
        (vec![grant, ("resource", url), ("scope", "refund:create")], "invalid_scope"),
    ];
    for (more, error) in cases {
        let response = post(&agent, &fields(&agent, &more)).await;
        assert_eq!(refused(response).await, (400, error.to_owned()), "{more:?}");
    }
}

#[tokio::test]
async fn scopes_are_narrowed_to_the_registered_ones() {
    let agent = Agent::start(Options::default()).await;
    let granted = agent.ask_token(Some("refund:create ticket:create customer:read ticket:create")).await;
    assert_eq!(granted["scope"], "ticket:create customer:read");
}

#[tokio::test]
async fn faults_show_and_heal() {
    let agent = Agent::start(Options::default()).await;
    let auth = agent.testbed.auth();
    auth.inject(Fault::WrongIssuer);
    let document = metadata(&agent, "oauth-authorization-server").await;
    assert_eq!(document["issuer"], "https://wrong-issuer.invalid");
    auth.inject(Fault::Unavailable);
    let resource = ("resource", agent.testbed.mcp_url());
    let all = fields(&agent, &[("grant_type", "client_credentials"), resource]);
    assert_eq!(post(&agent, &all).await.status(), 503);
    auth.heal();
    assert_eq!(post(&agent, &all).await.status(), 200);
    let document = metadata(&agent, "oauth-authorization-server").await;
    assert_eq!(document["issuer"], agent.testbed.issuer());
}
