//! The rules of a boundary in Cedar, for those who review or decide in that language; and what Cedar needs to know of a call.
//!
//! There is one policy for each tool: it permits a call that keeps the tool's scopes, its rules for arguments, where they come from, and
//! how often it may be called. What Cedar cannot say (regular expressions, rules for every item of a list or for fields of objects,
//! fractions, arguments whose rule has `as`) is decided here and handed over as a fact. Rules about the order of calls (`after`, `only_if`,
//! `never_with`) and repeated writes are left out, and a comment in the policy names them. The guard still checks every rule: Cedar can
//! only refuse more.

mod cedar;
mod facts;

pub use cedar::{Exported, context, export};

#[cfg(test)]
mod tests;
