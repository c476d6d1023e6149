//! Values of arguments.

use serde_json::Value;

/// The values of an argument: the items of a list, lists in lists included; `None` if it is absent or null.
pub fn items(value: Option<&Value>) -> Vec<&Value> {
    match value {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(list)) => list.iter().flat_map(|item| items(Some(item))).collect(),
        Some(value) => vec![value],
    }
}

/// How many values an argument names: a list that is written as one text counts as what it lists, and an object as its entries.
pub fn counted(value: &Value) -> usize {
    let count = |item: &Value| match item {
        Value::String(text) => listed(text).count(),
        Value::Object(map) => map.len(),
        _ => 1,
    };
    items(Some(value)).into_iter().map(|item| count(item).max(1)).sum()
}

/// What a text lists, when its items are counted: all that stands between commas and what else separates items. A number with its
/// thousands in groups is a list then: who counts must not count too little.
pub(crate) fn listed(text: &str) -> impl Iterator<Item = &str> {
    let separates = |c: char| matches!(c, ',' | ';' | '|' | '\n' | '\r' | '\t' | '\u{ff0c}' | '\u{3001}' | '\u{ff1b}');
    text.split(separates).map(str::trim).filter(|part| !part.is_empty())
}

/// Null, blank texts, and lists and objects of nothing.
pub fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.iter().all(is_blank),
        Value::Object(map) => map.is_empty(),
        Value::String(text) => text.trim().is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}
