//! The rules that the guard asks about a call.
//!
//! The built-in ones are plain functions, one in each file below this one; they take the operator's rule and answer
//! `Ok` or [`Denied`]. Users add their own with the trait [`Check`]. No check can *allow* anything: only the boundary's entry
//! for a tool does; all the others can only refuse.

pub(crate) mod answer;
pub(super) mod args;
pub(super) mod budget;
mod control;
pub(super) mod drift;
pub(super) mod entry;
#[cfg(fuzzing)]
pub mod fuzzing;
pub(super) mod leak;
pub(super) mod link;
pub(super) mod markers;
pub(super) mod markup;
pub(super) mod provenance;
pub(super) mod rate;
pub(super) mod reply;
pub(crate) mod schema;
pub(super) mod secret_shape;
pub(super) mod sequence;
pub(super) mod token;
pub(super) mod views;
pub(super) mod window;
mod written;

use std::fmt;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use provenance::Reading;

use super::{
    ScopeSet, Session,
    policy::{Policy, ToolRule},
};
use crate::{
    call::{ToolCall, ToolName, ToolReply, ToolSpec},
    event::{EventKind, SecurityEvent},
    secret::Redactor,
};

/// A call, and what is known when it is decided.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) policy: &'a Policy,
    /// Knows the secrets that must not leave.
    pub(super) redactor: &'a Redactor,
    pub(super) rule: &'a ToolRule,
    pub(super) call: &'a ToolCall,
    pub(super) session: &'a Session,
    /// What the server says of the tool, where that is known.
    pub(super) tool: Option<&'a ToolSpec>,
}

/// What the boundary says of a call's arguments: what they are, where they come from, what they carry. Every objection, the one that
/// explains most first; and what had to be read to find where values come from.
pub(super) fn arguments(asked: &Asked<'_>) -> (Vec<Denied>, Vec<Reading>) {
    let (mut denials, mut readings) = (Vec::new(), Vec::new());
    args::check(asked, &mut denials);
    provenance::check(asked, &mut denials, &mut readings);
    leak::check(asked, &mut denials);
    (denials, readings)
}

/// A rule of the user's own. Asked after the built-in rules of the boundary and before anything is counted.
pub trait Check: Send + Sync {
    /// Its name, for the operator.
    fn name(&self) -> &'static str;

    /// Votes on a call. An error or a panic refuses the call.
    fn check<'a>(
        &'a self,
        call: &'a ToolCall,
        tool: &'a ToolSpec,
        session: &'a Session,
    ) -> BoxFuture<'a, Result<Verdict, CheckError>>;

    /// Looks at a reply, and says what it finds.
    fn inspect(&self, _tool: &ToolName, _reply: &ToolReply) -> Vec<SecurityEvent> {
        Vec::new()
    }
}

/// What a check says of a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Looked at it and has no objection. Does not overrule anybody.
    Permit,
    /// Has nothing to say about calls like this one.
    Abstain,
    /// Refuses it.
    Deny(Denied),
}

/// A check could not decide.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct CheckError(pub String);

/// Why a call was refused. [`Display`](fmt::Display) is for the operator, [`Denied::model_json`] for the model. Holds names of
/// arguments and rules, never their values.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Denied {
    /// What happened.
    pub kind: EventKind,
    /// For the operator.
    pub detail: String,
    /// The argument at fault, or the path of the field in it, `payment_methods[1].payment_id`; only names that the boundary or the tool's
    /// schema has.
    pub argument: Option<String>,
    /// The rule it breaks.
    pub rule: Option<&'static str>,
    /// Scopes that the token lacks.
    pub missing: ScopeSet,
    /// The user's own check that refuses it.
    pub(super) check: Option<&'static str>,
    /// Where the rule stands under `arguments`, where that is not the name in `argument`.
    pub(super) at: Option<String>,
}

impl Denied {
    /// A refusal.
    pub fn new(kind: EventKind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            argument: None,
            rule: None,
            missing: ScopeSet::new(),
            check: None,
            at: None,
        }
    }

    /// Whether the tool's rule lets somebody lift it. A secret never leaves, whoever says so, and a user's own check has the last word.
    pub(super) fn can_be_lifted(&self, rule: &ToolRule) -> bool {
        self.check.is_none()
            && self.rule != Some(leak::SECRET)
            && rule.ask.iter().any(|liftable| liftable.event() == self.kind)
    }

    /// What the model is shown: `{"error": {"code", "advice", …}}`.
    pub fn model_json(&self) -> Value {
        let advice = match (self.kind, self.rule) {
            (EventKind::ArgumentDenied, Some(args::UNLISTED)) => "make the call without this argument",
            _ => self.kind.advice(),
        };
        let mut error = json!({ "code": self.kind.code(), "advice": advice });
        if let Value::Object(error) = &mut error {
            if !self.missing.is_empty() {
                error.insert("missing".into(), json!(self.missing));
            }
            if let Some(argument) = &self.argument {
                error.insert("argument".into(), json!(argument));
            }
            if let Some(rule) = self.rule {
                error.insert("rule".into(), json!(rule));
            }
        }
        json!({ "error": error })
    }

    /// The path of the field at fault, where a rule of a field refuses it: names that the boundary has.
    pub(super) fn field(&self) -> Option<&str> {
        self.argument.as_deref().filter(|_| self.at.is_some())
    }

    pub(super) fn argument(kind: EventKind, argument: &str, rule: &'static str) -> Self {
        let detail = match rule {
            args::MISNAMED => format!("a name differs from `{argument}` in case or signs only: write `{argument}`"),
            rule => format!("argument `{argument}` breaks the rule `{rule}`"),
        };
        Self { argument: Some(argument.to_owned()), rule: Some(rule), ..Self::new(kind, detail) }
    }
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.code(), self.detail)
    }
}
