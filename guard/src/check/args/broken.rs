use serde_json::Value;

use crate::policy::{ArgumentRule, RuleId};

/// The first rule that a value breaks, or an item of a list. Null breaks none.
pub(super) fn first_broken(rule: &ArgumentRule, value: &Value) -> Option<RuleId> {
    match value {
        Value::Null => None,
        Value::Array(list) => list.iter().find_map(|item| first_broken(rule, item)),
        value => rule.broken(value),
    }
}
