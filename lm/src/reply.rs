use std::time::Duration;

use abide_base::usage::Usage;
use serde::{Deserialize, Serialize};

use crate::{Message, Part, Reasoning, Role, ToolCall};

/// What a model answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LmReply {
    /// The text, without what the model thought; empty where it only called tools.
    pub text: String,
    /// Tools that it wants called.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall>,
    /// What it thought, where the provider tells.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasoning: Vec<Reasoning>,
    /// The words with which it declined to answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
    /// Why it ended.
    pub finish: Finish,
    /// Tokens and money; zero where the provider does not say.
    pub usage: Usage,
    /// The name of the model that served it, as the server reports it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub served_by: Option<String>,
    /// The provider's id of the request.
    pub request_id: Option<String>,
    /// Requests that were sent for this reply: 0 from a cache, more than 1 after retries.
    pub attempts: u32,
    /// How long the server leaves nothing of a rate for a further request, by its headers; none where something is left.
    #[serde(skip)]
    pub pause: Option<Duration>,
}

/// Why a reply ended. Only [`Finish::Complete`] is a whole reply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Finish {
    /// The model was done, or wants tools called.
    Complete,
    /// A limit of tokens was reached, the request's or the model's: the reply is cut off.
    Limit,
    /// The model or its provider held it back.
    Filtered,
    /// The provider failed in the middle of it.
    Error,
    /// The provider wants to be asked to go on.
    Paused,
    /// Another end, in the provider's word.
    Other(String),
}

impl LmReply {
    /// A complete reply of one request, without usage.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            tool_calls: Vec::new(),
            reasoning: Vec::new(),
            refusal: None,
            finish: Finish::Complete,
            usage: Usage::default(),
            served_by: None,
            request_id: None,
            attempts: 1,
            pause: None,
        }
    }

    /// Tools that it wants called.
    #[must_use]
    pub fn tool_calls(mut self, calls: Vec<ToolCall>) -> Self {
        self.tool_calls = calls;
        self
    }

    /// What it thought.
    #[must_use]
    pub fn reasoning(mut self, reasoning: Vec<Reasoning>) -> Self {
        self.reasoning = reasoning;
        self
    }

    /// The words with which it declined to answer.
    #[must_use]
    pub fn refusal(mut self, words: impl Into<String>) -> Self {
        self.refusal = Some(words.into());
        self
    }

    /// Why it ended.
    #[must_use]
    pub fn finish(mut self, finish: Finish) -> Self {
        self.finish = finish;
        self
    }

    /// Tokens and money.
    #[must_use]
    pub fn usage(mut self, usage: Usage) -> Self {
        self.usage = usage;
        self
    }

    /// The name of the model that served it, as the server reports it.
    #[must_use]
    pub fn served_by(mut self, model: impl Into<String>) -> Self {
        self.served_by = Some(model.into());
        self
    }

    /// The provider's id of the request.
    #[must_use]
    pub fn request_id(mut self, id: impl Into<String>) -> Self {
        self.request_id = Some(id.into());
        self
    }

    /// Requests that were sent for it.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// The reply as a message of the chat that goes on: reasoning first, then text, then tool calls. Empty where the reply is.
    pub fn message(&self) -> Message {
        let mut parts: Vec<Part> = self.reasoning.iter().cloned().map(Part::Reasoning).collect();
        parts.extend((!self.text.is_empty()).then(|| Part::text(self.text.as_str())));
        parts.extend(self.tool_calls.iter().cloned().map(Part::ToolCall));
        Message::new(Role::Assistant, parts)
    }
}

impl Finish {
    /// The end that a provider's word means. Providers have words of their own for the same few ends; no word is a complete reply.
    pub fn named(word: Option<&str>) -> Self {
        let Some(word) = word.map(str::trim).filter(|word| !word.is_empty()) else { return Self::Complete };
        match word.to_ascii_lowercase().as_str() {
            "stop" | "end_turn" | "stop_sequence" | "eos" | "eos_token" | "complete" | "completed" | "tool_calls"
            | "tool_use" | "function_call" => Self::Complete,
            "length"
            | "max_tokens"
            | "max_output_tokens"
            | "model_length"
            | "model_context_window_exceeded"
            | "limit"
            | "token_limit" => Self::Limit,
            "content_filter"
            | "content_filtered"
            | "refusal"
            | "safety"
            | "recitation"
            | "blocklist"
            | "prohibited_content"
            | "spii"
            | "image_safety"
            | "language"
            | "guardrail_intervened"
            | "sensitive" => Self::Filtered,
            "error"
            | "network_error"
            | "insufficient_system_resource"
            | "aborted"
            | "abort"
            | "cancelled"
            | "malformed_function_call"
            | "unexpected_tool_call" => Self::Error,
            "pause_turn" | "pause" | "paused" => Self::Paused,
            _ => Self::Other(word.chars().take(40).map(|c| if c.is_control() { ' ' } else { c }).collect()),
        }
    }
}
