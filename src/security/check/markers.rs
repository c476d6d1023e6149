//! Text in a reply that is made to be taken for an order. Finding some proves nothing about texts in which none is found, so nothing is
//! refused for it: it is recorded, for whoever looks into a run.

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

/// What was found in a value, by its kind.
pub(in crate::security) fn find(value: &Value) -> Option<&'static str> {
    match value {
        Value::String(text) => in_text(text),
        Value::Array(list) => list.iter().find_map(find),
        Value::Object(map) => map.iter().find_map(|(key, item)| in_text(key).or_else(|| find(item))),
        _ => None,
    }
}

fn in_text(text: &str) -> Option<&'static str> {
    // tags and joiners that only machines see; a joiner between two letters is how some scripts are written
    if text.chars().any(|c| matches!(c, '\u{e0000}'..='\u{e0fff}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
    {
        return Some("invisible characters");
    }
    let seen: String = text.chars().filter(|c| !is_invisible(*c)).flat_map(char::to_lowercase).collect();
    if TEMPLATES.iter().any(|marker| seen.contains(marker)) {
        return Some("marks of a chat template");
    }
    let words = seen.split_whitespace().collect::<Vec<_>>().join(" ");
    let commands = ["system:", "assistant:", "new instructions:"];
    let speaks = commands.iter().any(|speaker| words.starts_with(speaker) || words.contains(&format!(". {speaker}")));
    (speaks || ORDERS.iter().any(|order| words.contains(order))).then_some("an order to a model")
}

#[cfg(test)]
mod tests;
