//! Text in a reply that is made to be taken for an order. Finding some proves nothing about texts in which none is found, so nothing is
//! refused for it: it is recorded, for the operator who looks into a run.

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

/// So many bytes has the shortest of [`ORDERS`].
const SHORTEST_ORDER: usize = 16;

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
    // most texts have nothing of what each of them must have
    let may_mark = text.contains(['<', '[', '#']);
    let may_speak = text.contains(':');
    let may_order = text.len() >= SHORTEST_ORDER && text.contains(char::is_whitespace);
    if !may_mark && !may_speak && !may_order {
        return None;
    }
    let seen: String = text.chars().filter(|c| !is_invisible(*c)).flat_map(char::to_lowercase).collect();
    if may_mark && TEMPLATES.iter().any(|marker| seen.contains(marker)) {
        return Some("marks of a chat template");
    }
    let words = seen.split_whitespace().collect::<Vec<_>>().join(" ");
    let speaks = |(at_start, later): &(&str, &str)| words.starts_with(at_start) || words.contains(later);
    let is_order =
        may_speak && SPEAKERS.iter().any(speaks) || may_order && ORDERS.iter().any(|order| words.contains(order));
    is_order.then_some("an order to a model")
}

/// Tags, and what turns the direction of writing: only machines see it. A joiner between two letters is how some scripts are written.
fn is_for_machines(c: char) -> bool {
    matches!(c, '\u{e0000}'..='\u{e0fff}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests;
