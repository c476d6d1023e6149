use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Digest,
    call::{ToolName, ToolSpec},
};

/// Definitions of tools that somebody has approved: JSON, made by `abide tools lock`. The guard refuses calls of tools whose definition is another one now,
/// and of tools that have none here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolLock {
    format: Format,
    /// The definitions, by tool.
    pub tools: BTreeMap<ToolName, Approved>,
}

/// A definition as it was approved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approved {
    /// What drift is told by.
    pub digest: Digest,
    /// What the tool does, in its server's words.
    pub description: String,
    /// JSON Schema of the arguments.
    pub input_schema: Value,
    /// JSON Schema of the structured reply, where the server gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_schema: Option<Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
enum Format {
    #[serde(rename = "abide-tools/1")]
    V1,
}

/// A text that is no tool lock.
#[derive(Debug, thiserror::Error)]
#[error("is no tool lock: {0}; make it with `abide tools lock`")]
pub struct LockError(String);

impl ToolLock {
    /// The definitions of some tools.
    pub fn of<'s>(tools: impl IntoIterator<Item = &'s ToolSpec>) -> Self {
        let approved = |spec: &ToolSpec| Approved {
            digest: spec.digest.clone(),
            description: spec.description.clone(),
            input_schema: spec.input_schema.clone(),
            output_schema: spec.output_schema.clone(),
        };
        let tools = tools.into_iter().map(|spec| (spec.name.clone(), approved(spec))).collect();
        Self { format: Format::V1, tools }
    }

    /// Reads one.
    ///
    /// # Errors
    /// It is not JSON of this form.
    pub fn parse(text: &str) -> Result<Self, LockError> {
        serde_json::from_str(text).map_err(|error| LockError(error.to_string()))
    }

    /// The digests, for comparing.
    pub fn digests(&self) -> BTreeMap<ToolName, Digest> {
        self.tools.iter().map(|(tool, approved)| (tool.clone(), approved.digest.clone())).collect()
    }
}
