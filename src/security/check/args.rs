//! The operator's rules for arguments: what values look like.

mod args;
mod broken;
pub(crate) mod field;

pub(crate) use args::{check, unexpected};

#[cfg(test)]
mod tests;
