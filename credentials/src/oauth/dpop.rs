//! Proof that the sender of a token also holds its key (RFC 9449).

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::SystemTime,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::json;
use sha2::{Digest, Sha256};
use url::Url;

use super::unix_time::seconds;
use crate::jwt::{KeyError, KeyHint, SigningKey};

pub(crate) const DPOP: HeaderName = HeaderName::from_static("dpop");
const NONCE: HeaderName = HeaderName::from_static("dpop-nonce");
const MAX_NONCE: usize = 1_024;

/// A key of our own for one identity, and the nonces that issuer and server want to see.
pub(super) struct Prover {
    key: SigningKey,
    nonces: Mutex<BTreeMap<String, String>>,
}

impl Prover {
    pub(super) fn new() -> Result<Self, KeyError> {
        Ok(Self { key: SigningKey::generate()?, nonces: Mutex::default() })
    }

    /// The thumbprint of the key (RFC 7638), which a token is bound to.
    pub(super) fn thumbprint(&self) -> String {
        self.key.thumbprint()
    }

    /// A proof for one request; with the token that it carries, if any.
    pub(super) fn proof(
        &self,
        method: &Method,
        url: &Url,
        token: Option<&str>,
        now: SystemTime,
    ) -> Result<HeaderValue, KeyError> {
        let mut target = url.clone();
        target.set_query(None);
        target.set_fragment(None);
        let nonce = self.nonces().get(&origin(url)).cloned();
        let mut claims = json!({
            "jti": super::random::random_id(),
            "htm": method.as_str(),
            "htu": target.as_str(),
            "iat": seconds(now),
        });
        let ath = token.map(|token| URL_SAFE_NO_PAD.encode(Sha256::digest(token)));
        if let Some(claims) = claims.as_object_mut() {
            let optional = [("ath", ath), ("nonce", nonce)];
            claims.extend(optional.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into()))));
        }
        let proof = self.key.sign("dpop+jwt", KeyHint::Embedded, &claims)?;
        HeaderValue::from_str(proof.expose()).map_err(|_| KeyError::Sign)
    }

    /// Remembers the nonce of a reply. Says whether it has one: many requests may be told of the same one.
    pub(super) fn learn(&self, url: &Url, headers: &HeaderMap) -> bool {
        let nonce = headers.get(NONCE).and_then(|value| value.to_str().ok());
        let Some(nonce) = nonce.filter(|nonce| !nonce.is_empty() && nonce.len() <= MAX_NONCE) else {
            return false;
        };
        self.nonces().insert(origin(url), nonce.to_owned());
        true
    }

    fn nonces(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, String>> {
        self.nonces.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}
