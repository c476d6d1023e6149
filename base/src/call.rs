//! Tools, wanted calls and their replies: data only.

use std::{fmt, io, sync::Arc};

use abide_signatures::Digest;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A tool's name as programs and boundaries use it: `server.tool` for a tool of an MCP server, `tool` for a Rust function.
///
/// The server's part and the name of a function are 1 to 128 letters, digits, `_` and `-`. A server's own word for its tool may have `.`
/// and `/` as well, as MCP 2025-11-25 says of the names of tools.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ToolName(Arc<str>);

/// The id of an MCP server: the operator's own word for it, never the server's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ServerId(String);

/// A text that cannot name a tool or a server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// It has characters that a name must not have, too many of them, or none.
    #[error(
        "`{0}` is not a tool or server name: use 1 to 128 letters, digits, `_` and `-`, for a server's tool `server.tool`, where the tool may have `.` and `/` as well"
    )]
    Malformed(String),
    /// `finish` ends the run of an agent.
    #[error("`finish` ends the run of an agent and cannot be a function's name: choose another")]
    Reserved,
}

/// What a call does to the world, as the operator declares it; a server's own hints are not trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Changes nothing.
    Read,
    /// Changes the server's own data.
    Write,
    /// Affects an outside party: sends mail, moves money.
    External,
}

/// What a server says of a tool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ToolSpec {
    /// The name, prefixed by the server's id.
    pub name: ToolName,
    /// What it does, in the server's words.
    pub description: String,
    /// JSON Schema of the arguments.
    pub input_schema: Value,
    /// JSON Schema of the structured reply, where the server gives one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_schema: Option<Value>,
    /// Digest of the full definition, for noticing drift.
    pub digest: Digest,
}

/// A call that a program wants made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The tool.
    pub tool: ToolName,
    /// The arguments, by name.
    pub arguments: Map<String, Value>,
}

/// What a tool answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ToolReply {
    /// The answer as data: structured content where there is some, else text.
    pub content: Value,
    /// Whether the tool says that it failed.
    pub status: ReplyStatus,
}

/// Whether a tool did what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplyStatus {
    /// It did.
    Done,
    /// It says that it could not.
    Failed,
}

/// Longer descriptions of a server's tools are cut, in bytes.
pub const MAX_DESCRIPTION: usize = 4 * 1024;

/// Bytes of a value as JSON; `None` if they are more than `most`, which is as far as is counted.
pub fn json_bytes<T: Serialize>(value: &T, most: usize) -> Option<usize> {
    let mut left = Capacity(most);
    serde_json::to_writer(&mut left, value).ok().map(|()| most - left.0)
}

/// Takes so many bytes, and keeps none.
struct Capacity(usize);

impl io::Write for Capacity {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::WriteZero)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl NameError {
    pub(crate) fn of(text: &str) -> Self {
        Self::Malformed(text.chars().take(80).collect())
    }
}

impl Effect {
    /// As it is written in boundaries and audits.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::External => "external",
        }
    }
}

impl ToolName {
    /// The server's part of the name; none for Rust functions.
    pub fn server(&self) -> Option<&str> {
        self.0.split_once('.').map(|(server, _)| server)
    }

    /// The name that the server itself uses.
    pub fn local(&self) -> &str {
        self.0.split_once('.').map_or(&*self.0, |(_, tool)| tool)
    }

    /// The name of a Rust function: no `.`, so that it cannot be taken for a server's tool.
    ///
    /// # Errors
    /// It has a `.`, or is no name.
    pub fn of_function(name: &str) -> Result<Self, NameError> {
        if name.contains('.') {
            return Err(NameError::of(name));
        }
        if name == "finish" {
            return Err(NameError::Reserved);
        }
        Self::try_from(name)
    }

    /// What stands for a name that must not be written down; no tool is called so.
    pub fn hidden() -> Self {
        Self("-hidden-".into())
    }

    /// The name of a server's tool.
    ///
    /// # Errors
    /// The server's word for the tool is no name.
    pub fn of_server(server: &ServerId, tool: &str) -> Result<Self, NameError> {
        Self::try_from(format!("{server}.{tool}"))
    }

    /// The text form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ServerId {
    /// The text form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ToolSpec {
    /// A tool with the digest of its full definition.
    pub fn new(
        name: ToolName,
        description: impl Into<String>,
        input_schema: Value,
        output_schema: Option<Value>,
    ) -> Self {
        let description = description.into();
        let mut definition = serde_json::json!({
            "name": name.local(), "description": description, "input": input_schema, "output": output_schema,
        });
        // maps are sorted unless some crate of the program wants them otherwise; one definition has one text all the same
        definition.sort_all_objects();
        let digest = Digest::of_bytes(definition.to_string().as_bytes());
        Self { name, description, input_schema, output_schema, digest }
    }
}

impl ToolReply {
    /// A reply of a tool that did what it was asked.
    pub fn done(content: impl Into<Value>) -> Self {
        Self { content: content.into(), status: ReplyStatus::Done }
    }

    /// A reply of a tool that says it could not.
    pub fn failed(content: impl Into<Value>) -> Self {
        Self { content: content.into(), status: ReplyStatus::Failed }
    }
}

impl TryFrom<String> for ToolName {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        let fits = match text.split_once('.') {
            Some((server, tool)) => is_name(server) && is_tool(tool),
            None => is_name(&text),
        };
        if fits { Ok(Self(text.into())) } else { Err(NameError::of(&text)) }
    }
}

impl TryFrom<&str> for ToolName {
    type Error = NameError;

    fn try_from(text: &str) -> Result<Self, NameError> {
        Self::try_from(text.to_owned())
    }
}

impl TryFrom<String> for ServerId {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        if is_name(&text) { Ok(Self(text)) } else { Err(NameError::of(&text)) }
    }
}

impl From<ToolName> for String {
    fn from(name: ToolName) -> Self {
        (*name.0).to_owned()
    }
}

impl From<ServerId> for String {
    fn from(id: ServerId) -> Self {
        id.0
    }
}

impl fmt::Display for ToolName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for ServerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A server's own word for a tool. It is never a path or a part of one.
fn is_tool(text: &str) -> bool {
    is_name(&text.replace(['.', '/'], "_"))
}

fn is_name(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

#[cfg(test)]
mod tests;
