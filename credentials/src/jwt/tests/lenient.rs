//! What issuers do otherwise than RFC 9068 asks, and how far it goes.

use super::super::tests::*;
use super::keys::*;
use crate::jwt::Algorithm as Ours;

/// A token with any header, signed by the last one of [`every_key`].
fn headed(header: &Value, claims: &Value) -> String {
    let key = EncodingKey::from_ed_pem(include_bytes!("../sign/keys/ed25519.pem")).unwrap();
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::EdDSA).unwrap();
    format!("{message}.{signature}")
}

fn bare() -> Value {
    json!({ "alg": "EdDSA" })
}

/// An issuer that publishes so many named keys that signed nothing, and after them the one of [`headed`].
async fn publishing(strangers: usize, kid: Option<&str>) -> (Issuer, SigningKey) {
    let issuer = Issuer::start().await;
    let ours = every_key().pop().unwrap();
    let stranger = serde_json::to_value(public(&issuer.signing, "other")).unwrap();
    let mut keys = vec![stranger; strangers];
    keys.push(jwk_of(&ours, kid.map_or_else(|| json!({}), |kid| json!({ "kid": kid }))));
    issuer.serve(&json!({ "keys": keys }));
    (issuer, ours)
}

#[tokio::test]
async fn without_a_name_the_few_keys_that_fit_are_tried() {
    for strangers in [0, 1, 3] {
        let (issuer, _) = publishing(strangers, Some("mine")).await;
        let token = headed(&bare(), &claims());
        issuer.verifier.verify(&token).await.unwrap();
        assert_eq!(issuer.reads(), 1);
    }
    let (issuer, _) = publishing(4, Some("mine")).await;
    let token = headed(&bare(), &claims());
    let error = issuer.verifier.verify(&token).await.unwrap_err();
    assert_eq!(error, Error::NoKeyId);
    assert!(error.to_string().contains("the issuer must set `kid`"), "{error}");

    // keys of another kind do not count
    let issuer = Issuer::start().await;
    let others: Vec<Value> = every_key().iter().map(SigningKey::public_jwk).collect();
    issuer.serve(&json!({ "keys": others }));
    issuer.verifier.verify(&headed(&bare(), &claims())).await.unwrap();
    let token = every_key()[2].sign("JWT", KeyHint::Kid, &claims()).unwrap();
    issuer.verifier.verify(token.expose()).await.unwrap();
    issuer.serve(&json!({ "keys": [every_key()[0].public_jwk()] }));
    issuer.clock.advance(super::super::cache::MAX_AGE);
    let error = issuer.verifier.verify(&headed(&bare(), &claims())).await.unwrap_err();
    assert_eq!(error, Error::NoKey("EdDSA".into()));
}

#[tokio::test]
async fn a_key_that_is_published_without_a_name_may_be_meant_by_any() {
    let (issuer, _) = publishing(1, None).await;
    for header in [bare(), json!({ "alg": "EdDSA", "kid": "k9", "typ": "JWT" })] {
        issuer.verifier.verify(&headed(&header, &claims())).await.unwrap();
    }
    // but not by a name that another key has
    let token = headed(&json!({ "alg": "EdDSA", "kid": "other" }), &claims());
    assert_eq!(issuer.verifier.verify(&token).await.unwrap_err(), Error::Signature);
    assert_eq!(issuer.reads(), 1);
}

#[tokio::test]
async fn a_nameless_key_that_was_replaced_is_looked_up_and_nobody_is_hammered() {
    let (issuer, ours) = publishing(0, None).await;
    let token = headed(&bare(), &claims());
    issuer.serve(&json!({ "keys": [public(&issuer.signing, "")] }));
    assert_eq!(issuer.verifier.verify(&token).await.unwrap_err(), Error::Signature);
    issuer.serve(&json!({ "keys": [ours.public_jwk()] }));
    issuer.verifier.verify(&token).await.unwrap();
    let reads = issuer.reads();
    issuer.verifier.verify(&token).await.unwrap();
    assert_eq!(issuer.reads(), reads, "it is known now");
    let (message, _) = token.rsplit_once('.').unwrap();
    let forged = format!("{message}.{}", URL_SAFE_NO_PAD.encode([7; 64]));
    for _ in 0..50 {
        assert_eq!(issuer.verifier.verify(&forged).await.unwrap_err(), Error::Signature);
    }
    assert!(issuer.reads() <= reads + super::super::cache::BURST as usize, "{}", issuer.reads());
}

