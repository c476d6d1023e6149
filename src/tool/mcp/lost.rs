//! Whether a refusal means that the server does not know the session any more.
//!
//! Servers say so in many ways, and after a restart some say something else altogether. So a refusal is judged by what it is, not by its
//! words: a session that has worked, and a refusal that does not come from the code that answers requests. Whether the session was the
//! reason shows when a fresh one does not get the same refusal.

use http::StatusCode;
use rmcp::model::RequestId;
use serde_json::Value;

use super::{
    call::{Idempotency, Ticket},
    message,
};
use crate::net::Bytes;

/// What several libraries answer with for a session that they do not know, also with the id of the request.
const UNKNOWN_SESSION: i64 = -32_001;

/// Whether an answer within a session may come from a server that does not know it any more.
///
/// A status of 4xx is one, unless its body is an error with the id of the request: that comes from the code that was to answer it. With
/// any other status it is an error without that id. A call that changes something is suspected only where the server cannot have
/// carried it out: with the statuses that the protocol has for unknown sessions and those that mean the same, before anything is read.
pub(super) fn may_be_lost(status: StatusCode, body: &Bytes, id: &RequestId, ticket: Option<&Ticket>) -> bool {
    let changes = ticket.is_some_and(|ticket| ticket.retry == Idempotency::Once);
    let answer = message::parse(body).ok();
    let error = answer.as_ref().and_then(|answer| answer.get("error")).filter(|error| !error.is_null());
    let answered = answer.as_ref().and_then(|answer| answer.get("id")).and_then(message::request_id);
    let is_ours = answered.as_ref() == Some(id);
    match (error, is_ours) {
        (Some(error), true) => !changes && error.get("code").and_then(Value::as_i64) == Some(UNKNOWN_SESSION),
        (Some(_), false) => status.is_success() || is_refusal(status, changes),
        (None, _) => is_refusal(status, changes),
    }
}

fn is_refusal(status: StatusCode, changes: bool) -> bool {
    let before_reading = [StatusCode::BAD_REQUEST, StatusCode::NOT_FOUND, StatusCode::GONE];
    if changes { before_reading.contains(&status) } else { status.is_client_error() }
}

#[cfg(test)]
mod tests;
