#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use abide_base::{clock::ManualClock, scope::ScopeSet, token_shape::is_jwt};
use abide_net::{Client, Options};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{
    Algorithm, EncodingKey, Header, encode,
    jwk::{Jwk, PublicKeyUse},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::cache::PAUSE;
use crate::jwt::*;

mod keys;
mod lenient;

const ISSUER: &str = "https://issuer.example";
pub(super) const AUDIENCE: &str = "https://mcp.example/mcp";
const NOW: u64 = 1_800_000_000;

/// An issuer with a key set that can be replaced and that counts how often it is read.
pub(super) struct Issuer {
    pub(super) signing: EncodingKey,
    pub(super) clock: Arc<ManualClock>,
    pub(super) served: Arc<std::sync::Mutex<String>>,
    reads: Arc<AtomicUsize>,
    /// While there is one, an answer waits for it.
    gate: Arc<std::sync::Mutex<Option<Arc<tokio::sync::Notify>>>>,
    pub(super) verifier: Verifier,
}

/// An Ed25519 key in PKCS #8, from the appendix of RFC 8410.
const ED25519: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";

fn ed25519() -> EncodingKey {
    EncodingKey::from_ed_pem(ED25519.as_bytes()).unwrap()
}

fn public(key: &EncodingKey, kid: &str) -> Jwk {
    let mut jwk = Jwk::from_encoding_key(key, Algorithm::EdDSA).unwrap();
    jwk.common.key_id = Some(kid.to_owned());
    jwk.common.public_key_use = Some(PublicKeyUse::Signature);
    jwk
}

pub(super) fn claims() -> Value {
    json!({ "iss": ISSUER, "aud": AUDIENCE, "exp": NOW + 300, "nbf": NOW, "scope": "a b" })
}

fn header_of(kid: &str) -> Header {
    let mut header = Header::new(Algorithm::EdDSA);
    header.typ = Some("at+jwt".to_owned());
    header.kid = Some(kid.to_owned());
    header
}

pub(super) fn sign(kid: &str, claims: &Value, key: &EncodingKey) -> String {
    encode(&header_of(kid), claims, key).unwrap()
}

fn raw(header: &Value, claims: &Value, signature: &str) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{signature}", part(header), part(claims))
}

impl Issuer {
    pub(super) async fn start() -> Self {
        let signing = ed25519();
        let served = json!({ "keys": [public(&signing, "k1")] }).to_string();
        let served = Arc::new(std::sync::Mutex::new(served));
        let reads = Arc::new(AtomicUsize::new(0));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/jwks", listener.local_addr().unwrap());
        let gate = Arc::<std::sync::Mutex<Option<Arc<tokio::sync::Notify>>>>::default();
        tokio::spawn({
            let (served, reads, gate) = (served.clone(), reads.clone(), gate.clone());
            async move {
                while let Ok((mut stream, _)) = listener.accept().await {
                    let mut request = [0; 2048];
                    let _ = stream.read(&mut request).await;
                    reads.fetch_add(1, Ordering::SeqCst);
                    let body = served.lock().unwrap().clone();
                    let late = gate.lock().unwrap().clone();
                    if let Some(late) = late {
                        late.notified().await;
                    }
                    let status = if body.is_empty() { "503 Down" } else { "200 OK" };
                    let reply = format!(
                        "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                        body.len()
                    );
                    let _ = stream.write_all(reply.as_bytes()).await;
                }
            }
        });
        let clock = Arc::new(ManualClock::at(SystemTime::UNIX_EPOCH + Duration::from_secs(NOW)));
        let client = Client::new(&Options::own_network()).unwrap();
        let verifier =
            Verifier::new(client, url.parse().unwrap(), ISSUER.to_owned(), AUDIENCE.to_owned(), clock.clone());
        Self { signing, clock, served, reads, gate, verifier }
    }

    fn serve(&self, key_set: &Value) {
        *self.served.lock().unwrap() = key_set.to_string();
    }

    fn sign(&self, claims: &Value) -> String {
        sign("k1", claims, &self.signing)
    }

