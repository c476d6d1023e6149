//! The chat completions API, as OpenAI and every compatible server speak it.

mod openai;
mod token_limit;
pub(crate) mod wire;

pub use openai::OpenAi;
pub use token_limit::TokenLimit;

#[cfg(test)]
mod tests;
