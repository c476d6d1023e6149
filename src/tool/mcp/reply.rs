use jsonschema::Validator;
use rmcp::model::{CallToolResult, ContentBlock, ErrorCode, ErrorData, ResourceContents, ServerResult};
use serde_json::{Value, json};

use super::ToolError;
use crate::{
    call::{ReplyStatus, ToolReply},
    secret::Redactor,
};

const MAX_MESSAGE: usize = 4 * 1024;

/// Limits of the rate that come with status 200. The number may mean anything, so the text decides.
pub(super) fn is_rate_limit(error: &ErrorData) -> bool {
    (-32_019..=-32_000).contains(&error.code.0) && error.message.to_ascii_lowercase().contains("rate limit")
}

/// A tool that passes on that somebody behind it limits the rate. Longer texts are about something else.
fn says_rate_limit(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.len() <= 200 && (text.contains("rate limit exceeded") || text.contains("too many requests"))
}

/// A request that the server could not carry out.
pub(super) fn of_protocol_error(error: &ErrorData, tool: &str, redactor: &Redactor) -> Result<ToolReply, ToolError> {
    match error.code {
        ErrorCode::INVALID_PARAMS | ErrorCode::METHOD_NOT_FOUND if says_unknown(&error.message, tool) => {
            Err(ToolError::UnknownTool)
        }
        // wrong arguments: the model can do better
        ErrorCode::INVALID_PARAMS => {
            // before it is cut: half a secret is not found any more
            Ok(ToolReply::failed(shorten(&redactor.scrub(&error.message), MAX_MESSAGE)))
        }
        ErrorCode::INTERNAL_ERROR => Err(ToolError::Infrastructure("the server reports an internal error".into())),
        code => Err(ToolError::BadReply(format!("it is the JSON-RPC error {}", code.0))),
    }
}

pub(super) fn of_result(result: ServerResult, tool: &str) -> Result<ToolReply, ToolError> {
    match result {
        ServerResult::CallToolResult(result) => of_call(result, tool),
        // some servers leave out everything when there is nothing to say
        ServerResult::EmptyResult(_) | ServerResult::TaskAckResult(_) => Ok(ToolReply::done(Value::Null)),
        ServerResult::CreateTaskResult(_) => Err(ToolError::BadReply("it starts a task, which was not offered".into())),
        _ => Err(ToolError::BadReply("it is no result of a call".into())),
    }
}

/// Whether a reply is what the tool's output schema promises. What a failed tool says is free.
pub(super) fn check(validator: &Validator, reply: &ToolReply) -> Result<(), ToolError> {
    if reply.status == ReplyStatus::Failed {
        return Ok(());
    }
    validator.validate(&reply.content).map_err(|error| {
        // where it does not fit, without what stands there
        ToolError::BadReply(format!(
            "it does not fit the tool's output schema at `{}`",
            shorten(&error.schema_path().to_string(), 200)
        ))
    })
}

/// At most `limit` bytes, cut at the end of a character.
pub(super) fn shorten(text: &str, limit: usize) -> String {
    let end = (0..=limit.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    text.get(..end.unwrap_or(0)).unwrap_or_default().to_owned()
}

fn of_call(result: CallToolResult, tool: &str) -> Result<ToolReply, ToolError> {
    let failed = result.is_error == Some(true);
    let content = content(result);
    match &content {
        Value::String(text) if failed && says_unknown(text, tool) => Err(ToolError::UnknownTool),
        Value::String(text) if failed && says_rate_limit(text) => Err(ToolError::RateLimited),
        _ if failed => Ok(ToolReply::failed(content)),
        _ => Ok(ToolReply::done(content)),
    }
}

fn content(result: CallToolResult) -> Value {
    if let Some(structured) = result.structured_content {
        return structured;
    }
    let mut parts: Vec<Value> = result.content.into_iter().map(part).collect();
    match parts.len() {
        0 => Value::Null,
        1 => parts.remove(0),
        _ => Value::Array(parts),
    }
}

fn part(block: ContentBlock) -> Value {
    let omitted = |kind: &str| json!({ "type": kind, "omitted": true });
    match block {
        ContentBlock::Text(text) => Value::String(text.text),
        ContentBlock::Image(_) => omitted("image"),
        ContentBlock::Audio(_) => omitted("audio"),
        ContentBlock::Resource(embedded) => match embedded.resource {
            ResourceContents::TextResourceContents { uri, text, .. } => {
                json!({ "type": "resource", "uri": uri, "text": text })
            }
            _ => omitted("resource"),
        },
        ContentBlock::ResourceLink(link) => json!({ "type": "resource_link", "uri": link.uri, "name": link.name }),
        _ => omitted("unknown"),
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
