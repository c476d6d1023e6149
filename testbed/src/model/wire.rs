//! The two chat APIs as JSON: OpenAI's chat completions and Anthropic's messages.

use serde_json::{Map, Value, json};

use super::{
    prompt::{Chat, JsonReply, ToolUse, Turn, parsed, tool},
    reply::Reply,
};

/// Which API a request came by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// `POST /v1/chat/completions`.
    OpenAi,
    /// `POST /v1/messages`.
    Anthropic,
}

/// Why generation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It was done.
    Done,
    /// It reached the limit of tokens, or was cut.
    Length,
}

/// A request body that is no chat request.
#[derive(Debug, thiserror::Error)]
#[error("`{what}` is missing or malformed; send it as the chat API says")]
pub struct Malformed {
    /// The member that is wrong.
    pub what: &'static str,
}

impl Api {
    /// Reads a request body.
    ///
    /// # Errors
    /// [`Malformed`] if there is no `messages` array.
    pub fn read(self, body: &Value) -> Result<Chat, Malformed> {
        let messages = body.get("messages").and_then(Value::as_array).ok_or(Malformed { what: "messages" })?;
        let mut chat = Chat {
            system: body.get("system").map(text_of).unwrap_or_default(),
            temperature: body.get("temperature").and_then(Value::as_f64).unwrap_or(1.0).max(0.0),
            seed: body.get("seed").and_then(Value::as_i64).unwrap_or(0),
            max_tokens: ["max_completion_tokens", "max_tokens"]
                .iter()
                .find_map(|key| body.get(*key))
                .and_then(Value::as_u64)
                .and_then(|n| usize::try_from(n).ok()),
            json: json_reply(body.get("response_format").unwrap_or(&Value::Null)),
            ..Chat::default()
        };
        for item in body.get("tools").and_then(Value::as_array).into_iter().flatten() {
            chat.tools.extend(tool(item.get("function").unwrap_or(item)));
        }
        for message in messages {
            read_message(&mut chat, message);
        }
        Ok(chat)
    }

    /// Writes a reply body.
    #[must_use]
    pub fn write(self, id: &str, model: &str, reply: &Reply, stop: Stop, usage: Option<(usize, usize)>) -> Value {
        match self {
            Self::OpenAi => openai_reply(id, model, reply, stop, usage),
            Self::Anthropic => anthropic_reply(id, model, reply, stop, usage),
        }
    }

    /// Writes an error body.
    #[must_use]
    pub fn error(self, kind: &str, message: &str) -> Value {
        match self {
            Self::OpenAi => {
                json!({ "error": { "message": message, "type": kind, "param": null, "code": null } })
            }
            Self::Anthropic => {
                json!({ "type": "error", "error": { "type": kind, "message": message } })
            }
        }
    }
}

/// Tokens of a request, at four characters each.
#[must_use]
pub fn prompt_tokens(chat: &Chat) -> usize {
    let turns = chat.turns.iter().map(|turn| match turn {
        Turn::User(text) | Turn::Model(text, _) | Turn::Tool(_, text) => text.len(),
    });
    (chat.system.len() + turns.sum::<usize>()).div_ceil(4)
}

/// Tokens of a reply, at four characters each.
#[must_use]
pub fn reply_tokens(reply: &Reply) -> usize {
    let calls: usize = reply.calls.iter().map(|(name, arguments)| name.len() + arguments.to_string().len()).sum();
    (reply.text.len() + calls).div_ceil(4)
}

fn json_reply(format: &Value) -> JsonReply {
    match format.get("type").and_then(Value::as_str) {
        Some("json_object") => JsonReply::Object,
        Some("json_schema") => {
            let schema =
                format.get("json_schema").and_then(|schema| schema.get("schema")).or_else(|| format.get("schema"));
            schema.map_or(JsonReply::Object, |schema| JsonReply::Schema(schema.clone()))
        }
        _ => JsonReply::NotAsked,
    }
}

