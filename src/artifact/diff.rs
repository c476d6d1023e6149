//! What changed between two artifacts, for the reviewer of the change.

mod diff;
mod evidence;
mod lines;
mod slot;

pub(super) use self::{
    evidence::estimate,
    slot::{origin, start},
};
pub use diff::diff;
pub use lines::{Diff, Line, Mark, Section};
