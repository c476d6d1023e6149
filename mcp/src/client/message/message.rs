use abide_base::bom::strip_bom;
use rmcp::model::{CallToolResult, ClientJsonRpcMessage, RequestId, ServerJsonRpcMessage};
use serde_json::{Map, Value};

use super::super::{error::Fault, oddity::Oddities};
use super::{
    asked::Asked,
    typed::{integer, typed},
    unusable::{error_data, unusable},
};

/// Which requests a message may answer.
#[derive(Clone, Copy)]
pub(in crate::client) enum Expected<'a> {
    /// This one only.
    Sole(&'a RequestId, &'a Asked),
    /// Any: which requests are open is not known here. What was asked is taken from what the answer looks like.
    Any,
}

/// Why a message cannot be used at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::client) enum Unreadable {
    #[error("it is not JSON")]
    NotJson,
    #[error("it is JSON, but not a JSON-RPC message")]
    NotAMessage,
    #[error("it is a list of several messages, of which not exactly one answers the request")]
    Batch,
    #[error("it answers another request")]
    OtherRequest,
}

impl Expected<'_> {
    /// What the request asked that an answer with this id belongs to. `None` if there is none.
    fn asked(&self, id: &RequestId) -> Option<Option<Asked>> {
        match self {
            Self::Sole(sole, asked) => (*sole == id).then(|| Some((*asked).clone())),
            Self::Any => Some(None),
        }
    }
}

/// A message of ours, as JSON.
pub(in crate::client) fn to_json(message: &ClientJsonRpcMessage) -> Result<Vec<u8>, Fault> {
    serde_json::to_vec(message)
        .map_err(|error| Fault::InvalidResponse(format!("a message cannot be written as JSON: {error}")))
}

/// The value that a message is written as. A byte order mark before it does not matter.
pub(in crate::client) fn parse(bytes: &[u8]) -> Result<Value, Unreadable> {
    serde_json::from_slice(strip_bom(bytes.trim_ascii_start())).map_err(|_| Unreadable::NotJson)
}

/// The message that a value is, without what in it cannot be used. An answer that cannot be used at all becomes an error that says so, see
/// [`why_unusable`]: the caller who waits for it must not wait longer.
pub(in crate::client) fn read(
    value: Value,
    expected: Expected<'_>,
    oddities: &Oddities,
) -> Result<ServerJsonRpcMessage, Unreadable> {
    let mut message = single(value, expected)?;
    let (mut result, mut error) = (message.remove("result"), message.remove("error"));
    // some write all members always
    error = error.filter(|error| !is_nothing(error));
    if error.is_some() || message.contains_key("method") {
        result = result.filter(|result| !is_nothing(result));
    }
    match (result, error) {
        (None, None) => own(message),
        (result, error) if message.contains_key("method") || (result.is_some() && error.is_some()) => {
            let (id, _) = answered(message.get("id"), expected)?;
            Ok(unusable("it is two of a request, a result and an error at once", id))
        }
        (None, Some(error)) => failure(&error, message.get("id"), expected),
        (Some(result), _) => {
            let (id, asked) = answered(message.get("id"), expected)?;
            Ok(answer(result, id, asked, oddities))
        }
    }
}

/// The result of a call and its id, where the message is plainly that. Everything else is for [`parse`] and [`read`].
pub(in crate::client) fn plain_call(bytes: &[u8], id: &RequestId) -> Option<ServerJsonRpcMessage> {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Answer {
        #[serde(rename = "jsonrpc")]
        _version: rmcp::model::JsonRpcVersion2_0,
        id: RequestId,
        result: CallToolResult,
    }
    // a list would be taken for the members in their order
    let is_object = bytes.trim_ascii_start().starts_with(b"{");
    let answer: Answer = is_object.then(|| serde_json::from_slice(bytes).ok())??;
    (answer.id == *id).then(|| ServerJsonRpcMessage::response(answer.result.into(), answer.id))
}