fn read_message(chat: &mut Chat, message: &Value) {
    let content = message.get("content").unwrap_or(&Value::Null);
    let text = text_of(content);
    match message.get("role").and_then(Value::as_str) {
        Some("system" | "developer") => {
            if !chat.system.is_empty() {
                chat.system.push('\n');
            }
            chat.system.push_str(&text);
        }
        Some("assistant") => {
            let mut calls: Vec<ToolUse> = message
                .get("tool_calls")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(openai_call)
                .collect();
            calls.extend(blocks(content, "tool_use").filter_map(anthropic_call));
            chat.turns.push(Turn::Model(text, calls));
        }
        Some("tool") => chat.turns.push(Turn::Tool(string(message, "tool_call_id"), text)),
        _ => {
            let results: Vec<Turn> = blocks(content, "tool_result")
                .map(|block| {
                    Turn::Tool(string(block, "tool_use_id"), block.get("content").map(text_of).unwrap_or_default())
                })
                .collect();
            if results.is_empty() || !text.is_empty() {
                chat.turns.push(Turn::User(text));
            }
            chat.turns.extend(results);
        }
    }
}

fn openai_call(call: &Value) -> Option<ToolUse> {
    let function = call.get("function")?;
    let arguments = parsed(function.get("arguments").cloned().unwrap_or_default());
    Some(ToolUse { id: string(call, "id"), name: string(function, "name"), arguments })
}

fn anthropic_call(block: &Value) -> Option<ToolUse> {
    Some(ToolUse {
        id: string(block, "id"),
        name: block.get("name")?.as_str()?.to_owned(),
        arguments: block.get("input").cloned().unwrap_or_default(),
    })
}

fn blocks<'a>(content: &'a Value, kind: &'a str) -> impl Iterator<Item = &'a Value> {
    content
        .as_array()
        .into_iter()
        .flatten()
        .filter(move |block| block.get("type").and_then(Value::as_str) == Some(kind))
}

/// The text of a content: a string, or its text blocks.
fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let texts =
                items.iter().filter_map(|item| item.as_str().or_else(|| item.get("text").and_then(Value::as_str)));
            texts.collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}

fn string(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn openai_reply(id: &str, model: &str, reply: &Reply, stop: Stop, usage: Option<(usize, usize)>) -> Value {
    let mut message = Map::new();
    message.insert("role".to_owned(), json!("assistant"));
    message.insert(
        "content".to_owned(),
        if reply.text.is_empty() && !reply.calls.is_empty() { Value::Null } else { json!(reply.text) },
    );
    if !reply.calls.is_empty() {
        let calls = reply.calls.iter().enumerate().map(|(nth, (name, arguments))| {
            json!({ "id": format!("call_{id}_{nth}"), "type": "function", "function": { "name": name, "arguments": arguments.to_string() } })
        });
        message.insert("tool_calls".to_owned(), calls.collect());
    }
    let finish = match stop {
        Stop::Length => "length",
        Stop::Done if reply.calls.is_empty() => "stop",
        Stop::Done => "tool_calls",
    };
    let mut body = json!({
        "id": format!("chatcmpl-{id}"), "object": "chat.completion", "created": 0, "model": model,
        "choices": [{ "index": 0, "message": message, "finish_reason": finish }],
    });
    if let (Some((prompt, completion)), Some(members)) = (usage, body.as_object_mut()) {
        let usage =
            json!({ "prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion });
        members.insert("usage".to_owned(), usage);
    }
    body
}

fn anthropic_reply(id: &str, model: &str, reply: &Reply, stop: Stop, usage: Option<(usize, usize)>) -> Value {
    let mut content = Vec::new();
    if !reply.text.is_empty() || reply.calls.is_empty() {
        content.push(json!({ "type": "text", "text": reply.text }));
    }
    content.extend(reply.calls.iter().enumerate().map(|(nth, (name, arguments))| json!({ "type": "tool_use", "id": format!("toolu_{id}_{nth}"), "name": name, "input": arguments })));
    let reason = match stop {
        Stop::Length => "max_tokens",
        Stop::Done if reply.calls.is_empty() => "end_turn",
        Stop::Done => "tool_use",
    };
    let mut body = json!({
        "id": format!("msg_{id}"), "type": "message", "role": "assistant", "model": model, "content": content,
        "stop_reason": reason, "stop_sequence": null,
    });
    if let (Some((prompt, completion)), Some(members)) = (usage, body.as_object_mut()) {
        members.insert("usage".to_owned(), json!({ "input_tokens": prompt, "output_tokens": completion }));
    }
    body
}
