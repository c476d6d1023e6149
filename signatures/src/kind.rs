use std::fmt;

use serde_json::Value;

/// What kind of value a field holds, read off its JSON Schema; decides how the value is written in a prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldKind {
    /// Text, written as it is.
    Text,
    /// One of a few words, written as they are.
    Choice(Vec<String>),
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A JSON array.
    Array,
    /// A JSON object.
    Object,
    /// Any JSON value.
    Any,
    /// The inner kind, or `null`.
    Optional(Box<FieldKind>),
}

impl FieldKind {
    /// The kind that a JSON Schema describes; [`FieldKind::Any`] where it leaves it open.
    pub fn of(schema: &Value) -> Self {
        if let Some(words) = choices(schema) {
            return Self::Choice(words);
        }
        if let Some(inner) = nullable(schema) {
            return Self::Optional(Box::new(Self::of(&inner)));
        }
        match schema.get("type").and_then(Value::as_str) {
            Some("string") => Self::Text,
            Some("integer") => Self::Integer,
            Some("number") => Self::Number,
            Some("boolean") => Self::Boolean,
            Some("array") => Self::Array,
            Some("object") => Self::Object,
            _ => Self::Any,
        }
    }

    /// Whether a value is of this kind; arrays and objects are not looked into.
    pub fn admits(&self, value: &Value) -> bool {
        match self {
            Self::Text => value.is_string(),
            Self::Choice(words) => value.as_str().is_some_and(|word| words.iter().any(|w| w == word)),
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::Number => value.is_number(),
            Self::Boolean => value.is_boolean(),
            Self::Array => value.is_array(),
            Self::Object => value.is_object(),
            Self::Any => true,
            Self::Optional(inner) => value.is_null() || inner.admits(value),
        }
    }

    /// Whether values are written in a prompt as they are, not as JSON.
    pub fn is_text(&self) -> bool {
        matches!(self, Self::Text | Self::Choice(_))
    }
}

impl fmt::Display for FieldKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text => f.write_str("string"),
            Self::Choice(words) => write!(f, "one of {}", words.join(", ")),
            Self::Integer => f.write_str("integer"),
            Self::Number => f.write_str("number"),
            Self::Boolean => f.write_str("boolean"),
            Self::Array => f.write_str("array"),
            Self::Object => f.write_str("object"),
            Self::Any => f.write_str("any JSON value"),
            Self::Optional(inner) => write!(f, "{inner} or null"),
        }
    }
}

/// `enum`, or `oneOf` of `const` (what schemars writes for documented unit variants), or a mix of both.
fn choices(schema: &Value) -> Option<Vec<String>> {
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        return words.iter().map(|w| w.as_str().map(str::to_owned)).collect();
    }
    let variants = schema.get("oneOf")?.as_array()?;
    let mut words = Vec::new();
    for variant in variants {
        match variant.get("const").and_then(Value::as_str) {
            Some(word) => words.push(word.to_owned()),
            None => words.extend(choices(variant)?),
        }
    }
    Some(words)
}

/// The schema without its `null`, when it has one.
fn nullable(schema: &Value) -> Option<Value> {
    if let Some(types) = schema.get("type").and_then(Value::as_array) {
        let others: Vec<&Value> = types.iter().filter(|t| *t != "null").collect();
        let ([only], true) = (others.as_slice(), types.len() == 2) else {
            return None;
        };
        let mut inner = schema.clone();
        inner.as_object_mut()?.insert("type".into(), (*only).clone());
        return Some(inner);
    }
    let branches = schema.get("anyOf")?.as_array()?;
    let is_null = |s: &&Value| s.get("type").and_then(Value::as_str) == Some("null");
    let [other] = branches.iter().filter(|s| !is_null(s)).collect::<Vec<_>>()[..] else {
        return None;
    };
    (branches.len() == 2).then(|| other.clone())
}
