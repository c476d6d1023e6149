//! `[sensitive.NAME]`, `[answer]`, and `reply` of a tool.

use std::collections::BTreeMap;

use crate::policy::{
    CallLimits, Source, Table,
    rule::{Answer, Class, ClassPattern, Markup, ReplyRule},
};

pub(super) fn classes(table: &Table<'_>) -> BTreeMap<String, Class> {
    let classes = table.tables().into_iter();
    classes.map(|(name, table)| (name, class(table))).collect()
}

fn class(table: Table<'_>) -> Class {
    let pattern = table.text("pattern").and_then(|pattern| {
        ClassPattern::new(pattern)
            .map_err(|error| {
                table.problem("pattern", format!("is not a regular expression of the crate `regex`: {}", error.reason));
            })
            .ok()
    });
    let sources = table.texts("from").into_iter().flatten();
    let from = sources.filter_map(|source| table.parsed::<Source>("from", source)).collect();
    table.finish(&["pattern", "from"]);
    Class { pattern, from }
}

pub(super) fn reply(table: Table<'_>) -> ReplyRule {
    let words = [("keep", Markup::Keep), ("strip", Markup::Strip), ("refuse", Markup::Refuse)];
    let rule = ReplyRule {
        max_bytes: table.count("max_bytes").map(std::num::NonZeroU32::get),
        receive_bytes: bytes(&table, "receive_bytes"),
        shown_bytes: bytes(&table, "shown_bytes"),
        markup: table.choice("markup", &words).unwrap_or_default(),
        hide: owned(&table, "hide"),
    };
    table.finish(&["max_bytes", "receive_bytes", "shown_bytes", "markup", "hide"]);
    rule
}

/// What is kept in memory for each call that is under way.
fn bytes(table: &Table<'_>, key: &str) -> Option<u32> {
    let bytes = table.count(key)?.get();
    if bytes > CallLimits::MAX_BYTES {
        table.problem(key, format!("must be at most {} (32 MiB)", CallLimits::MAX_BYTES));
        return None;
    }
    Some(bytes)
}

pub(super) fn answer(table: Table<'_>) -> Answer {
    let words = [("keep", Markup::Keep), ("refuse", Markup::Refuse)];
    let answer = Answer {
        max_chars: table.count("max_chars").map(std::num::NonZeroU32::get),
        markup: table.choice("markup", &words).unwrap_or_default(),
        never: owned(&table, "never"),
    };
    table.finish(&["max_chars", "markup", "never"]);
    answer
}

fn owned(table: &Table<'_>, key: &str) -> Vec<String> {
    table.texts(key).into_iter().flatten().map(str::to_owned).collect()
}
