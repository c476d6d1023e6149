//! Requests and replies in the words of the messages API.

use abide_base::{id::ModelId, usage};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    Effort, Finish, LmError, LmReply, LmRequest, Message, Part, Reasoning, ReplyFormat, Role, Tool, ToolCall,
    ToolChoice,
    endpoint::Endpoint,
    lenient,
    openai::{Body, Compat, Parameter, Readable},
};

#[derive(Serialize)]
pub(super) struct Request<'a> {
    model: &'a str,
    max_tokens: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<Value>,
    messages: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    stop_sequences: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    output_config: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<Value>,
}

#[derive(Deserialize)]
pub(crate) struct Reply {
    content: Vec<Value>,
    #[serde(default, deserialize_with = "lenient::text")]
    stop_reason: Option<String>,
    #[serde(default, deserialize_with = "lenient::part")]
    usage: Usage,
    #[serde(default, deserialize_with = "lenient::text")]
    model: Option<String>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Block {
    Text {
        text: String,
    },
    Thinking {
        thinking: String,
        #[serde(default)]
        signature: Option<String>,
    },
    RedactedThinking {
        data: String,
    },
    ToolUse {
        id: String,
        name: String,
        #[serde(default)]
        input: Value,
    },
    #[serde(other)]
    Other,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Usage {
    #[serde(deserialize_with = "lenient::count")]
    input_tokens: u64,
    #[serde(deserialize_with = "lenient::count")]
    cache_creation_input_tokens: u64,
    #[serde(deserialize_with = "lenient::count")]
    cache_read_input_tokens: u64,
    #[serde(deserialize_with = "lenient::count")]
    output_tokens: u64,
}

impl<'a> Request<'a> {
    /// `id` is the model's, to which alone its reasoning goes back.
    pub(super) fn new(model: &'a str, id: &ModelId, compat: &Compat, request: &'a LmRequest) -> Self {
        let stable = request.messages.len().min(request.stable_messages);
        let mut system = Vec::new();
        let mut messages = Vec::new();
        for (index, message) in request.messages.iter().enumerate().filter(|(_, message)| !message.is_empty()) {
            // everything up to here comes again in other requests
            let cached = index + 1 == stable;
            match message.role {
                Role::System => system.push(text_block(&message.text(), cached)),
                Role::User | Role::Tool => messages.push(chat("user", message, id, cached)),
                Role::Assistant => messages.push(chat("assistant", message, id, cached)),
            }
        }
        Self {
            model,
            max_tokens: request.max_tokens,
            system: system_of(system),
            messages,
            temperature: compat.temperature.take(request.sampling.temperature),
            top_p: compat.top_p.take(request.sampling.top_p),
            stop_sequences: &request.stop,
            output_config: output_config(request, compat),
            tools: request.tools.iter().map(tool).collect(),
            tool_choice: if request.tools.is_empty() { None } else { choice(request, compat) },
        }
    }
}

/// One text where no part of it is to be cached.
fn system_of(blocks: Vec<Value>) -> Option<Value> {
    if blocks.iter().any(|block| block.get("cache_control").is_some()) {
        return Some(Value::Array(blocks));
    }
    let texts: Vec<&str> = blocks.iter().filter_map(|block| block.get("text")?.as_str()).collect();
    (!texts.is_empty()).then(|| texts.join("\n\n").into())
}

fn text_block(text: &str, cached: bool) -> Value {
    with_cache(json!({"type": "text", "text": text}), cached)
}

fn with_cache(mut block: Value, cached: bool) -> Value {
    if let (true, Some(block)) = (cached, block.as_object_mut()) {
        block.insert("cache_control".to_owned(), json!({"type": "ephemeral"}));
    }
    block
}

fn chat(role: &str, message: &Message, id: &ModelId, cached: bool) -> Value {
    if let ([Part::Text { text }], false) = (message.parts.as_slice(), cached) {
        return json!({"role": role, "content": text});
    }
    let mut blocks: Vec<Value> = message.parts.iter().filter_map(|part| block(part, id)).collect();
    if let Some(last) = blocks.pop() {
        blocks.push(with_cache(last, cached));
    }
    json!({"role": role, "content": blocks})
}

fn block(part: &Part, id: &ModelId) -> Option<Value> {
    match part {
        Part::Text { text } if text.is_empty() => None,
        Part::Text { text } => Some(json!({"type": "text", "text": text})),
        Part::ToolCall(call) => {
            let input: Value = serde_json::from_str(&call.arguments).unwrap_or_else(|_| json!({}));
            Some(json!({"type": "tool_use", "id": call.id, "name": call.name, "input": input}))
        }
        Part::ToolResult(result) => {
            Some(json!({"type": "tool_result", "tool_use_id": result.id, "content": result.content}))
        }
        Part::Reasoning(thought) if thought.model == *id => thinking(thought),
        Part::Reasoning(_) => None,
    }
}

/// Unsigned thoughts are refused, so they stay away.
fn thinking(thought: &Reasoning) -> Option<Value> {
    let signature = thought.signature.as_ref()?;
    Some(if thought.text.is_empty() {
        json!({"type": "redacted_thinking", "data": signature})
    } else {
        json!({"type": "thinking", "thinking": thought.text, "signature": signature})
    })
}

fn tool(tool: &Tool) -> Value {
    json!({"name": tool.name, "description": tool.description, "input_schema": tool.parameters})
}

fn choice(request: &LmRequest, compat: &Compat) -> Option<Value> {
    let parallel = compat.parallel_tool_calls.take(request.parallel_tool_calls);
    let mut choice = match &request.tool_choice {
        ToolChoice::Auto if parallel.is_none() => return None,
        ToolChoice::Auto => json!({"type": "auto"}),
        ToolChoice::None => return Some(json!({"type": "none"})),
        ToolChoice::Required => json!({"type": "any"}),
        ToolChoice::Named(name) => json!({"type": "tool", "name": name}),
    };
    if let (Some(parallel), Some(choice)) = (parallel, choice.as_object_mut()) {
        choice.insert("disable_parallel_tool_use".to_owned(), json!(!parallel));
    }
    Some(choice)
}

fn output_config(request: &LmRequest, compat: &Compat) -> Option<Value> {
    let mut config = serde_json::Map::new();
    if let Some(ReplyFormat::Schema { schema, .. }) = compat.format(&request.format) {
        config.insert("format".to_owned(), json!({"type": "json_schema", "schema": schema}));
    }
    if let Some(effort) = request.effort {
        // the API has no lower one
        let effort = if effort == Effort::Minimal { Effort::Low } else { effort };
        config.insert("effort".to_owned(), effort.name().into());
    }
    (!config.is_empty()).then_some(Value::Object(config))
}

impl Body for Request<'_> {
    fn sends(&self, parameter: Parameter) -> bool {
        let has = |value: &Option<Value>, name| value.as_ref().is_some_and(|value| value.get(name).is_some());
        match parameter {
            Parameter::Temperature => self.temperature.is_some(),
            Parameter::TopP => self.top_p.is_some(),
            Parameter::ResponseFormat => has(&self.output_config, "format"),
            Parameter::ParallelToolCalls => has(&self.tool_choice, "disable_parallel_tool_use"),
            // the API has no other name of the limit, and no seed
            Parameter::TokenLimit | Parameter::Seed => false,
        }
    }
}

impl Readable for Reply {
    fn read(self, endpoint: &Endpoint) -> Result<LmReply, LmError> {
        let mut reply = LmReply::new("");
        let mut strange = false;
        for block in self.content {
            let reasoning =
                |text, signature| Reasoning { model: endpoint.id.clone(), text, signature: Some(signature) };
            match Block::deserialize(block).unwrap_or(Block::Other) {
                Block::Text { text } => reply.text.push_str(&text),
                Block::Thinking { thinking, signature } => {
                    reply.reasoning.push(Reasoning { signature, ..reasoning(thinking, String::new()) });
                }
                Block::RedactedThinking { data } => reply.reasoning.push(reasoning(String::new(), data)),
                Block::ToolUse { id, name, input } => {
                    let arguments = if input.is_null() { String::new() } else { input.to_string() };
                    reply.tool_calls.push(ToolCall { id, name, arguments });
                }
                // of a kind that is not known here
                Block::Other => strange = true,
            }
        }
        reply.finish = Finish::named(self.stop_reason.as_deref());
        if strange && reply.finish == Finish::Complete && reply.message().is_empty() {
            return Err(endpoint.garbage("it has no text"));
        }
        if reply.finish == Finish::Filtered {
            reply.refusal = Some(std::mem::take(&mut reply.text));
        }
        reply.served_by = self.model.filter(|model| !model.is_empty());
        let usage = self.usage;
        reply.usage = endpoint.usage(usage::Usage {
            prompt_tokens: [usage.input_tokens, usage.cache_creation_input_tokens, usage.cache_read_input_tokens]
                .into_iter()
                .fold(0, u64::saturating_add),
            completion_tokens: usage.output_tokens,
            cached_tokens: usage.cache_read_input_tokens,
            ..usage::Usage::default()
        });
        Ok(reply)
    }
}
