//! Rules of sequence: what they look for must exist, and must be possible.

use std::collections::BTreeMap;

use super::{Declared, Problem, join};
use crate::{
    call::ToolName,
    security::boundary::{Earlier, Parts, ToolRule},
};

pub(super) fn check(parts: &Parts, declared: &Declared, problems: &mut Vec<Problem>) {
    for (name, rule) in &parts.tools {
        let path = join("tools", name.as_str());
        let mut add = |key: &str, reason: String| problems.push(Problem::new(join(&path, key), reason));
        for (key, calls) in [("after", &rule.after), ("only_if", &rule.only_if), ("never_with", &rule.never_with)] {
            for call in calls {
                if let Some(reason) = wrong(key, call, declared) {
                    add(key, reason);
                }
            }
        }
        if let Some(both) = needed(rule).find(|call| forbidden_beside(parts, name, call)) {
            add(
                "never_with",
                format!("`{}` must be called before it and must not be called: it can never be called", both.tool),
            );
        }
        if let Some(circle) = circle(parts, name) {
            add("after", format!("{circle}: none of them can ever be the first; take one of these rules away"));
        }
    }
}

fn wrong(key: &str, call: &Earlier, declared: &Declared) -> Option<String> {
    if !declared.tools.contains(call.tool.as_str()) {
        return Some(format!("there is no tool `{}` here: add it, or correct the name", call.tool));
    }
    match (key, &call.answered) {
        ("only_if", None) => Some(format!(
            "`{call}` does not say what its reply must say, such as `{call}:verified=true`: add that, or use `after`"
        )),
        ("only_if", _) | (_, None) => None,
        _ => Some(format!("`{call}` looks at a reply, which only `only_if` does")),
    }
}

fn needed(rule: &ToolRule) -> impl Iterator<Item = &Earlier> {
    rule.after.iter().chain(&rule.only_if)
}

/// Whether a call that is needed before `name` must not stand beside it, whatever the arguments.
fn forbidden_beside(parts: &Parts, name: &ToolName, needed: &Earlier) -> bool {
    let forbids = |rule: Option<&ToolRule>, other: &ToolName| {
        rule.is_some_and(|rule| rule.never_with.iter().any(|call| call.tool == *other && call.same.is_empty()))
    };
    forbids(parts.tools.get(name), &needed.tool) || forbids(parts.tools.get(&needed.tool), name)
}

/// The first circle of needs that leads back to `start`, told by its smallest name only, so that each is reported once.
fn circle(parts: &Parts, start: &ToolName) -> Option<String> {
    let needs: BTreeMap<&ToolName, Vec<&ToolName>> =
        parts.tools.iter().map(|(name, rule)| (name, needed(rule).map(|call| &call.tool).collect())).collect();
    let mut ways = vec![vec![start]];
    let mut seen = std::collections::BTreeSet::new();
    while let Some(way) = ways.pop() {
        let Some(last) = way.last() else { continue };
        for next in needs.get(*last).into_iter().flatten() {
            if *next == start {
                let names: Vec<&str> = way.iter().chain([next]).map(|name| name.as_str()).collect();
                let is_smallest = way.iter().all(|name| *name >= start);
                return is_smallest.then(|| format!("`{}`", names.join("` needs `")));
            }
            if seen.insert(*next) {
                ways.push(way.iter().copied().chain([*next]).collect());
            }
        }
    }
    None
}
