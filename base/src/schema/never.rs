//! Schemas that no value fits, as far as that can be seen without trying.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::raw::identity;

/// How deep is looked.
const MAX_LOOK_DEPTH: usize = 24;
/// How many parts are looked at.
const MAX_LOOKS: usize = 20_000;
const TYPES: [&str; 7] = ["array", "boolean", "integer", "null", "number", "object", "string"];

/// Why no arguments can fit a schema, in words that go on after "because"; `None` if some may.
pub fn why_no_arguments_fit(schema: &Value) -> Option<String> {
    let mut search = Search { root: schema, open: HashSet::new(), left: MAX_LOOKS };
    let found = match types(schema) {
        Some(types) if !types.contains(&"object") => Some(Never::at("`type`", "arguments are always an object")),
        _ => search.never(schema, 0),
    };
    found.map(|never| never.to_string())
}

/// Where it was found, and what.
struct Never {
    place: String,
    reason: String,
}

impl Never {
    fn at(place: &str, reason: impl Into<String>) -> Self {
        Self { place: place.to_owned(), reason: reason.into() }
    }

    fn below(mut self, name: &str) -> Self {
        self.place = format!("`{}`, {}", super::error::short(name), self.place);
        self
    }
}

impl std::fmt::Display for Never {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.reason, super::error::short(&self.place))
    }
}

struct Search<'s> {
    root: &'s Value,
    /// Parts on the way here. One that contains itself may be met by a value that ends somewhere.
    open: HashSet<usize>,
    left: usize,
}

impl<'s> Search<'s> {
    /// Whether nothing fits. What is not understood may be met.
    fn never(&mut self, schema: &'s Value, depth: usize) -> Option<Never> {
        if *schema == Value::Bool(false) {
            return Some(Never::at("`false`", "the schema is `false`"));
        }
        let members = schema.as_object()?;
        let size = |key: &str| members.get(key).and_then(Value::as_array).map_or(0, Vec::len);
        self.left = self.left.checked_sub(1 + size("enum") + size("required"))?;
        if depth >= MAX_LOOK_DEPTH || !self.open.insert(identity(schema)) {
            return None;
        }
        let found = own(members).or_else(|| self.applied(members, depth)).or_else(|| self.required(members, depth));
        self.open.remove(&identity(schema));
        found
    }

    /// Keywords that apply others to the same value.
    fn applied(&mut self, members: &'s Map<String, Value>, depth: usize) -> Option<Never> {
        if let Some(target) = members.get("$ref").and_then(Value::as_str).and_then(|path| self.target(path))
            && let Some(never) = self.never(target, depth + 1)
        {
            return Some(never.below("$ref"));
        }
        for part in members.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            if let Some(never) = self.never(part, depth + 1) {
                return Some(never.below("allOf"));
            }
        }
        for key in ["anyOf", "oneOf"] {
            let Some(parts) = members.get(key).and_then(Value::as_array) else { continue };
            let all: Option<Vec<Never>> = parts.iter().map(|part| self.never(part, depth + 1)).collect();
            if let Some(never) = all.and_then(|all| all.into_iter().next()) {
                return Some(never.below(key));
            }
        }
        let excluded = members.get("not");
        let is_all = excluded.is_some_and(|not| *not == true || not.as_object().is_some_and(Map::is_empty));
        is_all.then(|| Never::at("`not`", "`not` excludes every value"))
    }

    /// Properties and items that must be there.
    fn required(&mut self, members: &'s Map<String, Value>, depth: usize) -> Option<Never> {
        let types = types_of(members);
        let only = |kind: &str| types.as_ref().is_some_and(|types| types.iter().all(|t| *t == kind));
        let properties = members.get("properties").and_then(Value::as_object);
        if only("object") || depth == 0 {
            let names = members.get("required").and_then(Value::as_array).into_iter().flatten();
            for name in names.filter_map(Value::as_str) {
                let property = properties.and_then(|properties| properties.get(name));
                if let Some(never) = property.and_then(|property| self.never(property, depth + 1)) {
                    return Some(never.below(name));
                }
                let is_shut = members.get("additionalProperties") == Some(&Value::Bool(false))
                    && members.get("patternProperties").is_none();
                if property.is_none() && is_shut {
                    let reason = "a property is required that `additionalProperties` excludes";
                    return Some(Never::at("`required`", reason).below(name));
                }
            }
        }
        let has_items = members.get("minItems").and_then(Value::as_u64).is_some_and(|least| least > 0);
        let items = members.get("items").filter(|items| !items.is_array() && members.get("prefixItems").is_none());
        let items = items.filter(|_| has_items && only("array"))?;
        self.never(items, depth + 1).map(|never| never.below("items"))
    }

    fn target(&self, path: &str) -> Option<&'s Value> {
        let pointer = path.strip_prefix('#')?;
        if pointer.is_empty() { Some(self.root) } else { self.root.pointer(pointer) }
    }
}

/// Keywords that contradict each other or exclude everything.
fn own(members: &Map<String, Value>) -> Option<Never> {
    let types = types_of(members);
    if let Some(unknown) = types.iter().flatten().find(|name| !TYPES.contains(name)) {
        let reason = format!("`{}` is not a type of JSON Schema", super::error::short(unknown));
        return Some(Never::at("`type`", reason));
    }
    let is_of = |value: &&Value| types.as_ref().is_none_or(|types| types.iter().any(|name| is_of_type(value, name)));
    if let Some(listed) = members.get("enum").and_then(Value::as_array)
        && !listed.iter().any(|value| is_of(&value))
    {
        let reason = if listed.is_empty() { "`enum` is empty" } else { "no value of `enum` has the `type`" };
        return Some(Never::at("`enum`", reason));
    }
    if members.get("const").is_some_and(|only| !is_of(&only)) {
        return Some(Never::at("`const`", "the value of `const` has not the `type`"));
    }
    let bounds = [
        ("minimum", "maximum", "number"),
        ("minLength", "maxLength", "string"),
        ("minItems", "maxItems", "array"),
        ("minProperties", "maxProperties", "object"),
    ];
    for (least, most, kind) in bounds {
        let number = |key: &str| members.get(key).and_then(Value::as_f64);
        let is_kind = |name: &&str| *name == kind || kind == "number" && *name == "integer";
        let only = types.as_ref().is_some_and(|types| types.iter().all(is_kind));
        if only && number(least).zip(number(most)).is_some_and(|(least, most)| least > most) {
            return Some(Never::at(&format!("`{least}`"), format!("`{least}` is above `{most}`")));
        }
    }
    None
}

fn types(schema: &Value) -> Option<Vec<&str>> {
    schema.as_object().and_then(types_of)
}

/// The types that are named; `None` if all may be.
fn types_of(members: &Map<String, Value>) -> Option<Vec<&str>> {
    match members.get("type")? {
        Value::String(name) => Some(vec![name]),
        Value::Array(names) => names.iter().map(Value::as_str).collect(),
        _ => None,
    }
}

fn is_of_type(value: &Value, name: &str) -> bool {
    match value {
        Value::Null => name == "null",
        Value::Bool(_) => name == "boolean",
        Value::Number(number) => {
            name == "number" || name == "integer" && number.as_f64().is_none_or(|number| number.fract() == 0.0)
        }
        Value::String(_) => name == "string",
        Value::Array(_) => name == "array",
        Value::Object(_) => name == "object",
    }
}
