//! What the MCP server was asked to do, by whom, and what became of it.

#[cfg(test)]
mod tests;

use std::{
    collections::{HashMap, VecDeque},
    io,
    sync::{Arc, Mutex},
};

use serde::Serialize;
use serde_json::Value;

use crate::{
    serve::lock,
    task::{ExecutedCall, Refund, State, Ticket},
    trace::TraceId,
};

/// The most calls that are kept; beyond that the oldest are forgotten.
pub const CAPACITY: usize = 200_000;

/// The priority of a ticket that names none.
pub(crate) const DEFAULT_PRIORITY: &str = "medium";

/// One `tools/call`, executed or refused.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Call {
    /// The run it belongs to.
    pub trace: TraceId,
    /// The tool as named by the caller, which need not exist.
    pub tool: String,
    /// The arguments as sent; `null` when there were none.
    pub arguments: Value,
    /// `sub` of the token; empty without a valid token.
    pub subject: String,
    /// Scopes of the token, space-separated; empty without a valid token.
    pub scope: String,
    /// What became of it.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// What became of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// The tool ran and gave a result.
    Done,
    /// The tool ran and gave an error to the model.
    Failed {
        /// The error as the model reads it.
        error: String,
    },
    /// The call did not reach the tool.
    Refused {
        /// Why.
        reason: Refusal,
    },
}

/// Why a call did not reach its tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// No bearer token (401).
    NoToken,
    /// A token that is not valid here (401).
    InvalidToken,
    /// The token lacks the scope of the tool (403).
    InsufficientScope,
    /// Too many calls (429).
    RateLimited,
    /// A fault that was switched on (429, 500 or 503).
    Fault,
    /// There is no such tool (JSON-RPC error -32602).
    UnknownTool,
}

/// The calls of one MCP server, oldest first. A clone shows the same log.
#[derive(Clone, Debug, Default)]
pub struct Log(Arc<Mutex<Inner>>);

impl Log {
    /// Every call that is still kept, refused ones included.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Call>> {
        lock(&self.0).calls.iter().cloned().collect()
    }

    /// The calls of one run, refused ones included.
    #[must_use]
    pub fn of(&self, trace: TraceId) -> Vec<Arc<Call>> {
        lock(&self.0).traces.get(&trace).map(|calls| calls.iter().cloned().collect()).unwrap_or_default()
    }

    /// The calls of one run that reached a tool, whether the tool then gave a result or an error.
    #[must_use]
    pub fn executed(&self, trace: TraceId) -> Vec<Arc<Call>> {
        let mut calls = self.of(trace);
        calls.retain(|call| !matches!(call.verdict, Verdict::Refused { .. }));
        calls
    }

    /// What one run has changed: derived from its calls alone, so runs never see each other. The
    /// same ticket or refund asked for twice is one.
    #[must_use]
    pub fn state(&self, trace: TraceId) -> State {
        let mut state = State::default();
        for call in self.of(trace) {
            if call.verdict == Verdict::Done {
                apply(&call, &mut state);
            }
        }
        state
    }

    /// Writes every call that is still kept as one line of JSON.
    ///
    /// # Errors
    /// When `out` cannot be written to.
    pub fn write_json_lines(&self, mut out: impl io::Write) -> io::Result<()> {
        for call in self.all() {
            serde_json::to_writer(&mut out, &*call)?;
            out.write_all(b"\n")?;
        }
        out.flush()
    }

    pub(crate) fn append(&self, call: Call) {
        lock(&self.0).append(Arc::new(call), CAPACITY);
    }
}

#[derive(Debug, Default)]
struct Inner {
    calls: VecDeque<Arc<Call>>,
    traces: HashMap<TraceId, VecDeque<Arc<Call>>>,
}

impl Inner {
    fn append(&mut self, call: Arc<Call>, capacity: usize) {
        self.traces.entry(call.trace).or_default().push_back(Arc::clone(&call));
        self.calls.push_back(call);
        if self.calls.len() > capacity {
            self.forget_oldest();
        }
    }

    /// The oldest call of all is the oldest of its trace, too.
    fn forget_oldest(&mut self) {
        let Some(oldest) = self.calls.pop_front() else {
            return;
        };
        if let Some(calls) = self.traces.get_mut(&oldest.trace) {
            calls.pop_front();
            if calls.is_empty() {
                self.traces.remove(&oldest.trace);
            }
        }
    }
}

fn apply(call: &Call, state: &mut State) {
    let text = |name: &str| call.arguments.get(name).and_then(Value::as_str).map(str::to_owned);
    let customer_id = text("customer_id").unwrap_or_default();
    match call.tool.as_str() {
        "create_support_ticket" => {
            let ticket = Ticket { customer_id, issue: text("issue").unwrap_or_default(), priority: text("priority") };
            if !state.tickets.iter().any(|known| same(known, &ticket)) {
                state.tickets.push(ticket);
            }
        }
        "issue_refund" => {
            let amount = call.arguments.get("amount").and_then(Value::as_f64);
            let refund = Refund { customer_id, amount: amount.unwrap_or_default() };
            if !state.refunds.contains(&refund) {
                state.refunds.push(refund);
            }
        }
        _ => {}
    }
    state.calls.push(ExecutedCall { tool: call.tool.clone(), arguments: call.arguments.clone() });
}

/// Two requests without a priority and with the default one open the same ticket.
fn same(a: &Ticket, b: &Ticket) -> bool {
    let priority = |ticket: &Ticket| {
        let named = ticket.priority.as_deref();
        named.unwrap_or(DEFAULT_PRIORITY).to_owned()
    };
    (&a.customer_id, &a.issue, priority(a)) == (&b.customer_id, &b.issue, priority(b))
}
