//! The searches of Abide, and the port they search through.
//!
//! A search sees slots, splits by size, and redacted [`Rollout`]s through a [`Subject`]. It cannot reach a token, a
//! socket or a file: this crate depends on nothing that could.

mod port;

pub use port::{
    AskError, Candidate, Outcome, Role, Rollout, Scored, SlotInfo, SlotTrace, Spent, Split,
    SplitSizes, Subject, Trial,
};
