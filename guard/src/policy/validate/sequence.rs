//! Rules of sequence: what they look for must exist, and must be possible.

use std::collections::{BTreeMap, BTreeSet};

use abide_base::call::ToolName;

use crate::policy::{AnyOf, PolicySpec, PriorCall, Problem, ToolRule, Uses, key_path as join, validate::Declared};

pub(super) fn check(spec: &PolicySpec, declared: &Declared, problems: &mut Vec<Problem>) {
    let callable = callable(spec);
    for (name, rule) in &spec.tools {
        let path = join("tools", name.as_str());
        let mut add = |key: &str, reason: String| problems.push(Problem::new(join(&path, key), reason));
        for (key, entries) in [("after", &rule.after), ("only_if", &rule.only_if)] {
            if entries.iter().any(|entry| entry.0.is_empty()) {
                add(key, "has an empty list, which no call can meet: name calls of which one is enough".into());
            }
            let calls = entries.iter().flat_map(|entry| &entry.0);
            calls.filter_map(|call| wrong(key, call, declared)).for_each(|reason| add(key, reason));
        }
        let excluded = rule.never_with.iter();
        excluded.filter_map(|call| wrong("never_with", call, declared)).for_each(|reason| add("never_with", reason));
        if let Some(both) = needed(rule).find(|entry| is_forbidden_beside(spec, name, entry)) {
            add(
                "never_with",
                format!("`{both}` must be called before it and must not be called: it can never be called"),
            );
        }
        if let Some(circle) = circle(spec, &callable, name) {
            add("after", format!("{circle}: none of them can ever be the first; take one of these rules away"));
        }
    }
}

fn wrong(key: &str, call: &PriorCall, declared: &Declared) -> Option<String> {
    if !declared.tools.contains(call.tool.as_str()) {
        return Some(format!("there is no tool `{}` here: add it, or correct the name", call.tool));
    }
    match (key, &call.answered) {
        ("never_with", _) if call.uses == Uses::Once => {
            Some(format!("`{call}` counts calls, and `never_with` allows none: take `once` away"))
        }
        ("only_if", None) => Some(format!(
            "`{call}` does not say what its reply must say, such as `{call}:verified=true`: add that, or use `after`"
        )),
        ("only_if", _) | (_, None) => None,
        _ => Some(format!("`{call}` looks at a reply, which only `only_if` does")),
    }
}

fn needed(rule: &ToolRule) -> impl Iterator<Item = &AnyOf> {
    rule.after.iter().chain(&rule.only_if)
}

/// Whether none of the calls that are needed before `name` may stand beside it, whatever the arguments.
fn is_forbidden_beside(spec: &PolicySpec, name: &ToolName, needed: &AnyOf) -> bool {
    let forbids = |rule: Option<&ToolRule>, other: &ToolName| {
        rule.is_some_and(|rule| rule.never_with.iter().any(|call| call.tool == *other && call.same.is_empty()))
    };
    let is_forbidden =
        |call: &PriorCall| forbids(spec.tools.get(name), &call.tool) || forbids(spec.tools.get(&call.tool), name);
    !needed.0.is_empty() && needed.0.iter().all(is_forbidden)
}

/// The tools that can be called at some time: of each entry of theirs one can be met.
fn callable(spec: &PolicySpec) -> BTreeSet<&ToolName> {
    let mut callable = BTreeSet::new();
    loop {
        // a tool that is not there has a problem of its own
        let can_be_met = |entry: &AnyOf| {
            entry.0.is_empty()
                || entry.0.iter().any(|call| callable.contains(&call.tool) || !spec.tools.contains_key(&call.tool))
        };
        let more: Vec<&ToolName> = spec
            .tools
            .iter()
            .filter(|(name, rule)| !callable.contains(name) && needed(rule).all(can_be_met))
            .map(|(name, _)| name)
            .collect();
        if more.is_empty() {
            return callable;
        }
        callable.extend(more);
    }
}

/// The first circle of needs that leads back to `start`, told by its smallest name only, so that each is reported once.
fn circle(spec: &PolicySpec, callable: &BTreeSet<&ToolName>, start: &ToolName) -> Option<String> {
    // the entries that nothing can meet
    let blocked = |rule: &'_ ToolRule| -> Vec<ToolName> {
        let entries = needed(rule).filter(|entry| !entry.0.iter().any(|call| callable.contains(&call.tool)));
        entries.flat_map(|entry| &entry.0).map(|call| call.tool.clone()).collect()
    };
    let needs: BTreeMap<&ToolName, Vec<ToolName>> = spec
        .tools
        .iter()
        .filter(|(name, _)| !callable.contains(name))
        .map(|(name, rule)| (name, blocked(rule)))
        .collect();
    let mut ways = vec![vec![start]];
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop() {
        let Some(last) = way.last() else { continue };
        for next in needs.get(*last).into_iter().flatten() {
            if next == start {
                let names: Vec<&str> = way.iter().copied().chain([next]).map(ToolName::as_str).collect();
                let is_smallest = way.iter().all(|name| *name >= start);
                return is_smallest.then(|| format!("`{}`", names.join("` needs `")));
            }
            if seen.insert(next) {
                ways.push(way.iter().copied().chain([next]).collect());
            }
        }
    }
    None
}
