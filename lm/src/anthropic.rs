//! The messages API of Anthropic.

mod anthropic;
pub(crate) mod wire;

pub use anthropic::Anthropic;

#[cfg(test)]
mod tests;
