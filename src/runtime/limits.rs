use std::time::Duration;

/// What one run may use.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Limits {
    /// Model calls of one run; 32 by default.
    pub model_calls: u32,
    /// Tokens of one reply; 1,024 by default.
    pub reply_tokens: u32,
    /// Sampling temperature in [0, 2]; the provider's own by default.
    pub temperature: Option<f64>,
    /// Wall time of one run; 5 minutes by default.
    pub deadline: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { model_calls: 32, reply_tokens: 1_024, temperature: None, deadline: Duration::from_secs(300) }
    }
}

impl Limits {
    /// With this many model calls.
    #[must_use]
    pub fn model_calls(mut self, calls: u32) -> Self {
        self.model_calls = calls;
        self
    }

    /// With this many tokens of a reply.
    #[must_use]
    pub fn reply_tokens(mut self, tokens: u32) -> Self {
        self.reply_tokens = tokens;
        self
    }

    /// With this sampling temperature.
    #[must_use]
    pub fn temperature(mut self, temperature: f64) -> Self {
        self.temperature = Some(temperature);
        self
    }

    /// With this much wall time.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }
}
