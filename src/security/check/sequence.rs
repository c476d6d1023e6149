//! Calls must come in the operator's order, and some must not stand beside others.

use super::Denied;
use crate::{
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
    let missing = |calls: &[Earlier]| {
        let missing =
            calls.iter().find(|call| !counts.history.iter().any(|made| made.is_done() && fits(made, call, wanted)));
        missing.map(ToString::to_string)
    };
    if let Some(call) = missing(&rule.after) {
        return Err(denied("after", format!("`{call}` must have been called before")));
    }
    if let Some(call) = missing(&rule.only_if) {
        return Err(denied("only_if", format!("`{call}` must have been answered before")));
    }
    let excluded = |made: &&Made| {
        let ours = rule.never_with.iter().any(|call| fits(made, call, wanted));
        let theirs = boundary.tool(&made.call.tool).into_iter().flat_map(|rule| &rule.never_with);
        ours || theirs.filter(|call| call.tool == wanted.call.tool).any(|call| is_excluded(made, call, wanted))
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

/// Whether a call that was made is the one that a rule of the wanted call looks for.
fn fits(made: &Made, call: &Earlier, wanted: Wanted<'_>) -> bool {
    let is_same = |theirs: &str, ours: &str| {
        let value = made.call.arguments.get(theirs);
        value.is_some() && value == wanted.call.arguments.get(ours)
    };
    made.call.tool == call.tool
        && call.same.iter().all(|same| is_same(&same.theirs, &same.ours))
        && call.answered.as_ref().is_none_or(|(field, value)| made.answered(field) == Some(value))
}

/// Whether a rule of the call that was made excludes the wanted one: the names of its arguments are the other way round.
fn is_excluded(made: &Made, call: &Earlier, wanted: Wanted<'_>) -> bool {
    call.same.iter().all(|same| {
        let value = wanted.call.arguments.get(&same.theirs);
        value.is_some() && value == made.call.arguments.get(&same.ours)
    })
}
