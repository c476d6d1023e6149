//! Signed tokens (RFC 7519): nothing in one that was received counts before its signature, issuer, audience and times are
//! checked ([`Verifier`]). Tokens of our own are signed by a [`SigningKey`].

mod cache;
mod claims;
mod error;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod key;
mod looks;
mod resource;
mod sign;
mod token;

use std::{sync::Arc, time::Duration};

use url::Url;

pub use claims::{Claims, Confirmation};
pub use error::Error;
pub use looks::is_jwt;
pub use resource::{Refusal, ResourceServer};
pub use sign::{Algorithm, KeyError, KeyHint, SigningKey};

use self::{cache::Cache, token::Token};
use crate::{clock::Clock, net::Client};

/// The longest token that is looked at, in bytes.
pub const MAX_TOKEN: usize = 16 * 1024;

/// How far two clocks may be apart.
const LEEWAY: Duration = Duration::from_secs(30);

/// Verifies the access tokens (RFC 9068) of one issuer for one audience.
#[derive(Debug)]
pub struct Verifier {
    issuer: String,
    audience: String,
    clock: Arc<dyn Clock>,
    keys: Arc<Cache>,
}

impl Verifier {
    /// A verifier that takes keys from the issuer's key set (RFC 7517), when it first needs one.
    ///
    /// Keys are read again once an hour while they are used, without anybody waiting for it, and at once for a key that is
    /// not known. Key ids that nobody publishes cost the issuer at most ten requests a minute. While the issuer is down,
    /// known keys stay good for a day.
    pub fn new(client: Client, key_set: Url, issuer: String, audience: String, clock: Arc<dyn Clock>) -> Self {
        let keys = Arc::new(Cache::new(client, key_set, clock.clone()));
        Self { issuer, audience, clock, keys }
    }

    /// The claims of a token, if they count.
    ///
    /// In this order: size, header, no `crit`, `typ`, key by `kid`, algorithm that is allowed for that key, signature, `iss`,
    /// `aud`, `exp`, `nbf` and `iat`, the times with 30 s of leeway. Keys and addresses of keys in the header are not
    /// looked at.
    ///
    /// # Errors
    ///
    /// When any of that fails, or no keys can be had.
    pub async fn verify(&self, token: &str) -> Result<Claims, Error> {
        let token = Token::read(token)?;
        let key = self.keys.key(token.kid(), token.algorithm()).await?;
        let claims = token.claims_if_signed_by(&key)?;
        claims::check(claims, &self.issuer, &self.audience, self.clock.now(), LEEWAY)
    }
}

#[cfg(test)]
mod tests;
