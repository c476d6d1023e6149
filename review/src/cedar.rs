//! The rules of a boundary in Cedar, for those who review or decide in that language; and what Cedar needs to know of a call.
//!
//! There is one policy for each tool: it permits a call that keeps the tool's scopes, its rules for arguments, where they come from, and
//! what may be called how often. What Cedar cannot say (regular expressions, rules for every item of a list or for fields of objects, fractions, values that were read with `as`) is decided here and
//! handed over as a fact. What depends on more than one call is left out, and the policy says so: the guard decides that, and all else too,
//! since a further check can only refuse.

mod cedar;
mod facts;

pub use cedar::{Exported, context, export};

#[cfg(test)]
mod tests;
