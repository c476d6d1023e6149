use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroU32,
    time::Duration,
};

use abide_base::{call::Effect, event::EventKind, scope::ScopeSet};
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::super::Recorded;
use super::{
    argument::ArgumentRule,
    call_limits::CallLimits,
    flow::{Kept, ReplyRule},
    sequence::{AnyOf, PriorCall},
};

/// What the operator says of one tool. A tool without a rule cannot be called.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ToolRule {
    /// What a call does to the world.
    pub effect: Effect,
    /// Scopes that the token must have.
    pub scopes: ScopeSet,
    /// The arguments that a call may have, each with its rules; [`ArgumentRule::default`] has none.
    pub arguments: BTreeMap<String, ArgumentRule>,
    /// What becomes of arguments that are not listed there.
    #[serde(rename = "other_arguments", skip_serializing_if = "UnlistedArguments::are_allowed")]
    pub others: UnlistedArguments,
    /// The bulk-extraction limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distinct: Option<Distinct>,
    /// Most permitted calls in one run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_calls: Option<NonZeroU32>,
    /// The longest that a call may take, waits and repetitions included; without one as in [`CallLimits::default`].
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "seconds")]
    pub timeout: Option<Duration>,
    /// What the program is shown instead of a reply where a write is only a dry run; see [`CompileWrites`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<Value>,
    /// Or else replies of recorded calls; without either, a reply made of the tool's output schema.
    #[serde(rename = "dry_run_recording", skip_serializing_if = "Option::is_none")]
    pub recorded: Option<Recorded>,
    /// Whether each call needs an approval.
    #[serde(skip_serializing_if = "Approval::is_none")]
    pub approval: Approval,
    /// Refusals that an approver may override.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub overridable: BTreeSet<Overridable>,
    /// Calls that must have been made before: of each entry one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<AnyOf>,
    /// Calls that must have been made before and must have answered so: of each entry one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub only_if: Vec<AnyOf>,
    /// Calls that must not stand beside this one in a run, whichever comes first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub never_with: Vec<PriorCall>,
    /// What no text of any argument may carry.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub no_egress: Vec<Kept>,
    /// What the program may see of a reply.
    #[serde(skip_serializing_if = "ReplyRule::is_empty")]
    pub reply: ReplyRule,
}

/// At most so many distinct values of one argument in one run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Distinct {
    /// The argument; a call without it is refused, since leaving it out often means all.
    pub argument: String,
    /// Most distinct values; items of a list count one by one.
    pub max: NonZeroU32,
}

/// What becomes of arguments that the tool takes and that are not listed under `arguments`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UnlistedArguments {
    /// A call that has one is refused, unless it is null or blank.
    #[default]
    Refuse,
    /// They may have any value that the tool's schema allows.
    Allow,
}

/// Whether a call needs an approval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    /// It needs none.
    #[default]
    None,
    /// To each live call, before it is made. While compiling no approver is asked: a dry run needs no approval, and a call that would be made
    /// is refused.
    EachCall,
}

/// The refusals that an approver may override: those that say where a value comes from or what it looks like. What a token may do, what a
/// tool is and how much is done cannot be argued with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Overridable {
    /// [`EventKind::ArgumentDenied`].
    ArgumentDenied,
    /// [`EventKind::ProvenanceDenied`].
    ProvenanceDenied,
    /// [`EventKind::LeakDenied`], unless a secret would leave.
    LeakDenied,
}

/// What becomes of calls with the effect `write` or `external` while a program is compiled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CompileWrites {
    /// They are checked, counted and audited, but not made; the rule's stand-in is the reply.
    #[default]
    DryRun,
    /// They are made. For sandboxes only.
    Live,
}

impl ToolRule {
    /// A rule with an effect and scopes, without limits and without arguments.
    pub fn new(effect: Effect, scopes: ScopeSet) -> Self {
        Self {
            effect,
            scopes,
            arguments: BTreeMap::new(),
            others: UnlistedArguments::default(),
            distinct: None,
            max_calls: None,
            timeout: None,
            dry_run: None,
            recorded: None,
            approval: Approval::None,
            overridable: BTreeSet::new(),
            after: Vec::new(),
            only_if: Vec::new(),
            never_with: Vec::new(),
            no_egress: Vec::new(),
            reply: ReplyRule::default(),
        }
    }

    /// With arguments that are not listed refused or allowed.
    #[must_use]
    pub fn other_arguments(mut self, others: UnlistedArguments) -> Self {
        self.others = others;
        self
    }

    /// What one call may take.
    pub fn call_limits(&self) -> CallLimits {
        CallLimits::of(self)
    }

    /// The calls that rules of sequence look for.
    pub fn sequence(&self) -> impl Iterator<Item = &PriorCall> {
        self.after.iter().chain(&self.only_if).flat_map(|entry| &entry.0).chain(&self.never_with)
    }
}

fn seconds<S: Serializer>(time: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{}s", time.unwrap_or_default().as_secs()))
}

impl UnlistedArguments {
    fn are_allowed(&self) -> bool {
        *self == Self::Allow
    }
}

impl Approval {
    fn is_none(&self) -> bool {
        *self == Self::None
    }
}

impl Overridable {
    /// The words of the boundary file.
    pub(in crate::policy) const WORDS: [(&'static str, Self); 3] = [
        ("argument_denied", Self::ArgumentDenied),
        ("provenance_denied", Self::ProvenanceDenied),
        ("leak_denied", Self::LeakDenied),
    ];

    /// The event that it lifts.
    pub fn event(self) -> EventKind {
        match self {
            Self::ArgumentDenied => EventKind::ArgumentDenied,
            Self::ProvenanceDenied => EventKind::ProvenanceDenied,
            Self::LeakDenied => EventKind::LeakDenied,
        }
    }
}

impl CallLimits {
    pub(super) fn of(rule: &ToolRule) -> Self {
        let bytes = |set: Option<u32>, default| set.map_or(default, |bytes| usize::try_from(bytes).unwrap_or(default));
        let default = Self::default();
        Self {
            timeout: rule.timeout.unwrap_or(default.timeout),
            exchange: rule.timeout.unwrap_or(default.exchange),
            receive_bytes: bytes(rule.reply.receive_bytes, default.receive_bytes),
            shown_bytes: bytes(rule.reply.shown_bytes, default.shown_bytes),
        }
    }
}
