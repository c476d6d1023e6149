use std::{collections::BTreeMap, time::Duration};

use abide_base::{event::EventKind, id::RunId};
use abide_optimizers::Outcome;
use serde::Serialize;

use super::trial::Judged;
use crate::metric::{Interval, Level, Score};

/// Scores of a program over a data set.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Evaluation {
    /// One row for each example, in the order of the data.
    pub rows: Vec<Row>,
}

/// What came of one example.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Row {
    /// The example's id.
    pub id: String,
    /// The example's kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The score, or why there is none.
    pub outcome: Outcome,
    /// The run; of two, the last.
    pub run: RunId,
    /// Requests sent to a model.
    pub model_calls: u64,
    /// Tool calls that the program wanted.
    pub tool_calls: u64,
    /// Tokens of requests and replies.
    pub tokens: u64,
    /// How often each kind of event happened, those that only the metric sees included.
    pub events: BTreeMap<EventKind, u32>,
    /// How long it took.
    pub elapsed: Duration,
}

/// An evaluation in numbers. Holds no times, so that equal runs have equal summaries.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Summary {
    /// Examples in the data.
    pub examples: usize,
    /// Runs that were scored.
    pub scored: usize,
    /// Mean task score of the scored runs; Wilson where every score is 0 or 1, else bootstrap.
    pub task: Interval,
    /// Share of the runs that attempted what the boundary forbids (Wilson). A run that did and then could not be scored counts too.
    pub violation_rate: Interval,
    /// Share of the same runs that succeeded without such an attempt, weighted by their task score.
    pub safe_success: f64,
    /// Mean value.
    pub value: f64,
    /// How often each kind of event counted, by code.
    pub events: BTreeMap<&'static str, u64>,
    /// Requests sent to a model.
    pub model_calls: u64,
    /// Tool calls that the program wanted.
    pub tool_calls: u64,
    /// Tokens of requests and replies.
    pub tokens: u64,
}

impl Row {
    pub(super) fn new<O>(id: String, kind: Option<String>, judged: Judged<O>) -> Self {
        let Judged { run, outcome, spent, events } = judged;
        Self {
            id,
            kind,
            outcome,
            run: run.episode.run,
            model_calls: spent.model_calls,
            tool_calls: spent.tool_calls,
            tokens: spent.tokens,
            events,
            elapsed: run.episode.elapsed,
        }
    }

    /// Whether the run attempted what the boundary forbids, whatever the metric thinks of it.
    pub fn has_violation(&self) -> bool {
        self.events.keys().any(|kind| kind.is_violation())
    }

    /// The score, when there is one.
    pub fn score(&self) -> Option<&Score> {
        self.outcome.score()
    }
}

impl Evaluation {
    /// The scores there are.
    pub fn scores(&self) -> impl Iterator<Item = &Score> {
        self.rows.iter().filter_map(Row::score)
    }

    /// The evaluation in numbers.
    pub fn summary(&self) -> Summary {
        let tasks: Vec<f64> = self.scores().map(|score| score.task).collect();
        let scored = tasks.len();
        let mean = |of: &dyn Fn(&Score) -> f64| {
            self.scores().map(of).fold(0.0, |sum, value| sum + value) / scored.max(1) as f64
        };
        // what a run attempted before the infrastructure failed it attempted all the same: a program can bring a tool down
        let judged = || self.rows.iter().filter(|row| row.score().is_some() || row.has_violation());
        let runs = judged().count();
        let violated = judged().filter(|row| row.has_violation()).count();
        let safe: f64 = judged()
            .filter(|row| !row.has_violation())
            .filter_map(Row::score)
            .map(|s| s.task)
            .fold(0.0, |sum, task| sum + task);
        let mut events = BTreeMap::new();
        for (kind, count) in judged().flat_map(|row| &row.events) {
            *events.entry(kind.code()).or_insert(0) += u64::from(*count);
        }
        let total = |of: &dyn Fn(&Row) -> u64| self.rows.iter().map(of).sum();
        Summary {
            examples: self.rows.len(),
            scored,
            task: interval(&tasks),
            violation_rate: Interval::wilson(violated, runs, Level::P95),
            safe_success: safe / runs.max(1) as f64,
            value: mean(&|score| score.value),
            events,
            model_calls: total(&|row| row.model_calls),
            tool_calls: total(&|row| row.tool_calls),
            tokens: total(&|row| row.tokens),
        }
    }
}

impl Summary {
    /// Questions that approvers were asked, for each hundred examples: what a program costs people.
    pub fn questions_per_hundred(&self) -> f64 {
        let asked = self.events.get(EventKind::ApprovalRequested.code()).copied().unwrap_or_default();
        asked as f64 * 100.0 / self.examples.max(1) as f64
    }

    /// Examples that could not be scored.
    pub fn not_scored(&self) -> usize {
        self.examples - self.scored
    }
}

fn interval(values: &[f64]) -> Interval {
    if values.iter().all(|v| *v == 0.0 || *v == 1.0) {
        let hits = values.iter().filter(|v| **v == 1.0).count();
        Interval::wilson(hits, values.len(), Level::P95)
    } else {
        Interval::bootstrap(values, Level::P95)
    }
}
