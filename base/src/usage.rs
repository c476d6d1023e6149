//! What model calls cost.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

/// Tokens and money.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens of the request.
    pub prompt_tokens: u64,
    /// Tokens of the reply.
    pub completion_tokens: u64,
    /// Of the request's tokens, those that the provider had cached.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cached_tokens: u64,
    /// Of the reply's tokens, those of reasoning.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub reasoning_tokens: u64,
    /// Millionths of a US dollar, by the client's price list. 0 where it has none: the cost is unknown then, and not nothing.
    pub micro_dollars: u64,
}

impl Usage {
    /// Tokens of request and reply.
    pub fn tokens(&self) -> u64 {
        self.prompt_tokens.saturating_add(self.completion_tokens)
    }
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.prompt_tokens = self.prompt_tokens.saturating_add(other.prompt_tokens);
        self.completion_tokens = self.completion_tokens.saturating_add(other.completion_tokens);
        self.cached_tokens = self.cached_tokens.saturating_add(other.cached_tokens);
        self.reasoning_tokens = self.reasoning_tokens.saturating_add(other.reasoning_tokens);
        self.micro_dollars = self.micro_dollars.saturating_add(other.micro_dollars);
    }
}

// serde gives a reference
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it")]
fn is_zero(tokens: &u64) -> bool {
    *tokens == 0
}
