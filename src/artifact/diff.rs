//! What changed between two artifacts, for whoever reviews the change.

mod diff;
mod evidence;
mod slot;

pub(super) use self::{
    evidence::estimate,
    slot::{origin, start},
};
pub use diff::{Diff, Line, Mark, Section, diff};
