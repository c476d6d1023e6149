//! Text in a reply that is made to be taken for an order (prompt injection). Finding some proves nothing about texts in which none is found, so nothing is
//! refused for it: it is recorded, for the operator who looks into a run.

use std::{collections::BTreeSet, sync::LazyLock};

use regex::Regex;
use serde_json::Value;

use super::invisible::is_invisible;

/// What chat templates and prompts use to tell one speaker from another.
const TEMPLATES: [&str; 12] = [
    "<|im_start|>",
    "<|im_end|>",
    "<|system|>",
    "<|assistant|>",
    "<|endoftext|>",
    "<|eot_id|>",
    "<|start_header_id|>",
    "[inst]",
    "[/inst]",
    "<<sys>>",
    "</tool_result>",
    "### instruction",
];

/// How orders to forget other orders begin.
const ORDERS: [&str; 10] = [
    "ignore previous instructions",
    "ignore all previous instructions",
    "ignore the previous instructions",
    "ignore the above",
    "ignore all prior instructions",
    "disregard previous instructions",
    "disregard all previous instructions",
    "disregard the above",
    "forget your instructions",
    "this is an important message from",
];

/// How an order begins that is written as a turn of another speaker: at the start of a text, and after a sentence.
const SPEAKERS: [(&str, &str); 3] =
    [("system:", ". system:"), ("assistant:", ". assistant:"), ("new instructions:", ". new instructions:")];

/// The longest word of each of them. An ASCII text without any of these words holds none of them, and most texts are of that kind.
#[expect(clippy::expect_used, reason = "the words are those above")]
static HINT: LazyLock<Regex> = LazyLock::new(|| {
    let speakers = SPEAKERS.iter().map(|(at_start, _)| at_start);
    let words: BTreeSet<_> = TEMPLATES.iter().chain(&ORDERS).chain(speakers).filter_map(longest_word).collect();
    Regex::new(&format!("(?i-u:{})", Vec::from_iter(words).join("|"))).expect("escaped words are a pattern")
});

/// What was found in a value, by its kind.
pub(crate) fn find(value: &Value) -> Option<&'static str> {
    match value {
        Value::String(text) => in_text(text),
        Value::Array(list) => list.iter().find_map(find),
        Value::Object(map) => map.iter().find_map(|(key, item)| in_text(key).or_else(|| find(item))),
        _ => None,
    }
}

fn in_text(text: &str) -> Option<&'static str> {
    if !text.is_ascii() && text.chars().any(is_for_machines) {
        return Some("invisible characters");
    }
    if text.is_ascii() && !HINT.is_match(text) {
        return None;
    }
    let seen: String = text.chars().filter(|c| !is_invisible(*c)).flat_map(char::to_lowercase).collect();
    if TEMPLATES.iter().any(|marker| seen.contains(marker)) {
        return Some("marks of a chat template");
    }
    let words = seen.split_whitespace().collect::<Vec<_>>().join(" ");
    let speaks = |(at_start, later): &(&str, &str)| words.starts_with(at_start) || words.contains(later);
    let is_order = SPEAKERS.iter().any(speaks) || ORDERS.iter().any(|order| words.contains(order));
    is_order.then_some("an order to a model")
}

/// Its longest word, escaped for a pattern.
fn longest_word(marker: &&str) -> Option<String> {
    marker.split_whitespace().max_by_key(|word| word.len()).map(regex::escape)
}

/// Tags, and what turns the direction of writing: only machines see it. A joiner between two letters is how some scripts are written.
fn is_for_machines(c: char) -> bool {
    matches!(c, '\u{e0000}'..='\u{e0fff}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests;
