use std::time::Duration;

use super::{Algorithm, Client};
use crate::serve::Scheme;

/// How the authorization server is started.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// Life of a token, at least one second. Default: 300 s.
    pub token_lifetime: Duration,
    /// Default: ES256.
    pub algorithm: Algorithm,
    /// Default: plain http on loopback.
    pub scheme: Scheme,
    /// Default: none.
    pub clients: Vec<Client>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            token_lifetime: Duration::from_secs(300),
            algorithm: Algorithm::default(),
            scheme: Scheme::Http,
            clients: Vec::new(),
        }
    }
}

impl Options {
    /// Sets the life of a token; fractions of a second are dropped, the least is one second.
    #[must_use]
    pub fn token_lifetime(mut self, lifetime: Duration) -> Self {
        self.token_lifetime = lifetime;
        self
    }

    /// Sets the signature algorithm of tokens.
    #[must_use]
    pub fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// Sets how the server is spoken to.
    #[must_use]
    pub fn scheme(mut self, scheme: Scheme) -> Self {
        self.scheme = scheme;
        self
    }

    /// Adds a client.
    #[must_use]
    pub fn client(mut self, client: Client) -> Self {
        self.clients.push(client);
        self
    }
}
