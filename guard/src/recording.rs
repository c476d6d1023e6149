//! Recorded runs, as lines of JSON: what a run was asked, what it wanted to call, and what the tools answered.

use std::collections::BTreeMap;

use abide_base::{call::ToolReply, event::EventKind};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One recorded run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    /// Its name.
    pub id: String,
    /// What the run was asked: values in it count as given by the user.
    #[serde(default)]
    pub input: Map<String, Value>,
    /// What it brought with it.
    #[serde(default)]
    pub session: RecordedSession,
    /// What it wanted to do, in order.
    pub calls: Vec<RecordedCall>,
    /// What is expected of every call that does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect: Option<Expectation>,
}

/// What a run brought with it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedSession {
    /// The scopes of its token.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Lists of its own.
    #[serde(default)]
    pub registry: BTreeMap<String, Vec<String>>,
}

/// A call and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedCall {
    /// The tool.
    pub tool: String,
    /// Its arguments.
    #[serde(default)]
    pub arguments: Map<String, Value>,
    /// What the tool answered; an object with nothing but `error` says that it failed.
    #[serde(default)]
    pub result: Value,
    /// What is expected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect: Option<Expectation>,
}

/// What is expected of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Expectation {
    /// That it is made.
    Permit,
    /// That it is refused, for whatever reason.
    Deny,
    /// That it is refused for this reason.
    Event(EventKind),
}

/// A recording that says what cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` in `{place}` is not a {kind}: correct it")]
pub struct ReplayError {
    /// What it says.
    pub text: String,
    /// Where.
    pub place: &'static str,
    /// What should stand there.
    pub kind: &'static str,
}

/// A line of a file that is not a recording.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {reason}")]
pub struct LineError {
    /// Which line, from 1.
    pub line: usize,
    /// Where in it, in bytes from 1.
    pub column: usize,
    /// What is wrong.
    pub reason: String,
}

impl Recording {
    /// Reads a line of a file of episodes.
    ///
    /// # Errors
    /// It is no recording; with the place, `number` being that of the line.
    pub fn read(number: usize, line: &[u8]) -> Result<Self, LineError> {
        serde_json::from_slice(line.trim_ascii_end()).map_err(|error| {
            let text = error.to_string();
            // the reader counts lines within the one
            let reason = text.rsplit_once(" at line ").map_or(text.as_str(), |(reason, _)| reason).to_owned();
            LineError { line: number, column: error.column(), reason }
        })
    }
}

impl RecordedCall {
    /// The result as the reply that it was.
    pub fn reply(&self) -> ToolReply {
        let failed = self.result.as_object().is_some_and(|map| map.len() == 1 && map.contains_key("error"));
        if failed { ToolReply::failed(self.result.clone()) } else { ToolReply::done(self.result.clone()) }
    }
}

impl TryFrom<String> for Expectation {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "permit" => Ok(Self::Permit),
            "deny" => Ok(Self::Deny),
            code => EventKind::named(code).map(Self::Event).ok_or_else(|| {
                format!("`{code}` is nothing to expect: write `permit`, `deny` or the code of an event, such as `provenance_denied`")
            }),
        }
    }
}
