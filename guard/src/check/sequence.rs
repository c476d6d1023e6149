//! Calls must come in the operator's order, and some must not stand beside others.

use std::collections::{BTreeSet, HashSet};

use abide_base::{call::ToolCall, event::EventKind};
use serde_json::Value;

use super::{denied::Denied, values::items};
use crate::{
    policy::{AnyOf, Policy, PriorCall, RuleId, ToolRule, Uses},
    session::{Counts, Made, Need, Use, Wanted},
    text::decodings::normalize,
};

/// A call about more things than this is not compared with earlier ones, and counts as about none of them, or all.
const MAX_VALUES: usize = 64;

/// Asks the rules of this tool and, for `never_with`, those of the tools that were called before. Runs under the session's lock: of two
/// calls that exclude each other one comes first. What comes back are the earlier calls that this one uses up.
pub(crate) fn check(counts: &Counts, policy: &Policy, rule: &ToolRule, wanted: Wanted<'_>) -> Result<Vec<Use>, Denied> {
    let mut uses = Vec::new();
    for (key, entries, done) in [(RuleId::After, &rule.after, "called"), (RuleId::OnlyIf, &rule.only_if, "answered")] {
        for (entry, calls) in entries.iter().enumerate() {
            let need = Need { tool: wanted.call.tool.clone(), key, entry };
            let Some(used) = any_met(counts, calls, wanted.call, &need) else {
                let each = if calls.0.iter().all(|call| call.uses == Uses::Once) { ", once for each call" } else { "" };
                return Err(denied(key, format!("`{calls}` must have been {done} before{each}")));
            };
            uses.extend(used.into_iter().map(|number| (number, need.clone())));
        }
    }
    let excluded = |made: &&Made| {
        let ours = rule
            .never_with
            .iter()
            .any(|call| made.call.tool == call.tool && may_be_same(call, &made.call, wanted.call));
        let theirs = policy.tool(&made.call.tool).into_iter().flat_map(|rule| &rule.never_with);
        let theirs = theirs.filter(|call| call.tool == wanted.call.tool);
        ours || theirs.into_iter().any(|call| may_be_same(call, wanted.call, &made.call))
    };
    match counts.history.iter().find(excluded) {
        Some(made) => Err(denied(
            RuleId::NeverWith,
            format!("`{}` was called in this run, and must not be beside it", made.call.tool),
        )),
        None => Ok(uses),
    }
}

fn denied(rule: RuleId, detail: String) -> Denied {
    Denied { rule: Some(rule), ..Denied::new(EventKind::SequenceDenied, detail) }
}

/// The earlier calls that are used up by this one; `None` if no call of the entry is met. Calls that are good for any number come first.
fn any_met(counts: &Counts, entry: &AnyOf, wanted: &ToolCall, need: &Need) -> Option<BTreeSet<u64>> {
    let of = |uses: Uses| entry.0.iter().filter(move |call| call.uses == uses);
    of(Uses::Any).chain(of(Uses::Once)).find_map(|call| met(counts, call, wanted, need))
}

/// Whether a call that is looked for was made, and did what is asked of it: for each value that the wanted call is about. From the last
/// one back: what was verified can be taken back, also in other words. Gives the calls that are used up.
fn met(counts: &Counts, call: &PriorCall, wanted: &ToolCall, need: &Need) -> Option<BTreeSet<u64>> {
    let mut open = combinations(call, wanted)?;
    let mut used = BTreeSet::new();
    for made in counts.history.iter().rev().filter(|made| made.call.tool == call.tool) {
        if open.is_empty() {
            break;
        }
        let theirs: Vec<HashSet<&Value>> =
            call.same.iter().map(|same| items(made.call.arguments.get(&same.theirs)).into_iter().collect()).collect();
        let is_meant = |values: &[&Value]| values.iter().zip(&theirs).all(|(value, theirs)| theirs.contains(*value));
        if !is_as_wanted(made, call) {
            let takes_back = call.answered.is_some() && made.has_ended();
            if takes_back && open.iter().any(|values| is_meant(values) || may_be_about(&theirs, values)) {
                return None;
            }
        } else if call.uses == Uses::Any || !made.is_used_up(need) {
            let before = open.len();
            open.retain(|values| !is_meant(values));
            if open.len() < before && call.uses == Uses::Once {
                used.insert(made.number());
            }
        }
    }
    open.is_empty().then_some(used)
}

