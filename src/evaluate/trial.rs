use std::{collections::BTreeMap, panic::AssertUnwindSafe, time::Duration};

use abide_base::{call::Effect, event::EventKind};
use abide_guard::{Labels, Mode, Oversight};
use abide_optimizers::{Outcome, Score, Spent};
use futures_util::FutureExt;

use crate::{
    data::Example,
    episode::Episode,
    metric::{Metric, MetricError, counts},
    module::Module,
    runtime::{CallError, Infrastructure, Run, RunOptions, Runtime},
};

/// How one example is run and scored, in an evaluation as in a search.
///
/// A run that the infrastructure failed is made once more, unless it changed or attempted something; where that fails too, it is not
/// scored. Every other run is the program's, failed or not, and goes to the metric. A metric that cannot score a failed run scores it 0.
#[derive(Clone, Copy)]
pub(crate) struct TrialRunner {
    pub(crate) mode: Mode,
    pub(crate) oversight: Oversight,
    /// For the run, its repetition and the metric together.
    pub(crate) deadline: Duration,
}

/// The last run of an example, what came of it, and what its runs did and cost.
pub(crate) struct Judged<O> {
    pub(crate) run: Run<O>,
    pub(crate) outcome: Outcome,
    pub(crate) spent: Spent,
    pub(crate) events: BTreeMap<EventKind, u32>,
}

impl TrialRunner {
    /// Runs a program over an example and scores it. The metric is one for `P`; the program that runs may be another, such as a teacher.
    pub(crate) async fn run<P, L, T>(
        &self,
        runtime: &Runtime,
        program: &impl Module<Input = P::Input, Output = P::Output>,
        example: &Example<P::Input, L>,
        metric: &T,
        (seed, mut labels): (u64, Labels),
    ) -> Judged<P::Output>
    where
        P: Module,
        P::Input: Clone,
        L: Send + Sync,
        T: Metric<P, L>,
    {
        labels.insert("example".to_owned(), example.id.clone());
        let options = RunOptions { seed, mode: self.mode, oversight: self.oversight, labels, ..RunOptions::default() };
        let clock = runtime.clock();
        let start = clock.elapsed();
        let left = || self.deadline.saturating_sub(clock.elapsed().saturating_sub(start));
        let run = |left| runtime.run_with(program, example.input.clone(), options.clone().deadline(left));
        let mut last = run(self.deadline).await;
        let mut spent = cost(&last.episode);
        if may_repeat(runtime, &last) {
            last = run(left()).await;
            spent += cost(&last.episode);
        }
        let outcome = match &last.outcome {
            Err(CallError::Infrastructure(error)) => Outcome::NotScored { reason: error.to_string() },
            outcome => {
                let score = async { metric.score(example, &last).await };
                let scored = tokio::select! {
                    biased;
                    score = AssertUnwindSafe(score).catch_unwind() => score.unwrap_or_else(|_| Err(MetricError("it panicked".into()))),
                    () = clock.sleep(left()) => Err(MetricError(format!("it was not done after {:?}", self.deadline))),
                };
                judge(scored, outcome.is_err())
            }
        };
        let mut events = counts(&last.episode);
        if let Outcome::Scored(score) = &outcome {
            // those that only the metric sees
            events.extend(score.events.iter().filter_map(|(code, count)| Some((EventKind::named(code)?, *count))));
        }
        Judged { run: last, outcome, spent, events }
    }
}

/// What a metric's answer is worth.
fn judge(scored: Result<Score, MetricError>, run_failed: bool) -> Outcome {
    let checked = scored.and_then(|score| score.checked().map_err(|error| MetricError(error.to_string())));
    match checked {
        Ok(score) => Outcome::Scored(score),
        Err(_) if run_failed => {
            let score = Score::of_task(0.0).because("the run failed, and the metric could not score it");
            Outcome::Scored(score.inadmissible())
        }
        Err(error) => Outcome::NotScored { reason: error.to_string() },
    }
}

/// Whether a failed run may be made again: the program cannot have failed it, and neither changed nor attempted anything.
fn may_repeat<O>(runtime: &Runtime, run: &Run<O>) -> bool {
    let Err(CallError::Infrastructure(error)) = &run.outcome else { return false };
    let lasting = matches!(
        error,
        Infrastructure::Deadline(_) | Infrastructure::Unconfirmed { .. } | Infrastructure::FunctionNotAllowed(_)
    );
    let policy = runtime.boundary().policy();
    let is_read = |tool| policy.tool(tool).is_some_and(|rule| rule.effect == Effect::Read);
    !lasting && !run.episode.has_violation() && run.episode.executed().all(|step| is_read(&step.tool))
}

fn cost(episode: &Episode) -> Spent {
    Spent {
        model_calls: episode.model_calls(),
        tool_calls: episode.tool_steps().count() as u64,
        tokens: episode.usage.tokens(),
        micro_dollars: episode.usage.micro_dollars,
    }
}
