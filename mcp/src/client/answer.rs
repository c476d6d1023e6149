//! What a server answers over HTTP, before the protocol library sees it.

use abide_net::Bytes;
use futures_util::stream::BoxStream;
use http::{HeaderMap, StatusCode, header::CONTENT_TYPE};
use rmcp::{
    model::{ClientRequest, RequestId, ServerJsonRpcMessage},
    transport::streamable_http_client::SseError,
};
use sse_stream::Sse;

use super::{
    error::Fault,
    message::{self, Asked, Expected, Unreadable, not_served},
    oddity::{Oddities, quoted},
};

pub(super) type Events = BoxStream<'static, Result<Sse, SseError>>;

/// The request that an answer must be to.
#[derive(Clone)]
pub(super) struct Question {
    pub(super) id: RequestId,
    pub(super) asked: Asked,
}

impl Question {
    pub(super) fn of(id: &RequestId, request: &ClientRequest) -> Self {
        Self { id: id.clone(), asked: Asked::of(request) }
    }

    fn expected(&self) -> Expected<'_> {
        Expected::Sole(&self.id, &self.asked)
    }

    /// The answer in a whole body: the library waits for ever for one with another id.
    pub(super) fn answer(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
        body: &Bytes,
        oddities: &Oddities,
    ) -> Result<ServerJsonRpcMessage, Fault> {
        // what a call answers is scrubbed when it is taken out of its envelope
        if let Asked::Call(_) = self.asked
            && let Some(answer) = message::plain_call(body, &self.id)
        {
            return Ok(answer);
        }
        let reason = match read(body, self.expected(), oddities) {
            Ok(answer @ (ServerJsonRpcMessage::Response(_) | ServerJsonRpcMessage::Error(_))) => return Ok(answer),
            Ok(_) => "it answers with a request or a notification".to_owned(),
            Err(Unreadable::NotJson) => not_json(status, body, headers, oddities),
            Err(error) => error.to_string(),
        };
        // a server of the older era may answer anything to what it does not know
        if self.asked == Asked::Discover {
            return Ok(ServerJsonRpcMessage::error(not_served(), Some(self.id.clone())));
        }
        Err(Fault::InvalidResponse(reason))
    }

    /// The answer in one message of a stream. `None` if it is none, or one to another request.
    pub(super) fn answer_in(&self, text: &str, oddities: &Oddities) -> Option<ServerJsonRpcMessage> {
        if let Asked::Call(_) = self.asked
            && let Some(answer) = message::plain_call(text.as_bytes(), &self.id)
        {
            return Some(answer);
        }
        match read(text.as_bytes(), self.expected(), oddities) {
            Ok(answer @ (ServerJsonRpcMessage::Response(_) | ServerJsonRpcMessage::Error(_))) => Some(answer),
            _ => None,
        }
    }

    /// A status of 4xx may carry a JSON-RPC error. Servers of the older era refuse to be discovered in many ways.
    pub(super) fn refused(
        &self,
        status: StatusCode,
        body: &Bytes,
        oddities: &Oddities,
    ) -> Result<ServerJsonRpcMessage, Fault> {
        if let Ok(error @ ServerJsonRpcMessage::Error(_)) = read(body, self.expected(), oddities) {
            return Ok(error);
        }
        if self.asked == Asked::Discover && status.is_client_error() {
            return Ok(ServerJsonRpcMessage::error(not_served(), Some(self.id.clone())));
        }
        Err(Fault::Refused(status.as_u16()))
    }
}

/// An answer to whichever request, as the library can read it, and without secrets: it logs some of what it gets, and a server may send
/// back what it was sent. `None` if it cannot be read.
pub(super) fn cleaned(text: &str, oddities: &Oddities) -> Option<String> {
    serde_json::to_string(&read(text.as_bytes(), Expected::Any, oddities).ok()?).ok()
}

fn read(message: &[u8], expected: Expected<'_>, oddities: &Oddities) -> Result<ServerJsonRpcMessage, Unreadable> {
    let mut value = message::parse(message)?;
    oddities.redactor().scrub_json(&mut value);
    message::read(value, expected, oddities)
}

/// What a body is that is not JSON.
fn not_json(status: StatusCode, body: &Bytes, headers: &HeaderMap, oddities: &Oddities) -> String {
    let status = status.as_u16();
    if body.trim_ascii().is_empty() {
        return format!("it answers with status {status} and an empty body, where a JSON-RPC message was expected");
    }
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = kind.map_or_else(
        || "no content type".to_owned(),
        |kind| format!("content type `{}`", quoted(&oddities.redactor().scrub(kind))),
    );
    let is_page = body.trim_ascii_start().first() == Some(&b'<');
    let what = if is_page { "a page" } else { "a body" };
    format!(
        "it answers with status {status}, {kind} and {what} that is not JSON, where a JSON-RPC message was expected"
    )
}
