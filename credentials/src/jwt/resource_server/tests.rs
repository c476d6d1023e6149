#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use serde_json::{Value, json};

use super::super::{
    resource_server::*,
    tests::{AUDIENCE, Issuer, claims},
};

const METADATA: &str = "https://mcp.example/.well-known/oauth-protected-resource/mcp";

fn headers(values: &[&str]) -> HeaderMap {
    values.iter().map(|value| (AUTHORIZATION, HeaderValue::from_str(value).unwrap())).collect()
}

fn scopes(text: &str) -> ScopeSet {
    ScopeSet::parse(text).unwrap()
}

/// What a request with this header is told: status and challenge.
async fn told(server: &ResourceServer, values: &[&str]) -> (u16, String) {
    let refusal = server.admit(&headers(values)).await.unwrap_err();
    answer(server, &refusal)
}

fn answer(server: &ResourceServer, refusal: &Refusal) -> (u16, String) {
    let challenge = server.challenge(refusal);
    (refusal.status().as_u16(), challenge.map_or_else(String::new, |value| value.to_str().unwrap().to_owned()))
}

#[tokio::test]
async fn everybody_is_told_what_the_rfc_says() {
    let Issuer { signing, verifier, served, clock, .. } = Issuer::start().await;
    let server = ResourceServer::new(verifier, METADATA.parse().unwrap());
    let signed = |claims: &Value| super::super::tests::sign("k1", claims, &signing);
    let good = server.admit(&headers(&[&format!("Bearer {}", signed(&claims()))])).await.unwrap();
    server.admit(&headers(&[&format!("bearer   {} ", signed(&claims()))])).await.unwrap();

    let challenge = format!("Bearer resource_metadata=\"{METADATA}\"");
    for none in [&[][..], &["Basic YTpi"], &["DPoP abc"], &["Bearerabc"], &[""]] {
        assert_eq!(told(&server, none).await, (401, challenge.clone()), "{none:?}");
    }
    let malformed = (400, format!("{challenge}, error=\"invalid_request\""));
    for several in
        [&["Bearer"][..], &["Bearer "], &["Bearer a b"], &["Bearer a,b"], &["Bearer =="], &["Bearer a", "Bearer a"]]
    {
        assert_eq!(told(&server, several).await, malformed, "{several:?}");
    }
    let invalid = (401, format!("{challenge}, error=\"invalid_token\""));
    let mut bound = claims();
    bound["cnf"] = json!({ "jkt": "x" });
    let mut foreign = claims();
    foreign["aud"] = json!(format!("{AUDIENCE}/"));
    for token in [signed(&bound), signed(&foreign), "abc".to_owned(), "a.b.c==".to_owned()] {
        assert_eq!(told(&server, &[&format!("Bearer {token}")]).await, invalid, "{token}");
    }

    ResourceServer::require(&good, &scopes("")).unwrap();
    ResourceServer::require(&good, &scopes("a")).unwrap();
    ResourceServer::require(&good, &scopes("b a")).unwrap();
    let refusal = ResourceServer::require(&good, &scopes("c a")).unwrap_err();
    assert_eq!(answer(&server, &refusal), (403, format!("{challenge}, error=\"insufficient_scope\", scope=\"a c\"")));
    let mut silent = claims();
    silent.as_object_mut().unwrap().remove("scope");
    let silent = server.admit(&headers(&[&format!("Bearer {}", signed(&silent))])).await.unwrap();
    assert_eq!(ResourceServer::require(&silent, &scopes("a")).unwrap_err().status(), 403);
    ResourceServer::require(&silent, &scopes("")).unwrap();

    served.lock().unwrap().clear();
    clock.advance(super::super::cache::MAX_AGE);
    assert_eq!(told(&server, &[&format!("Bearer {}", signed(&claims()))]).await, (503, String::new()));
}
