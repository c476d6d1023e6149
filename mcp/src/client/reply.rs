use std::sync::Arc;

use abide_base::{
    call::{ReplyStatus, ToolReply},
    schema::{CheckPermits, Misfit, Schema},
    secret::Redactor,
};
use abide_guard::{WRAPPER, has_json_texts, json_of};
use rmcp::model::{CallToolResult, ContentBlock, ErrorCode, ErrorData, ResourceContents, ServerResult};
use serde_json::{Value, json};

use super::{
    call::Idempotency,
    message::{OMITTED, why_unusable},
    oddity::quoted,
};
use crate::ToolError;

const MAX_MESSAGE: usize = 4 * 1024;

/// A reply that is not yet held against the tool's output schema.
#[derive(Debug, PartialEq)]
pub(super) struct Unchecked {
    reply: ToolReply,
    origin: Origin,
}

/// Which member of a result a reply was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// `structuredContent`.
    Structured,
    /// `content`: a list of blocks.
    Blocks,
}
/// The server wants a person to visit a page first (MCP 2025-11-25, elicitation).
const URL_ELICITATION_REQUIRED: ErrorCode = ErrorCode(-32_042);

/// Limits of the rate that come with status 200. The number may mean anything, so the text decides: a call that must not be made
/// twice may have met another's limit on the way, so its error says that it is the server's before anything else.
pub(super) fn is_rate_limit(error: &ErrorData, retry: Idempotency) -> bool {
    let text = error.message.trim_start().to_ascii_lowercase();
    let says_so = match retry {
        Idempotency::Repeatable => text.contains("rate limit"),
        Idempotency::Once => ["rate limit", "global rate limit"].iter().any(|words| text.starts_with(words)),
    };
    says_so && (-32_019..=-32_000).contains(&error.code.0)
}

/// A tool that passes on that a service behind it limits the rate. Longer texts are about something else.
fn says_rate_limit(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.len() <= 200 && (text.contains("rate limit exceeded") || text.contains("too many requests"))
}

/// A request that the server could not carry out. What the protocol has no number of its own for, a tool said: servers report failed
/// tools so.
pub(super) fn of_protocol_error(error: &ErrorData, tool: &str, redactor: &Redactor) -> Result<ToolReply, ToolError> {
    if let Some(reason) = why_unusable(error) {
        return Err(ToolError::BadReply(reason.to_owned()));
    }
    // before it is cut: half a secret is not found any more
    let words = shorten(&redactor.scrub(&error.message), MAX_MESSAGE);
    match error.code {
        ErrorCode::INVALID_PARAMS | ErrorCode::METHOD_NOT_FOUND if says_unknown(&error.message, tool) => {
            Err(ToolError::UnknownTool)
        }
        ErrorCode::PARSE_ERROR
        | ErrorCode::INVALID_REQUEST
        | ErrorCode::METHOD_NOT_FOUND
        | ErrorCode::HEADER_MISMATCH
        | ErrorCode::MISSING_REQUIRED_CLIENT_CAPABILITY
        | ErrorCode::UNSUPPORTED_PROTOCOL_VERSION => {
            Err(ToolError::Rejected { code: error.code.0, message: quoted(&words) })
        }
        URL_ELICITATION_REQUIRED => Err(ToolError::InputRequired { wanted: "a visit to a page" }),
        code if words.trim().is_empty() => Ok(ToolReply::failed(format!("JSON-RPC error {}", code.0))),
        // wrong arguments, or a tool that failed: the model can do better
        _ => Ok(ToolReply::failed(words)),
    }
}

pub(super) fn of_result(result: ServerResult, tool: &str, retry: Idempotency) -> Result<Unchecked, ToolError> {
    match result {
        ServerResult::CallToolResult(result) => of_call(result, tool, retry),
        // some servers leave out everything when there is nothing to say
        ServerResult::EmptyResult(_) | ServerResult::TaskAckResult(_) => Ok(ToolReply::done(Value::Null).into()),
        ServerResult::CreateTaskResult(_) => Err(ToolError::BadReply("it starts a task, which was not offered".into())),
        _ => Err(ToolError::BadReply("it is not the result of a call".into())),
    }
}

impl Unchecked {
    /// The reply, if it is what the tool's output schema promises. What a failed tool says is free.
    pub(super) async fn check(
        self,
        promised: Option<&Arc<Schema>>,
        permits: &CheckPermits,
    ) -> Result<ToolReply, ToolError> {
        let Self { mut reply, origin } = self;
        if let Some(schema) = promised
            && reply.status == ReplyStatus::Done
        {
            reply.content = fitting(schema, reply.content, permits).await?;
        }
        // the texts of a list are read as blocks, and these are none: they stay texts under the key that servers wrap a list in
        if origin == Origin::Structured && has_json_texts(&reply.content) {
            reply.content = json!({ WRAPPER: reply.content });
        }
        Ok(reply)
    }
}

