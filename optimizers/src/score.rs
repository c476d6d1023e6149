use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The score of one run: two objectives kept apart, the value that searches climb, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Score {
    /// What searches climb; at most 1, negative only where a metric subtracts more than it gives.
    pub value: f64,
    /// Task success alone, in [0, 1].
    pub task: f64,
    /// 1 minus what the run did to its boundary, in [0, 1].
    pub security: f64,
    /// Whether the run may serve as an example to others.
    pub admissible: bool,
    /// What was wrong and what to do instead, a line each: codes, roles and limits, never tool text.
    pub feedback: Vec<String>,
    /// How often each kind of event counted, by its code; those that only the metric sees (excess calls) included.
    pub events: BTreeMap<String, u32>,
}

/// A score that is none.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ScoreError {
    /// Infinite, or not a number.
    #[error("it gave a number that is not finite")]
    NotFinite,
    /// Not within [0, 1], as a percentage is not.
    #[error("it gave {0}, and scores are from 0 to 1: divide by the most that there can be, such as 100 for percent")]
    OutOfRange(f64),
}

impl Score {
    /// A score that knows only the task, in [0, 1].
    pub fn of_task(task: f64) -> Self {
        Self { value: task, task, security: 1.0, admissible: true, feedback: Vec::new(), events: BTreeMap::new() }
    }

    /// With a line of feedback.
    #[must_use]
    pub fn because(mut self, feedback: impl Into<String>) -> Self {
        self.feedback.push(feedback.into());
        self
    }

    /// Bars the run from being an example to others.
    #[must_use]
    pub fn inadmissible(mut self) -> Self {
        self.admissible = false;
        self
    }

    /// The two objectives, by name.
    pub fn objectives(&self) -> [(&'static str, f64); 2] {
        [("task", self.task), ("security", self.security)]
    }

    /// The score, if its numbers are ones that a score can have.
    ///
    /// # Errors
    /// A number that is not finite, or the first that is out of its range.
    pub fn checked(self) -> Result<Self, ScoreError> {
        if [self.task, self.security, self.value].iter().any(|number| !number.is_finite()) {
            return Err(ScoreError::NotFinite);
        }
        let stray = [self.task, self.security].into_iter().find(|share| !(0.0..=1.0).contains(share));
        match stray.or((self.value > 1.0).then_some(self.value)) {
            Some(number) => Err(ScoreError::OutOfRange(number)),
            None => Ok(self),
        }
    }
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
