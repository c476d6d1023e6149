use rmcp::model::RequestId;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub(super) fn typed<T: DeserializeOwned>(value: Value) -> Option<T> {
    serde_json::from_value(value).ok()
}

/// A whole number, also as text or with a fraction of zero.
pub(super) fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => text.parse().ok().filter(|number: &i64| number.to_string() == *text),
        _ => serde_json::from_value::<RequestId>(value.clone()).ok().and_then(|id| match id {
            RequestId::Number(number) => Some(number),
            RequestId::String(_) => None,
        }),
    }
}
