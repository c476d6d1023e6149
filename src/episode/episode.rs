use std::time::Duration;

use abide_base::{event::SecurityEvent, id::RunId, usage::Usage};
use serde::{Deserialize, Serialize};

use super::step::{CallVerdict, Exchange, Step, ToolStep};

/// The whole record of one run. Scrubbed of secrets when it was recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Episode {
    /// Which run.
    pub run: RunId,
    /// The seed it ran with.
    pub seed: u64,
    /// Model calls and tool calls, in order.
    pub steps: Vec<Step>,
    /// Exchanges of slots, in order: what demonstrations are made of.
    #[serde(skip)]
    pub exchanges: Vec<Exchange>,
    /// What happened at the boundary, in order.
    pub events: Vec<SecurityEvent>,
    /// Tokens and money over all model calls.
    pub usage: Usage,
    /// How long the run took.
    pub elapsed: Duration,
}

impl Episode {
    pub(super) fn empty(run: RunId, seed: u64) -> Self {
        Self {
            run,
            seed,
            steps: Vec::new(),
            exchanges: Vec::new(),
            events: Vec::new(),
            usage: Usage::default(),
            elapsed: Duration::ZERO,
        }
    }

    /// Tool calls that reached a tool.
    pub fn executed(&self) -> impl Iterator<Item = &ToolStep> {
        self.tool_steps().filter(|step| step.verdict == CallVerdict::Executed)
    }

    /// Tool calls that the model wanted, whatever became of them.
    pub fn tool_steps(&self) -> impl Iterator<Item = &ToolStep> {
        self.steps.iter().filter_map(|step| match step {
            Step::Tool(tool) => Some(tool),
            Step::Model(_) => None,
        })
    }

    /// Calls of a model that were not answered from a cache.
    pub fn model_calls(&self) -> u64 {
        self.steps
            .iter()
            .map(|step| match step {
                Step::Model(model) => u64::from(model.attempts),
                Step::Tool(_) => 0,
            })
            .sum()
    }

    /// Whether the run tried anything that the boundary forbids.
    pub fn has_violation(&self) -> bool {
        self.events.iter().any(SecurityEvent::is_violation)
    }
}
