//! Reading a chat request: objective, demonstrations, fields, tools, and what has happened so far.
//!
//! Three ways of asking are understood: field markers (`[[ ## name ## ]]`), JSON replies (`response_format`), and native
//! tools. Whatever is none of them is plain talk.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::catalogue::Tool;

pub use super::{
    form::Form,
    marker::{escape, fields, marker, render},
};

/// A chat request, whichever API it came by.
#[derive(Clone, Debug, Default)]
pub struct Chat {
    /// The system text.
    pub system: String,
    /// The conversation after it.
    pub turns: Vec<Turn>,
    /// Native tools.
    pub tools: Vec<Tool>,
    /// Whether and how JSON is demanded.
    pub json: JsonReply,
    /// Sampling temperature; 0 is the mode.
    pub temperature: f64,
    /// The request's `seed`, 0 if it has none.
    pub seed: i64,
    /// Most tokens of the reply.
    pub max_tokens: Option<usize>,
}

/// What the request says about JSON replies.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum JsonReply {
    /// Nothing.
    #[default]
    NotAsked,
    /// Any object.
    Object,
    /// An object of this schema.
    Schema(Value),
}

/// One turn of the conversation.
#[derive(Clone, Debug, PartialEq)]
pub enum Turn {
    /// The user speaks.
    User(String),
    /// The model spoke, and may have called tools.
    Model(String, Vec<ToolUse>),
    /// A tool answered the call with this id.
    Tool(String, String),
}

/// A native tool call.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolUse {
    /// Joins call and result.
    pub id: String,
    /// The tool.
    pub name: String,
    /// Its arguments.
    pub arguments: Value,
}

/// An output field.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its type, as far as it was declared (a JSON Schema).
    pub schema: Value,
}

/// One step of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// The tool that was called.
    pub tool: String,
    /// Its arguments.
    pub arguments: Value,
    /// What came back; null if nothing did.
    pub observation: Value,
}

/// A request, read.
#[derive(Clone, Debug, Default)]
pub struct Prompt {
    /// How to reply.
    pub form: Form,
    /// Output fields, in order.
    pub outputs: Vec<Field>,
    /// Input fields of the last exchange.
    pub inputs: BTreeMap<String, String>,
    /// The customer's words.
    pub request: String,
    /// Tools on offer.
    pub tools: Vec<Tool>,
    /// Steps so far.
    pub steps: Vec<Step>,
    /// Turns before the last exchange: demonstrations, in pairs.
    pub demonstrations: usize,
}

impl Prompt {
    /// Reads a request. Whatever cannot be understood is left empty.
    #[must_use]
    pub fn read(chat: &Chat) -> Self {
        let last = chat.turns.iter().rposition(|turn| matches!(turn, Turn::User(_))).unwrap_or(0);
        let text = match chat.turns.get(last) {
            Some(Turn::User(text)) => text.as_str(),
            _ => "",
        };
        let inputs = inputs(text);
        let mut outputs = declared_outputs(&chat.system);
        if let JsonReply::Schema(schema) = &chat.json {
            outputs = properties(schema);
        }
        let mut tools = chat.tools.clone();
        tools.extend(inputs.get("tools").map(|text| tools_in(text)).unwrap_or_default());
        let native_steps = chat.turns.get(last + 1..).map(native_steps).unwrap_or_default();
        let steps = inputs.get("trajectory").map(|text| steps_in(text)).unwrap_or(native_steps);
        let has_markers =
            text.lines().any(|line| marker(line).is_some()) || chat.system.lines().any(|line| marker(line).is_some());
        let form = if chat.json != JsonReply::NotAsked {
            Form::Json
        } else if has_markers && !outputs.is_empty() {
            Form::Markers
        } else if !chat.tools.is_empty() {
            Form::Native
        } else {
            Form::Plain
        };
        let request = request_of(&inputs, text);
        Self { form, outputs, inputs, request, tools, steps, demonstrations: last }
    }

    /// Whether the reply has to name a tool and its arguments.
    #[must_use]
    pub fn wants_step(&self) -> bool {
        let named = |name: &str| self.outputs.iter().any(|field| field.name == name);
        (named("tool") && named("arguments")) || (self.form == Form::Native && !self.tools.is_empty())
    }
}

/// The instruction: what stands after the line `Objective:`, or the whole system text.
#[must_use]
pub fn objective(system: &str) -> &str {
    let mut at = 0;
    for line in system.split_inclusive('\n') {
        at += line.len();
        if line.trim() == "Objective:" {
            return system.get(at..).unwrap_or_default();
        }
    }
    system
}

