//! What Cedar is told of a call.

use abide_base::{call::ToolCall, scope::ScopeSet};
use abide_guard::{
    Session,
    check::{
        args::{field, unexpected},
        provenance,
        values::{counted, items},
    },
    policy::{ArgumentRule, Policy, Registry, Source, ToolRule},
    session::Origin,
};
use serde_json::{Map, Value, json};

pub(super) struct Asking<'a> {
    pub(super) policy: &'a Policy,
    pub(super) rule: &'a ToolRule,
    pub(super) call: &'a ToolCall,
    pub(super) session: &'a Session,
    pub(super) granted: &'a ScopeSet,
}

pub(super) fn context(asking: &Asking<'_>) -> Value {
    let rules = &asking.rule.arguments;
    let is_unexpected = |(name, value): (&String, &Value)| unexpected(asking.rule, name, value).is_some();
    let arguments: Map<String, Value> =
        rules.iter().map(|(name, rule)| (name.clone(), argument(asking, name, rule))).collect();
    json!({
        "scopes": asking.granted,
        "calls": asking.session.calls_of(&asking.call.tool),
        "asked": asking.session.asked(),
        "unexpected": asking.call.arguments.iter().any(is_unexpected),
        "arguments": arguments,
    })
}

fn argument(asking: &Asking<'_>, name: &str, rule: &ArgumentRule) -> Value {
    let given = asking.call.arguments.get(name);
    let items = items(given);
    let holds = |part: &ArgumentRule| items.iter().all(|item| part.broken(item).is_none());
    let each = rule.each().into_iter().filter(|(_, part)| holds(part));
    let mut fits: Vec<&str> = each.map(|(rule, _)| rule.as_str()).collect();
    let registries = [asking.policy.registry(), asking.session.registry()];
    let came_from = |sources: &[Source]| {
        let origin = Origin::new(sources, &registries).reading(rule.read_as);
        asking.session.with_memory(|memory| items.iter().all(|item| memory.is_from(&origin, item)))
    };
    let from = rule.from.as_deref().unwrap_or_default();
    let sources: Vec<String> =
        from.iter().filter(|source| came_from(std::slice::from_ref(*source))).map(ToString::to_string).collect();
    if came_from(from) {
        fits.push("from");
    }
    if given.is_none_or(|value| fields_fit(asking, &registries, (name, rule), value)) {
        fits.push("fields");
    }
    let values: Vec<String> = items.iter().map(ToString::to_string).collect();
    let mut facts = json!({ "values": values, "items": given.map_or(0, counted), "sources": sources, "fits": fits });
    let mut add = |key: &str, value: Option<Value>| {
        if let (Some(facts), Some(value)) = (facts.as_object_mut(), value) {
            facts.insert(key.to_owned(), value);
        }
    };
    if let [Value::String(text)] = items.as_slice() {
        add("text", Some(json!(text)));
    }
    let numbers: Option<Vec<i64>> = items.iter().map(|item| item.as_i64()).collect();
    add("least", numbers.iter().flatten().min().map(|least| json!(least)));
    add("most", numbers.iter().flatten().max().map(|most| json!(most)));
    facts
}

/// Whether all rules of fields hold, those that say where values come from included.
fn fields_fit(asking: &Asking<'_>, registries: &[&Registry], of: (&str, &ArgumentRule), value: &Value) -> bool {
    let (name, rule) = of;
    let (mut denials, mut is_known) = (Vec::new(), true);
    if !rule.fields.is_empty() {
        field::check(name, rule, asking.rule.other_arguments, value, &mut denials);
        provenance::fields(asking.session, registries, of, value, |_, _, unknown| is_known &= unknown.is_none());
    }
    denials.is_empty() && is_known
}
