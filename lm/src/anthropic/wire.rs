use serde::{Deserialize, Serialize};

use crate::{Finish, LmError, LmReply, LmRequest, Message, Role, endpoint::Endpoint};

#[derive(Serialize)]
pub(super) struct Request<'a> {
    model: &'a str,
    max_tokens: u32,
    #[serde(skip_serializing_if = "String::is_empty")]
    system: String,
    messages: Vec<&'a Message>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
}

#[derive(Deserialize)]
pub(super) struct Reply {
    content: Vec<Block>,
    #[serde(default)]
    stop_reason: Option<String>,
    #[serde(default)]
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Block {
    #[serde(default)]
    text: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Usage {
    input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    output_tokens: Option<u64>,
}

impl<'a> Request<'a> {
    pub(super) fn new(model: &'a str, request: &'a LmRequest) -> Self {
        let (system, messages): (Vec<_>, Vec<_>) =
            request.messages.iter().partition(|message| message.role == Role::System);
        let system: Vec<_> = system.iter().map(|m| m.content.as_str()).collect();
        Self {
            model,
            max_tokens: request.max_tokens,
            system: system.join("\n\n"),
            messages,
            temperature: request.temperature,
        }
    }
}

impl Reply {
    pub(super) fn read(self, endpoint: &Endpoint) -> Result<LmReply, LmError> {
        let finish = match self.stop_reason.as_deref() {
            Some("end_turn" | "stop_sequence") => Finish::Stop,
            Some("max_tokens" | "model_context_window_exceeded") => Finish::Length,
            Some("refusal") => Finish::Filtered,
            other => Finish::other(other),
        };
        let wordless = self.content.iter().any(|block| block.text.is_none());
        let text: String = self.content.into_iter().filter_map(|b| b.text).collect();
        if wordless && text.is_empty() && !matches!(finish, Finish::Length | Finish::Filtered) {
            return Err(endpoint.garbage("it has no text"));
        }
        let usage = self.usage.unwrap_or_default();
        Ok(LmReply {
            finish,
            usage: endpoint.usage(usage.prompt_tokens(), usage.output_tokens.unwrap_or(0)),
            ..LmReply::new(text)
        })
    }
}

impl Usage {
    fn prompt_tokens(&self) -> u64 {
        [self.input_tokens, self.cache_creation_input_tokens, self.cache_read_input_tokens]
            .into_iter()
            .flatten()
            .fold(0, u64::saturating_add)
    }
}
