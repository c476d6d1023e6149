//! The operator's rules for arguments: what values look like.

mod args;
mod broken;
pub(in crate::security) mod field;

pub(in crate::security) use args::{check, unexpected};

#[cfg(test)]
mod tests;
