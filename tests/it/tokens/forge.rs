//! Makes tokens of any shape, signed by keys that the verifier trusts or by nobody's.

use abide::credentials::jwt::{Algorithm, SigningKey};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{EncodingKey, crypto};
use serde_json::{Map, Value, json};

pub(super) const ISSUER: &str = "https://issuer.example";
pub(super) const NOW: u64 = 1_800_000_000;
pub(super) const SCOPE: &str = "customer:read ticket:create";

const RSA: &str = include_str!("../../../credentials/src/jwt/sign/keys/rsa.pem");
pub(super) const RSA_PUBLIC: &str = include_str!("../../../credentials/src/jwt/sign/keys/rsa_public.pem");
const P256: &str = include_str!("../../../credentials/src/jwt/sign/keys/p256.pem");
const P384: &str = include_str!("../../../credentials/src/jwt/sign/keys/p384.pem");
const ED25519: &str = include_str!("../../../credentials/src/jwt/sign/keys/ed25519.pem");

pub(super) type Object = Map<String, Value>;

/// A key that its issuer publishes under an id.
pub(super) struct Key {
    pub(super) kid: &'static str,
    pub(super) algorithm: Algorithm,
    encoding: EncodingKey,
    pub(super) signing: SigningKey,
}

/// An issuer, good or not.
pub(super) struct Forge {
    pub(super) keys: Vec<Key>,
    /// A key that nobody publishes.
    pub(super) attacker: Key,
    pub(super) audience: String,
}

impl Key {
    fn new(kid: &'static str, algorithm: Algorithm, pem: &str) -> Self {
        let encoding = match algorithm {
            Algorithm::Rs256 | Algorithm::Ps256 => EncodingKey::from_rsa_pem(pem.as_bytes()),
            Algorithm::EdDsa => EncodingKey::from_ed_pem(pem.as_bytes()),
            _ => EncodingKey::from_ec_pem(pem.as_bytes()),
        };
        let signing = SigningKey::from_pem(pem.as_bytes(), algorithm, Some(kid.to_owned())).unwrap();
        Self { kid, algorithm, encoding: encoding.unwrap(), signing }
    }

    pub(super) fn public(&self) -> Value {
        let mut jwk = self.signing.public_jwk();
        jwk["kid"] = json!(self.kid);
        jwk["use"] = json!("sig");
        jwk
    }

    /// The third part, as some algorithm of this key makes it.
    pub(super) fn signature_with(&self, message: &str, algorithm: &str) -> String {
        crypto::sign(message.as_bytes(), &self.encoding, algorithm.parse().unwrap()).unwrap()
    }

    pub(super) fn signature(&self, message: &str) -> String {
        self.signature_with(message, self.algorithm.name())
    }

    /// Signs a message whatever it is.
    pub(super) fn seal(&self, message: &str) -> String {
        format!("{message}.{}", self.signature(message))
    }

    pub(super) fn header(&self) -> Object {
        object(json!({ "alg": self.algorithm.name(), "typ": "at+jwt", "kid": self.kid }))
    }
}

impl Forge {
    pub(super) fn new(audience: &str) -> Self {
        let keys = vec![
            Key::new("rs", Algorithm::Rs256, RSA),
            Key::new("ps", Algorithm::Ps256, RSA),
            Key::new("es", Algorithm::Es256, P256),
            Key::new("e3", Algorithm::Es384, P384),
            Key::new("ed", Algorithm::EdDsa, ED25519),
        ];
        let fresh = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap().to_pkcs8v1().unwrap();
        let fresh = pem::encode(&pem::Pem::new("PRIVATE KEY", fresh.as_ref()));
        Self { keys, attacker: Key::new("es", Algorithm::Es256, &fresh), audience: audience.to_owned() }
    }

    pub(super) fn key(&self, kid: &str) -> &Key {
        self.keys.iter().find(|key| key.kid == kid).unwrap()
    }

    pub(super) fn key_set(&self) -> Value {
        json!({ "keys": self.keys.iter().map(Key::public).collect::<Vec<_>>() })
    }

    pub(super) fn claims(&self) -> Object {
        object(json!({
            "iss": ISSUER, "aud": self.audience, "exp": NOW + 300, "nbf": NOW, "iat": NOW,
            "sub": "u1", "client_id": "c1", "jti": "t1", "scope": SCOPE,
        }))
    }

    pub(super) fn good(&self, kid: &str) -> String {
        let key = self.key(kid);
        key.seal(&message(&key.header(), &self.claims()))
    }

    /// Good but for its header.
    pub(super) fn header(&self, kid: &str, change: impl FnOnce(&mut Object)) -> String {
        let key = self.key(kid);
        let mut header = key.header();
        change(&mut header);
        key.seal(&message(&header, &self.claims()))
    }

    /// Good but for its claims.
    pub(super) fn claim(&self, change: impl FnOnce(&mut Object)) -> String {
        let key = self.key("es");
        let mut claims = self.claims();
        change(&mut claims);
        key.seal(&message(&key.header(), &claims))
    }

    pub(super) fn set(&self, name: &str, value: Value) -> String {
        self.claim(|claims| drop(claims.insert(name.to_owned(), value)))
    }

    /// Good but for claims that stand there as they are, before the others.
    pub(super) fn spelled(&self, claims: &str) -> String {
        let (key, rest) = (self.key("es"), text(&self.claims()));
        let claims = format!("{{{claims},{}", &rest[1..]);
        key.seal(&format!("{}.{}", part(text(&key.header())), part(claims)))
    }

    /// Good but for both texts, which are signed as they are.
    pub(super) fn texts(&self, header: impl AsRef<[u8]>, claims: impl AsRef<[u8]>) -> String {
        self.key("es").seal(&format!("{}.{}", part(header), part(claims)))
    }
}

pub(super) fn object(value: Value) -> Object {
    match value {
        Value::Object(map) => map,
        other => panic!("{other} is not an object"),
    }
}

pub(super) fn text(map: &Object) -> String {
    serde_json::to_string(map).unwrap()
}

pub(super) fn part(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(super) fn message(header: &Object, claims: &Object) -> String {
    format!("{}.{}", part(text(header)), part(text(claims)))
}
