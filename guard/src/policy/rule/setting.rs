//! What single keys of a tool can be set to.

use std::num::NonZeroU32;

use abide_base::event::EventKind;
use serde::Serialize;

use super::super::order::{Order, by_most, either};

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
    /// Each live call needs one, before it is made. While compiling no approver is asked: a dry run needs no approval, and a call that
    /// would be made is refused.
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

impl Distinct {
    pub(super) fn order(old: &Option<Self>, new: &Option<Self>) -> Order {
        either(old.as_ref(), new.as_ref(), |old, new| {
            if old.argument == new.argument { by_most(Some(&old.max), Some(&new.max)) } else { Order::Unclear }
        })
    }
}

impl UnlistedArguments {
    /// The words of the boundary file.
    pub(super) const WORDS: [(&'static str, Self); 2] = [("allow", Self::Allow), ("refuse", Self::Refuse)];

    pub(super) fn are_allowed(&self) -> bool {
        *self == Self::Allow
    }
}

impl Approval {
    /// The words of the boundary file.
    pub(super) const WORDS: [(&'static str, Self); 1] = [("each_call", Self::EachCall)];

    pub(super) fn is_none(&self) -> bool {
        *self == Self::None
    }
}

impl Overridable {
    /// The words of the boundary file.
    pub(super) const WORDS: [(&'static str, Self); 3] = [
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
