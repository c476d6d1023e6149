//! Tools, arguments and classes.

use std::collections::{BTreeMap, BTreeSet};

use abide_base::call::ToolName;
use abide_guard::{
    policy::{
        ArgumentRule, Policy, ToolRule, UnlistedArguments, field_path, key_path,
        order::{Order, presence},
    },
    text::decodings::normalize,
};

use super::change::{Changes, word};

pub(super) fn tools(changes: &mut Changes, old: &Policy, new: &Policy) {
    let names: BTreeSet<&ToolName> = old.catalogue().chain(new.catalogue()).map(|(name, _)| name).collect();
    // a reply that is withheld, or not read, is not remembered: that takes away sources of values, and of what must stay in
    let keeps_replies_in = keeps_replies_in(old) || keeps_replies_in(new);
    let withholding = |order: Order| match order {
        Order::Wider | Order::Narrower if keeps_replies_in => Order::Unclear,
        order => order,
    };
    for name in names {
        let path = key_path("tools", name.as_str());
        match (old.tool(name), new.tool(name)) {
            (Some(was), Some(is)) => {
                tool(changes, &path, was, is);
                let path = key_path(&path, "reply");
                was.reply.compare(&is.reply, &mut |key, order, shown| {
                    let order = if SHOWING.contains(&key) { order } else { withholding(order) };
                    changes.key(&path, key, order, shown);
                });
            }
            (was, is) => {
                let effect = |rule: &ToolRule| format!("may be called ({})", word(&rule.effect).unwrap_or_default());
                let order = presence(was, is).reversed();
                changes.told(path, order, was.map(effect), is.map(effect));
            }
        }
    }
}

/// The keys of `reply` that withhold no reply from the memory of a run.
const SHOWING: [&str; 2] = ["shown_bytes", "hide"];

/// Whether some argument must not carry what replies have said.
fn keeps_replies_in(policy: &Policy) -> bool {
    policy.catalogue().any(|(_, rule)| !rule.no_egress.is_empty())
}

fn tool(changes: &mut Changes, path: &str, old: &ToolRule, new: &ToolRule) {
    old.compare(new, &mut |key, order, shown| changes.key(path, key, order, shown));
    let place = |name: &str| key_path(&key_path(path, "arguments"), name);
    arguments(changes, &place, (&old.arguments, old.other_arguments), (&new.arguments, new.other_arguments));
}

/// Rules of arguments or of fields by name, and what becomes of those without one.
type Named<'r> = (&'r BTreeMap<String, ArgumentRule>, UnlistedArguments);

fn arguments(changes: &mut Changes, place: &dyn Fn(&str) -> String, old: Named<'_>, new: Named<'_>) {
    let ((old, old_others), (new, new_others)) = (old, new);
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for name in names {
        let path = place(name);
        let (was, is) = (old.get(name), new.get(name));
        if was.is_none() || is.is_none() {
            // names that differ only in case and punctuation are refused, but not where both have a rule
            let other = if was.is_none() { old } else { new };
            let is_alike = other.keys().any(|known| normalize(known) == normalize(name));
            // where arguments without a rule are refused, a rule is what lets one in
            let others = if was.is_none() { old_others } else { new_others };
            let order = match others {
                _ if is_alike => Order::Unclear,
                UnlistedArguments::Allow => presence(was, is),
                UnlistedArguments::Refuse => presence(was, is).reversed(),
            };
            changes.told(path, order, was.and_then(word), is.and_then(word));
        } else if let (Some(was), Some(is)) = (was, is) {
            argument(changes, &path, (was, old_others), (is, new_others));
        }
    }
}

fn argument(
    changes: &mut Changes,
    path: &str,
    old: (&ArgumentRule, UnlistedArguments),
    new: (&ArgumentRule, UnlistedArguments),
) {
    let ((old, old_others), (new, new_others)) = (old, new);
    old.compare(new, &mut |rule, order, shown| changes.key(path, rule.as_str(), order, shown));
    if old.from.is_some() && new.from.is_some() {
        let order = Order::of(old.read_as, new.read_as, |one, other| other.is_none() || one == other);
        changes.told(key_path(path, "as"), order, word(&old.read_as), word(&new.read_as));
    }
    fields(changes, path, (&old.fields, old_others), (&new.fields, new_others));
}

/// The first rule of a field says that the value is an object, so it lets less through, whatever becomes of other fields.
fn fields(changes: &mut Changes, path: &str, old: Named<'_>, new: Named<'_>) {
    let place = |name: &str| field_path(path, &[name]);
    if !old.0.is_empty() && !new.0.is_empty() {
        return arguments(changes, &place, old, new);
    }
    for (name, rule) in old.0 {
        changes.told(place(name), Order::Wider, word(rule), None);
    }
    for (name, rule) in new.0 {
        changes.told(place(name), Order::Narrower, None, word(rule));
    }
}

pub(super) fn classes(changes: &mut Changes, old: &Policy, new: &Policy) {
    let (old, new) = (&old.spec().sensitive, &new.spec().sensitive);
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for name in names {
        let path = key_path("sensitive", name);
        match (old.get(name), new.get(name)) {
            (Some(was), Some(is)) => {
                was.compare(is, &mut |key, order, shown| changes.key(&path, key, order, shown));
            }
            (was, is) => changes.told(path, presence(was, is), was.and_then(word), is.and_then(word)),
        }
    }
}
