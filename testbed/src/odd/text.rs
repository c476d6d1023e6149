//! Templates in texts: `{{name}}`, and what is too long to be written down.

use serde_json::{Map, Value, json};

/// The text with its templates filled in. What is unknown stays as it is.
///
/// `{{times N TEXT}}` is the text so many times, `{{numbered N TEXT}}` the same with a number for each `#`,
/// `{{closing N}}` so many closing braces, and `{{bomb KIND LEVELS}}` a schema whose work doubles with each level.
pub(super) fn fill(text: &str, known: &dyn Fn(&str) -> Option<String>) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, behind)) = after.split_once("}}") else { break };
        filled.push_str(before);
        match known(name).or_else(|| generated(name)) {
            Some(value) => filled.push_str(&value),
            None => filled.extend(["{{", name, "}}"]),
        }
        rest = behind;
    }
    filled.push_str(rest);
    filled
}

fn generated(name: &str) -> Option<String> {
    let (function, rest) = name.split_once(' ')?;
    if function == "closing" {
        return Some("}".repeat(rest.parse().ok()?));
    }
    let (first, second) = rest.split_once(' ')?;
    match function {
        "times" => Some(second.repeat(first.parse().ok()?)),
        "numbered" => {
            Some((0..first.parse().ok()?).map(|number: u32| second.replace('#', &number.to_string())).collect())
        }
        "bomb" => Some(bomb(first, second.trim().parse().ok()?)?.to_string()),
        "ladder" => Some(ladder(first.parse().ok()?, second)),
        _ => None,
    }
}

/// `{"a":{"a":…}}` so many times, around a text.
fn ladder(levels: usize, inner: &str) -> String {
    format!("{}{inner}{}", r#"{"a":"#.repeat(levels), "}".repeat(levels))
}

/// A schema of an object whose `customer_id` is checked twice on each level, and on the next, so 2^levels times.
fn bomb(kind: &str, levels: usize) -> Option<Value> {
    let mut parts = Map::new();
    for level in 0..levels {
        let next = match kind {
            "dynamic_ref" => json!({ "$dynamicRef": format!("#a{}", level + 1) }),
            "definitions" => json!({ "$ref": format!("#/definitions/a{}", level + 1) }),
            _ => json!({ "$ref": format!("#/$defs/a{}", level + 1) }),
        };
        parts.insert(format!("a{level}"), step(kind, level, &next)?);
    }
    parts.insert(format!("a{levels}"), last(kind, levels));
    let (home, start) = match kind {
        "dynamic_ref" => ("$defs", json!({ "$dynamicRef": "#a0" })),
        "definitions" => ("definitions", json!({ "$ref": "#/definitions/a0" })),
        _ => ("$defs", json!({ "$ref": "#/$defs/a0" })),
    };
    Some(json!({ "type": "object", "properties": { "customer_id": start }, home: parts }))
}

fn step(kind: &str, level: usize, next: &Value) -> Option<Value> {
    Some(match kind {
        "any_of" | "definitions" => json!({ "anyOf": [next, next] }),
        "dynamic_ref" => json!({ "$dynamicAnchor": format!("a{level}"), "anyOf": [next, next] }),
        "all_of" => json!({ "allOf": [next, next] }),
        "one_of" => json!({ "oneOf": [next, next] }),
        "not" => json!({ "allOf": [{ "not": next }, { "not": next }] }),
        "if" => json!({ "if": next, "then": next, "else": next }),
        "dependent_schemas" => json!({ "dependentSchemas": { "x": next, "y": next } }),
        "unevaluated" => json!({ "anyOf": [next, next], "unevaluatedProperties": false }),
        "contains" => json!({ "contains": next, "items": next }),
        "mixed" => match level % 3 {
            0 => json!({ "anyOf": [next, next] }),
            1 => json!({ "allOf": [next, { "not": { "not": next } }] }),
            _ => json!({ "if": next, "else": next }),
        },
        _ => return None,
    })
}

/// Such that no branch ends early.
fn last(kind: &str, levels: usize) -> Value {
    match kind {
        "all_of" | "dependent_schemas" | "contains" => json!(true),
        "dynamic_ref" => json!({ "$dynamicAnchor": format!("a{levels}"), "const": "never" }),
        _ => json!({ "const": "never" }),
    }
}

#[cfg(test)]
mod tests;
