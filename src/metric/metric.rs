use std::future::Future;

use abide_optimizers::Score;

use crate::{Signature, data::Example, module::Module, runtime::Run};

/// Scores one run of a program over one example. Closures `Fn(&Example<I, L>, &Run<O>) -> f64` are metrics.
///
/// It is asked about every run whose infrastructure worked, also about those that failed: `run.outcome` says which. Where it cannot
/// score a failed run (it panics, or gives an error or no number from 0 to 1), that run's score is 0. The time for an example covers it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a metric for this program and these labels",
    label = "expected a closure `|example: &Example<Input, Label>, run: &Run<Output>| -> f64`, or `Secured::new(closure)`"
)]
pub trait Metric<M: Module, L: Sync>: Send + Sync {
    /// The score.
    fn score<'a>(
        &'a self,
        example: &'a Example<M::Input, L>,
        run: &'a Run<M::Output>,
    ) -> impl Future<Output = Result<Score, MetricError>> + Send;
}

/// A metric for programs of the signature `S` with labels `L`, whose closure needs no types:
/// `task::<CustomerService, String, _>(|example, run| …)`.
pub fn task<S: Signature, L, R: Into<Score>>(
    score: impl Fn(&Example<S::Input, L>, &Run<S::Output>) -> R + Send + Sync,
) -> impl Fn(&Example<S::Input, L>, &Run<S::Output>) -> R + Send + Sync {
    score
}

/// Why a run could not be scored. It counts as not scored, never as 0, unless the run had failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the metric failed: {0}")]
pub struct MetricError(pub String);

impl<M, L, F, R> Metric<M, L> for F
where
    M: Module,
    L: Send + Sync,
    F: Fn(&Example<M::Input, L>, &Run<M::Output>) -> R + Send + Sync,
    R: Into<Score> + Send,
{
    async fn score<'a>(
        &'a self,
        example: &'a Example<M::Input, L>,
        run: &'a Run<M::Output>,
    ) -> Result<Score, MetricError> {
        Ok(self(example, run).into())
    }
}
