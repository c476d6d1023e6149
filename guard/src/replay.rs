//! Decides recorded calls again, offline: what a boundary would have said of them.
//!
//! An episode is one line of JSON: `{"id", "input": {…}, "session": {"scopes": […], "registry": {"NAME": […]}}, "calls": [{"tool",
//! "arguments", "result"}]}`. The calls are decided one after the other, by the rules that the guard asks while a program runs: entry,
//! scopes, arguments, provenance, leaks, counts, sequences. A result is seen by later calls only, and one of a denied call by none.
//! What needs a server, a clock, an approver or code is left out: the tools' own schemas and locked definitions, rates and windows,
//! answers to questions, own checks.

use abide_base::{
    call::{ReplyStatus, ToolCall, ToolName},
    event::EventKind,
    id::RunId,
    scope::ScopeSet,
    secret::Redactor,
};
use abide_signatures::Fields;
use serde::{Deserialize, Serialize};

use crate::{
    Denied, Mode, Policy, Session,
    call_digest::arguments_digest,
    check::{self, Asked, entry, token},
    guard::reply,
    policy::{Approval, Registry},
    recording::{Expectation, RecordedCall, Recording, ReplayError},
    rule_path,
    session::Wanted,
};

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// It is made.
    Permit,
    /// It is refused.
    Deny,
}

/// What an approver would have been asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// To approve the call, which is permitted otherwise.
    Approve,
    /// To lift the refusal.
    Lift,
}

/// What a boundary says of one recorded call.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Decided<'r> {
    /// The recording.
    pub id: &'r str,
    /// The number of the call in it, from 0.
    pub call: usize,
    /// The decision.
    pub decision: Decision,
    /// The rule that decided: its place in the boundary.
    pub rule: String,
    /// The path of the field that it refuses, `payment_methods[1].payment_id`; `None` if it is no rule of a field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What it is called in audits and scores; `None` if the call is permitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<EventKind>,
    /// What an approver would have been asked, where the rule says so; the decision is that without an answer to a `lift`, and with a yes
    /// to an `approve`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ask: Option<Ask>,
    /// What was expected, where something was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expect: Option<Expectation>,
}

/// Decides every call of a recording.
///
/// # Errors
/// A text in `session.scopes` is not a scope.
pub fn replay<'r>(policy: &Policy, recording: &'r Recording) -> Result<Vec<Decided<'r>>, ReplayError> {
    let scopes = scopes(recording)?;
    let session = session(recording);
    let decide = |(call, recorded): (usize, &'r RecordedCall)| {
        let expect = recorded.expect.or(recording.expect);
        let decided = |decision, rule| Decided {
            id: &recording.id,
            call,
            decision,
            rule,
            field: None,
            event: None,
            ask: None,
            expect,
        };
        match decide(policy, &session, &scopes, recorded) {
            Ok((rule, ask)) => Decided { ask, ..decided(Decision::Permit, rule) },
            Err(Refusal { rule, field, event, ask }) => {
                Decided { field, event: Some(event), ask, ..decided(Decision::Deny, rule) }
            }
        }
    };
    Ok(recording.calls.iter().enumerate().map(decide).collect())
}

impl Decided<'_> {
    /// Whether the decision is what was expected, or nothing was.
    pub fn is_as_expected(&self) -> bool {
        match self.expect {
            None => true,
            Some(Expectation::Permit) => self.decision == Decision::Permit,
            Some(Expectation::Deny) => self.decision == Decision::Deny,
            Some(Expectation::Event(kind)) => self.event == Some(kind),
        }
    }
}

impl From<Expectation> for String {
    fn from(expected: Expectation) -> Self {
        match expected {
            Expectation::Permit => "permit",
            Expectation::Deny => "deny",
            Expectation::Event(kind) => kind.code(),
        }
        .to_owned()
    }
}

/// The scopes of its token.
pub fn scopes(recording: &Recording) -> Result<ScopeSet, ReplayError> {
    let scopes = recording.session.scopes.iter().map(|scope| {
        scope.parse().map_err(|_| ReplayError { text: scope.clone(), place: "session.scopes", kind: "scope" })
    });
    scopes.collect()
}

/// The run, before its first call.
pub fn session(recording: &Recording) -> Session {
    let lists = recording.session.registry.iter();
    let registry = lists.fold(Registry::new(), |registry, (name, entries)| registry.with(name, entries));
    Session::new(RunId::random(), Mode::Live, &Fields(recording.input.clone())).with_registry(registry)
}

struct Refusal {
    rule: String,
    field: Option<String>,
    event: EventKind,
    ask: Option<Ask>,
}

/// The place of the rule that permits, or that refuses.
fn decide(
    policy: &Policy,
    session: &Session,
    granted: &ScopeSet,
    recorded: &RecordedCall,
) -> Result<(String, Option<Ask>), Refusal> {
    let nobody_has = |event| Refusal { rule: rule_path::NO_ENTRY.to_owned(), field: None, event, ask: None };
    // names that no tool can have are asked for by models too
    let tool = ToolName::try_from(recorded.tool.as_str()).map_err(|_| nobody_has(EventKind::UnknownTool))?;
    let call = ToolCall { tool, arguments: recorded.arguments.clone() };
    let attempt = session.attempt();
    let rule = policy.tool(&call.tool).ok_or_else(|| nobody_has(entry::absent(policy, &call.tool)))?;
    let refused = |denied: &Denied, ask| Refusal {
        rule: rule_path::for_denial(&call.tool, denied),
        field: denied.field().map(str::to_owned),
        event: denied.kind,
        ask,
    };
    let mut denials = Vec::new();
    // a function has no token
    if call.tool.server().is_some() {
        denials.extend(token::check(rule, granted).err());
    }
    denials.extend(
        check::arguments(&Asked { policy, redactor: &Redactor::new(), rule, call: &call, session, tool: None }).0,
    );
    let is_overridable = denials.iter().all(|denied| denied.is_overridable(rule));
    if let Some(first) = denials.first().filter(|_| !is_overridable) {
        return Err(refused(first, None));
    }
    let wanted = Wanted { call: &call, arguments_digest: &arguments_digest(&call), attempt };
    let reserved = session.reserve(policy, rule, wanted);
    // no approver is asked about a call for which there is no place
    let (reservation, _) = reserved.map_err(|denied| refused(denials.first().unwrap_or(&denied), None))?;
    if let Some(first) = denials.first() {
        return Err(refused(first, Some(Ask::Lift)));
    }
    reservation.keep();
    let reply = recorded.reply();
    if reply::withheld(rule, &call.tool, &reply).is_none() {
        session.answered(policy, &call, &reply);
    } else {
        session.withheld(&call);
    }
    if reply.status == ReplyStatus::Failed {
        session.forget_made(&call);
    }
    let ask = (rule.approval == Approval::EachCall).then_some(Ask::Approve);
    Ok((rule_path::for_entry(&call.tool), ask))
}

#[cfg(test)]
mod tests;
