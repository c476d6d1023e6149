//! Scores of runs: task success, and what a run did to its boundary.

mod counts;
mod metric;
mod penalty;
mod secured;
mod stats;

pub use abide_optimizers::{Score, ScoreError};
pub(crate) use counts::counts;
pub use metric::{Metric, MetricError, task};
pub use penalty::Penalty;
pub use secured::{BoundaryBudget, CallBudget, Form, Secured, Weights};
pub use stats::{Interval, Level};
