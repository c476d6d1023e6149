//! What arguments carry out: secrets, planted values, and what the operator keeps in.
//!
//! A tool that is told something can tell others. Secrets and planted values never leave, whatever the tool; classes of values and sources
//! only where the tool's rule says `keep_out`. Texts are looked at as they are and decoded (percent, Base64, hexadecimal); who
//! paraphrases gets past this, which is why `from` is the stronger rule wherever it can be written.

use std::collections::HashSet;

use serde_json::Value;

use super::{
    Asked, Denied, secret_shape,
    views::{folded, views},
};
use crate::{
    event::EventKind,
    security::{
        boundary::{Boundary, Class, Kept, Source},
        session::Memory,
    },
};

/// Shorter values turn up in texts by chance.
const MIN_VALUE: usize = 6;

/// So many words of a longer text in a row are a quotation.
const QUOTED_WORDS: usize = 5;

pub(in crate::security) fn check(asked: &Asked<'_>, denials: &mut Vec<Denied>) {
    for (name, value) in &asked.call.arguments {
        let found = carried(asked, name).or_else(|| written(value, &mut |text| carried(asked, text)));
        if let Some((kind, rule)) = found {
            denials.push(Denied::argument(kind, name, rule));
        }
    }
}

/// What an argument carries, and the rule that keeps it in.
type Carried = (EventKind, &'static str);

/// Whether a text has a value of a class.
pub(super) fn has_class(class: &Class, memory: &Memory, text: &str) -> bool {
    let views = views(text);
    let by_shape =
        class.pattern.as_ref().is_some_and(|pattern| views.iter().any(|view| has_shape(pattern.regex(), view)));
    by_shape || !class.from.is_empty() && quotes(&class.from, memory, &views)
}

/// Whether a text has a value that the operator has planted, however it is written.
pub(super) fn has_planted(boundary: &Boundary, text: &str) -> bool {
    let is_planted = |view: &str| {
        let view = folded(view);
        boundary.canaries().iter().any(|canary| view.contains(&folded(canary)))
    };
    !boundary.canaries().is_empty() && views(text).iter().any(|view| is_planted(view))
}

/// The first that is found in texts, keys of objects and numbers: all that can carry something.
fn written(value: &Value, find: &mut dyn FnMut(&str) -> Option<Carried>) -> Option<Carried> {
    match value {
        Value::Null | Value::Bool(_) => None,
        Value::Number(number) => find(&number.to_string()),
        Value::String(text) => find(text),
        Value::Array(list) => list.iter().find_map(|item| written(item, find)),
        Value::Object(map) => map.iter().find_map(|(key, item)| find(key).or_else(|| written(item, find))),
    }
}

fn carried(asked: &Asked<'_>, text: &str) -> Option<Carried> {
    let boundary = asked.boundary;
    let redactor = boundary.live().redactor();
    if secret_shape::is_in(text) || redactor.finds(text) {
        return Some((EventKind::LeakDenied, "secret"));
    }
    if boundary.canaries().is_empty() && asked.rule.keep_out.is_empty() {
        return None;
    }
    let views = views(text);
    if views.iter().any(|view| secret_shape::is_in(view) || redactor.finds(view)) {
        return Some((EventKind::LeakDenied, "secret"));
    }
    if has_planted(boundary, text) {
        return Some((EventKind::CanaryObeyed, "canaries"));
    }
    let is_kept = |kept: &Kept| match kept {
        Kept::Class(name) => {
            boundary.class(name).is_some_and(|class| asked.session.with_memory(|memory| has_class(class, memory, text)))
        }
        Kept::From(source) => asked.session.with_memory(|memory| quotes(std::slice::from_ref(source), memory, &views)),
    };
    asked.rule.keep_out.iter().any(is_kept).then_some((EventKind::LeakDenied, "keep_out"))
}

/// The pattern matches the text as it is, or without the blanks and dashes that people put into numbers.
fn has_shape(pattern: &regex::Regex, view: &str) -> bool {
    let compact = || view.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '.' | '/')).collect::<String>();
    pattern.is_match(view) || pattern.is_match(&compact())
}

/// Whether one of the views has a value that came from one of the sources, or quotes a longer text from there.
fn quotes<V: AsRef<str>>(sources: &[Source], memory: &Memory, views: &[V]) -> bool {
    let plain: Vec<String> = views.iter().map(|view| folded(view.as_ref())).collect();
    let phrases: HashSet<String> = views.iter().flat_map(|view| phrases(view.as_ref())).collect();
    let is_quoted = |value: &str| {
        let words = value.split_whitespace().count();
        if words > QUOTED_WORDS {
            return self::phrases(value).any(|phrase| phrases.contains(&phrase));
        }
        let value = folded(value);
        value.chars().count() >= MIN_VALUE && plain.iter().any(|view| view.contains(&value))
    };
    sources.iter().any(|source| memory.values_of(source).any(is_quoted))
}

/// Every run of so many words, without punctuation and case.
fn phrases(text: &str) -> impl Iterator<Item = String> {
    let words: Vec<String> = text.split_whitespace().map(folded).filter(|word| !word.is_empty()).collect();
    let runs: Vec<String> = words.windows(QUOTED_WORDS).map(|run| run.join(" ")).collect();
    runs.into_iter()
}

#[cfg(test)]
mod tests;
