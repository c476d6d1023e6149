//! Scores of runs: task success, and what a run did to its boundary.

mod metric;
mod penalty;
mod score;
mod secured;
mod stats;

pub use metric::{Metric, MetricError, task};
pub use penalty::Penalty;
pub use score::Score;
pub(crate) use score::counts;
pub use secured::{BoundaryBudget, CallBudget, Form, Secured, Weights};
pub use stats::{Interval, Level};
