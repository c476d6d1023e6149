use std::time::Duration;

use abide_base::{call::ToolName, usage::Usage};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Fields, SlotId};

/// One step of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Step {
    /// A model was asked.
    Model(ModelStep),
    /// A tool call was wanted.
    Tool(ToolStep),
}

/// A model was asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelStep {
    /// The signature that was asked for.
    pub signature: String,
    /// Requests sent; 0 when a cache answered, more than 1 when some failed and were repeated.
    pub attempts: u32,
    /// Tokens and money.
    pub usage: Usage,
    /// The provider's id of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// How long it took.
    pub elapsed: Duration,
    /// Why the model gave no reply; `None` if it did. What is wrong with a reply is an event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// A tool call was wanted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolStep {
    /// The tool.
    pub tool: ToolName,
    /// The arguments.
    pub arguments: Map<String, Value>,
    /// What became of it.
    pub verdict: CallVerdict,
    /// What the model was shown.
    pub observation: Value,
    /// How long it took.
    pub elapsed: Duration,
}

/// What became of a wanted call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallVerdict {
    /// It reached the tool.
    Executed,
    /// It was permitted, and stood in for, because the run is a dry run.
    DryRun,
    /// The guard, or the server, refused it.
    Denied,
    /// There is no such tool, or its arguments do not fit its schema.
    Invalid,
    /// It was permitted, and the infrastructure failed.
    Failed,
}

/// One exchange of a slot: what a demonstration is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Exchange {
    /// The slot.
    pub slot: SlotId,
    /// The input fields.
    pub inputs: Fields,
    /// The output fields.
    pub outputs: Fields,
}
