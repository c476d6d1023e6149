//! Results of calls.

use abide_base::call::ToolName;
use rmcp::model::{CallToolResult, ContentBlock, ServerResult};
use serde_json::{Map, Value, json};

use super::{fit, typed::typed};
use crate::client::oddity::Oddities;

/// Under this key of a block's `_meta` stands what the model is shown instead of it.
pub(in crate::client) const OMITTED: &str = "abide/omitted";

/// What a result may have; all other members could make it look like a result of something else.
const MEMBERS: &[&str] = &["content", "structuredContent", "isError", "resultType", "_meta"];
const KINDS: &[&str] = &["text", "image", "audio", "resource", "resource_link"];
/// What the blocks may have besides what they are.
const OPTIONAL: &[&str] = &["annotations", "_meta", "title", "description", "mimeType", "size", "icons"];

/// The result, as far as it can be read. `None` if it is none of a call.
pub(super) fn of_call(result: Value, tool: Option<&ToolName>, oddities: &Oddities) -> Option<ServerResult> {
    let Value::Object(mut result) = result else {
        // nothing said; a list would be taken for the members in their order
        return if result.is_null() { typed(json!({ "content": [] })) } else { None };
    };
    match result.get("resultType") {
        None => {}
        Some(Value::Null) => {
            result.remove("resultType");
        }
        Some(kind) if kind == "complete" => {}
        // a question, a task, or something that is not known
        Some(_) => return typed(Value::Object(result)),
    }
    if result.keys().all(|name| name == "resultType" || name == "_meta") {
        return typed(json!({ "content": [] }));
    }
    if !["content", "structuredContent", "isError"].iter().any(|name| result.contains_key(*name)) {
        return typed(Value::Object(result));
    }
    result.retain(|name, _| MEMBERS.contains(&name.as_str()));
    let of = Part { tool, oddities };
    let failed = result.remove("isError").map(|value| of.is_error(&value));
    let content = of.content(result.remove("content"));
    result.insert("content".to_owned(), Value::Array(content));
    result.insert("isError".to_owned(), Value::from(failed.unwrap_or_default()));
    result.retain(|name, value| name != "_meta" || value.is_object());
    typed::<CallToolResult>(Value::Object(result)).map(ServerResult::from)
}

/// Whose result it is.
struct Part<'a> {
    tool: Option<&'a ToolName>,
    oddities: &'a Oddities,
}

impl Part<'_> {
    fn note(&self, part: &str, reason: &str) {
        let of = self.tool.map(|tool| format!(" of `{tool}`")).unwrap_or_default();
        self.oddities.note(self.tool, format!("{part}{of}"), reason);
    }

    /// Whatever may mean that the tool failed does: a reply that is taken for a failure vouches for nothing.
    fn is_error(&self, value: &Value) -> bool {
        let failed = match value {
            Value::Bool(failed) => return *failed,
            Value::Null => return false,
            Value::Number(number) => number.as_f64() != Some(0.0),
            Value::String(text) => !["", "0", "false", "no"].contains(&text.to_ascii_lowercase().as_str()),
            Value::Array(_) | Value::Object(_) => true,
        };
        let reason = if failed {
            "it is not true or false, and counts as true"
        } else {
            "it is not true or false, and counts as false"
        };
        self.note("`isError`", reason);
        failed
    }

    fn content(&self, content: Option<Value>) -> Vec<Value> {
        let blocks = match content {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(blocks)) => blocks,
            Some(one) => {
                self.note("`content`", "it is not a list, and is taken for its only block");
                vec![one]
            }
        };
        blocks.into_iter().zip(1..).map(|(block, at)| self.block(block, at)).collect()
    }

    /// A block as it is where it can be read, also without what says nothing; else that there is one.
    fn block(&self, block: Value, at: usize) -> Value {
        if fit::is::<ContentBlock>(&block) {
            return block;
        }
        let part = format!("content block {at}");
        let mut block = match block {
            Value::String(text) => {
                self.note(&part, "it is a bare text, and is taken for a block of type `text`");
                return json!({ "type": "text", "text": text });
            }
            Value::Object(block) => block,
            _ => Map::new(),
        };
        let kind =
            block.get("type").and_then(Value::as_str).and_then(|kind| KINDS.iter().copied().find(|one| *one == kind));
        if let Some(least) = kind.and_then(least) {
            let mut odd = fit::fit::<ContentBlock>(&mut block, &least, OPTIONAL);
            if let Some(Value::Object(resource)) = block.get_mut("resource") {
                odd.push("resource");
                resource.retain(|name, value| {
                    ["uri", "text", "blob", "mimeType"].contains(&name.as_str()) && value.is_string()
                });
            }
            let rest = Value::Object(block);
            if fit::is::<ContentBlock>(&rest) {
                self.note(&part, &format!("its {} cannot be used, and is ignored", fit::names(&odd)));
                return rest;
            }
        }
        let kind = kind.unwrap_or("unknown");
        self.note(&part, &format!("it is left out, because a block of type `{kind}` cannot be read so"));
        omitted(&json!({ "type": kind, "omitted": true }))
    }
}

/// A block that says that another was left out, in the library's words.
fn omitted(shown: &Value) -> Value {
    json!({ "type": "text", "text": "", "_meta": { OMITTED: shown } })
}

/// A block of a kind with what it must have and nothing else.
fn least(kind: &str) -> Option<Value> {
    match kind {
        "text" => Some(json!({ "type": "text", "text": "" })),
        "resource" => Some(json!({ "type": "resource", "resource": { "uri": "x:", "text": "" } })),
        "resource_link" => Some(json!({ "type": "resource_link", "uri": "x:", "name": "" })),
        "image" | "audio" => Some(json!({ "type": kind, "data": "", "mimeType": "" })),
        _ => None,
    }
}
