use std::borrow::Cow;

use abide_base::id::ModelId;
use serde::{Deserialize, Serialize};

/// Who says a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The program.
    System,
    /// The one who asks.
    User,
    /// The model.
    Assistant,
    /// What came of tool calls: parts of [`Part::ToolResult`].
    Tool,
}

/// One message of a chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Message {
    /// Who says it.
    pub role: Role,
    /// What it says, in order.
    pub parts: Vec<Part>,
}

/// A part of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Part {
    /// Text.
    Text {
        /// The text.
        text: String,
    },
    /// A tool call that the model wanted.
    ToolCall(ToolCall),
    /// What came of a tool call.
    ToolResult(ToolResult),
    /// What the model thought before it answered.
    Reasoning(Reasoning),
}

/// A tool call as a model wrote it. Nothing here is checked: a guard decides over it later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The provider's id of the call; a [`ToolResult`] names it.
    pub id: String,
    /// The name, as one of [`LmRequest::tools`](crate::LmRequest::tools) or another.
    pub name: String,
    /// The arguments as the model wrote them: a JSON object, as a rule.
    pub arguments: String,
}

/// What came of a tool call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolResult {
    /// The id of the [`ToolCall`].
    pub id: String,
    /// What came back, as the model is shown it.
    pub content: String,
}

/// What a model thought before it answered. It is no answer: nothing in it is ever acted on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reasoning {
    /// The model, to which alone it is sent back.
    pub model: ModelId,
    /// What can be read of it; empty where the provider keeps it back.
    pub text: String,
    /// The provider's opaque form of it, which goes back as it came, within the run and to the same model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
}

impl Message {
    /// A message of these parts.
    pub fn new(role: Role, parts: Vec<Part>) -> Self {
        Self { role, parts }
    }

    /// The program's message.
    pub fn system(text: impl Into<String>) -> Self {
        Self::new(Role::System, vec![Part::text(text)])
    }

    /// A message of the one who asks.
    pub fn user(text: impl Into<String>) -> Self {
        Self::new(Role::User, vec![Part::text(text)])
    }

    /// A message of the model.
    pub fn assistant(text: impl Into<String>) -> Self {
        Self::new(Role::Assistant, vec![Part::text(text)])
    }

    /// What came of tool calls.
    pub fn tool(results: impl IntoIterator<Item = ToolResult>) -> Self {
        Self::new(Role::Tool, results.into_iter().map(Part::ToolResult).collect())
    }

    /// The text in it, joined; without tool calls, their results, and reasoning.
    pub fn text(&self) -> Cow<'_, str> {
        let mut texts = self.parts.iter().filter_map(|part| match part {
            Part::Text { text } => Some(text.as_str()),
            Part::ToolCall(_) | Part::ToolResult(_) | Part::Reasoning(_) => None,
        });
        match (texts.next(), texts.next()) {
            (None, _) => Cow::Borrowed(""),
            (Some(only), None) => Cow::Borrowed(only),
            (Some(first), Some(second)) => Cow::Owned([first, second].into_iter().chain(texts).collect()),
        }
    }

    /// Bytes of all that the model reads of it.
    pub fn len(&self) -> usize {
        self.parts.iter().map(Part::len).sum()
    }

    /// Whether the model reads nothing of it; some providers refuse such a message.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Part {
    /// Text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into() }
    }

    fn len(&self) -> usize {
        match self {
            Self::Text { text } => text.len(),
            Self::ToolCall(call) => call.name.len() + call.arguments.len(),
            Self::ToolResult(result) => result.content.len(),
            // what is not signed is not sent back
            Self::Reasoning(reasoning) => reasoning.signature.as_ref().map_or(0, String::len),
        }
    }
}
