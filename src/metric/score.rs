use std::collections::BTreeMap;

use abide_base::event::EventKind;

use crate::episode::Episode;

/// The score of one run: two objectives kept apart, the value that searches climb, and why.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Score {
    /// Task success alone, in [0, 1].
    pub task: f64,
    /// 1 minus what the run did to its boundary, in [0, 1].
    pub security: f64,
    /// What searches climb; at most 1.
    pub value: f64,
    /// Whether the run may serve as an example to others.
    pub admissible: bool,
    /// What was wrong and what to do instead, a line each: codes, roles and limits, never tool text.
    pub feedback: Vec<String>,
    /// How often each kind of event counted, those that only the metric sees (excess calls) included.
    pub events: BTreeMap<EventKind, u32>,
}

impl Score {
    /// A score that knows only the task; clamped to [0, 1].
    pub fn of_task(task: f64) -> Self {
        let task = if task.is_nan() { task } else { task.clamp(0.0, 1.0) };
        Self { task, security: 1.0, value: task, admissible: true, feedback: Vec::new(), events: BTreeMap::new() }
    }

    /// With a line of feedback.
    #[must_use]
    pub fn because(mut self, feedback: impl Into<String>) -> Self {
        self.feedback.push(feedback.into());
        self
    }

    /// The two objectives, by name.
    pub fn objectives(&self) -> [(&'static str, f64); 2] {
        [("task", self.task), ("security", self.security)]
    }

    /// Whether the run tried what the boundary forbids.
    pub fn has_violation(&self) -> bool {
        self.events.keys().any(|kind| kind.is_violation())
    }
}

/// How often each kind of event happened in a run.
pub(crate) fn counts(episode: &Episode) -> BTreeMap<EventKind, u32> {
    let mut counts = BTreeMap::new();
    for event in &episode.events {
        *counts.entry(event.kind).or_insert(0) += 1;
    }
    counts
}

impl From<f64> for Score {
    fn from(task: f64) -> Self {
        Self::of_task(task)
    }
}

impl From<bool> for Score {
    fn from(success: bool) -> Self {
        Self::of_task(if success { 1.0 } else { 0.0 })
    }
}