/// One message. A list stands for the one in it; of several, for the one that answers, because the others are only told to us.
fn single(value: Value, expected: Expected<'_>) -> Result<Map<String, Value>, Unreadable> {
    let answers = |message: &Map<String, Value>| {
        let id = message.get("id").and_then(request_id);
        !message.contains_key("method") && id.is_some_and(|id| expected.asked(&id).is_some())
    };
    match value {
        Value::Object(message) => Ok(message),
        Value::Array(list) => {
            let mut messages: Vec<_> = list
                .into_iter()
                .filter_map(|item| match item {
                    Value::Object(message) => Some(message),
                    _ => None,
                })
                .collect();
            if messages.len() > 1 {
                messages.retain(answers);
            }
            match (messages.pop(), messages.is_empty()) {
                (Some(message), true) => Ok(message),
                (None, _) => Err(Unreadable::NotAMessage),
                (Some(_), false) => Err(Unreadable::Batch),
            }
        }
        _ => Err(Unreadable::NotAMessage),
    }
}

/// The request that is answered, and what it asked for if that is known.
fn answered(id: Option<&Value>, expected: Expected<'_>) -> Result<(RequestId, Option<Asked>), Unreadable> {
    let id = id.and_then(request_id).ok_or(Unreadable::OtherRequest)?;
    let asked = expected.asked(&id).ok_or(Unreadable::OtherRequest)?;
    Ok((id, asked))
}

pub(super) fn answer(result: Value, id: RequestId, asked: Option<Asked>, oddities: &Oddities) -> ServerJsonRpcMessage {
    let result = match asked.unwrap_or_else(|| Asked::guess(&result)) {
        Asked::Initialize => super::start::initialize(result, oddities),
        Asked::Discover => match super::start::discover(result, oddities) {
            Ok(result) => result,
            Err(error) => return ServerJsonRpcMessage::error(error, Some(id)),
        },
        Asked::Tools => super::list::tools(result, oddities),
        Asked::Call(tool) => super::result::of_call(result, tool.as_ref(), oddities),
        Asked::Other if result.is_object() => typed(result),
        Asked::Other => None,
    };
    match result {
        Some(result) => ServerJsonRpcMessage::response(result, id),
        None => unusable("it is not an answer to what was asked", id),
    }
}

/// An error answers the request that was sent also where it has no id, or one that is not a number: such a server refused before it
/// read which request it was.
fn failure(error: &Value, id: Option<&Value>, expected: Expected<'_>) -> Result<ServerJsonRpcMessage, Unreadable> {
    let id = match (expected, id.and_then(request_id)) {
        (Expected::Sole(sole, _), None | Some(RequestId::String(_))) => Some(sole.clone()),
        (_, id) => id,
    };
    let asked = match &id {
        Some(id) => expected.asked(id).ok_or(Unreadable::OtherRequest)?,
        None => None,
    };
    let mut error = error_data(error);
    if asked == Some(Asked::Discover) && super::start::offers_older_versions(&error) {
        error = super::start::not_served();
    }
    Ok(ServerJsonRpcMessage::error(error, id))
}

/// A request or notification of the server's own.
fn own(mut message: Map<String, Value>) -> Result<ServerJsonRpcMessage, Unreadable> {
    message.insert("jsonrpc".to_owned(), Value::from("2.0"));
    if message.get("id").is_some_and(Value::is_null) {
        message.remove("id");
    }
    // its parameters say nothing, and must not hide it
    if message.get("method").and_then(Value::as_str) == Some("notifications/tools/list_changed") {
        message.remove("params");
    }
    if let Some(params) = message.get("params").filter(|params| !params.is_object())
        && !(params.is_array() && message.contains_key("id"))
    {
        message.remove("params");
    }
    typed(Value::Object(message)).ok_or(Unreadable::NotAMessage)
}

/// The id, as a number where it is one in other words: `"0"` and `0.0` for 0.
pub(in crate::client) fn request_id(id: &Value) -> Option<RequestId> {
    match (integer(id), id) {
        (Some(number), _) => Some(RequestId::Number(number)),
        (None, Value::String(text)) => Some(RequestId::String(text.as_str().into())),
        _ => None,
    }
}

/// What those who write all members always write for none.
pub(in crate::client) fn is_nothing(value: &Value) -> bool {
    matches!(value, Value::Null | Value::Bool(false)) || value.as_str() == Some("")
}
