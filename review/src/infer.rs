//! Proposes a boundary from good runs: the least one that admits them.
//!
//! What it is made of, and why no permission in it is invented:
//!
//! - **Tools** are those that were called.
//! - **Scopes** of a tool are among those that every run calling it had. Where several tools could account for a scope of a run, the one
//!   that was called in most runs does, and then the one whose name has more words of it; a tool that accounts for none needs all that
//!   its runs had in common.
//! - **Effects** cannot be seen in calls. Each is `write`, which is the careful answer, unless the operator says that the tool reads, or
//!   a run made the same call twice, which a write may not be.
//! - **Arguments** come from the fewest and most trusted sources that have every value: fields of the input before lists of the
//!   session before fields of earlier replies. A field of a reply counts only where all that it ever held looks like names and numbers,
//!   never prose, and where the run had not itself said the value before. Figures that stand for
//!   no record come from anywhere unless three different ones had a source, since one or two may have stood there by chance.
//! - What no source has: names of persons or things (no blanks, letters with figures or signs) are listed one by one and never
//!   generalised; values that recur in three runs or more are listed too; figures become a pattern, numbers a range, prose a length (each in `shape`).
//! - Arguments that no call of a tool had, or none with a value, are not listed, and so they are refused.
//! - **Counts** are the largest of any one run.
//! - **Sequences**: a tool that was called in three runs or more comes `after` those that it always came after.
//!
//! It is a proposal. Episodes cannot say who may write into a field or what else a tool can do: a person decides.

mod count;
mod error;
mod infer;
mod inferred;
mod scope;
mod seen;
mod shape;
mod source;
mod write;

pub use error::InferError;
pub use infer::infer;
pub use inferred::{Inferred, Known, Proposed};

#[cfg(test)]
mod tests;
