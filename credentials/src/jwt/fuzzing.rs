//! What parses tokens and keys, for the fuzz targets. In builds of `cargo fuzz` only.

use std::time::SystemTime;

use super::{Algorithm, Claims, Error, LEEWAY, claims, key, token::Token};

/// The usable keys of a set.
#[derive(Debug)]
pub struct Keys(Vec<key::Key>);

impl Keys {
    /// Reads a key set.
    pub fn parse(body: &[u8]) -> Result<Self, Error> {
        key::parse(body).map(Self)
    }

    /// Their ids, and what they may verify.
    pub fn iter(&self) -> impl Iterator<Item = (Option<&str>, &[Algorithm])> {
        self.0.iter().map(|key| (key.kid.as_deref(), key.algorithms.as_slice()))
    }

    /// The claims of a token, as [`Verifier::verify`](super::Verifier::verify) finds them.
    pub fn verify(&self, token: &str, issuer: &str, audience: &str, now: SystemTime) -> Result<Claims, Error> {
        let token = Token::read(token)?;
        let algorithm = token.algorithm();
        if !Algorithm::usual().contains(&algorithm) {
            return Err(Error::Algorithm(algorithm.to_string()));
        }
        let keys: Vec<&key::Key> = self.0.iter().collect();
        let claims = token.claims_if_signed_by(key::candidates(&keys, token.kid(), algorithm)?.keys, None)?;
        let expected = claims::Expected {
            issuer: issuer.to_owned(),
            audiences: vec![audience.to_owned()],
            scope_claim: None,
            danger_without_audience: None,
        };
        claims::check(claims, &expected, now, LEEWAY)
    }

    /// Whether one of them made a signature of a text.
    pub fn signed(&self, message: &str, signature: &str) -> bool {
        let made = |key: &key::Key| key.algorithms.iter().any(|a| key.verify(*a, message, signature).is_ok());
        self.0.iter().any(made)
    }
}

/// Whether a text is a token whose header may count.
pub fn is_read(token: &str) -> bool {
    Token::read(token).is_ok()
}

/// Signs a text with an Ed25519 key.
pub fn sign(message: &str, pem: &[u8]) -> Option<String> {
    let key = jsonwebtoken::EncodingKey::from_ed_pem(pem).ok()?;
    jsonwebtoken::crypto::sign(message.as_bytes(), &key, jsonwebtoken::Algorithm::EdDSA).ok()
}
