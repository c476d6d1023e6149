use abide_base::usage::Usage;
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
}

/// One message of a chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who says it.
    pub role: Role,
    /// The text.
    pub content: String,
}

/// What a model is asked. Everything that can change the answer is in here, so its digest is a cache key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LmRequest {
    /// The chat so far.
    pub messages: Vec<Message>,
    /// Sampling temperature in [0, 2]; the provider's default when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Most tokens the reply may have.
    pub max_tokens: u32,
    /// Seed of the sampling, for providers that have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// What form the reply must have.
    pub format: ReplyFormat,
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
}

/// What a model answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LmReply {
    /// The text.
    pub text: String,
    /// Why it ended.
    pub finish: Finish,
    /// Tokens and money; zero where the provider does not say.
    pub usage: Usage,
    /// The provider's id of the request.
    pub request_id: Option<String>,
    /// Requests that were sent for this reply: 0 from a cache, more than 1 after retries.
    pub attempts: u32,
}

/// Why a reply ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Finish {
    /// The model was done.
    Stop,
    /// `max_tokens` was reached: the reply is cut off.
    Length,
    /// The provider held it back.
    Filtered,
    /// Something else, in the provider's word, cut short; `unknown` where it says nothing.
    Other(String),
}

impl LmRequest {
    /// A request with the provider's temperature, no seed, and at most 1,024 tokens of reply.
    pub fn new(messages: Vec<Message>) -> Self {
        Self { messages, temperature: None, max_tokens: 1_024, seed: None, format: ReplyFormat::Text }
    }
}

impl LmReply {
    /// A complete reply of one request, without usage.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), finish: Finish::Stop, usage: Usage::default(), request_id: None, attempts: 1 }
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
}

impl Finish {
    pub(super) fn other(word: Option<&str>) -> Self {
        Self::Other(word.unwrap_or("unknown").chars().take(40).collect())
    }
}

impl Message {
    /// The program's message.
    pub fn system(content: impl Into<String>) -> Self {
        Self { role: Role::System, content: content.into() }
    }

    /// A message of the one who asks.
    pub fn user(content: impl Into<String>) -> Self {
        Self { role: Role::User, content: content.into() }
    }

    /// A message of the model.
    pub fn assistant(content: impl Into<String>) -> Self {
        Self { role: Role::Assistant, content: content.into() }
    }
}
