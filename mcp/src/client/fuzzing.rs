//! Fuzz entry points for the readers of event streams and of messages. In builds of `cargo fuzz` only.

use abide_base::{call::ServerId, secret::Redactor};
use abide_net::Bytes;
use futures_util::{FutureExt, StreamExt, stream};
use rmcp::model::RequestId;
use serde_json::Value;
use sse_stream::Sse;

use super::{
    answer::Question,
    message::{self, Expected},
    oddity::Oddities,
    sse,
};

/// Why a stream ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// An event was longer than allowed.
    TooLong,
    /// It is no event stream.
    Malformed,
}

/// What a request asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Who the server is, by `initialize` (MCP until 2025-11-25).
    Initialize,
    /// Who the server is, by `server/discover` (MCP since 2026-07-28).
    Discover,
    /// The tools.
    Tools,
    /// A call.
    Call,
    /// Something else.
    Other,
}

/// The events of a stream that comes in these parts, up to the first error.
pub fn events(chunks: Vec<Bytes>, limit: usize) -> (Vec<Sse>, Option<End>) {
    let mut events = sse::events(stream::iter(chunks).map(Ok).boxed(), limit);
    let mut found = Vec::new();
    loop {
        match events.next().now_or_never().flatten() {
            None => return (found, None),
            Some(Ok(event)) => found.push(event),
            Some(Err(error)) => {
                let end = if sse::is_too_long(&error) { End::TooLong } else { End::Malformed };
                return (found, Some(end));
            }
        }
    }
}

/// The messages in a stream that answers request 7, without the parts that cannot be used.
pub fn cleaned(asked: Asked, chunks: Vec<Bytes>) -> Vec<String> {
    let mut events = sse::events(stream::iter(chunks).map(Ok).boxed(), 1 << 20);
    let Some(oddities) = oddities() else { return Vec::new() };
    let question = Question { id: RequestId::Number(7), asked: asked.into() };
    let mut found = Vec::new();
    while let Some(Ok(event)) = events.next().now_or_never().flatten() {
        let answer = event.data.and_then(|data| question.answer_in(&data, &oddities));
        found.extend(answer.and_then(|answer| serde_json::to_string(&answer).ok()));
    }
    found
}

/// Reads `message` as the answer to request 7; also the oddities that were recorded.
pub fn read(asked: Asked, message: &[u8]) -> (Option<Value>, Vec<String>) {
    let Some(oddities) = oddities() else { return (None, Vec::new()) };
    let (id, asked) = (RequestId::Number(7), message::Asked::from(asked));
    let read = message::parse(message).and_then(|value| message::read(value, Expected::Sole(&id, &asked), &oddities));
    let noted = oddities.all().into_iter().map(|odd| odd.to_string()).collect();
    (read.ok().and_then(|message| serde_json::to_value(message).ok()), noted)
}

fn oddities() -> Option<Oddities> {
    Some(Oddities::new(ServerId::try_from("s".to_owned()).ok()?, Redactor::new()))
}

impl From<Asked> for message::Asked {
    fn from(asked: Asked) -> Self {
        match asked {
            Asked::Initialize => Self::Initialize,
            Asked::Discover => Self::Discover,
            Asked::Tools => Self::Tools,
            Asked::Call => Self::Call("s.echo".try_into().ok()),
            Asked::Other => Self::Other,
        }
    }
}
