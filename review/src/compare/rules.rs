//! Tools, arguments, classes and answers.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use abide_base::call::{Effect, ToolName};
use abide_guard::{
    policy::{
        Answer, ArgumentRule, Class, Kept, Policy, ReplyRule, Source, ToolRule, UnlistedArguments, field_path,
        key_path,
        order::{Order, by_most, covering, presence, set},
    },
    text::decodings::normalize,
};

use super::{
    change::{Changes, of, word},
    order,
};

pub(super) fn tools(changes: &mut Changes, old: &Policy, new: &Policy) {
    let names: BTreeSet<&ToolName> = old.catalogue().chain(new.catalogue()).map(|(name, _)| name).collect();
    // a reply that is withheld is not remembered: that takes away sources of values, and of what must stay in
    let withholding = |order: Order| match order {
        Order::Wider | Order::Narrower if keeps_replies_in(old) || keeps_replies_in(new) => Order::Unclear,
        order => order,
    };
    for name in names {
        let path = key_path("tools", name.as_str());
        match (old.tool(name), new.tool(name)) {
            (Some(was), Some(is)) => {
                tool(changes, &path, was, is);
                let path = key_path(&path, "reply");
                reply(changes, &path, (&was.reply, &is.reply), &withholding);
                // a reply that is not read is not remembered either
                let (was, is) = (was.call_limits(), is.call_limits());
                let read = by_most(Some(&was.receive_bytes), Some(&is.receive_bytes));
                let bytes = |bytes: usize| Some(bytes.to_string());
                let (old, new) = (bytes(was.receive_bytes), bytes(is.receive_bytes));
                changes.told(key_path(&path, "receive_bytes"), withholding(read), old, new);
                let shown = by_most(Some(&was.shown_bytes), Some(&is.shown_bytes));
                let (old, new) = (bytes(was.shown_bytes), bytes(is.shown_bytes));
                changes.told(key_path(&path, "shown_bytes"), shown, old, new);
            }
            (was, is) => {
                let effect = |rule: &ToolRule| format!("may be called ({})", word(&rule.effect).unwrap_or_default());
                let order = presence(was, is).reversed();
                changes.told(path, order, was.map(effect), is.map(effect));
            }
        }
    }
}

/// Whether some argument must not carry what replies have said.
fn keeps_replies_in(policy: &Policy) -> bool {
    policy.catalogue().any(|(_, rule)| !rule.no_egress.is_empty())
}

