//! The operator's rules for arguments: what values look like.

mod args;
pub(in crate::security) mod field;

pub(in crate::security) use super::rule_name::{MISNAMED, UNLISTED};
pub(in crate::security) use args::{astray, broken, check, counted, is_within, items, listed, says_nothing};

#[cfg(test)]
mod tests;
