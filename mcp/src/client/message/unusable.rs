use rmcp::model::{ErrorCode, ErrorData, RequestId, ServerJsonRpcMessage};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::subject::Subject;
use super::typed::integer;

/// Under this key of an error's `data` stands that the error is not the server's, but says why its answer cannot be used.
pub(super) const UNUSABLE: &str = "abide/unusable";

/// Why an answer cannot be used, where [`read`] found so.
pub(in crate::client) fn why_unusable(error: &ErrorData) -> Option<&str> {
    let is_ours = error.data.as_ref().is_some_and(|data| data.get(UNUSABLE).is_some());
    is_ours.then_some(&*error.message)
}

/// Stands for an answer that cannot be used, see [`why_unusable`].
pub(in crate::client) fn unusable(reason: &'static str, id: RequestId) -> ServerJsonRpcMessage {
    let error = ErrorData::new(ErrorCode::PARSE_ERROR, reason, Some(json!({ UNUSABLE: true })));
    ServerJsonRpcMessage::error(error, Some(id))
}

/// Stands for an answer of more than so many bytes, see [`why_unusable`] and [`what_is_too_long`].
pub(in crate::client) fn too_long(subject: Subject, limit: usize, id: RequestId) -> ServerJsonRpcMessage {
    let error =
        ErrorData::new(ErrorCode::PARSE_ERROR, subject.too_long(limit), Some(json!({ UNUSABLE: (subject, limit) })));
    ServerJsonRpcMessage::error(error, Some(id))
}

/// Which answer was too long, and how many bytes it might have had.
pub(in crate::client) fn what_is_too_long(error: &ErrorData) -> Option<(Subject, usize)> {
    Deserialize::deserialize(error.data.as_ref()?.get(UNUSABLE)?).ok()
}

/// The error in the library's words, whatever it is written as.
pub(super) fn error_data(error: &Value) -> ErrorData {
    let member = |name: &str| error.get(name);
    let code = member("code").and_then(integer).and_then(|code| i32::try_from(code).ok());
    let message = error.as_str().or_else(|| member("message")?.as_str()).unwrap_or_default();
    let data = member("data").filter(|data| !data.is_null() && data.get(UNUSABLE).is_none()).cloned();
    ErrorData::new(code.map_or(ErrorCode(-32_000), ErrorCode), message.to_owned(), data)
}
