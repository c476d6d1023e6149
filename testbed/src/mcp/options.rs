use crate::serve::Scheme;

/// How the MCP server is started.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// Calls that one run may make at once. Default: 4.
    pub burst: u32,
    /// Calls per second of all runs together. Default: 20,000.
    pub calls_per_second: u32,
    /// Default: https.
    pub scheme: Scheme,
}

impl Default for Options {
    fn default() -> Self {
        Self { burst: 4, calls_per_second: 20_000, scheme: Scheme::Https }
    }
}

impl Options {
    /// Sets how many calls one run may make at once; each further call is answered once with 429.
    #[must_use]
    pub fn burst(mut self, calls: u32) -> Self {
        self.burst = calls;
        self
    }

    /// Sets how many calls per second all runs together may make.
    #[must_use]
    pub fn calls_per_second(mut self, calls: u32) -> Self {
        self.calls_per_second = calls;
        self
    }

    /// Sets how the server is spoken to.
    #[must_use]
    pub fn scheme(mut self, scheme: Scheme) -> Self {
        self.scheme = scheme;
        self
    }
}
