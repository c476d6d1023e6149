//! What a server sends: told apart before it is parsed whole, and answered where it is a request.

use std::{borrow::Cow, collections::VecDeque};

use abide_base::bom::strip_bom;
use futures_util::future::BoxFuture;
use rmcp::model::{ClientJsonRpcMessage, ClientResult, ElicitRequestParams, ErrorCode, ErrorData, RequestId};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::Value;

use super::{input, limit::MAX_UNANSWERED, message::request_id};
use crate::servers::InputPolicy;

/// One message of a server.
#[derive(Debug)]
pub(super) enum Inbound {
    /// It wants an answer, which is this.
    Request(Box<ClientJsonRpcMessage>),
    /// Its list of tools may be another one.
    ListChanged,
    /// What needs no answer: progress, logs, cancellations of requests that were answered at once.
    Notification,
    /// An answer to the request with this id; `None` if the server could not tell which it was.
    Answer(Option<RequestId>),
    /// A refusal that names no request, or names one in a way that we never do.
    Error,
    /// No JSON-RPC message.
    Unusable,
}

/// Answers to the requests of one stream: in the order of the requests, one at a time.
pub(super) struct Answers<F> {
    waiting: VecDeque<ClientJsonRpcMessage>,
    sending: Option<BoxFuture<'static, ()>>,
    send: F,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    method: Option<Cow<'a, str>>,
    id: Option<Value>,
    error: Option<IgnoredAny>,
    result: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Elicitation {
    params: ElicitRequestParams,
}

impl Inbound {
    /// Reads as much of a message as is needed to know what to do with it. No sampling and no roots are served.
    pub(super) fn of(text: &[u8], policy: &InputPolicy) -> Self {
        let text = strip_bom(text.trim_ascii_start()).trim_ascii_start();
        if text.starts_with(b"[") {
            return Self::of_list(text, policy);
        }
        let Ok(envelope) = serde_json::from_slice::<Envelope<'_>>(text) else { return Self::Unusable };
        if envelope.method.is_none() {
            let id = envelope.id.as_ref().and_then(request_id);
            return match (id, envelope.error, envelope.result) {
                (Some(id), _, _) => Self::Answer(Some(id)),
                (None, Some(_), _) => Self::Error,
                (None, None, Some(_)) => Self::Answer(None),
                (None, None, None) => Self::Unusable,
            };
        }
        match (envelope.method.as_deref(), envelope.id.and_then(given_id)) {
            (Some("ping"), Some(id)) => {
                Self::Request(Box::new(ClientJsonRpcMessage::response(ClientResult::empty(()), id)))
            }
            (Some("elicitation/create"), Some(id)) if *policy != InputPolicy::Decline => {
                Self::Request(Box::new(elicited(text, policy, id)))
            }
            (Some(_), Some(id)) => {
                let unknown = ErrorData::new(ErrorCode::METHOD_NOT_FOUND, "Method not found", None);
                Self::Request(Box::new(ClientJsonRpcMessage::error(unknown, Some(id))))
            }
            (Some("notifications/tools/list_changed"), None) => Self::ListChanged,
            _ => Self::Notification,
        }
    }

    /// A list stands for the one message in it. Of several, only an answer among them is of use.
    fn of_list(text: &[u8], policy: &InputPolicy) -> Self {
        match serde_json::from_slice::<[Value; 1]>(text) {
            Ok([Value::Object(message)]) => Self::of(Value::Object(message).to_string().as_bytes(), policy),
            _ => Self::Answer(None),
        }
    }
}

impl<F: Fn(ClientJsonRpcMessage) -> BoxFuture<'static, ()>> Answers<F> {
    pub(super) fn over(send: F) -> Self {
        Self { waiting: VecDeque::new(), sending: None, send }
    }

    pub(super) fn has_room(&self) -> bool {
        self.waiting.len() < MAX_UNANSWERED
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.sending.is_none()
    }

    pub(super) fn push(&mut self, answer: ClientJsonRpcMessage) {
        self.waiting.push_back(answer);
    }

    /// Until one answer is sent. May be dropped and called again.
    pub(super) async fn send_one(&mut self) {
        if self.sending.is_none() {
            self.sending = self.waiting.pop_front().map(&self.send);
        }
        if let Some(sending) = &mut self.sending {
            sending.await;
            self.sending = None;
        }
    }

    /// Until all are sent.
    pub(super) async fn send_all(mut self) {
        while !self.is_empty() {
            self.send_one().await;
        }
    }
}

/// The id of a request of the server, to be sent back as it came.
fn given_id(id: Value) -> Option<RequestId> {
    match id {
        Value::String(text) => Some(RequestId::String(text.into())),
        Value::Number(number) => number.as_i64().map(RequestId::Number),
        _ => None,
    }
}

fn elicited(text: &[u8], policy: &InputPolicy, id: RequestId) -> ClientJsonRpcMessage {
    match serde_json::from_slice::<Elicitation>(text) {
        Ok(elicitation) => {
            ClientJsonRpcMessage::response(ClientResult::ElicitResult(input::answer(policy, &elicitation.params)), id)
        }
        Err(_) => {
            let unusable = ErrorData::invalid_params("the form cannot be read", None);
            ClientJsonRpcMessage::error(unusable, Some(id))
        }
    }
}

#[cfg(test)]
mod tests;
