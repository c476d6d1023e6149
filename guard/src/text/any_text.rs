use serde_json::Value;

/// Whether anything that is written in a value fits: a text, a key, or a number as it is written. Stops at the first.
pub(crate) fn any_text(value: &Value, fits: &mut dyn FnMut(&str) -> bool) -> bool {
    match value {
        Value::Null | Value::Bool(_) => false,
        Value::Number(number) => fits(&number.to_string()),
        Value::String(text) => fits(text),
        Value::Array(list) => list.iter().any(|item| any_text(item, fits)),
        Value::Object(map) => map.iter().any(|(key, item)| fits(key) || any_text(item, fits)),
    }
}
