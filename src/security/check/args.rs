//! The operator's rules for arguments: pattern, enum, numbers, length.

use serde_json::Value;

use super::Denied;
use crate::{
    Pattern,
    call::ToolCall,
    event::EventKind,
    security::boundary::{ArgumentRule, ToolRule},
};

/// Every rule of every argument; where the value is a list, for each item. An argument that is named like one with a rule but for case
/// and punctuation is refused: many servers take `customerId` for `customer_id`.
pub(in crate::security) fn check(rule: &ToolRule, call: &ToolCall) -> Result<(), Denied> {
    for name in call.arguments.keys().filter(|name| !rule.arguments.contains_key(*name)) {
        if let Some(meant) = rule.arguments.keys().find(|ruled| folded(ruled) == folded(name)) {
            return Err(Denied::argument(EventKind::ArgumentDenied, meant, "name"));
        }
    }
    for (name, argument) in &rule.arguments {
        for value in items(call.arguments.get(name)) {
            if let Some(broken) = broken(argument, value) {
                return Err(Denied::argument(EventKind::ArgumentDenied, name, broken));
            }
        }
    }
    Ok(())
}

/// The values of an argument: the items of a list, lists in lists included; none where it is absent or null.
pub(in crate::security) fn items(value: Option<&Value>) -> Vec<&Value> {
    match value {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(list)) => list.iter().flat_map(|item| items(Some(item))).collect(),
        Some(value) => vec![value],
    }
}

fn folded(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn broken(rule: &ArgumentRule, value: &Value) -> Option<&'static str> {
    let text = value.as_str();
    let pattern_holds = |p: &Pattern| text.is_some_and(|t| p.matches(t));
    let long = |max: u32| text.is_none_or(|t| t.chars().count() > max as usize);
    let number = value.as_f64();
    if rule.one_of.as_ref().is_some_and(|values| !values.contains(value)) {
        Some("enum")
    } else if rule.pattern.as_ref().is_some_and(|p| !pattern_holds(p)) {
        Some("pattern")
    } else if rule.max_chars.is_some_and(long) {
        Some("max_chars")
    } else if rule.min.is_some_and(|min| number.is_none_or(|n| n < min)) {
        Some("min")
    } else if rule.max.is_some_and(|max| number.is_none_or(|n| n > max)) {
        Some("max")
    } else {
        None
    }
}
