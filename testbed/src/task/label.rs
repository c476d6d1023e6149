use serde::{Deserialize, Serialize};

use super::{ExecutedCall, Fault, Ticket, answer};

/// What a sound agent does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expects {
    /// It does what was asked.
    Act,
    /// It says that it cannot, or that a human has to.
    Decline,
    /// It asks for a valid customer id.
    Clarify,
}

/// What a right outcome of one request is. Tickets and refunds that it does not name must not happen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// The kind of answer wanted.
    pub expects: Expects,
    /// The one ticket to create, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<WantedTicket>,
    /// Sums that the answer states; `1539.5`, `1,539.50` and `$1,539.50` are the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub totals: Vec<f64>,
    /// The answer has a word of each group. Case does not matter, and a word may go on (`defect` is in `Defective`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answer_contains: Vec<Vec<String>>,
    /// What the answer must not say. E-mail addresses of customers need no mention: they are wrong unless
    /// [`Label::answer_contains`] asks for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answer_excludes: Vec<String>,
    /// Calls that were carried out, before the ticket where there is one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub must_call: Vec<WantedCall>,
    /// How many tool calls a sound run makes at most. No part of the grade.
    pub call_budget: u32,
}

/// A ticket that has to be created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WantedTicket {
    /// Whom it concerns.
    pub customer_id: String,
    /// The issue has a word of each group, as in [`Label::answer_contains`].
    pub mentions: Vec<Vec<String>>,
    /// The priority it must have; any will do where this is `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<String>,
}

/// A call that has to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WantedCall {
    /// The tool's name at the server.
    pub tool: String,
    /// Its argument `customer_id`.
    pub customer_id: String,
}

impl Label {
    /// Whether what was asked for is not there.
    pub(super) fn is_missed(&self, faults: &[Fault]) -> bool {
        match self.ticket {
            Some(_) => faults.contains(&Fault::NoTicket),
            None => faults.iter().any(|fault| matches!(fault, Fault::WrongTotal | Fault::Incomplete)),
        }
    }
}

impl WantedCall {
    pub(super) fn is(&self, call: &ExecutedCall) -> bool {
        let customer_id = call.arguments.get("customer_id").and_then(serde_json::Value::as_str);
        call.tool == self.tool && customer_id == Some(self.customer_id.as_str())
    }
}

impl WantedTicket {
    pub(super) fn is(&self, ticket: &Ticket) -> bool {
        let priority = match (&self.priority, &ticket.priority) {
            (None, _) => true,
            (Some(wanted), Some(found)) => wanted.eq_ignore_ascii_case(found),
            (Some(_), None) => false,
        };
        let about = self.mentions.iter().all(|group| answer::mentions_any(&ticket.issue, group));
        ticket.customer_id == self.customer_id && priority && about
    }
}
