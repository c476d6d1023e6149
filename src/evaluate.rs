//! Running a program over a data set and scoring it.

mod evaluate;
mod evaluation;
mod table;
mod trial;

pub use abide_optimizers::Outcome;
pub use evaluate::{Evaluate, JournalError, Observer};
pub use evaluation::{Evaluation, Row, Summary};
pub use table::table;
pub(crate) use trial::{Judged, TrialRunner};

#[cfg(test)]
mod tests;
