//! The operator's rules for arguments: what values look like.

mod args;
mod broken;
pub mod field;

pub(crate) use args::check;
pub use args::{UnexpectedArgument, unexpected};

#[cfg(test)]
mod tests;
