#![expect(clippy::unwrap_used, reason = "tests")]

use jsonwebtoken::{DecodingKey, Validation, decode, decode_header, jwk::Jwk};
use serde_json::{Value, json};

use super::super::sign::*;

const RSA: &str = include_str!("keys/rsa.pem");
const RSA_PKCS1: &str = include_str!("keys/rsa_pkcs1.pem");
const P256: &str = include_str!("keys/p256.pem");
const P256_SEC1: &str = include_str!("keys/p256_sec1.pem");
const P384: &str = include_str!("keys/p384.pem");
const P521: &str = include_str!("keys/p521.pem");
const ED25519: &str = include_str!("keys/ed25519.pem");
const CERTIFICATE: &str = include_str!("keys/certificate.pem");

fn pem_for(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Rs256
        | Algorithm::Rs384
        | Algorithm::Rs512
        | Algorithm::Ps256
        | Algorithm::Ps384
        | Algorithm::Ps512 => RSA,
        Algorithm::Es256 => P256,
        Algorithm::Es384 => P384,
        Algorithm::Es512 => P521,
        Algorithm::EdDsa => ED25519,
    }
}

fn read(pem: &str, algorithm: Algorithm) -> Result<SigningKey, KeyError> {
    SigningKey::from_pem(pem.as_bytes(), algorithm, Some("k1".to_owned()))
}

/// Checks a signature with the other library, and returns the header.
fn verified(key: &SigningKey, hint: KeyHint) -> jsonwebtoken::Header {
    let claims = json!({ "sub": "me", "n": [1, 2] });
    let token = key.sign("x+jwt", hint, &claims).unwrap();
    let jwk: Jwk = serde_json::from_value(key.public_jwk()).unwrap();
    let mut rules = Validation::new(key.algorithm().name().parse().unwrap());
    rules.validate_exp = false;
    rules.required_spec_claims.clear();
    let found = decode::<Value>(token.expose(), &DecodingKey::from_jwk(&jwk).unwrap(), &rules).unwrap();
    assert_eq!(found.claims, claims);
    assert_eq!(found.header, decode_header(token.expose()).unwrap());
    found.header
}

#[test]
fn a_signature_of_every_algorithm_verifies_elsewhere() {
    // the other library knows no ES512
    for algorithm in Algorithm::all().into_iter().filter(|algorithm| *algorithm != Algorithm::Es512) {
        let key = read(pem_for(algorithm), algorithm).unwrap();
        let header = verified(&key, KeyHint::Kid);
        assert_eq!((header.kid.as_deref(), header.typ.as_deref()), (Some("k1"), Some("x+jwt")));
        assert_eq!(header.jwk, None);
        let header = verified(&key, KeyHint::Embedded);
        assert_eq!(header.kid, None);
        assert_eq!(serde_json::to_value(header.jwk).unwrap(), key.public_jwk());
        assert_eq!(algorithm.to_string().parse(), Ok(algorithm));
    }
    verified(&read(RSA_PKCS1, Algorithm::Rs256).unwrap(), KeyHint::Kid);
    verified(&read(P256_SEC1, Algorithm::Es256).unwrap(), KeyHint::Kid);
    let fresh = SigningKey::generate().unwrap();
    assert_eq!((fresh.algorithm(), fresh.kid()), (Algorithm::Es256, None));
    assert_eq!(verified(&fresh, KeyHint::Kid).kid, None);
    assert_ne!(fresh.thumbprint(), SigningKey::generate().unwrap().thumbprint());
}

#[test]
fn the_public_key_is_public_and_its_thumbprint_that_of_the_other_library() {
    for algorithm in Algorithm::all() {
        let key = read(pem_for(algorithm), algorithm).unwrap();
        let members: Vec<_> = key.public_jwk().as_object().unwrap().keys().cloned().collect();
        for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert!(!members.iter().any(|member| member == private), "{algorithm} shows {private}");
        }
        let jwk: Jwk = serde_json::from_value(key.public_jwk()).unwrap();
        assert_eq!(key.thumbprint(), jwk.thumbprint(jsonwebtoken::jwk::ThumbprintHash::SHA256).unwrap());
    }
    let key = read(RSA, Algorithm::Ps256).unwrap();
    assert_eq!(format!("{key:?}"), "SigningKey { algorithm: Ps256, kid: Some(\"k1\"), .. }");
}

#[test]
fn a_file_that_holds_no_usable_key_is_refused_by_name() {
    let refused = |pem: &str| read(pem, Algorithm::Es256).unwrap_err();
    for none in [
        "",
        "secret",
        "-----BEGIN PRIVATE KEY-----\n",
        &P256[..P256.len() / 2],
        "-----BEGIN X-----\n!\n-----END X-----",
    ] {
        assert_eq!(refused(none), KeyError::NotPem, "{none}");
    }
    assert_eq!(refused(CERTIFICATE), KeyError::NotPrivate("CERTIFICATE".into()));
    assert_eq!(refused(include_str!("keys/rsa_public.pem")), KeyError::NotPrivate("PUBLIC KEY".into()));
    assert_eq!(refused(include_str!("keys/p256_encrypted.pem")), KeyError::Encrypted);
    assert_eq!(refused(include_str!("keys/p256_sec1_encrypted.pem")), KeyError::Encrypted);
    assert_eq!(refused(&format!("{P256}{P256}{ED25519}")), KeyError::Several(3));
    read(&format!("{CERTIFICATE}{P256}"), Algorithm::Es256).unwrap();
    read(&P256.replace('\n', "\r\n"), Algorithm::Es256).unwrap();
    for named in ["none", "HS256", "RS1", "es256", "ES256 ", ""] {
        assert_eq!(named.parse::<Algorithm>(), Err(UnknownAlgorithm(named.into())));
    }
}

#[test]
fn a_key_of_the_wrong_kind_is_refused_by_name() {
    for algorithm in Algorithm::all() {
        for other in Algorithm::all() {
            let fits = pem_for(algorithm) == pem_for(other);
            match read(pem_for(other), algorithm) {
                Ok(_) => assert!(fits, "{other} key for {algorithm}"),
                Err(error) => {
                    let found = algorithm::needed(other);
                    assert_eq!(error, KeyError::WrongKey { algorithm, found }, "{other} key for {algorithm}");
                    assert!(!fits);
                }
            }
        }
        let error = read("-----BEGIN PRIVATE KEY-----\naGVsbG8=\n-----END PRIVATE KEY-----\n", algorithm).unwrap_err();
        assert_eq!(error, KeyError::WrongKey { algorithm, found: "damaged, or a key of another kind" });
    }
    let error = read(P384, Algorithm::Es256).unwrap_err();
    assert_eq!(error.to_string(), "it is a key on the curve P-384, but `ES256` needs a key on the curve P-256");
    let weak = include_str!("keys/rsa_1024.pem");
    assert_eq!(read(weak, Algorithm::Rs256).unwrap_err(), KeyError::WeakKey);
    let error = read(weak, Algorithm::Es256).unwrap_err();
    assert_eq!(error, KeyError::WrongKey { algorithm: Algorithm::Es256, found: "an rsa key" });
}

#[test]
fn only_an_object_is_signed() {
    let key = SigningKey::generate().unwrap();
    for claims in [json!(null), json!("sub"), json!([{ "sub": 1 }])] {
        assert_eq!(key.sign("JWT", KeyHint::Kid, &claims).unwrap_err(), KeyError::Claims);
    }
}
