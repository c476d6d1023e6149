//! The searches of Abide, and the port they search through.
//!
//! A search sees slots, splits by size, and redacted [`Rollout`]s through a [`Subject`]. It cannot reach a token, a
//! socket or a file: this crate depends on nothing that could.
//!
//! An [`Optimizer`] is a search. It works on a [`Study`], which runs trials within a [`Budget`] and keeps the scores of
//! candidates on a [`Board`]; [`Selection`] says which candidate is better.

mod board;
mod bootstrap_few_shot;
mod budget;
mod error;
mod labeled_few_shot;
mod optimizer;
mod port;
mod random_search;
mod score;
mod study;
mod teach;

/// Needed to implement [`Subject`] or [`Optimizer`].
pub use async_trait::async_trait;
pub use board::{Board, Selection, Standing};
pub use bootstrap_few_shot::BootstrapFewShot;
pub use budget::Budget;
pub use error::SearchError;
pub use labeled_few_shot::LabeledFewShot;
pub use optimizer::{Optimizer, Plan};
pub use port::{
    AskError, Candidate, Outcome, Role, Rollout, SlotInfo, SlotTrace, Spent, Split, SplitSizes, Subject, Trial,
};
pub use random_search::{BootstrapFewShotWithRandomSearch, Halving};
pub use score::{Score, ScoreError};
pub use study::{NoProgress, Progress, Study};

#[cfg(test)]
mod tests;