fn tool(changes: &mut Changes, path: &str, old: &ToolRule, new: &ToolRule) {
    let key = |key: &str| key_path(path, key);
    let strictness = |effect| match effect {
        Effect::Read => 0,
        Effect::Write => 1,
        Effect::External => 2,
    };
    // repetitions of what changes something are refused, and what is sent to others is counted
    let effect = by_most(Some(&strictness(old.effect)), Some(&strictness(new.effect))).reversed();
    changes.told(key("effect"), effect, word(&old.effect), word(&new.effect));
    let scopes = Order::of(&old.scopes, &new.scopes, |one, other| one.covers(other)).reversed();
    changes.told(key("scopes"), scopes, Some(old.scopes.to_string()), Some(new.scopes.to_string()));
    changes.most(key("max_calls"), old.max_calls, new.max_calls);
    let (was, is) = (old.call_limits().timeout, new.call_limits().timeout);
    let seconds = |time: Duration| Some(format!("{}s", time.as_secs()));
    changes.told(key("timeout"), by_most(Some(&was), Some(&is)), seconds(was), seconds(is));
    let distinct = match (&old.distinct, &new.distinct) {
        (Some(old), Some(new)) if old.argument == new.argument => by_most(Some(&old.max), Some(&new.max)),
        (Some(_), Some(_)) => Order::Unclear,
        (old, new) => presence(old.as_ref(), new.as_ref()),
    };
    changes.told(key("distinct"), distinct, word(&old.distinct), word(&new.distinct));
    let approval = order::approval(old.approval, new.approval);
    changes.told(key("approval"), approval, word(&old.approval), word(&new.approval));
    let ask = |rule: &ToolRule| rule.overridable.iter().copied().collect::<Vec<_>>();
    changes.told(key("overridable"), set(&ask(old), &ask(new)), of(&ask(old)), of(&ask(new)));
    for (name, old, new) in [("after", &old.after, &new.after), ("only_if", &old.only_if, &new.only_if)] {
        // one more entry is one more that must be met; one more call in an entry is one more way to meet it
        let order = Order::of(old, new, |one, other| one.iter().all(|need| other.iter().any(|by| by.implies(need))));
        changes.told(key(name), order, of(old), of(new));
    }
    let never_with = set(&old.never_with, &new.never_with).reversed();
    changes.told(key("never_with"), never_with, of(&old.never_with), of(&new.never_with));
    let keeps = |one: &Kept, other: &Kept| match (one, other) {
        (Kept::From(one), Kept::From(other)) => one.covers(other),
        _ => one == other,
    };
    let kept = covering(&old.no_egress, &new.no_egress, keeps).reversed();
    changes.told(key("no_egress"), kept, of(&old.no_egress), of(&new.no_egress));
    let others = Order::of(old.others, new.others, |one, other| *one == UnlistedArguments::Allow || one == other);
    changes.told(key("other_arguments"), others, word(&old.others), word(&new.others));
    changes.other(key("dry_run"), &old.dry_run, &new.dry_run);
    changes.other(key("dry_run_recording"), &old.recorded, &new.recorded);
    let place = |name: &str| key_path(&key("arguments"), name);
    arguments(changes, &place, (&old.arguments, old.others), (&new.arguments, new.others));
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
    let key = |key: &str| key_path(path, key);
    old.compare(new, &mut |rule, order, [was, is]| {
        changes.told(key(rule.as_str()), order, was.as_ref().and_then(word), is.as_ref().and_then(word));
    });
    if old.from.is_some() && new.from.is_some() {
        let order = Order::of(old.read_as, new.read_as, |one, other| other.is_none() || one == other);
        changes.told(key("as"), order, word(&old.read_as), word(&new.read_as));
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

fn reply(
    changes: &mut Changes,
    path: &str,
    (old, new): (&ReplyRule, &ReplyRule),
    withholding: &dyn Fn(Order) -> Order,
) {
    let key = |key: &str| key_path(path, key);
    let max = by_most(old.max_bytes.as_ref(), new.max_bytes.as_ref());
    changes.told(key("max_bytes"), withholding(max), word(&old.max_bytes), word(&new.max_bytes));
    changes.told(
        key("markup"),
        withholding(order::markup(old.markup, new.markup)),
        word(&old.markup),
        word(&new.markup),
    );
    changes.told(key("hide"), set(&old.hide, &new.hide).reversed(), of(&old.hide), of(&new.hide));
}

pub(super) fn classes(changes: &mut Changes, old: &Policy, new: &Policy) {
    let (old, new) = (&old.spec().sensitive, &new.spec().sensitive);
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for name in names {
        let path = key_path("sensitive", name);
        match (old.get(name), new.get(name)) {
            (Some(was), Some(is)) => class(changes, &path, was, is),
            (was, is) => changes.told(path, presence(was, is), was.and_then(word), is.and_then(word)),
        }
    }
}

fn class(changes: &mut Changes, path: &str, old: &Class, new: &Class) {
    let pattern = match (&old.pattern, &new.pattern) {
        (Some(old), Some(new)) if old == new => Order::Same,
        (Some(_), Some(_)) => Order::Unclear,
        (old, new) => presence(old.as_ref(), new.as_ref()),
    };
    changes.told(key_path(path, "pattern"), pattern, word(&old.pattern), word(&new.pattern));
    let from = covering(&old.from, &new.from, Source::covers).reversed();
    changes.told(key_path(path, "from"), from, of(&old.from), of(&new.from));
}

pub(super) fn answer(changes: &mut Changes, old: &Answer, new: &Answer) {
    changes.most("answer.max_chars", old.max_chars, new.max_chars);
    changes.told("answer.markup", order::markup(old.markup, new.markup), word(&old.markup), word(&new.markup));
    changes.told("answer.never", set(&old.never, &new.never).reversed(), of(&old.never), of(&new.never));
}
