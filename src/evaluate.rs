//! Running a program over a data set and scoring it.

mod evaluate;
mod evaluation;
mod table;

pub(crate) use evaluate::judge;
pub use evaluate::{Evaluate, JournalError, Progress};
pub use evaluation::{Evaluation, Outcome, Row, Summary};
pub use table::table;

#[cfg(test)]
mod tests;
