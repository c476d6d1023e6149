//! Calls must come in the operator's order, and some must not stand beside others.

use serde_json::Value;

use super::{Denied, views::folded};
use crate::{
    call::ToolCall,
    event::EventKind,
    security::{
        boundary::{Boundary, Earlier, ToolRule},
        session::{Counts, Made, Wanted},
    },
};

/// Asks the rules of this tool and, for `never_with`, those of the tools that were called before. Runs under the session's lock: of two
/// calls that exclude each other one comes first.
pub(in crate::security) fn check(
    counts: &Counts,
    boundary: &Boundary,
    rule: &ToolRule,
    wanted: Wanted<'_>,
) -> Result<(), Denied> {
    let alike = |call| counts.history.iter().rev().filter(move |made| is_meant(made, call, wanted));
    if let Some(call) = rule.after.iter().find(|call| !alike(*call).any(|made| is_as_wanted(made, call))) {
        return Err(denied("after", format!("`{call}` must have been called before")));
    }
    if let Some(call) = rule.only_if.iter().find(|call| !is_verified(counts, call, wanted)) {
        return Err(denied("only_if", format!("`{call}` must have been answered before")));
    }
    let excluded = |made: &&Made| {
        let ours = rule
            .never_with
            .iter()
            .any(|call| made.call.tool == call.tool && may_be_same(call, &made.call, wanted.call));
        let theirs = boundary.tool(&made.call.tool).into_iter().flat_map(|rule| &rule.never_with);
        let theirs = theirs.filter(|call| call.tool == wanted.call.tool);
        ours || theirs.into_iter().any(|call| may_be_same(call, wanted.call, &made.call))
    };
    match counts.history.iter().find(excluded) {
        Some(made) => {
            Err(denied("never_with", format!("`{}` was called in this run, and must not be beside it", made.call.tool)))
        }
        None => Ok(()),
    }
}

fn denied(rule: &'static str, detail: String) -> Denied {
    Denied { rule: Some(rule), ..Denied::new(EventKind::SequenceDenied, detail) }
}

/// Whether a call that was made is the one that a rule of the wanted call looks for. What is null or not there is the same as nothing.
fn is_meant(made: &Made, call: &Earlier, wanted: Wanted<'_>) -> bool {
    let is_same = |theirs: &str, ours: &str| {
        let value = made.call.arguments.get(theirs).filter(|value| !value.is_null());
        value.is_some() && value == wanted.call.arguments.get(ours)
    };
    made.call.tool == call.tool && call.same.iter().all(|same| is_same(&same.theirs, &same.ours))
}

/// Whether a call did what a rule asks of it, which is to be done, and to be answered as the rule says, where it says so.
fn is_as_wanted(made: &Made, call: &Earlier) -> bool {
    made.is_done() && call.answered.as_ref().is_none_or(|(field, value)| made.answered(field) == Some(value))
}

/// Whether the last call of what was asked for was answered as it should be: what was verified can be taken back, also in other words.
fn is_verified(counts: &Counts, call: &Earlier, wanted: Wanted<'_>) -> bool {
    let ended = counts.history.iter().rev().filter(|made| made.has_ended() && made.call.tool == call.tool);
    for made in ended {
        let is_as_wanted = is_as_wanted(made, call);
        if is_meant(made, call, wanted) {
            return is_as_wanted;
        }
        if !is_as_wanted && may_be_same(call, &made.call, wanted.call) {
            return false;
        }
    }
    false
}

/// Whether two calls could be about the same: the careful answer, where a value is not there, is no plain one, or is written another way.
fn may_be_same(call: &Earlier, theirs: &ToolCall, ours: &ToolCall) -> bool {
    call.same.iter().all(|same| {
        let (theirs, ours) = (theirs.arguments.get(&same.theirs), ours.arguments.get(&same.ours));
        match (plain(theirs), plain(ours)) {
            (Some(one), Some(other)) => one == other || has_part(theirs, &other) || has_part(ours, &one),
            _ => true,
        }
    })
}

/// Whether a text that is a list, or a name with an address, has a value in it.
fn has_part(text: Option<&Value>, value: &str) -> bool {
    let joins = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '@');
    let parts = |text: &str, separates: &dyn Fn(char) -> bool| text.split(separates).any(|part| folded(part) == value);
    let text = text.and_then(Value::as_str);
    text.is_some_and(|text| {
        parts(text, &|c| !joins(c)) || parts(text, &|c| !joins(c) && !c.is_whitespace()) || parts(text, &|c| c == '\n')
    })
}

/// Floats tell whole numbers apart up to here.
const MAX_EXACT: f64 = 9e15;

/// A value without case and punctuation; none where it says nothing, or something else when it is decoded.
fn plain(value: Option<&Value>) -> Option<String> {
    match value {
        Some(Value::String(text)) => match text.trim().parse::<f64>() {
            Ok(number) if number.abs() < MAX_EXACT => Some(number.to_string()),
            _ => Some(folded(text)).filter(|plain| !plain.is_empty() && !text.contains('%')),
        },
        Some(Value::Number(number)) => {
            let exact = number.as_f64().filter(|number| number.abs() < MAX_EXACT);
            Some(exact.map_or_else(|| number.to_string(), |number| number.to_string()))
        }
        _ => None,
    }
}
