//! `[tools."server.tool"]`.

use std::{collections::BTreeMap, path::Path, time::Duration};

use abide_base::{
    call::{Effect, ToolName},
    scope::{Scope, ScopeSet},
};
use toml::de::DeValue;

use super::{flow, limits};
use crate::policy::{
    AnyOf, ArgumentRule, CallLimits, Distinct, PriorCall, Recorded, Table, ToolRule, key_path,
    rule::{Approval, Kept, Overridable, UnlistedArguments},
};

pub(super) const KEYS: &[&str] = &[
    "scopes",
    "effect",
    "arguments",
    "other_arguments",
    "distinct",
    "max_calls",
    "timeout",
    "dry_run",
    "dry_run_file",
    "dry_run_recording",
    "approval",
    "overridable",
    "after",
    "only_if",
    "never_with",
    "no_egress",
    "reply",
];

pub(super) fn tool(name: &ToolName, table: &Table<'_>, base_dir: &Path) -> Option<ToolRule> {
    let effect = effect(table);
    let scopes = scopes(table);
    let mut arguments = BTreeMap::new();
    for (name, table) in table.table("arguments").iter().flat_map(Table::tables) {
        arguments.insert(name, argument(table));
    }
    let distinct = table.table("distinct").and_then(|table| {
        let argument = table.required("argument").map(str::to_owned);
        let max = table.required_count("max");
        table.finish(&["argument", "max"]);
        Some(Distinct { argument: argument?, max: max? })
    });
    let stand_ins = ["dry_run", "dry_run_file", "dry_run_recording"].into_iter().filter(|key| table.has(key));
    if let Some(second) = stand_ins.skip(1).last() {
        table
            .problem(second, "is a second stand-in: set only one of `dry_run`, `dry_run_file` and `dry_run_recording`");
    }
    let file = table.beside("dry_run_file", base_dir, |text| {
        serde_json::from_str(text).map_err(|error| format!("is not a JSON value: {error}"))
    });
    let recorded = table.beside("dry_run_recording", base_dir, |text| Recorded::parse(name, text));
    let approval = table.choice("approval", &[("each_call", Approval::EachCall)]).unwrap_or_default();
    let overridable_events =
        table.texts("overridable").map(|words| words.into_iter().filter_map(|word| overridable(table, word)).collect());
    let others =
        table.choice("other_arguments", &[("allow", UnlistedArguments::Allow), ("refuse", UnlistedArguments::Refuse)]);
    Some(ToolRule {
        arguments,
        others: others.unwrap_or_default(),
        distinct,
        max_calls: table.count("max_calls"),
        timeout: timeout(table),
        dry_run: table.any("dry_run").or(file),
        recorded,
        approval,
        overridable: overridable_events.unwrap_or_default(),
        after: any_ofs(table, "after"),
        only_if: any_ofs(table, "only_if"),
        never_with: never_with(table),
        no_egress: table.all::<Kept>("no_egress"),
        reply: table.table("reply").map(flow::reply).unwrap_or_default(),
        ..ToolRule::new(effect?, scopes?)
    })
}

fn timeout(table: &Table<'_>) -> Option<Duration> {
    let text = table.text("timeout")?;
    let timeout = limits::duration(text).filter(|time| *time <= CallLimits::MAX_TIMEOUT);
    if timeout.is_none() {
        table.problem("timeout", "must be a time from `1s` to `1h`, such as `300s` or `5m`");
    }
    timeout
}

fn effect(table: &Table<'_>) -> Option<Effect> {
    let effects = [("read", Effect::Read), ("write", Effect::Write), ("external", Effect::External)];
    if !table.has("effect") {
        table.problem(
            "effect",
            "is missing: say `read`, `write` or `external`, as you know the tool, not as its server describes it",
        );
    }
    table.choice("effect", &effects)
}

fn scopes(table: &Table<'_>) -> Option<ScopeSet> {
    if !table.has("scopes") {
        table.problem("scopes", "is missing: list the scopes the tool needs, or `[]` where it needs none");
    }
    table.texts("scopes").map(|scopes| {
        let scopes = scopes.into_iter();
        scopes.filter_map(|scope| table.parsed::<Scope>("scopes", scope)).collect()
    })
}

fn argument(table: Table<'_>) -> ArgumentRule {
    let misread: Vec<&str> =
        ArgumentRule::KEYS.iter().copied().filter(|key| *key != "fields" && table.has_table(key)).collect();
    for key in &misread {
        let explicit = key_path(&table.path_of("fields"), key);
        let reason =
            format!("is a key of the rule, and has no table: write `{explicit}` for a field that is named `{key}`");
        table.problem(key, reason);
    }
    let table = table.without(&misread);
    let rule = ArgumentRule { fields: fields(&table), ..ArgumentRule::read(&table) };
    table.finish(ArgumentRule::KEYS);
    rule
}

/// Rules of fields: tables under names that are not keys of a rule, and all under `fields`.
fn fields(table: &Table<'_>) -> BTreeMap<String, ArgumentRule> {
    let is_field = |key: &String| !ArgumentRule::KEYS.contains(&key.as_str()) && table.has_table(key);
    let named = table.keys().filter(is_field).filter_map(|key| table.table(&key).map(|below| (key, below)));
    let mut fields: BTreeMap<String, ArgumentRule> = named.map(|(name, below)| (name, argument(below))).collect();
    for (name, below) in table.table("fields").iter().flat_map(Table::tables) {
        if fields.contains_key(&name) {
            let other = table.path_of(&name);
            below.problem_here(format!("is the same field as `{other}`: keep one of the two"));
        }
        fields.insert(name, argument(below));
    }
    fields
}

fn overridable(table: &Table<'_>, word: &str) -> Option<Overridable> {
    let found = Overridable::WORDS.iter().find(|(known, _)| *known == word).map(|(_, overridable)| *overridable);
    if found.is_none() {
        let words = Overridable::WORDS.map(|(word, _)| word).join("`, `");
        table.problem("overridable", format!("`{word}` cannot be lifted: use `{words}`"));
    }
    found
}

/// Calls, and lists of calls of which one is enough. An entry in which nothing could be read has its problem already.
fn any_ofs(table: &Table<'_>, key: &str) -> Vec<AnyOf> {
    let entry = |texts: Vec<&str>| {
        let calls: Vec<_> = texts.iter().filter_map(|text| table.parsed::<PriorCall>(key, text)).collect();
        (texts.is_empty() || !calls.is_empty()).then_some(AnyOf(calls))
    };
    table.alternatives(key).into_iter().flatten().filter_map(entry).collect()
}

fn never_with(table: &Table<'_>) -> Vec<PriorCall> {
    const KEY: &str = "never_with";
    if table
        .value(KEY)
        .and_then(DeValue::as_array)
        .is_some_and(|list| list.iter().any(|item| item.get_ref().is_array()))
    {
        table.problem(
            KEY,
            "has a list in it, which would mean one of these, and every entry counts: write them one by one",
        );
        return Vec::new();
    }
    table.all::<PriorCall>(KEY)
}
