use std::fmt;

use abide_base::{event::EventKind, scope::ScopeSet};
use serde_json::{Value, json};

use crate::policy::{RuleId, ToolRule};

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
    pub rule: Option<RuleId>,
    /// Scopes that the token lacks.
    pub missing: ScopeSet,
    /// The user's own check that refuses it.
    pub(crate) check: Option<&'static str>,
    /// Where the rule stands under `arguments`, where that is not the name in `argument`.
    pub(crate) at: Option<Box<str>>,
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

    /// Whether the tool's rule lets an approver override it. A secret never leaves, whatever an approver says, and a user's own check has
    /// the last word.
    pub(crate) fn is_overridable(&self, rule: &ToolRule) -> bool {
        self.check.is_none()
            && self.rule != Some(RuleId::Secret)
            && rule.overridable.iter().any(|overridable| overridable.event() == self.kind)
    }

    /// What the model is shown: `{"error": {"code", "advice", …}}`.
    pub fn model_json(&self) -> Value {
        let advice = match (self.kind, self.rule) {
            (EventKind::ArgumentDenied, Some(RuleId::OtherArguments)) => "make the call without this argument",
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
    pub(crate) fn field(&self) -> Option<&str> {
        self.argument.as_deref().filter(|_| self.at.is_some())
    }

    pub(super) fn argument(kind: EventKind, argument: &str, rule: RuleId) -> Self {
        let detail = match rule {
            RuleId::Name => {
                format!("a name differs from `{argument}` in case or signs only: write `{argument}`")
            }
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
