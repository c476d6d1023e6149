use serde::{Deserialize, Serialize};

use super::TokenLimit;
use crate::{Finish, LmError, LmReply, LmRequest, Message, ReplyFormat, endpoint::Endpoint};

#[derive(Serialize)]
pub(super) struct Request<'a> {
    model: &'a str,
    messages: &'a [Message],
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<Format>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Format {
    JsonObject,
}

#[derive(Deserialize)]
pub(super) struct Reply {
    choices: Vec<Choice>,
    #[serde(default)]
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Choice {
    message: ReplyMessage,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct ReplyMessage {
    #[serde(default)]
    content: Option<String>,
    #[serde(default)]
    refusal: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Usage {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
}

impl<'a> Request<'a> {
    pub(super) fn new(model: &'a str, limit: TokenLimit, request: &'a LmRequest) -> Self {
        let (max_tokens, max_completion_tokens) = match limit {
            TokenLimit::MaxTokens => (Some(request.max_tokens), None),
            TokenLimit::MaxCompletionTokens => (None, Some(request.max_tokens)),
        };
        Self {
            model,
            messages: &request.messages,
            max_tokens,
            max_completion_tokens,
            temperature: request.temperature,
            seed: request.seed,
            response_format: match request.format {
                ReplyFormat::Text => None,
                ReplyFormat::Json => Some(Format::JsonObject),
            },
        }
    }
}

impl Reply {
    pub(super) fn read(self, endpoint: &Endpoint) -> Result<LmReply, LmError> {
        let Some(choice) = self.choices.into_iter().next() else {
            return Err(endpoint.garbage("it has no choices"));
        };
        let ReplyMessage { content, refusal } = choice.message;
        let refusal = refusal.filter(|words| !words.is_empty());
        let finish = match choice.finish_reason.as_deref() {
            _ if refusal.is_some() => Finish::Filtered,
            Some("stop") => Finish::Stop,
            Some("length") => Finish::Length,
            Some("content_filter") => Finish::Filtered,
            other => Finish::other(other),
        };
        let text = match content.or(refusal) {
            Some(text) => text,
            None if matches!(finish, Finish::Length | Finish::Filtered) => String::new(),
            None => return Err(endpoint.garbage("its message has no content")),
        };
        let usage = self.usage.unwrap_or_default();
        Ok(LmReply {
            finish,
            usage: endpoint.usage(usage.prompt_tokens.unwrap_or(0), usage.completion_tokens.unwrap_or(0)),
            ..LmReply::new(text)
        })
    }
}
