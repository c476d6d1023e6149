use std::{collections::BTreeMap, fmt};

use abide_base::secret::Secret;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::{algorithm::Algorithm, error::KeyError, key::Pair};

/// A private key, and what it signs with. It is never shown.
pub struct SigningKey {
    algorithm: Algorithm,
    kid: Option<String>,
    pair: Pair,
}

/// How the header of a signed token says whose key it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyHint {
    /// By `kid`, for a reader who knows the public key. A key without an id is not named.
    Kid,
    /// By the public key itself, in `jwk`.
    Embedded,
}

impl SigningKey {
    /// The one private key in a PEM text: PKCS #8, for RSA also PKCS #1 and for curves also SEC 1. Certificates and public
    /// keys beside it are skipped.
    ///
    /// # Errors
    ///
    /// When there is no private key or more than one, when it is encrypted, weak, or of the wrong kind for the algorithm.
    pub fn from_pem(pem: &[u8], algorithm: Algorithm, kid: Option<String>) -> Result<Self, KeyError> {
        Ok(Self { algorithm, kid, pair: Pair::from_pem(pem, algorithm)? })
    }

    /// A new key for ES256 that lives as long as this value, without an id.
    ///
    /// # Errors
    ///
    /// When the system gives no random bytes.
    pub fn generate() -> Result<Self, KeyError> {
        Ok(Self { algorithm: Algorithm::Es256, kid: None, pair: Pair::generate()? })
    }

    /// What it signs with.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The id that it was given.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The public members of the key (RFC 7517), and no others.
    pub fn public_jwk(&self) -> Value {
        let members = self.members().into_iter().map(|(name, value)| (name.to_owned(), Value::String(value)));
        Value::Object(members.collect())
    }

    /// The SHA-256 thumbprint of the public key (RFC 7638).
    pub fn thumbprint(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(json!(self.members()).to_string()))
    }

    /// A signed token with these claims, in compact form.
    ///
    /// # Errors
    ///
    /// When the claims are no object, or the key cannot sign.
    pub fn sign(&self, typ: &str, hint: KeyHint, claims: &Value) -> Result<Secret<String>, KeyError> {
        if !claims.is_object() {
            return Err(KeyError::Claims);
        }
        let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let mut token = format!("{}.{}", part(&self.header(typ, hint)), part(claims));
        let signature = URL_SAFE_NO_PAD.encode(self.pair.sign(token.as_bytes())?);
        token.push('.');
        token.push_str(&signature);
        Ok(Secret::new(token))
    }

    fn header(&self, typ: &str, hint: KeyHint) -> Value {
        let mut header = Map::new();
        header.insert("alg".to_owned(), json!(self.algorithm.name()));
        header.insert("typ".to_owned(), json!(typ));
        match (hint, &self.kid) {
            (KeyHint::Kid, Some(kid)) => drop(header.insert("kid".to_owned(), json!(kid))),
            (KeyHint::Kid, None) => {}
            (KeyHint::Embedded, _) => drop(header.insert("jwk".to_owned(), self.public_jwk())),
        }
        Value::Object(header)
    }

    /// Those that a thumbprint is made of, in its order.
    fn members(&self) -> BTreeMap<&'static str, String> {
        self.pair.public_members(self.algorithm)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("algorithm", &self.algorithm).field("kid", &self.kid).finish_non_exhaustive()
    }
}
