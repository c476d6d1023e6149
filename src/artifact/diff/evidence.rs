use abide_base::shown::shown;

use super::{Diff, Mark, lines::Lines};
use crate::artifact::{Comparison, Estimate, Evidence, Measured, SplitName};

pub(super) fn sections(diff: &mut Diff, old: &Evidence, new: &Evidence) {
    diff.section("evidence", |lines| {
        let model = |e: &Evidence| if e.simulated { "simulated" } else { "real" };
        lines.change("model", model(old), model(new));
    });
    for split in [SplitName::Val, SplitName::Test] {
        let pair = (old.splits.get(&split), new.splits.get(&split));
        diff.section(format!("evidence {split}"), |lines| match pair {
            (Some(was), Some(is)) => {
                sides(lines, was, is);
            }
            (Some(_), None) => lines.push(Mark::Removed, "no numbers any more"),
            (None, Some(is)) => {
                lines.push(Mark::Added, format!("task {}", estimate(is.after.task)));
                let rate = estimate(is.after.violation_rate);
                lines.push(Mark::Added, format!("violation rate {rate}"));
            }
            (None, None) => {}
        });
    }
}

fn sides(lines: &mut Lines, old: &Comparison, new: &Comparison) {
    measured(lines, "before", &old.before, &new.before);
    measured(lines, "after", &old.after, &new.after);
}

fn measured(lines: &mut Lines, side: &str, old: &Measured, new: &Measured) {
    let name = |what: &str| format!("{side}: {what}");
    lines.change(&name("task"), estimate(old.task), estimate(new.task));
    let rates = (estimate(old.violation_rate), estimate(new.violation_rate));
    lines.change(&name("violation rate"), rates.0, rates.1);
    lines.change(&name("value"), old.value, new.value);
    lines.change(&name("examples"), old.examples, new.examples);
    lines.change(&name("not scored"), old.not_scored, new.not_scored);
    lines.change(&name("model calls"), old.model_calls, new.model_calls);
    lines.change(&name("tool calls"), old.tool_calls, new.tool_calls);
    lines.change(&name("tokens"), old.tokens, new.tokens);
    lines.maps((&old.events, &new.events), Mark::Added, |code, was, is| {
        let count = |n: Option<&u64>| n.copied().unwrap_or(0);
        format!("{side}: event {}: {} -> {}", shown(code), count(was), count(is))
    });
}

/// `0.87 [0.8, 0.92]`.
pub(in crate::artifact) fn estimate(e: Estimate) -> String {
    format!("{} [{}, {}]", e.mean, e.low, e.high)
}