#[tokio::test]
async fn further_algorithms_are_the_operators_choice() {
    let rsa = include_str!("../sign/keys/rsa.pem");
    let p521 = include_str!("../sign/keys/p521.pem");
    for algorithm in Ours::all() {
        let pem = match algorithm {
            Ours::Es256 => include_str!("../sign/keys/p256.pem"),
            Ours::Es384 => include_str!("../sign/keys/p384.pem"),
            Ours::Es512 => p521,
            Ours::EdDsa => include_str!("../sign/keys/ed25519.pem"),
            _ => rsa,
        };
        let key = key_of(pem, algorithm);
        let token = key.sign("at+jwt", KeyHint::Kid, &claims()).unwrap();
        let (message, signature) = token.expose().rsplit_once('.').unwrap();
        let other = if signature.starts_with('B') { 'C' } else { 'B' };
        let forged = format!("{message}.{other}{}", &signature[1..]);
        for members in [json!({ "kid": "k1" }), json!({ "kid": "k1", "alg": algorithm.name() })] {
            let issuer = Issuer::start().await;
            issuer.serve(&json!({ "keys": [jwk_of(&key, members)] }));
            let found = issuer.verifier.verify(token.expose()).await.map(|_| ());
            let expected =
                if Ours::usual().contains(&algorithm) { Ok(()) } else { Err(Error::Algorithm(algorithm.to_string())) };
            assert_eq!(found, expected, "{algorithm}");
            let open = issuer.verifier.algorithms([algorithm]);
            open.verify(token.expose()).await.unwrap();
            assert!(open.verify(&forged).await.is_err(), "{algorithm}");
            let closed = open.algorithms(Ours::all().into_iter().filter(|other| *other != algorithm));
            assert_eq!(closed.verify(token.expose()).await.unwrap_err(), Error::Algorithm(algorithm.to_string()));
        }
    }
}

#[tokio::test]
async fn a_key_for_one_algorithm_verifies_no_other() {
    let rsa = include_str!("../sign/keys/rsa.pem");
    let key = key_of(rsa, Ours::Rs512);
    let issuer = Issuer::start().await;
    issuer.serve(&json!({ "keys": [jwk_of(&key, json!({ "kid": "k1", "alg": "RS256" }))] }));
    let verifier = issuer.verifier.algorithms(Ours::all());
    let token = key.sign("at+jwt", KeyHint::Kid, &claims()).unwrap();
    assert_eq!(verifier.verify(token.expose()).await.unwrap_err(), Error::Algorithm("RS512".into()));
    let short = key_of(rsa, Ours::Rs256).sign("at+jwt", KeyHint::Kid, &claims()).unwrap();
    let (head, rest) = short.expose().split_once('.').unwrap();
    assert!(!head.is_empty());
    let said = URL_SAFE_NO_PAD.encode(json!({ "alg": "PS256", "kid": "k1" }).to_string());
    assert_eq!(verifier.verify(&format!("{said}.{rest}")).await.unwrap_err(), Error::Algorithm("PS256".into()));
}

#[tokio::test]
async fn several_audiences_are_the_operators_choice() {
    let issuer = Issuer::start().await;
    let guid = "0f3e5a4c-0000-4000-8000-000000000000";
    let with = |aud: Value| {
        let mut claims = claims();
        claims["aud"] = aud;
        issuer.sign(&claims)
    };
    let (one, other) = (with(json!(guid)), with(json!(["account", "api://0f3e"])));
    for token in [&one, &other] {
        assert!(matches!(issuer.verifier.verify(token).await, Err(Error::Audience { .. })));
    }
    let usual = with(json!(AUDIENCE));
    let strange = with(json!("0F3E5A4C-0000-4000-8000-000000000000"));
    let verifier = issuer.verifier.audiences([guid.to_owned(), "api://0f3e".to_owned()]);
    for token in [&one, &other] {
        verifier.verify(token).await.unwrap();
    }
    for token in [&usual, &strange] {
        let error = verifier.verify(token).await.unwrap_err();
        assert!(matches!(&error, Error::Audience { .. }), "{error}");
        assert!(error.to_string().ends_with(&format!("expected `{guid}`, or `api://0f3e`")), "{error}");
    }
}

