//! An ordinary small MCP server, and what is odd about it.

use serde_json::{Value, json};

use super::{
    Error,
    case::{Era, Json, Server, merge},
};

type Known<'a> = &'a dyn Fn(&str) -> Option<String>;

/// What the ordinary server says to a request.
pub(super) enum Said {
    Result(Value),
    Fault(i64, &'static str),
    /// To a notification, or to an answer.
    Nothing,
}

pub(super) fn say(server: &Server, message: &Value, known: Known<'_>) -> Result<Said, Error> {
    let legacy = server.era == Era::Legacy;
    let method = message.get("method").and_then(Value::as_str).unwrap_or_default();
    if message.get("id").is_none() || method.is_empty() {
        return Ok(Said::Nothing);
    }
    let mut result = match method {
        "server/discover" if !legacy => patched(discovered(), server.discover.as_ref(), known)?,
        "initialize" if legacy => patched(initialized(message), server.initialize.as_ref(), known)?,
        "tools/list" => {
            let list = json!({ "tools": tools(server, known)? });
            patched(list, server.list.as_ref(), known)?
        }
        "tools/call" => call(server, message, known)?,
        "ping" => json!({}),
        _ => return Ok(Said::Fault(-32601, "Method not found")),
    };
    if let (false, Some(object)) = (legacy, result.as_object_mut()) {
        object.entry("resultType").or_insert(json!("complete"));
    }
    Ok(Said::Result(result))
}

fn discovered() -> Value {
    json!({
        "resultType": "complete", "supportedVersions": ["2026-07-28"], "capabilities": { "tools": {} },
        "ttlMs": 60_000, "cacheScope": "private",
        "_meta": { "io.modelcontextprotocol/serverInfo": { "name": "odd", "version": "1" } },
    })
}

fn initialized(message: &Value) -> Value {
    let version = message.pointer("/params/protocolVersion").cloned().unwrap_or(json!("2025-11-25"));
    let us = json!({ "name": "odd", "version": "1" });
    json!({ "protocolVersion": version, "capabilities": { "tools": {} }, "serverInfo": us })
}

fn tools(server: &Server, known: Known<'_>) -> Result<Value, Error> {
    if let Some(tools) = &server.tools {
        return tools.value(known);
    }
    let text = json!({ "type": "string" });
    let lookup = json!({
        "name": "lookup", "description": "Looks up a customer.",
        "inputSchema": { "type": "object", "properties": { "customer_id": text }, "required": ["customer_id"] },
    });
    let note = json!({
        "name": "note", "description": "Writes a note about a customer.",
        "inputSchema": { "type": "object", "properties": { "customer_id": text, "text": text } },
    });
    let mut tools = vec![patched(lookup, server.lookup.as_ref(), known)?, note];
    if let Some(more) = &server.more_tools
        && let Value::Array(more) = more.value(known)?
    {
        tools.extend(more);
    }
    Ok(Value::Array(tools))
}

fn call(server: &Server, message: &Value, known: Known<'_>) -> Result<Value, Error> {
    let name = message.pointer("/params/name").and_then(Value::as_str).unwrap_or_default();
    if name == "note" {
        return Ok(json!({ "content": [{ "type": "text", "text": "noted" }] }));
    }
    let customer = json!({ "customer_id": "C-1", "name": "Ann Moss", "town": "Ulm" });
    let ordinary =
        json!({ "content": [{ "type": "text", "text": customer.to_string() }], "structuredContent": customer });
    server.result.as_ref().map_or(Ok(ordinary), |result| result.value(known))
}

pub(super) fn patched(mut value: Value, patch: Option<&Json>, known: Known<'_>) -> Result<Value, Error> {
    if let Some(patch) = patch {
        merge(&mut value, patch.value(known)?);
    }
    Ok(value)
}
