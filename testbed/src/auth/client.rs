//! Registered clients and their secrets.

use std::fmt;

use rustls::crypto::aws_lc_rs;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::Error;
use crate::hex::hex;

/// A confidential client that may use the client-credentials grant.
#[derive(Clone, Debug)]
pub struct Client {
    id: String,
    secret: Secret,
    scopes: Vec<String>,
}

impl Client {
    /// A client that may ask for `scopes`, with a random secret (32 bytes, as 64 hex digits).
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn new<S: Into<String>>(id: impl Into<String>, scopes: impl IntoIterator<Item = S>) -> Result<Self, Error> {
        Ok(Self {
            id: id.into(),
            secret: Secret(random_hex::<32>()?),
            scopes: scopes.into_iter().map(Into::into).collect(),
        })
    }

    /// The same client with a secret of the caller's choice.
    #[must_use]
    pub fn with_secret(mut self, secret: impl Into<String>) -> Self {
        self.secret = Secret(secret.into());
        self
    }

    /// The client's `client_id`.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The client's secret, in clear.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.secret.0
    }

    /// The scopes this client may be granted, in order of registration.
    #[must_use]
    pub fn scopes(&self) -> &[String] {
        &self.scopes
    }
}

/// Whether `client` exists and `secret` is its secret. Takes the same time for an unknown client
/// and for a wrong secret of any length.
pub(crate) fn authenticate<'a>(client: Option<&'a Client>, secret: &str) -> Option<&'a Client> {
    let expected = Sha256::digest(client.map_or("", Client::secret));
    let equal: bool = expected.ct_eq(&Sha256::digest(secret)).into();
    client.filter(|_| equal)
}

/// `N` random bytes as hex digits.
pub(crate) fn random_hex<const N: usize>() -> Result<String, Error> {
    let mut bytes = [0_u8; N];
    aws_lc_rs::default_provider().secure_random.fill(&mut bytes).map_err(|_| Error::Randomness)?;
    Ok(hex(&bytes))
}

#[derive(Clone)]
struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}