#[tokio::test]
async fn a_token_for_nobody_counts_only_where_the_operator_says_so_and_for_our_client() {
    let issuer = Issuer::start().await;
    let without = |client: Value| {
        let mut claims = claims();
        claims.as_object_mut().unwrap().remove("aud");
        claims["client_id"] = client;
        issuer.sign(&claims)
    };
    let (ours, other, none) = (without(json!("c1")), without(json!("c2")), without(json!(null)));
    let mut elsewhere = claims();
    elsewhere["aud"] = json!("https://other.example");
    elsewhere["client_id"] = json!("c1");
    let elsewhere = issuer.sign(&elsewhere);
    assert_eq!(issuer.verifier.verify(&ours).await.unwrap_err(), Error::Missing("aud"));
    let verifier = issuer.verifier.danger_without_audience(Some("c1".to_owned()));
    assert_eq!(verifier.verify(&ours).await.unwrap().client_id.as_deref(), Some("c1"));
    for token in [&other, &none] {
        assert_eq!(verifier.verify(token).await.unwrap_err(), Error::Missing("aud"));
    }
    assert!(
        matches!(verifier.verify(&elsewhere).await, Err(Error::Audience { .. })),
        "an audience that is there counts"
    );
}

#[tokio::test]
async fn scopes_are_in_the_claim_that_the_operator_names() {
    let issuer = Issuer::start().await;
    let with = |name: &str, value: Value| {
        let mut claims = claims();
        claims[name] = value;
        issuer.sign(&claims)
    };
    let roles = with("roles", json!(["mcp.read", "Not a scope", "mcp.write"]));
    let text = with("roles", json!("mcp.read mcp.write"));
    let wrong = with("roles", json!({ "mcp.read": true }));
    let silent = issuer.sign(&claims());
    assert_eq!(issuer.verifier.verify(&roles).await.unwrap().scopes.unwrap().to_string(), "a b");
    let verifier = issuer.verifier.scope_claim(Some("roles".to_owned()));
    for token in [&roles, &text] {
        assert_eq!(verifier.verify(token).await.unwrap().scopes.unwrap().to_string(), "mcp.read mcp.write");
    }
    assert_eq!(verifier.verify(&silent).await.unwrap().scopes, Some(ScopeSet::new()), "nothing is granted");
    assert!(matches!(verifier.verify(&wrong).await, Err(Error::Malformed(_))));
}

#[tokio::test]
async fn numbers_that_nobody_reads_do_no_harm() {
    let issuer = Issuer::start().await;
    let header = URL_SAFE_NO_PAD.encode(serde_json::to_string(&header_of("k1")).unwrap());
    let spelled = |members: &str| {
        let text = claims().to_string();
        let message = format!("{header}.{}", URL_SAFE_NO_PAD.encode(format!("{{{members},{}", &text[1..])));
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &issuer.signing, Algorithm::EdDSA).unwrap();
        format!("{message}.{signature}")
    };
    for good in [
        "\"iat\":1799999999.75",
        "\"auth_time\":1799999999.5",
        "\"x\":1e400",
        "\"x\":[{\"y\":-1e999}]",
        "\"x\":123456789012345678901234567890",
        "\"sub\":7",
        "\"jti\":18446744073709551615",
    ] {
        issuer.verifier.verify(&spelled(good)).await.unwrap();
    }
    for bad in ["\"iat\":1e400", "\"x\":01", "\"x\":1,\"x\":1e400", "\"x\":nan", "\"sub\":1e400", "\"x\":{\"y\":}"] {
        let error = issuer.verifier.verify(&spelled(bad)).await.unwrap_err();
        assert!(matches!(error, Error::Malformed(_)), "{bad}: {error}");
    }
    let deep = |levels: usize| spelled(&format!("\"x\":{}{}", "[".repeat(levels), "]".repeat(levels)));
    issuer.verifier.verify(&deep(100)).await.unwrap();
    assert!(matches!(issuer.verifier.verify(&deep(200)).await, Err(Error::Malformed(_))));
    issuer.verifier.verify(&spelled(&format!("\"x\":\"{}\\\"[\"", "[".repeat(300)))).await.unwrap();
    let expires = issuer.verify_with(|claims| claims["exp"] = json!(NOW as f64 + 300.5)).await.unwrap().expires;
    assert_eq!(expires, SystemTime::UNIX_EPOCH + Duration::from_millis((NOW * 1_000) + 300_500));
}
