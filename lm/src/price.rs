/// What a model's tokens cost, in millionths of a US dollar per million tokens (so 0.25 dollars per million is `250_000`).
/// The default is free of charge, as a local model is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prices {
    prompt: u64,
    completion: u64,
}

impl Prices {
    /// Prices of the request's tokens and of the reply's.
    pub const fn per_million(prompt: u64, completion: u64) -> Self {
        Self { prompt, completion }
    }

    /// Micro-dollars for so many tokens, rounded up.
    pub fn cost(&self, prompt_tokens: u64, completion_tokens: u64) -> u64 {
        let millionths = u128::from(self.prompt) * u128::from(prompt_tokens)
            + u128::from(self.completion) * u128::from(completion_tokens);
        u64::try_from(millionths.div_ceil(1_000_000)).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests;
