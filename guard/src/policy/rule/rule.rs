use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroU32,
    time::Duration,
};

use abide_base::{call::Effect, scope::ScopeSet};
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::super::{
    Recorded,
    order::{Order, by_most, covering, same, set},
};
use super::{
    argument::ArgumentRule,
    call_limits::CallLimits,
    flow::{Kept, ReplyRule},
    keys::key_table,
    read,
    sequence::{AnyOf, PriorCall},
    setting::{Approval, Distinct, Overridable, UnlistedArguments},
};

key_table! {
    /// What the operator says of one tool. A tool without a rule cannot be called.
    #[derive(Clone, Debug, PartialEq, Serialize)]
    pub struct ToolRule;
    required {
        /// What a call does to the world.
        effect: Effect = read::effect,
            // repetitions of what changes something are refused, and what is sent to others is counted
            Some(|old, new| by_most(Some(&strictness(*old)), Some(&strictness(*new))).reversed());
        /// Scopes that the token must have.
        scopes: ScopeSet = read::scopes, Some(|old, new| Order::of(old, new, |one, other| one.covers(other)).reversed()),
            shown |scopes| Some(scopes.to_string().into());
    }
    optional {
        /// The arguments that a call may have, each with its rules; [`ArgumentRule::default`] has none.
        arguments: BTreeMap<String, ArgumentRule> = ArgumentRule::read_all, None;
        /// What becomes of arguments that are not listed there.
        // `allow` is left out of the JSON form, so that digests are those of the time when it was the default
        #[serde(skip_serializing_if = "UnlistedArguments::are_allowed")]
        other_arguments: UnlistedArguments = |table, key| table.choice(key, &UnlistedArguments::WORDS).unwrap_or_default(),
            Some(|old, new| Order::of(old, new, |one, other| **one == UnlistedArguments::Allow || one == other));
        /// The bulk-extraction limit.
        #[serde(skip_serializing_if = "Option::is_none")]
        distinct: Option<Distinct> = read::distinct, Some(Distinct::order);
        /// Most permitted calls in one run.
        #[serde(skip_serializing_if = "Option::is_none")]
        max_calls: Option<NonZeroU32> = |table, key| table.count(key), Some(|old, new| by_most(old.as_ref(), new.as_ref()));
        /// The longest that a call may take, waits and repetitions included; without one as in [`CallLimits::default`].
        #[serde(skip_serializing_if = "Option::is_none", serialize_with = "seconds")]
        timeout: Option<Duration> = read::timeout, Some(CallLimits::order_of_times), shown CallLimits::times_in_words;
        /// What the program is shown instead of a reply where a write is only a dry run; see [`CompileWrites`](super::CompileWrites).
        #[serde(skip_serializing_if = "Option::is_none")]
        dry_run: Option<Value> = read::dry_run, Some(same), shown Option::clone;
        /// Or else replies of recorded calls; without either, a reply made of the tool's output schema.
        #[serde(skip_serializing_if = "Option::is_none")]
        dry_run_recording: Option<Recorded> = read::recorded, Some(same);
        /// Whether each call needs an approval.
        #[serde(skip_serializing_if = "Approval::is_none")]
        approval: Approval = |table, key| table.choice(key, &Approval::WORDS).unwrap_or_default(),
            Some(|old, new| Order::of(old, new, |one, other| one.is_none() || one == other));
        /// Refusals that an approver may override.
        #[serde(skip_serializing_if = "BTreeSet::is_empty")]
        overridable: BTreeSet<Overridable> = read::overridable, Some(|old, new| Order::of(old, new, |one, other| other.is_subset(one)));
        /// Calls that must have been made before: of each entry one.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        after: Vec<AnyOf> = read::any_ofs, Some(needs);
        /// Calls that must have been made before and must have answered so: of each entry one.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        only_if: Vec<AnyOf> = read::any_ofs, Some(needs);
        /// Calls that must not stand beside this one in a run, whichever comes first.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        never_with: Vec<PriorCall> = read::never_with, Some(|old, new| set(old, new).reversed());
        /// What no text of any argument may carry.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        no_egress: Vec<Kept> = |table, key| table.all(key), Some(|old, new| covering(old, new, Kept::covers).reversed());
        /// What the program may see of a reply.
        #[serde(skip_serializing_if = "ReplyRule::is_empty")]
        reply: ReplyRule = |table, key| table.table(key).and_then(ReplyRule::read).unwrap_or_default(), None;
    }
    beside "dry_run_file"
}

impl ToolRule {
    /// With arguments that are not listed refused or allowed.
    #[must_use]
    pub fn other_arguments(mut self, others: UnlistedArguments) -> Self {
        self.other_arguments = others;
        self
    }

    /// What one call may take.
    pub fn call_limits(&self) -> CallLimits {
        let (timeout, exchange) = CallLimits::times_of(self.timeout);
        CallLimits {
            timeout,
            exchange,
            receive_bytes: CallLimits::receive_bytes_of(self.reply.receive_bytes),
            shown_bytes: CallLimits::shown_bytes_of(self.reply.shown_bytes),
        }
    }

    /// The calls that rules of sequence look for.
    pub fn sequence(&self) -> impl Iterator<Item = &PriorCall> {
        self.after.iter().chain(&self.only_if).flat_map(|entry| &entry.0).chain(&self.never_with)
    }
}

fn seconds<S: Serializer>(time: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{}s", time.unwrap_or_default().as_secs()))
}

fn strictness(effect: Effect) -> u8 {
    match effect {
        Effect::Read => 0,
        Effect::Write => 1,
        Effect::External => 2,
    }
}

/// One more entry is one more that must be met; one more call in an entry is one more way to meet it.
fn needs(old: &Vec<AnyOf>, new: &Vec<AnyOf>) -> Order {
    Order::of(old, new, |one, other| one.iter().all(|need| other.iter().any(|by| by.implies(need))))
}
