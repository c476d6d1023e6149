//! Requests and replies in the words of the chat completions API.

use abide_base::usage;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Compat, TokenLimit,
    detect::Parameter,
    learned::{Body, Readable},
};
use crate::{
    Effort, Finish, LmError, LmReply, LmRequest, Message, Part, Reasoning, ReplyFormat, Role, Tool, ToolCall,
    ToolChoice, endpoint::Endpoint, lenient,
};

#[derive(Serialize)]
pub(super) struct Request<'a> {
    model: &'a str,
    messages: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    stop: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_effort: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parallel_tool_calls: Option<bool>,
}

#[derive(Deserialize)]
pub(crate) struct Reply {
    #[serde(default)]
    choices: Vec<Choice>,
    #[serde(default, deserialize_with = "lenient::part")]
    usage: Usage,
    #[serde(default, deserialize_with = "lenient::text")]
    model: Option<String>,
}

#[derive(Deserialize)]
struct Choice {
    message: ReplyMessage,
    #[serde(default, deserialize_with = "lenient::text")]
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct ReplyMessage {
    #[serde(default)]
    content: Value,
    #[serde(default, deserialize_with = "lenient::text")]
    refusal: Option<String>,
    /// As DeepSeek and vLLM name it.
    #[serde(default, deserialize_with = "lenient::text")]
    reasoning_content: Option<String>,
    /// As OpenRouter and Groq name it.
    #[serde(default, deserialize_with = "lenient::text")]
    reasoning: Option<String>,
    #[serde(default, deserialize_with = "lenient::part")]
    tool_calls: Vec<WantedCall>,
}

#[derive(Deserialize)]
struct WantedCall {
    #[serde(default, deserialize_with = "lenient::text")]
    id: Option<String>,
    function: WantedFunction,
}

#[derive(Deserialize)]
struct WantedFunction {
    name: String,
    /// A text of JSON; some servers send the object itself.
    #[serde(default)]
    arguments: Value,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Usage {
    #[serde(deserialize_with = "lenient::count")]
    prompt_tokens: u64,
    #[serde(deserialize_with = "lenient::count")]
    completion_tokens: u64,
    #[serde(deserialize_with = "lenient::part")]
    prompt_tokens_details: PromptDetails,
    #[serde(deserialize_with = "lenient::part")]
    completion_tokens_details: CompletionDetails,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PromptDetails {
    #[serde(deserialize_with = "lenient::count")]
    cached_tokens: u64,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct CompletionDetails {
    #[serde(deserialize_with = "lenient::count")]
    reasoning_tokens: u64,
}

impl<'a> Request<'a> {
    pub(super) fn new(model: &'a str, compat: &Compat, request: &'a LmRequest) -> Self {
        let (max_tokens, max_completion_tokens) = match compat.token_limit {
            TokenLimit::MaxTokens => (Some(request.max_tokens), None),
            TokenLimit::MaxCompletionTokens => (None, Some(request.max_tokens)),
        };
        Self {
            model,
            messages: request.messages.iter().flat_map(messages).collect(),
            max_tokens,
            max_completion_tokens,
            temperature: compat.temperature.take(request.sampling.temperature),
            top_p: compat.top_p.take(request.sampling.top_p),
            seed: compat.seed.take(request.sampling.seed),
            stop: &request.stop,
            reasoning_effort: request.effort.map(Effort::name),
            response_format: compat.format(&request.format).and_then(format),
            tools: request.tools.iter().map(tool).collect(),
            tool_choice: if request.tools.is_empty() { None } else { choice(&request.tool_choice) },
            parallel_tool_calls: if request.tools.is_empty() {
                None
            } else {
                compat.parallel_tool_calls.take(request.parallel_tool_calls)
            },
        }
    }
}

/// A message as the API has it: each result of a tool is one of its own, and the API takes no reasoning back.
fn messages(message: &Message) -> Vec<Value> {
    let role = match message.role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool => {
            let results = message.parts.iter().filter_map(|part| match part {
                Part::ToolResult(result) => Some(result),
                _ => None,
            });
            return results
                .map(|result| json!({"role": "tool", "tool_call_id": result.id, "content": result.content}))
                .collect();
        }
    };
    let text = message.text();
    let calls: Vec<Value> = message.parts.iter().filter_map(call).collect();
    if calls.is_empty() {
        return vec![json!({"role": role, "content": text})];
    }
    let content = if text.is_empty() { Value::Null } else { Value::from(text) };
    vec![json!({"role": role, "content": content, "tool_calls": calls})]
}

fn call(part: &Part) -> Option<Value> {
    let Part::ToolCall(call) = part else { return None };
    let function = json!({"name": call.name, "arguments": call.arguments});
    Some(json!({"id": call.id, "type": "function", "function": function}))
}

fn tool(tool: &Tool) -> Value {
    let function = json!({"name": tool.name, "description": tool.description, "parameters": tool.parameters});
    json!({"type": "function", "function": function})
}

fn choice(choice: &ToolChoice) -> Option<Value> {
    match choice {
        ToolChoice::Auto => None,
        ToolChoice::None => Some("none".into()),
        ToolChoice::Required => Some("required".into()),
        ToolChoice::Named(name) => Some(json!({"type": "function", "function": {"name": name}})),
    }
}

fn format(format: &ReplyFormat) -> Option<Value> {
    match format {
        ReplyFormat::Text => None,
        ReplyFormat::Json => Some(json!({"type": "json_object"})),
        ReplyFormat::Schema { name, schema } => {
            Some(json!({"type": "json_schema", "json_schema": {"name": name, "schema": schema, "strict": true}}))
        }
    }
}

impl Body for Request<'_> {
    fn sends(&self, parameter: Parameter) -> bool {
        match parameter {
            Parameter::Seed => self.seed.is_some(),
            Parameter::Temperature => self.temperature.is_some(),
            Parameter::TopP => self.top_p.is_some(),
            Parameter::TokenLimit => true,
            Parameter::ParallelToolCalls => self.parallel_tool_calls.is_some(),
            Parameter::ResponseFormat => self.response_format.is_some(),
        }
    }
}

impl Readable for Reply {
    fn read(self, endpoint: &Endpoint) -> Result<LmReply, LmError> {
        let Some(choice) = self.choices.into_iter().next() else {
            return Err(endpoint.garbage("it has no choices"));
        };
        let message = choice.message;
        let has_content = message.content.is_string() || message.content.is_array();
        let refusal = message.refusal.filter(|words| !words.is_empty());
        let mut reply = LmReply::new(text_of(message.content));
        let thought =
            [message.reasoning_content, message.reasoning].into_iter().flatten().find(|text| !text.is_empty());
        reply.reasoning.extend(thought.map(|text| Reasoning { model: endpoint.id.clone(), text, signature: None }));
        reply.tool_calls = message.tool_calls.into_iter().enumerate().map(WantedCall::read).collect();
        reply.finish =
            if refusal.is_some() { Finish::Filtered } else { Finish::named(choice.finish_reason.as_deref()) };
        reply.refusal = refusal;
        if !has_content && reply.finish == Finish::Complete && reply.tool_calls.is_empty() && reply.reasoning.is_empty()
        {
            return Err(endpoint.garbage("its message has no content"));
        }
        reply.served_by = self.model.filter(|model| !model.is_empty());
        reply.usage = endpoint.usage(usage::Usage {
            prompt_tokens: self.usage.prompt_tokens,
            completion_tokens: self.usage.completion_tokens,
            cached_tokens: self.usage.prompt_tokens_details.cached_tokens,
            reasoning_tokens: self.usage.completion_tokens_details.reasoning_tokens,
            micro_dollars: 0,
        });
        Ok(reply)
    }
}

impl WantedCall {
    /// Some servers give no id; it only has to tell the calls of one reply apart.
    fn read((index, wanted): (usize, Self)) -> ToolCall {
        let arguments = match wanted.function.arguments {
            Value::String(text) => text,
            Value::Null => String::new(),
            other => other.to_string(),
        };
        let id = wanted.id.filter(|id| !id.is_empty()).unwrap_or_else(|| format!("call_{index}"));
        ToolCall { id, name: wanted.function.name, arguments }
    }
}

/// The text of a message's content: a text, or a list of parts of which some are texts.
fn text_of(content: Value) -> String {
    match content {
        Value::String(text) => text,
        Value::Array(parts) => parts
            .into_iter()
            .filter_map(|part| match part {
                Value::String(text) => Some(text),
                Value::Object(part) => match part.get("type").and_then(Value::as_str) {
                    None | Some("text" | "output_text") => part.get("text")?.as_str().map(str::to_owned),
                    Some(_) => None,
                },
                _ => None,
            })
            .collect(),
        _ => String::new(),
    }
}