/// The values of the wanted call that the earlier one must have too: each item of a list by itself, with each of the other arguments.
/// None where an argument has no value, or where there are too many.
fn combinations<'w>(call: &PriorCall, wanted: &'w ToolCall) -> Option<Vec<Vec<&'w Value>>> {
    let mut all = vec![Vec::new()];
    for same in &call.same {
        let values: HashSet<&Value> = items(wanted.arguments.get(&same.ours)).into_iter().collect();
        if values.is_empty() || all.len().saturating_mul(values.len()) > MAX_VALUES {
            return None;
        }
        all = all
            .iter()
            .flat_map(|before| values.iter().map(move |value| before.iter().copied().chain([*value]).collect()))
            .collect();
    }
    Some(all)
}

/// Whether a call did what a rule asks of it, which is to be done, and to be answered as the rule says, where it says so.
fn is_as_wanted(made: &Made, call: &PriorCall) -> bool {
    made.is_done() && call.answered.as_ref().is_none_or(|(field, value)| made.answered(field) == Some(value))
}

/// Whether two calls could be about the same: the careful answer, where a value is not there, is no plain one, or is written another way.
/// One value in common is enough.
fn may_be_same(call: &PriorCall, theirs: &ToolCall, ours: &ToolCall) -> bool {
    call.same.iter().all(|same| {
        let (theirs, ours) = (items(theirs.arguments.get(&same.theirs)), items(ours.arguments.get(&same.ours)));
        let is_long = theirs.len().max(ours.len()) > MAX_VALUES;
        is_long
            || theirs.is_empty()
            || ours.is_empty()
            || ours.iter().any(|value| is_among(theirs.iter().copied(), value))
    })
}

/// As [`may_be_same`], for one combination of values.
fn may_be_about(theirs: &[HashSet<&Value>], values: &[&Value]) -> bool {
    values.iter().zip(theirs).all(|(value, theirs)| {
        theirs.is_empty() || theirs.len() > MAX_VALUES || is_among(theirs.iter().copied(), value)
    })
}

fn is_among<'v>(mut theirs: impl Iterator<Item = &'v Value>, ours: &Value) -> bool {
    let our_plain = plain(ours);
    theirs.any(|theirs| match (plain(theirs), &our_plain) {
        (Some(one), Some(other)) => one == *other || has_part(theirs, other) || has_part(ours, &one),
        _ => true,
    })
}

/// Whether a text that is a list, or a name with an address, has a value in it.
fn has_part(text: &Value, value: &str) -> bool {
    let joins = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '@');
    let parts =
        |text: &str, separates: &dyn Fn(char) -> bool| text.split(separates).any(|part| normalize(part) == value);
    text.as_str().is_some_and(|text| {
        parts(text, &|c| !joins(c)) || parts(text, &|c| !joins(c) && !c.is_whitespace()) || parts(text, &|c| c == '\n')
    })
}

/// Floats tell whole numbers apart up to here.
const MAX_EXACT: f64 = 9e15;

/// A value without case and punctuation; `None` if it says nothing, or something else when it is decoded.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => match text.trim().parse::<f64>() {
            Ok(number) if number.abs() < MAX_EXACT => Some(number.to_string()),
            _ => Some(normalize(text)).filter(|plain| !plain.is_empty() && !text.contains('%')),
        },
        Value::Number(number) => {
            let exact = number.as_f64().filter(|number| number.abs() < MAX_EXACT);
            Some(exact.map_or_else(|| number.to_string(), |number| number.to_string()))
        }
        _ => None,
    }
}
