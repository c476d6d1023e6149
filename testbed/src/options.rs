use std::time::Duration;

use crate::{
    auth::{self, Algorithm},
    mcp, model,
    serve::Scheme,
};

/// How the testbed is started.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Options {
    /// The authorization server.
    pub auth: auth::Options,
    /// The MCP server.
    pub mcp: mcp::Options,
    /// The simulated model.
    pub model: model::Options,
}

impl Options {
    /// Sets the seed of the world whose habits the simulated model has. Default: 0.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.model = self.model.seed(seed);
        self
    }

    /// Sets the life of a token. Default: 300 s.
    #[must_use]
    pub fn token_lifetime(mut self, lifetime: Duration) -> Self {
        self.auth = self.auth.token_lifetime(lifetime);
        self
    }

    /// Sets the signature algorithm of tokens. Default: ES256.
    #[must_use]
    pub fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.auth = self.auth.algorithm(algorithm);
        self
    }

    /// Sets how the authorization server is spoken to. Default: plain http on loopback.
    #[must_use]
    pub fn issuer_scheme(mut self, scheme: Scheme) -> Self {
        self.auth = self.auth.scheme(scheme);
        self
    }

    /// Sets how the MCP server is spoken to. Default: https.
    #[must_use]
    pub fn mcp_scheme(mut self, scheme: Scheme) -> Self {
        self.mcp = self.mcp.scheme(scheme);
        self
    }

    /// Sets how many calls a run may make at once. Default: 4.
    #[must_use]
    pub fn burst(mut self, calls: u32) -> Self {
        self.mcp = self.mcp.burst(calls);
        self
    }

    /// Sets how many calls per second all runs together may make. Default: 20,000.
    #[must_use]
    pub fn calls_per_second(mut self, calls: u32) -> Self {
        self.mcp = self.mcp.calls_per_second(calls);
        self
    }
}
