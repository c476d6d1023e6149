//! The operator's rules for arguments: what values look like.

mod args;
mod broken;
pub mod field;

pub use args::{UnexpectedArgument, check, unexpected};

#[cfg(test)]
mod tests;
