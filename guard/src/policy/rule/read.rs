//! How the keys of a tool are read, where one value of TOML is not one value of the rule.

use std::{collections::BTreeSet, time::Duration};

use abide_base::{
    call::{Effect, ToolName},
    scope::{Scope, ScopeSet},
};
use serde_json::Value;
use toml::de::DeValue;

use super::super::{Recorded, duration, reader::Table};
use super::{
    call_limits::CallLimits,
    sequence::{AnyOf, PriorCall},
    setting::{Distinct, Overridable},
};

pub(super) fn effect(table: &Table<'_>, key: &str) -> Option<Effect> {
    let effects = [("read", Effect::Read), ("write", Effect::Write), ("external", Effect::External)];
    if !table.has(key) {
        let reason =
            "is missing: say `read`, `write` or `external`, as you know the tool, not as its server describes it";
        table.problem(key, reason);
    }
    table.choice(key, &effects)
}

pub(super) fn scopes(table: &Table<'_>, key: &str) -> Option<ScopeSet> {
    if !table.has(key) {
        table.problem(key, "is missing: list the scopes the tool needs, or `[]` where it needs none");
    }
    let scopes = table.texts(key)?.into_iter();
    Some(scopes.filter_map(|scope| table.parsed::<Scope>(key, scope)).collect())
}

pub(super) fn distinct(table: &Table<'_>, key: &str) -> Option<Distinct> {
    let table = table.table(key)?;
    let argument = table.required("argument").map(str::to_owned);
    let max = table.required_count("max");
    table.finish(&["argument", "max"]);
    Some(Distinct { argument: argument?, max: max? })
}

pub(super) fn timeout(table: &Table<'_>, key: &str) -> Option<Duration> {
    let timeout = duration(table.text(key)?).filter(|time| *time <= CallLimits::MAX_TIMEOUT);
    if timeout.is_none() {
        table.problem(key, "must be a time from `1s` to `1h`, such as `300s` or `5m`");
    }
    timeout
}

/// The stand-in, from the table or from a file.
pub(super) fn dry_run(table: &Table<'_>, key: &str) -> Option<Value> {
    let stand_ins = [key, "dry_run_file", "dry_run_recording"].into_iter().filter(|key| table.has(key));
    if let Some(second) = stand_ins.skip(1).last() {
        table
            .problem(second, "is a second stand-in: set only one of `dry_run`, `dry_run_file` and `dry_run_recording`");
    }
    let file = table.beside("dry_run_file", |text| {
        serde_json::from_str(text).map_err(|error| format!("is not a JSON value: {error}"))
    });
    table.any(key).or(file)
}

pub(super) fn recorded(table: &Table<'_>, key: &str) -> Option<Recorded> {
    let tool = ToolName::try_from(table.name()).ok()?;
    table.beside(key, |text| Recorded::parse(&tool, text))
}

pub(super) fn overridable(table: &Table<'_>, key: &str) -> BTreeSet<Overridable> {
    let meant = |word: &str| {
        let found = Overridable::WORDS.iter().find(|(known, _)| *known == word).map(|(_, overridable)| *overridable);
        if found.is_none() {
            let words = Overridable::WORDS.map(|(word, _)| word).join("`, `");
            table.problem(key, format!("`{word}` cannot be lifted: use `{words}`"));
        }
        found
    };
    table.texts(key).into_iter().flatten().filter_map(meant).collect()
}

/// Calls, and lists of calls of which one is enough. An entry in which nothing could be read has its problem already.
pub(super) fn any_ofs(table: &Table<'_>, key: &str) -> Vec<AnyOf> {
    let entry = |texts: Vec<&str>| {
        let calls: Vec<_> = texts.iter().filter_map(|text| table.parsed::<PriorCall>(key, text)).collect();
        (texts.is_empty() || !calls.is_empty()).then_some(AnyOf(calls))
    };
    table.alternatives(key).into_iter().flatten().filter_map(entry).collect()
}

pub(super) fn never_with(table: &Table<'_>, key: &str) -> Vec<PriorCall> {
    let list = table.value(key).and_then(DeValue::as_array);
    if list.is_some_and(|list| list.iter().any(|item| item.get_ref().is_array())) {
        let reason = "has a list in it, which would mean one of these, and every entry counts: write them one by one";
        table.problem(key, reason);
        return Vec::new();
    }
    table.all(key)
}
