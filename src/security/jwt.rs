//! Signed access tokens (RFC 9068): nothing in a token counts before its signature, issuer, audience and times are checked.

mod claims;
mod error;
mod key;
mod sign;

use std::{sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Header, Validation, decode, decode_header};
use serde_json::{Map, Value};
use tokio::sync::Mutex;
use url::Url;

pub use claims::Claims;
pub use error::Error;
pub use sign::{Algorithm, KeyError, KeyHint, SigningKey};

use self::{
    claims::RawClaims,
    key::{Key, Keys},
};
use crate::{
    clock::Clock,
    net::{Client, Request},
};

/// The longest token that is looked at, in bytes.
pub const MAX_TOKEN: usize = 16 * 1024;

const LEEWAY: Duration = Duration::from_secs(30);
const REFETCH: Duration = Duration::from_secs(10);
const MAX_AGE: Duration = Duration::from_secs(3_600);
const MAX_KEY_SET: usize = 256 * 1024;
const TYPES: [&str; 3] = ["at+jwt", "application/at+jwt", "jwt"];

/// Verifies the tokens of one issuer for one audience.
#[derive(Debug)]
pub struct Verifier {
    client: Client,
    key_set: Url,
    issuer: String,
    audience: String,
    clock: Arc<dyn Clock>,
    keys: Mutex<Keys>,
}

/// Whether a token claims to be a JWT: three parts, the first a JSON object. Such a token must verify; any other is opaque.
pub fn is_jwt(token: &str) -> bool {
    let mut parts = token.split('.');
    let header = parts.next().unwrap_or_default();
    parts.count() == 2
        && URL_SAFE_NO_PAD.decode(header).is_ok_and(|json| serde_json::from_slice::<Map<String, Value>>(&json).is_ok())
}

impl Verifier {
    /// A verifier that takes keys from the issuer's key set, when it first needs one.
    pub fn new(client: Client, key_set: Url, issuer: String, audience: String, clock: Arc<dyn Clock>) -> Self {
        Self { client, key_set, issuer, audience, clock, keys: Mutex::default() }
    }

    /// The claims of a token, if they count.
    ///
    /// In this order: size, header, `typ`, no `crit`, key by `kid`, algorithm allowed for that key and equal to the header's, signature, `iss`, `aud`, `exp`
    /// and `nbf` with 30 s of leeway.
    ///
    /// # Errors
    ///
    /// When any of that fails, or no keys can be had.
    pub async fn verify(&self, token: &str) -> Result<Claims, Error> {
        let header = header(token)?;
        let kid = header.kid.as_deref().ok_or(Error::NoKeyId)?;
        let key = self.key(kid).await?;
        if !key.algorithms.contains(&header.alg) {
            return Err(Error::Algorithm(format!("{:?}", header.alg)));
        }
        let claims: RawClaims =
            decode(token, &key.decoding, &signature_only(header.alg)).map_err(|e| Error::of_decoding(&e))?.claims;
        claims.check(&self.issuer, &self.audience, self.clock.now(), LEEWAY)
    }

    /// The key set is read again every hour, and for an unknown key, but not more often than every ten seconds. While the
    /// issuer is down, the keys that are known stay good.
    async fn key(&self, kid: &str) -> Result<Arc<Key>, Error> {
        let mut keys = self.keys.lock().await;
        let pause = keys.find(kid).map_or(REFETCH, |_| MAX_AGE);
        if keys.may_fetch(self.clock.elapsed(), pause) {
            keys.fetching(self.clock.elapsed());
            match self.fetch().await {
                Ok(found) => keys.replace(found),
                Err(error) if keys.is_empty() => return Err(error),
                Err(error) => tracing::warn!("keeping the known keys: {error}"),
            }
        }
        keys.find(kid).ok_or_else(|| Error::UnknownKey(kid.chars().take(80).collect()))
    }

    async fn fetch(&self) -> Result<Vec<Key>, Error> {
        let mut request = Request::get(self.key_set.clone());
        request.max_body = MAX_KEY_SET;
        let reply = self.client.send(request).await?;
        if !reply.status.is_success() {
            return Err(Error::KeySetStatus(reply.status.as_u16()));
        }
        key::parse(&reply.body)
    }
}

fn header(token: &str) -> Result<Header, Error> {
    if token.len() > MAX_TOKEN {
        return Err(Error::TooLong(token.len()));
    }
    if !is_jwt(token) {
        return Err(Error::Malformed("not three parts with a JSON header".into()));
    }
    let header = decode_header(token).map_err(|e| Error::of_decoding(&e))?;
    let typ = header.typ.as_deref().unwrap_or_default();
    if !TYPES.iter().any(|known| typ.eq_ignore_ascii_case(known)) {
        return Err(Error::Type(typ.chars().take(80).collect()));
    }
    if header.crit.is_some() {
        return Err(Error::Critical);
    }
    Ok(header)
}

/// The library checks times against the machine's clock, so claims are checked here instead.
fn signature_only(algorithm: jsonwebtoken::Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    validation
}

#[cfg(test)]
mod tests;
