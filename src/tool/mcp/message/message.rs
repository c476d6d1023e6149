use std::sync::Arc;

use rmcp::model::{
    CallToolResult, ClientJsonRpcMessage, ClientRequest, ErrorCode, ErrorData, GetExtensions, RequestId,
    ServerJsonRpcMessage,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

use super::super::{call::Ticket, error::Fault, oddity::Oddities, subject::Subject};
use crate::{call::ToolName, net::strip_bom};

/// What a request asks for, which decides how its answer is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::tool::mcp) enum Asked {
    /// Who the server is, in the words of the older era.
    Initialize,
    /// Who the server is, in the words of the newer era.
    Discover,
    /// The tools.
    Tools,
    /// A call of this tool; without one, of a tool that is not known here.
    Call(Option<ToolName>),
    /// Nothing that is known here.
    Other,
}

/// Which requests a message may answer.
#[derive(Clone, Copy)]
pub(in crate::tool::mcp) enum Expected<'a> {
    /// This one only.
    Sole(&'a RequestId, &'a Asked),
    /// Any: which requests are open is not known here. What was asked is taken from what the answer looks like.
    Any,
}

/// Why a message cannot be used at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::tool::mcp) enum Unreadable {
    #[error("it is not JSON")]
    NotJson,
    #[error("it is JSON, but not a JSON-RPC message")]
    NotAMessage,
    #[error("it is a list of several messages, of which not exactly one answers the request")]
    Batch,
    #[error("it answers another request")]
    OtherRequest,
}

/// Under this key of an error's `data` stands that the error is not the server's, but says why its answer cannot be used.
pub(super) const UNUSABLE: &str = "abide/unusable";

impl Asked {
    pub(in crate::tool::mcp) fn of(request: &ClientRequest) -> Self {
        match request {
            ClientRequest::InitializeRequest(_) => Self::Initialize,
            ClientRequest::DiscoverRequest(_) => Self::Discover,
            ClientRequest::ListToolsRequest(_) => Self::Tools,
            ClientRequest::CallToolRequest(_) => {
                let ticket = request.extensions().get::<Arc<Ticket>>();
                Self::Call(ticket.map(|ticket| ticket.tool.clone()))
            }
            _ => Self::Other,
        }
    }

    /// What an answer to an unknown request is probably about. A wrong guess makes it an answer that nobody waits for.
    fn guess(result: &Value) -> Self {
        let has = |names: &[&str]| names.iter().any(|name| result.get(name).is_some());
        if has(&["content", "structuredContent", "isError"]) {
            Self::Call(None)
        } else if has(&["tools"]) {
            Self::Tools
        } else if has(&["supportedVersions"]) {
            Self::Discover
        } else if has(&["protocolVersion"]) {
            Self::Initialize
        } else {
            Self::Other
        }
    }
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
pub(in crate::tool::mcp) fn to_json(message: &ClientJsonRpcMessage) -> Result<Vec<u8>, Fault> {
    serde_json::to_vec(message).map_err(|error| Fault::Garbage(format!("a message cannot be written as JSON: {error}")))
}

/// The value that a message is written as. A byte order mark before it does not matter.
pub(in crate::tool::mcp) fn parse(bytes: &[u8]) -> Result<Value, Unreadable> {
    serde_json::from_slice(strip_bom(bytes.trim_ascii_start())).map_err(|_| Unreadable::NotJson)
}

/// The message that a value is, without what in it cannot be used. An answer that cannot be used at all becomes an error that says so, see
/// [`why_unusable`]: whoever waits for it must not wait longer.
pub(in crate::tool::mcp) fn read(
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

/// Why an answer cannot be used, where [`read`] found so.
pub(in crate::tool::mcp) fn why_unusable(error: &ErrorData) -> Option<&str> {
    let is_ours = error.data.as_ref().is_some_and(|data| data.get(UNUSABLE).is_some());
    is_ours.then_some(&*error.message)
}

/// The result of a call and its id, where the message is plainly that. Everything else is for [`parse`] and [`read`].
pub(in crate::tool::mcp) fn plain_call(bytes: &[u8], id: &RequestId) -> Option<ServerJsonRpcMessage> {
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

/// Stands for an answer that cannot be used, see [`why_unusable`].
pub(in crate::tool::mcp) fn unusable(reason: &'static str, id: RequestId) -> ServerJsonRpcMessage {
    let error = ErrorData::new(ErrorCode::PARSE_ERROR, reason, Some(json!({ UNUSABLE: true })));
    ServerJsonRpcMessage::error(error, Some(id))
}

/// Stands for an answer of more than so many bytes, see [`why_unusable`] and [`what_is_too_long`].
pub(in crate::tool::mcp) fn too_long(subject: Subject, limit: usize, id: RequestId) -> ServerJsonRpcMessage {
    let error =
        ErrorData::new(ErrorCode::PARSE_ERROR, subject.too_long(limit), Some(json!({ UNUSABLE: (subject, limit) })));
    ServerJsonRpcMessage::error(error, Some(id))
}

/// Which answer was too long, and how many bytes it might have had.
pub(in crate::tool::mcp) fn what_is_too_long(error: &ErrorData) -> Option<(Subject, usize)> {
    Deserialize::deserialize(error.data.as_ref()?.get(UNUSABLE)?).ok()
}

/// An error answers the request that was sent also where it has no id, or one that is no number: such a server refused before it
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

/// The error in the library's words, whatever it is written as.
fn error_data(error: &Value) -> ErrorData {
    let member = |name: &str| error.get(name);
    let code = member("code").and_then(integer).and_then(|code| i32::try_from(code).ok());
    let message = error.as_str().or_else(|| member("message")?.as_str()).unwrap_or_default();
    let data = member("data").filter(|data| !data.is_null() && data.get(UNUSABLE).is_none()).cloned();
    ErrorData::new(code.map_or(ErrorCode(-32_000), ErrorCode), message.to_owned(), data)
}

/// The id, as a number where it is one in other words: `"0"` and `0.0` for 0.
pub(in crate::tool::mcp) fn request_id(id: &Value) -> Option<RequestId> {
    match (integer(id), id) {
        (Some(number), _) => Some(RequestId::Number(number)),
        (None, Value::String(text)) => Some(RequestId::String(text.as_str().into())),
        _ => None,
    }
}

/// A whole number, also as text or with a fraction of zero.
fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => text.parse().ok().filter(|number: &i64| number.to_string() == *text),
        _ => serde_json::from_value::<RequestId>(value.clone()).ok().and_then(|id| match id {
            RequestId::Number(number) => Some(number),
            RequestId::String(_) => None,
        }),
    }
}

/// What those who write all members always write for none.
pub(in crate::tool::mcp) fn is_nothing(value: &Value) -> bool {
    matches!(value, Value::Null | Value::Bool(false)) || value.as_str() == Some("")
}

pub(super) fn typed<T: DeserializeOwned>(value: Value) -> Option<T> {
    serde_json::from_value(value).ok()
}
