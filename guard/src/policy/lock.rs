use std::collections::BTreeMap;

use abide_base::{
    call::{MAX_DESCRIPTION, ToolName, ToolSpec},
    secret::REDACTED,
};
use abide_signatures::Digest;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Definitions of tools that were approved: JSON, made by `abide tools lock`. The guard refuses calls of tools whose
/// definition is another one now, and of tools that have none here.
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

/// How a tool differs from what was approved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Drift<'a> {
    /// It was never approved.
    Added(&'a ToolSpec),
    /// It is not there any more.
    Gone(&'a ToolName),
    /// Its definition is another one.
    Changed {
        /// As it was approved.
        approved: &'a Approved,
        /// As it is now.
        now: &'a ToolSpec,
    },
}

/// A text that is not a tool lock.
#[derive(Debug, thiserror::Error)]
#[error("is not a tool lock: {0}; make it with `abide tools lock`")]
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
    /// It is not JSON of this form, or a definition is not the one that its digest approves.
    pub fn parse(text: &str) -> Result<Self, LockError> {
        let lock: Self = serde_json::from_str(text).map_err(|error| LockError(error.to_string()))?;
        match lock.tools.iter().find(|(tool, approved)| !approved.is_what_it_shows(tool)) {
            Some((tool, _)) => {
                Err(LockError(format!("the digest of `{tool}` approves another definition than it shows")))
            }
            None => Ok(lock),
        }
    }

    /// As it is written into a file: indented, with tools and keys in order.
    ///
    /// # Errors
    /// A schema holds what JSON cannot.
    pub fn to_text(&self) -> Result<String, LockError> {
        let text = serde_json::to_string_pretty(self).map_err(|error| LockError(error.to_string()))?;
        Ok(text + "\n")
    }

    /// How tools as they are now differ from what was approved, in the order of names.
    pub fn drifts<'a>(&'a self, now: &[&'a ToolSpec]) -> Vec<Drift<'a>> {
        let added = now.iter().filter(|spec| !self.tools.contains_key(&spec.name)).map(|spec| Drift::Added(spec));
        let others =
            self.tools.iter().filter_map(|(tool, approved)| match now.iter().find(|spec| spec.name == *tool) {
                None => Some(Drift::Gone(tool)),
                Some(now) if approved.shows(now) => None,
                Some(now) => Some(Drift::Changed { approved, now }),
            });
        let mut drifts: Vec<Drift<'a>> = added.chain(others).collect();
        drifts.sort_by(|a, b| a.tool().cmp(b.tool()));
        drifts
    }

    /// The digests, for comparing.
    pub fn digests(&self) -> BTreeMap<ToolName, Digest> {
        self.tools.iter().map(|(tool, approved)| (tool.clone(), approved.digest.clone())).collect()
    }
}

impl Approved {
    /// Whether the digest is that of what can be read here. Of a definition that is not here as a whole, because it has a secret of
    /// ours in it or is very long, only its server can say.
    fn is_what_it_shows(&self, tool: &ToolName) -> bool {
        let shown =
            ToolSpec::new(tool.clone(), &*self.description, self.input_schema.clone(), self.output_schema.clone());
        let texts = || format!("{}{}{:?}", self.description, self.input_schema, self.output_schema);
        shown.digest == self.digest || self.description.len() + 4 > MAX_DESCRIPTION || texts().contains(REDACTED)
    }

    /// Whether it approves a tool as it is now, by what can be read here and by all of it.
    fn shows(&self, now: &ToolSpec) -> bool {
        (&self.digest, &self.description, &self.input_schema, &self.output_schema)
            == (&now.digest, &now.description, &now.input_schema, &now.output_schema)
    }
}

impl Drift<'_> {
    /// Which tool.
    pub fn tool(&self) -> &ToolName {
        match self {
            Self::Added(now) | Self::Changed { now, .. } => &now.name,
            Self::Gone(tool) => tool,
        }
    }
}