fn inputs(text: &str) -> BTreeMap<String, String> {
    let mut out = fields(text);
    let last = text.lines().filter_map(marker).rfind(|name| *name != "completed");
    if let Some(value) = last.and_then(|name| out.get_mut(name))
        && let Some(at) = value.rfind("\n\n")
    {
        value.truncate(at);
    }
    out
}

fn request_of(inputs: &BTreeMap<String, String>, text: &str) -> String {
    let machinery = ["protocol", "tools", "trajectory"];
    let named = ["request", "question", "query", "message", "input", "task"].iter().find_map(|name| inputs.get(*name));
    let longest = || {
        inputs
            .iter()
            .filter(|(name, _)| !machinery.contains(&name.as_str()))
            .map(|(_, value)| value)
            .max_by_key(|value| value.len())
    };
    named.or_else(longest).map_or_else(|| text.to_owned(), Clone::clone)
}

/// The list below `Output fields:`, each as ``- `name` (type): …``.
fn declared_outputs(system: &str) -> Vec<Field> {
    // a type that takes several lines goes on indented
    let lines = system.lines().skip_while(|line| line.trim() != "Output fields:").skip(1);
    lines.take_while(|line| !line.is_empty()).filter_map(declared).collect()
}

fn declared(line: &str) -> Option<Field> {
    let rest = line.strip_prefix("- `")?;
    let (name, rest) = rest.split_once('`')?;
    let kind = rest.trim_start().strip_prefix('(').unwrap_or("string").to_lowercase();
    let first = kind.split([',', ')', ' ']).next().unwrap_or_default();
    let kind = match first {
        "integer" | "int" => "integer",
        "number" | "float" => "number",
        "boolean" | "bool" => "boolean",
        "array" | "list" => "array",
        "object" | "json" | "map" => "object",
        text if text.starts_with('{') => "object",
        _ => "string",
    };
    Some(Field { name: name.to_owned(), schema: json!({ "type": kind }) })
}

/// The properties of an object schema as fields.
#[must_use]
pub fn properties(schema: &Value) -> Vec<Field> {
    let members = schema.get("properties").and_then(Value::as_object);
    members.into_iter().flatten().map(|(name, schema)| Field { name: name.clone(), schema: schema.clone() }).collect()
}

fn tools_in(text: &str) -> Vec<Tool> {
    let items = first_json(text).and_then(|value| value.as_array().cloned()).unwrap_or_default();
    items.iter().filter_map(tool).collect()
}

/// A tool out of `{"name", "description", "input_schema" | "parameters"}`.
#[must_use]
pub fn tool(item: &Value) -> Option<Tool> {
    let schema = ["input_schema", "inputSchema", "parameters"].iter().find_map(|key| item.get(*key));
    Some(Tool {
        name: item.get("name")?.as_str()?.to_owned(),
        description: item.get("description").and_then(Value::as_str).unwrap_or_default().to_owned(),
        schema: schema.cloned().unwrap_or(Value::Null),
    })
}

/// Steps of a trajectory written as a JSON array.
#[must_use]
pub fn steps_in(text: &str) -> Vec<Step> {
    let items = first_json(text).and_then(|value| value.as_array().cloned()).unwrap_or_default();
    items
        .into_iter()
        .filter_map(|item| {
            let mut item = match item {
                Value::Object(item) => item,
                _ => return None,
            };
            let tool = item.get("tool")?.as_str()?.to_owned();
            let mut take = |key: &str| item.remove(key).unwrap_or(Value::Null);
            Some(Step { tool, arguments: parsed(take("arguments")), observation: parsed(take("observation")) })
        })
        .collect()
}

fn native_steps(turns: &[Turn]) -> Vec<Step> {
    let answer = |id: &str| {
        turns.iter().find_map(|turn| match turn {
            Turn::Tool(of, text) if of == id => Some(parsed(Value::String(text.clone()))),
            _ => None,
        })
    };
    let calls = turns.iter().flat_map(|turn| match turn {
        Turn::Model(_, calls) => calls.as_slice(),
        _ => &[],
    });
    calls
        .map(|call| Step {
            tool: call.name.clone(),
            arguments: call.arguments.clone(),
            observation: answer(&call.id).unwrap_or_default(),
        })
        .collect()
}

/// A string that holds JSON is what it holds.
#[must_use]
pub fn parsed(value: Value) -> Value {
    match &value {
        Value::String(text) if text.trim_start().starts_with(['{', '[']) => {
            serde_json::from_str(text.trim()).unwrap_or(value)
        }
        _ => value,
    }
}

/// The first JSON value of a text.
#[must_use]
pub fn first_json(text: &str) -> Option<Value> {
    serde_json::Deserializer::from_str(text.trim_start()).into_iter().next()?.ok()
}
