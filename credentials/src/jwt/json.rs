use serde_json::{Map, Value};

use super::Error;

pub(super) fn malformed(reason: &str) -> Error {
    Error::Malformed(reason.to_owned())
}

pub(super) fn short(text: &str) -> String {
    text.chars().take(200).collect()
}

/// A text under a name. An explicit null is as good as nothing, and anything else is an error.
pub(super) fn text<'m>(map: &'m Map<String, Value>, name: &str) -> Result<Option<&'m str>, Error> {
    match map.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Error::Malformed(format!("its `{name}` is not text"))),
    }
}
