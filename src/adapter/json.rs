//! The JSON format: the outputs are one JSON object. Described in `docs/prompt-format.md`.

use abide_lm::{LmReply, Message, ReplyFormat};
use serde_json::{Map, Value, json};

use super::{Adapter, ParseError, Parsed, Prompt, Task, layout, marker::neutralise, object, thinking};
use crate::{Fields, SignatureSpec, SlotState};

/// The JSON format. By default the provider is given the schema of the outputs, to enforce it where it can
/// ([`ReplyFormat::Schema`]); [`Json::described`] tells it in words alone, for servers that know no schema.
#[derive(Clone, Copy, Debug, Default)]
pub struct Json {
    schema: Enforcement,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Enforcement {
    #[default]
    Provider,
    Words,
}

impl Json {
    /// With the provider enforcing the schema.
    pub fn new() -> Self {
        Self::default()
    }

    /// With the schema told in words alone.
    pub fn described() -> Self {
        Self { schema: Enforcement::Words }
    }
}

impl Adapter for Json {
    fn render(&self, task: &Task<'_>) -> Prompt {
        let Task { spec, state, .. } = *task;
        let asked = |shown| format!("{shown}\n\n{}", request(spec));
        let format = match self.schema {
            Enforcement::Provider => {
                enforceable(spec).map_or(ReplyFormat::Json, |schema| ReplyFormat::Schema { name: name(spec), schema })
            }
            Enforcement::Words => ReplyFormat::Text,
        };
        Prompt { format, ..layout::prompt(self, task, system(spec, state), object, asked) }
    }

    fn reply(&self, task: &Task<'_>, outputs: &Fields) -> Message {
        let known = task.spec.outputs.iter().filter_map(|field| {
            let value = outputs.get(&field.name).cloned();
            // what a schema requires is there, if only as `null`
            Some((field.name.clone(), value.or_else(|| field.is_optional().then_some(Value::Null))?))
        });
        // JSON may have a backslash there, and so no value ends what a model thinks
        let json = Value::Object(known.collect()).to_string();
        Message::assistant(json.replace("</", "<\\/").replace("[/", "[\\/"))
    }

    fn parse(&self, task: &Task<'_>, reply: &LmReply) -> Result<Parsed, ParseError> {
        let answer = thinking::answer(reply, &|_| false)?;
        Ok(answer.flagged(object::read_text(task.spec, answer.text).ok_or(ParseError::NoObject)??))
    }

    fn correct(&self, task: &Task<'_>, error: &ParseError) -> Message {
        layout::correction(error, &request(task.spec))
    }
}

fn system(spec: &SignatureSpec, state: &SlotState) -> String {
    let keys: Vec<String> = spec.outputs.iter().map(|field| format!("\"{}\": …", field.name)).collect();
    let layout = format!(
        "\nInputs come as one JSON object. Every reply is one JSON object and nothing else: {{{}}}\n",
        keys.join(", ")
    );
    layout::fields(spec) + &layout + &layout::objective(spec, state)
}

fn request(spec: &SignatureSpec) -> String {
    let names: Vec<String> = spec.outputs.iter().map(|field| format!("`{}`", field.name)).collect();
    format!("Now write one JSON object with {}.", names.join(", "))
}

fn object(values: &Fields) -> String {
    neutralise(&Value::Object(values.0.clone()).to_string()).into_owned()
}

/// A name that providers take.
fn name(spec: &SignatureSpec) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '_' };
    let name: String = spec.name.chars().map(plain).take(64).collect();
    if name.is_empty() { "outputs".to_owned() } else { name }
}

/// The schema of the outputs as all providers that enforce schemas take it: every member required, none beside them, what may be left
/// out may be `null`. `None` where an object may have any keys, which they do not take.
fn enforceable(spec: &SignatureSpec) -> Option<Value> {
    let mut schema = spec.output_schema();
    closed(&mut schema).then_some(schema)
}

fn closed(schema: &mut Value) -> bool {
    let Some(map) = schema.as_object_mut() else { return true };
    for key in ["format", "title", "default", "$schema"] {
        map.remove(key);
    }
    // providers have one word for several types
    if let Some(variants) = map.remove("oneOf") {
        map.insert("anyOf".to_owned(), variants);
    }
    let is_object = map.get("type").is_some_and(|name| name == "object");
    if is_object && !close(map) {
        return false;
    }
    let is_typed = ["type", "anyOf", "$ref", "enum", "const"].iter().any(|key| map.contains_key(*key));
    let children = ["properties", "$defs"]
        .into_iter()
        .filter_map(|key| map.get(key)?.as_object().map(|_| key))
        .collect::<Vec<_>>();
    for key in children {
        let mut members = map.get_mut(key).and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut);
        if !members.all(closed) {
            return false;
        }
    }
    let mut branches = map.get_mut("anyOf").and_then(Value::as_array_mut).into_iter().flatten();
    is_typed && branches.all(closed) && map.get_mut("items").is_none_or(closed) && !map.contains_key("prefixItems")
}

/// Requires every member; `false` where there are no members to require.
fn close(map: &mut Map<String, Value>) -> bool {
    let required: Vec<String> = map
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|name| name.as_str().map(str::to_owned))
        .collect();
    let Some(properties) = map.get_mut("properties").and_then(Value::as_object_mut) else { return false };
    for (name, member) in properties.iter_mut() {
        if !required.contains(name) && !takes_null(member) {
            *member = json!({ "anyOf": [member.take(), { "type": "null" }] });
        }
    }
    let names: Vec<Value> = properties.keys().cloned().map(Value::from).collect();
    map.insert("required".to_owned(), Value::Array(names));
    map.insert("additionalProperties".to_owned(), Value::Bool(false));
    true
}

fn takes_null(schema: &Value) -> bool {
    let is_null = |name: &Value| name == "null";
    match schema.get("type") {
        Some(Value::Array(types)) => types.iter().any(is_null),
        Some(name) => is_null(name),
        None => schema.get("anyOf").and_then(Value::as_array).into_iter().flatten().any(takes_null),
    }
}

#[cfg(test)]
mod tests;
