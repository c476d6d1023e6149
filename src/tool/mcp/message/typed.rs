use serde::de::DeserializeOwned;
use serde_json::Value;

pub(super) fn typed<T: DeserializeOwned>(value: Value) -> Option<T> {
    serde_json::from_value(value).ok()
}
