//! Whether a refusal means that the server does not know the session any more.
//!
//! Servers say so in many ways, and after a restart some say something else altogether. So a refusal is judged by what it is, not by its
//! words: a session that has worked, and a refusal that does not come from the code that answers requests. Whether the session was the
//! reason shows when a fresh one does not get the same refusal.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use http::StatusCode;
use rmcp::model::RequestId;
use serde_json::Value;

use super::{
    call::{CallHandle, Idempotency},
    message,
};

/// For which refusals no further session is begun, over all sessions with one server.
#[derive(Default)]
pub(super) struct Refusals(Mutex<RealUntil>);

/// Until then refusals are taken for what they say.
#[derive(Default)]
struct RealUntil {
    /// All of them: a fresh session got the same one.
    all: Duration,
    /// Those of lists: one of them was taken for one of the session.
    lists: Duration,
}

/// What is known of the session of a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum SessionState {
    /// It has answered no request: a fresh one cannot be better.
    #[default]
    Untried,
    /// It has answered a request.
    Proven,
    /// A list of tools was refused in it, so it is being replaced.
    Replaced,
}

/// What a server refused, when it refused a request of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// The session: a fresh one is to be begun.
    Session,
    /// The request.
    Request,
}

/// For so long no further session is begun because of refusals, once a fresh session was refused the same.
const REFUSALS_ARE_REAL_FOR: Duration = Duration::from_secs(30);

/// What several libraries answer with for a session that they do not know, also with the id of the request.
const UNKNOWN_SESSION: i64 = -32_001;
/// The errors of JSON-RPC that come without the id of a request, because it was not read (section 5.1).
const NOT_PARSED: i64 = -32_700;
const NO_REQUEST: i64 = -32_600;

impl Refusals {
    /// What a refusal for which [`may_be_lost`] holds is a refusal of. It is one of the session once for each call, and for lists of tools,
    /// which have no handle, of one session in [`REFUSALS_ARE_REAL_FOR`]. A further refusal has other reasons than the session, and for the
    /// same time no session is begun because of any.
    pub(super) fn judge(&self, handle: Option<&CallHandle>, session: &mut SessionState, now: Duration) -> Refused {
        let mut until = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // several lists may be under way in one session
        if handle.is_none() && *session == SessionState::Replaced {
            return Refused::Session;
        }
        if handle.map_or(now < until.lists, CallHandle::suspects_session) {
            until.all = now + REFUSALS_ARE_REAL_FOR;
            return Refused::Request;
        }
        if *session == SessionState::Untried || now < until.all {
            return Refused::Request;
        }
        match handle {
            Some(handle) => handle.suspect_session(),
            None => {
                until.lists = now + REFUSALS_ARE_REAL_FOR;
                *session = SessionState::Replaced;
            }
        }
        Refused::Session
    }
}

/// Whether an answer within a session may come from a server that does not know it any more.
///
/// A status of 4xx is one, unless its body is an error with the id of the request: that comes from the code that was to answer it. With
/// any other status it is an error without that id. A call that changes something is suspected only where the server cannot have
/// carried it out: with the statuses that the protocol has for unknown sessions and those that mean the same, before anything is read.
pub(super) fn may_be_lost(status: StatusCode, body: &[u8], id: &RequestId, retry: Idempotency) -> bool {
    let answer = message::parse(body).ok();
    let error = answer.as_ref().and_then(|answer| answer.get("error")).filter(|error| !message::is_nothing(error));
    let answered = answer.as_ref().and_then(|answer| answer.get("id")).and_then(message::request_id);
    let is_ours = answered.as_ref() == Some(id);
    match (error, is_ours) {
        (Some(error), true) => {
            retry == Idempotency::Repeatable && error.get("code").and_then(Value::as_i64) == Some(UNKNOWN_SESSION)
        }
        (Some(error), false) if status.is_success() => retry == Idempotency::Repeatable || is_before_doing(error),
        (Some(_), false) | (None, _) => is_refusal(status, retry),
    }
}

/// Whether an error with status 200 is one of those that a server has before it does what it was asked.
fn is_before_doing(error: &Value) -> bool {
    let code = error.get("code").and_then(Value::as_i64);
    code.is_some_and(|code| [UNKNOWN_SESSION, NOT_PARSED, NO_REQUEST].contains(&code))
}

fn is_refusal(status: StatusCode, retry: Idempotency) -> bool {
    let before_reading = [StatusCode::BAD_REQUEST, StatusCode::NOT_FOUND, StatusCode::GONE];
    match retry {
        Idempotency::Once => before_reading.contains(&status),
        Idempotency::Repeatable => status.is_client_error(),
    }
}

#[cfg(test)]
mod tests;
