use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Message;

/// What a model is asked. Everything that can change the answer is in here, so its digest is a cache key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LmRequest {
    /// The chat so far.
    pub messages: Vec<Message>,
    /// Tools that the model may call by the provider's own means.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<Tool>,
    /// Whether it must call one.
    #[serde(default, skip_serializing_if = "ToolChoice::is_auto")]
    pub tool_choice: ToolChoice,
    /// Whether it may call several in one reply; the provider's default when absent. A provider may not know this, so a reply can have
    /// several calls all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parallel_tool_calls: Option<bool>,
    /// What form the reply must have.
    pub format: ReplyFormat,
    /// Texts that end the reply; the provider leaves them out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stop: Vec<String>,
    /// How words are drawn.
    #[serde(flatten)]
    pub sampling: Sampling,
    /// Most tokens the reply may have, those of reasoning included.
    pub max_tokens: u32,
    /// How much the model thinks before it answers; the provider's default when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effort: Option<Effort>,
    /// How many messages of the beginning come again in other requests, for providers that cache by request.
    #[serde(skip)]
    pub stable_messages: usize,
}

/// A tool, as a model is shown it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tool {
    /// The name: `[A-Za-z0-9_-]`, at most 64 characters, as providers want it.
    pub name: String,
    /// What it does.
    pub description: String,
    /// JSON Schema of its arguments, an object.
    pub parameters: Value,
}

/// Whether the model must call a tool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ToolChoice {
    /// It may.
    #[default]
    Auto,
    /// It must not.
    None,
    /// It must call one or more.
    Required,
    /// It must call this one.
    Named(String),
}

/// What form a reply must have.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ReplyFormat {
    /// Any text.
    #[default]
    Text,
    /// One JSON object.
    Json,
    /// A JSON object of this schema, which the provider enforces.
    Schema {
        /// A name for it: `[A-Za-z0-9_-]`, at most 64 characters.
        name: String,
        /// JSON Schema of an object.
        schema: Value,
    },
}

/// How words are drawn; the provider's defaults where absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Sampling {
    /// Temperature in [0, 2].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Share of the likeliest words to draw from, in (0, 1].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// Seed of the draws, for providers that have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
}

/// How much a model thinks before it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Effort {
    /// As little as it can.
    Minimal,
    /// Little.
    Low,
    /// Its usual measure.
    Medium,
    /// Much.
    High,
}

impl LmRequest {
    /// A request for any text, with the provider's sampling, and at most 1,024 tokens of reply.
    pub fn new(messages: Vec<Message>) -> Self {
        Self {
            messages,
            tools: Vec::new(),
            tool_choice: ToolChoice::Auto,
            parallel_tool_calls: None,
            format: ReplyFormat::Text,
            stop: Vec::new(),
            sampling: Sampling::default(),
            max_tokens: 1_024,
            effort: None,
            stable_messages: 0,
        }
    }
}

impl ToolChoice {
    fn is_auto(&self) -> bool {
        *self == Self::Auto
    }
}

impl Effort {
    /// The word that providers know it by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}