impl From<ToolReply> for Unchecked {
    fn from(reply: ToolReply) -> Self {
        Self { reply, origin: Origin::Blocks }
    }
}

/// The content, where it fits as it is or, as older servers write it, as the JSON that its text is.
async fn fitting(schema: &Arc<Schema>, content: Value, permits: &CheckPermits) -> Result<Value, ToolError> {
    let (content, found) = schema.check(content, permits).await;
    let found = match (found, content.as_str().and_then(json_of)) {
        (Err(Misfit::Value(_)), Some(read)) => schema.check(read, permits).await.1,
        (found, _) => found,
    };
    let reason = match found {
        Ok(()) => return Ok(content),
        Err(Misfit::Value(place)) if place.schema.is_empty() => "it does not fit the tool's output schema".to_owned(),
        // where it does not fit, without what stands there
        Err(Misfit::Value(place)) => {
            format!("it does not fit the tool's output schema at `{}`", shorten(&place.schema, 200))
        }
        Err(Misfit::TooCostly) => {
            "checking it against the tool's output schema could take longer than a second".to_owned()
        }
        Err(Misfit::Failed) => "it could not be checked against the tool's output schema".to_owned(),
    };
    Err(ToolError::BadReply(reason))
}

/// At most `limit` bytes, cut at the end of a character.
pub(super) fn shorten(text: &str, limit: usize) -> String {
    let end = (0..=limit.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    text.get(..end.unwrap_or(0)).unwrap_or_default().to_owned()
}

fn of_call(result: CallToolResult, tool: &str, retry: Idempotency) -> Result<Unchecked, ToolError> {
    let failed = result.is_error == Some(true);
    let (content, origin) = content(result);
    let reply = match &content {
        Value::String(text) if failed && is_unknown(text, tool, retry) => return Err(ToolError::UnknownTool),
        Value::String(text) if failed && says_rate_limit(text) => return Err(ToolError::RateLimited),
        _ if failed => ToolReply::failed(content),
        _ => ToolReply::done(content),
    };
    Ok(Unchecked { reply, origin })
}

fn content(result: CallToolResult) -> (Value, Origin) {
    match result.structured_content {
        // beside a text it says that there is none
        Some(Value::Null) if !result.content.is_empty() => {}
        Some(structured) => return (structured, Origin::Structured),
        None => {}
    }
    let mut parts: Vec<Value> = result.content.into_iter().map(part).collect();
    let content = match parts.len() {
        0 => Value::Null,
        1 => parts.remove(0),
        _ => Value::Array(parts),
    };
    (content, Origin::Blocks)
}

fn part(block: ContentBlock) -> Value {
    let omitted = |kind: &str| json!({ "type": kind, "omitted": true });
    match block {
        ContentBlock::Text(text) => {
            text.meta.and_then(|mut meta| meta.remove(OMITTED)).unwrap_or(Value::String(text.text))
        }
        ContentBlock::Image(image) => media("image", &image.data, &image.mime_type),
        ContentBlock::Audio(audio) => media("audio", &audio.data, &audio.mime_type),
        ContentBlock::Resource(embedded) => match embedded.resource {
            ResourceContents::TextResourceContents { uri, text, .. } => {
                json!({ "type": "resource", "uri": uri, "text": text })
            }
            ResourceContents::BlobResourceContents { blob, mime_type, .. } => {
                media("resource", &blob, mime_type.as_deref().unwrap_or_default())
            }
            _ => omitted("resource"),
        },
        ContentBlock::ResourceLink(link) => json!({ "type": "resource_link", "uri": link.uri, "name": link.name }),
        _ => omitted("unknown"),
    }
}

/// What a model is told of data that it is not shown: what it is, and how many bytes it has.
fn media(kind: &str, data: &str, mime_type: &str) -> Value {
    let padding = data.bytes().rev().take_while(|byte| *byte == b'=').count();
    let bytes = (data.len() - padding) * 3 / 4;
    json!({ "type": kind, "omitted": true, "mime_type": quoted(mime_type), "bytes": bytes })
}

/// Whether a failure is that of a server without the tool. A tool that has run may have changed something, and say that something was not
/// found, so of those that change something only what servers say, word for word, counts.
fn is_unknown(text: &str, tool: &str, retry: Idempotency) -> bool {
    match retry {
        Idempotency::Repeatable => says_unknown(text, tool),
        Idempotency::Once => text.strip_prefix("Unknown tool: ").is_some_and(|name| name.trim_matches('\'') == tool),
    }
}

/// Servers say it in different ways: `Unknown tool: x`, `tool not found`, `MCP error -32602: Tool x not found`.
fn says_unknown(text: &str, tool: &str) -> bool {
    if text.len() > tool.len() + 100 {
        return false;
    }
    let text = text.to_ascii_lowercase();
    text.starts_with("unknown tool")
        || text == "tool not found"
        || (text.contains("tool") && text.contains(&tool.to_ascii_lowercase()) && text.ends_with("not found"))
}

#[cfg(test)]
mod tests;
