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
    let is_done = |call: &&Earlier| {
        let mut alike = counts.history.iter().rev().filter(|made| is_meant(made, call, wanted));
        match &call.answered {
            None => alike.any(Made::is_done),
            // of several calls alike the last one counts: what was verified can be taken back
            Some((field, value)) => {
                alike.find(|made| made.has_ended()).is_some_and(|made| made.answered(field) == Some(value))
            }
        }
    };
    if let Some(call) = rule.after.iter().find(|call| !is_done(call)) {
        return Err(denied("after", format!("`{call}` must have been called before")));
    }
    if let Some(call) = rule.only_if.iter().find(|call| !is_done(call)) {
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

/// Whether two calls could be about the same: the careful answer, where a value is not there, is no plain one, or is written another way.
fn may_be_same(call: &Earlier, theirs: &ToolCall, ours: &ToolCall) -> bool {
    call.same.iter().all(|same| {
        let (theirs, ours) = (theirs.arguments.get(&same.theirs), ours.arguments.get(&same.ours));
        match (plain(theirs), plain(ours)) {
            (Some(one), Some(other)) => {
                one == other
                    || is_composed(theirs) && one.contains(other.as_str())
                    || is_composed(ours) && other.contains(one.as_str())
            }
            _ => true,
        }
    })
}

/// Whether a text can have others in it: a list, or a name with an address.
fn is_composed(value: Option<&Value>) -> bool {
    let separates = |c: char| c.is_whitespace() || ",;<>()[]|\"'".contains(c);
    value.and_then(Value::as_str).is_some_and(|text| text.contains(separates))
}

/// A value without case and punctuation; none where it says nothing, or something else when it is decoded.
fn plain(value: Option<&Value>) -> Option<String> {
    match value {
        Some(Value::String(text)) => match text.trim().parse::<f64>() {
            Ok(number) => Some(number.to_string()),
            Err(_) => Some(folded(text)).filter(|plain| !plain.is_empty() && !text.contains('%')),
        },
        Some(Value::Number(number)) => number.as_f64().map(|number| number.to_string()),
        _ => None,
    }
}
