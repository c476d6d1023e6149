//! The chat completions API, as OpenAI and every compatible server speak it.

mod openai;
mod wire;

pub use openai::{OpenAi, TokenLimit};

#[cfg(test)]
mod tests;
