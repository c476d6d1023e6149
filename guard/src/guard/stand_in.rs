//! What a program is shown instead of the reply to a call that is not made.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use abide_base::{
    call::{Effect, ToolSpec, json_bytes},
    schema::Schema,
};
use abide_signatures::Digest;
use serde_json::{Map, Value, json};
use tokio::sync::OnceCell;

use crate::{policy::ToolRule, session::Mode};

/// Definitions that refer to themselves are followed so far.
const MAX_DEPTH: usize = 8;

/// A schema that asks for more values than this gets none: it is a server's, and while compiling it is read for every write.
const MAX_VALUES: usize = 1_024;

/// Nor is one made that is longer than this: it is kept, and shown to programs.
const MAX_BYTES: usize = 64 * 1024;

/// More tools than any boundary has; a server that changes its tools for ever cannot fill the memory.
const MAX_TOOLS: usize = 4_096;

/// Stand-ins that are made of schemas, by the digest of the tool's definition: each is made once, outside of any lock.
#[derive(Default)]
pub(super) struct StandIns(Mutex<HashMap<Digest, Arc<OnceCell<Option<Value>>>>>);

impl StandIns {
    /// The stand-in, where the call must not be made: the operator's, that of a recording, or one made of the tool's output schema.
    pub(super) async fn of(
        &self,
        rule: &ToolRule,
        tool: &ToolSpec,
        mode: Mode,
        arguments_digest: &Digest,
    ) -> Option<Value> {
        if mode == Mode::Live || rule.effect == Effect::Read {
            return None;
        }
        let recorded = || rule.dry_run_recording.as_ref().map(|recorded| recorded.reply(arguments_digest).clone());
        if let Some(given) = rule.dry_run.clone().or_else(recorded) {
            return Some(given);
        }
        let made = self.cell(&tool.digest);
        let made = made.get_or_init(|| async { from_schema(tool) }).await;
        Some(made.clone().unwrap_or_else(nothing))
    }

    fn cell(&self, digest: &Digest) -> Arc<OnceCell<Option<Value>>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_TOOLS && !known.contains_key(digest) {
            known.clear();
        }
        Arc::clone(known.entry(digest.clone()).or_default())
    }
}

/// The stand-in where there is nothing to make one of.
pub(super) fn nothing() -> Value {
    json!({ "status": "ok" })
}

/// The smallest value that fits the schema of the tool's replies, if there is one and it can be found.
fn from_schema(tool: &ToolSpec) -> Option<Value> {
    let schema = tool.output_schema.as_ref()?;
    // before anything is made of it: it can be of any size
    let compiled = Schema::compile(schema).ok()?;
    let value = Maker { root: schema, values: MAX_VALUES, bytes: MAX_BYTES }.smallest(schema, 0)?;
    compiled.fits(&value).then_some(value)
}

/// Makes values that fit a schema, not too many.
struct Maker<'s> {
    root: &'s Value,
    values: usize,
    bytes: usize,
}

impl Maker<'_> {
    fn smallest(&mut self, schema: &Value, depth: usize) -> Option<Value> {
        self.values = self.values.checked_sub(1)?;
        if depth > MAX_DEPTH {
            return None;
        }
        if let Some(path) = schema.get("$ref").and_then(Value::as_str) {
            return self.smallest(self.root.pointer(path.strip_prefix('#')?)?, depth + 1);
        }
        for key in ["const", "default"] {
            if let Some(value) = schema.get(key) {
                return self.copy(value);
            }
        }
        for key in ["examples", "enum"] {
            if let Some(value) = schema.get(key).and_then(|values| values.get(0)) {
                return self.copy(value);
            }
        }
        for key in ["anyOf", "oneOf", "allOf"] {
            if let Some(value) = schema.get(key).and_then(|all| self.smallest(all.get(0)?, depth + 1)) {
                return Some(value);
            }
        }
        self.of_type(schema, depth)
    }

    /// A value of the schema, as long as there is room for it.
    fn copy(&mut self, value: &Value) -> Option<Value> {
        self.bytes = self.bytes.checked_sub(json_bytes(value, self.bytes)?)?;
        Some(value.clone())
    }

    fn of_type(&mut self, schema: &Value, depth: usize) -> Option<Value> {
        let kind = schema.get("type").and_then(|kind| kind.as_str().or_else(|| kind.get(0)?.as_str()));
        let number = |key: &str| schema.get(key).and_then(Value::as_f64);
        let count =
            |key: &str| schema.get(key).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
        match kind.unwrap_or(if schema.get("properties").is_some() { "object" } else { "null" }) {
            "string" => {
                let most = schema.get("maxLength").and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
                let length = count("minLength").max("dry run".len()).min(most.unwrap_or(usize::MAX));
                let text: String = "dry run".chars().chain(std::iter::repeat_n('.', 1_024)).take(length).collect();
                self.copy(&Value::from(text))
            }
            "integer" => Some(json!(number("minimum").unwrap_or(0.0).ceil() as i64)),
            "number" => Some(json!(number("minimum").unwrap_or(0.0))),
            "boolean" => Some(Value::Bool(true)),
            "array" => {
                let mut item = || self.smallest(schema.get("items")?, depth + 1);
                (0..count("minItems").min(64)).map(|_| item()).collect::<Option<Vec<_>>>().map(Value::Array)
            }
            "object" => {
                let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
                let mut field = |name: &Value| {
                    let name = name.as_str()?;
                    Some((name.to_owned(), self.smallest(schema.get("properties")?.get(name)?, depth + 1)?))
                };
                required.map(&mut field).collect::<Option<Map<_, _>>>().map(Value::Object)
            }
            _ => Some(Value::Null),
        }
    }
}

#[cfg(test)]
mod tests;
