//! The messages API of Anthropic.

mod anthropic;
mod wire;

pub use anthropic::Anthropic;

#[cfg(test)]
mod tests;