    async fn verify_with(&self, change: impl FnOnce(&mut Value)) -> Result<Claims, Error> {
        let mut claims = claims();
        change(&mut claims);
        self.verifier.verify(&self.sign(&claims)).await
    }

    fn reads(&self) -> usize {
        self.reads.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn a_good_token_counts() {
    let issuer = Issuer::start().await;
    let good = issuer.verify_with(|_| {}).await.unwrap();
    assert_eq!(good.scopes, Some(ScopeSet::parse("a b").unwrap()));
    assert_eq!(good.expires, SystemTime::UNIX_EPOCH + Duration::from_secs(NOW + 300));
    let several = json!(["https://other.example", AUDIENCE]);
    issuer.verify_with(|c| c["aud"] = several).await.unwrap();
    let listed = issuer
        .verify_with(|c| {
            c["scope"] = Value::Null;
            c["scp"] = json!(["a", "b"]);
        })
        .await;
    assert_eq!(listed.unwrap().scopes, Some(ScopeSet::parse("a b").unwrap()));
    let silent = issuer.verify_with(|c| c["scope"] = Value::Null).await;
    assert_eq!(silent.unwrap().scopes, None);
    assert_eq!(issuer.reads(), 1, "keys are cached");
}

#[tokio::test]
async fn every_claim_is_required_and_must_fit() {
    let issuer = Issuer::start().await;
    for name in ["iss", "aud", "exp"] {
        let error = issuer
            .verify_with(|c| {
                c.as_object_mut().unwrap().remove(name);
            })
            .await;
        assert_eq!(error.unwrap_err(), Error::Missing(name));
    }
    issuer
        .verify_with(|c| {
            c.as_object_mut().unwrap().remove("nbf");
        })
        .await
        .unwrap();
    for iss in ["https://issuer.example/", "https://evil.example", ""] {
        let error = issuer.verify_with(|c| c["iss"] = json!(iss)).await.unwrap_err();
        assert!(matches!(error, Error::Issuer { .. }), "{iss}: {error}");
    }
    for aud in [json!("https://mcp.example/mc"), json!([]), json!("")] {
        let error = issuer.verify_with(|c| c["aud"] = aud.clone()).await.unwrap_err();
        assert!(matches!(error, Error::Audience { .. }), "{aud}: {error}");
    }
    for (name, value) in [
        ("exp", json!("soon")),
        ("exp", json!(-1)),
        ("exp", json!(1e300)),
        ("nbf", json!([])),
        ("iss", json!([ISSUER])),
        ("aud", json!(7)),
        ("scope", json!("a \u{7}")),
        ("scope", json!({ "a": 1 })),
        ("aud", json!([AUDIENCE, 7])),
        ("aud", json!({ "0": AUDIENCE })),
        ("exp", json!((NOW + 300) * 1_000)),
        ("exp", json!(NOW.to_string())),
        ("iat", json!("now")),
        ("iat", json!(NOW + 301)),
        ("sub", json!(-7)),
        ("sub", json!(7.5)),
        ("sub", json!(true)),
        ("client_id", json!(["a"])),
        ("jti", json!({})),
        ("cnf", json!("key")),
        ("cnf", json!({ "jkt": 7 })),
    ] {
        let error = issuer.verify_with(|c| c[name] = value.clone()).await.unwrap_err();
        assert!(matches!(error, Error::Malformed(_) | Error::Early), "{name} {value}: {error}");
    }
}

#[tokio::test]
async fn claims_carry_what_a_resource_server_needs() {
    let issuer = Issuer::start().await;
    let plain = issuer.verify_with(|_| {}).await.unwrap();
    assert_eq!((plain.subject, plain.client_id, plain.id, plain.confirmation), (None, None, None, None));
    let full = issuer
        .verify_with(|c| {
            c["sub"] = json!("u1");
            c["client_id"] = json!("c1");
            c["azp"] = json!("c2");
            c["jti"] = json!("t1");
        })
        .await
        .unwrap();
    assert_eq!(full.subject.as_deref(), Some("u1"));
    assert_eq!(full.client_id.as_deref(), Some("c1"));
    assert_eq!(full.id.as_deref(), Some("t1"));
    assert_eq!(issuer.verify_with(|c| c["azp"] = json!("c2")).await.unwrap().client_id.as_deref(), Some("c2"));
    for (cnf, bound) in [
        (json!({ "jkt": "p" }), Confirmation::Key("p".into())),
        (json!({ "x5t#S256": "p" }), Confirmation::Certificate("p".into())),
        (json!({ "jkt": "p", "x5t#S256": "p" }), Confirmation::Other),
        (json!({ "jwk": {} }), Confirmation::Other),
        (json!({}), Confirmation::Other),
    ] {
        let found = issuer.verify_with(|c| c["cnf"] = cnf).await.unwrap().confirmation;
        assert_eq!(found, Some(bound));
    }
}

#[tokio::test]
async fn times_go_by_the_injected_clock_with_thirty_seconds_of_leeway() {
    let issuer = Issuer::start().await;
    let at = |name: &'static str, at: u64| {
        issuer.verify_with(move |c| {
            c["nbf"] = json!(NOW - 100);
            c[name] = json!(at);
        })
    };
    at("exp", NOW - 29).await.unwrap();
    assert_eq!(at("exp", NOW - 30).await.unwrap_err(), Error::Expired);
    at("nbf", NOW + 30).await.unwrap();
    assert_eq!(at("nbf", NOW + 31).await.unwrap_err(), Error::Early);
    at("iat", NOW + 30).await.unwrap();
    assert_eq!(at("iat", NOW + 31).await.unwrap_err(), Error::Early);
    issuer.clock.advance(Duration::from_secs(331));
    assert_eq!(issuer.verify_with(|_| {}).await.unwrap_err(), Error::Expired);
}

#[tokio::test]
async fn hostile_headers_are_refused() {
    let issuer = Issuer::start().await;
    let with = |change: fn(&mut Header)| {
        let mut header = header_of("k1");
        change(&mut header);
        encode(&header, &claims(), &issuer.signing).unwrap()
    };
    for typ in ["at+JWT", "application/at+jwt", "JWT"] {
        let mut header = header_of("k1");
        header.typ = Some(typ.to_owned());
        let token = encode(&header, &claims(), &issuer.signing).unwrap();
        issuer.verifier.verify(&token).await.unwrap();
    }
    let refused = [
        (with(|h| h.typ = Some("id_token+jwt".into())), Error::Type("id_token+jwt".into())),
        (with(|h| h.typ = Some(String::new())), Error::Type(String::new())),
        (with(|h| h.crit = Some(vec!["exp".into()])), Error::Critical),
        (with(|h| h.crit = Some(vec![])), Error::Critical),
        (with(|h| h.typ = Some("id_token+jwt".into())), Error::Type("id_token+jwt".into())),
        (with(|h| h.kid = Some(String::new())), Error::NoKeyId),
        (with(|h| h.kid = Some("k2".into())), Error::UnknownKey("k2".into())),
    ];
    for (token, expected) in refused {
        assert_eq!(issuer.verifier.verify(&token).await.unwrap_err(), expected);
    }
    let mut plain = header_of("k1");
    plain.typ = Some("JWT".to_owned());
    for foreign in ["nonce", "at_hash", "events", "htm"] {
        let mut claims = claims();
        claims[foreign] = json!("x");
        issuer.verifier.verify(&issuer.sign(&claims)).await.unwrap();
        let token = encode(&plain, &claims, &issuer.signing).unwrap();
        assert_eq!(issuer.verifier.verify(&token).await.unwrap_err(), Error::Foreign(foreign));
    }
}

#[tokio::test]
async fn keys_and_addresses_in_a_header_are_ignored() {
    let issuer = Issuer::start().await;
    let mut header = header_of("k1");
    header.jku = Some("https://127.0.0.1:1/jwks".to_owned());
    header.x5u = Some("https://127.0.0.1:1/x5u".to_owned());
    issuer.verifier.verify(&encode(&header, &claims(), &issuer.signing).unwrap()).await.unwrap();
    let own = EncodingKey::from_ed_pem(include_bytes!("sign/keys/ed25519.pem")).unwrap();
    header.jwk = Some(public(&own, "k1"));
    let forged = encode(&header, &claims(), &own).unwrap();
    assert_eq!(issuer.verifier.verify(&forged).await.unwrap_err(), Error::Signature);
}

#[tokio::test]
async fn the_algorithm_belongs_to_the_key() {
    let issuer = Issuer::start().await;
    let public = public(&issuer.signing, "k1");
    let jsonwebtoken::jwk::AlgorithmParameters::OctetKeyPair(key) = &public.algorithm else {
        panic!("an Ed25519 key is an octet key pair");
    };
    // the public key, used as a secret that everybody knows
    for secret in
        [URL_SAFE_NO_PAD.decode(&key.x).unwrap(), key.x.clone().into_bytes(), serde_json::to_vec(&public).unwrap()]
    {
        let mut header = header_of("k1");
        header.alg = Algorithm::HS256;
        let token = encode(&header, &claims(), &EncodingKey::from_secret(&secret)).unwrap();
        let error = issuer.verifier.verify(&token).await.unwrap_err();
        assert_eq!(error, Error::Algorithm("HS256".into()));
    }
    for alg in ["none", "None", "NONE", "", "RS1", "HS257"] {
        let header = json!({ "alg": alg, "typ": "at+jwt", "kid": "k1" });
        for signature in ["", "AAAA"] {
            let token = raw(&header, &claims(), signature);
            assert!(is_jwt(&token), "it must not pass as opaque");
            let error = issuer.verifier.verify(&token).await.unwrap_err();
            assert_eq!(error, Error::Algorithm(alg.to_owned()));
        }
    }
    for alg in ["RS256", "ES256", "ES384", "PS256", "RS512", "HS512"] {
        let header = json!({ "alg": alg, "typ": "at+jwt", "kid": "k1" });
        let error = issuer.verifier.verify(&raw(&header, &claims(), "AAAA")).await.unwrap_err();
        assert_eq!(error, Error::Algorithm(alg.into()));
    }
}

#[tokio::test]
async fn secret_keys_and_foreign_uses_never_verify() {
    let issuer = Issuer::start().await;
    let mut for_encryption = serde_json::to_value(public(&issuer.signing, "k1")).unwrap();
    for_encryption["use"] = json!("enc");
    let mut for_another = serde_json::to_value(public(&issuer.signing, "k1")).unwrap();
    for_another["alg"] = json!("ES256");
    let oct = json!({ "kty": "oct", "kid": "k1", "alg": "HS256", "k": URL_SAFE_NO_PAD.encode("known to all") });
    let mut for_signing = serde_json::to_value(public(&issuer.signing, "k1")).unwrap();
    for_signing["key_ops"] = json!(["sign"]);
    let mut leaked = serde_json::to_value(public(&issuer.signing, "k1")).unwrap();
    leaked["d"] = json!("AAAA");
    for key in [for_encryption, for_another, for_signing, leaked, oct, json!({ "kty": "?" }), json!(7)] {
        issuer.clock.advance(PAUSE);
        issuer.serve(&json!({ "keys": [key] }));
        let error = issuer.verify_with(|_| {}).await.unwrap_err();
        assert_eq!(error, Error::UnknownKey("k1".into()), "{key}");
    }
    let mut public = serde_json::to_value(public(&issuer.signing, "k1")).unwrap();
    public["key_ops"] = json!(["verify"]);
    issuer.serve(&json!({ "keys": [7, { "kty": "?" }, public] }));
    issuer.verify_with(|_| {}).await.unwrap();
}

#[tokio::test]
async fn damaged_tokens_are_refused() {
    let issuer = Issuer::start().await;
    let token = issuer.sign(&claims());
    let (message, signature) = token.rsplit_once('.').unwrap();
    let forged = raw(&serde_json::to_value(header_of("k1")).unwrap(), &json!({ "scope": "all" }), signature);
    assert_eq!(issuer.verifier.verify(&forged).await.unwrap_err(), Error::Signature);
    for damaged in
        [token[..token.len() - 4].to_owned(), format!("{message}."), format!("{message}.%"), format!("{token}A")]
    {
        let error = issuer.verifier.verify(&damaged).await.unwrap_err();
        assert!(matches!(error, Error::Signature | Error::Malformed(_)), "{damaged}: {error}");
    }
    for no_token in ["", "..", "a.b.c", "opaque", "e30.e30", &format!("{token}.x")] {
        let error = issuer.verifier.verify(no_token).await.unwrap_err();
        assert!(matches!(error, Error::Malformed(_)), "{no_token}: {error}");
    }
    let twice =
        URL_SAFE_NO_PAD.encode(format!(r#"{{"iss":"{ISSUER}","aud":"{AUDIENCE}","exp":{0},"exp":{0}}}"#, NOW + 300));
    let signed = jsonwebtoken::crypto::sign(
        format!("{}.{twice}", message.split('.').next().unwrap()).as_bytes(),
        &issuer.signing,
        Algorithm::EdDSA,
    )
    .unwrap();
    let doubled = format!("{}.{twice}.{signed}", message.split('.').next().unwrap());
    let error = issuer.verifier.verify(&doubled).await.unwrap_err();
    assert!(matches!(error, Error::Malformed(_)), "{error}");
}

#[tokio::test]
async fn a_huge_token_is_not_even_parsed() {
    let issuer = Issuer::start().await;
    let huge = issuer.sign(&json!({ "scope": "x".repeat(1 << 20) }));
    assert_eq!(issuer.verifier.verify(&huge).await.unwrap_err(), Error::TooLong(huge.len()));
    assert_eq!(issuer.reads(), 0);
}

#[test]
fn whatever_looks_signed_must_verify() {
    let text = r#"{"alg":"RS256"}"#;
    let object = URL_SAFE_NO_PAD.encode(text);
    let padded = |json: &str| base64::engine::general_purpose::STANDARD.encode(json);
    let encrypted = URL_SAFE_NO_PAD.encode(r#"{"alg":"dir","enc":"A256GCM"}"#);
    for must in [
        format!("{object}.."),
        format!("{object}.a"),
        format!("{object}.a.b.c.d"),
        format!("{object}.a.b.c.d.e"),
        format!("{}.a.b", &object[..6]),
        format!("{}.a.b", &object[..5]),
        format!("{}.a.b", padded(r#"{"alg": "RS256"}"#)),
        format!("{}=.a.b", object),
        format!("{object}%3D.a.b"),
        format!("\"{object}.a.b"),
        format!("{}.a.b", padded("{\"a\":\"\u{3f}\u{3f}\u{7f}\u{3fb}\"}")),
        format!("{}.a.b", URL_SAFE_NO_PAD.encode(format!(" \r\n\t{text}"))),
        format!("{}.a.b", URL_SAFE_NO_PAD.encode(format!("\u{feff}{text}"))),
        format!("{}.a.b", URL_SAFE_NO_PAD.encode(format!("\0{text}"))),
        format!(".{object}.a.b"),
        format!("{}.a.b", URL_SAFE_NO_PAD.encode(format!("[{text}]"))),
        format!(r#"{{"protected":"{object}"}}"#),
        format!("{encrypted}.a.b"),
        format!("{encrypted}.YQ.YQ.YQ"),
        format!("{encrypted}.YQ.YQ.YQ.Y!"),
        format!("{}.YQ.YQ.YQ.YQ", URL_SAFE_NO_PAD.encode(r#"{"alg":"dir"}"#)),
    ] {
        assert!(is_jwt(&must), "{must}");
    }
    for opaque in ["", ".", "..", "abc", "a.b.c", "v4.public.eyJzdWIiOiJ1MSJ9", "2YotnFZFEjr1zCsicMWpAA", &object] {
        assert!(!is_jwt(opaque), "{opaque}");
    }
    assert!(!is_jwt(&format!("{encrypted}..YQ.YQ.YQ")), "only the server can read it");
}
