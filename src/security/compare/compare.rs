use std::fmt;

use serde::Serialize;

use super::super::{
    boundary::Boundary,
    policy::{Brake, Limits, Policy, key_path},
};
use super::order::{Order, by_most, set};

/// One difference between two boundaries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Change {
    /// What it means.
    pub kind: Kind,
    /// The key, with the tables around it.
    pub key: String,
    /// What stood there; none where there was nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// What stands there now; none where there is nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// What a difference means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The second lets more through.
    Wider,
    /// The second lets less through.
    Narrower,
    /// Neither, both, or not to be decided.
    Changed,
}

/// Every difference, tables in the order of their names.
pub fn compare(old: &Boundary, new: &Boundary) -> Vec<Change> {
    let mut changes = Changes(Vec::new());
    super::servers::servers(&mut changes, old, new);
    let (old, new) = (old.policy(), new.policy());
    super::rules::tools(&mut changes, old, new);
    lists(&mut changes, old, new);
    super::rules::classes(&mut changes, old, new);
    limits(&mut changes, old.limits(), new.limits());
    super::rules::answer(&mut changes, old.answer(), new.answer());
    let canaries = (old.canaries(), new.canaries());
    changes.told("canaries.values", set(canaries.0, canaries.1).reversed(), of(canaries.0), of(canaries.1));
    let writes = (old.compile_writes(), new.compile_writes());
    changes.told("compile.writes", super::order::writes(writes.0, writes.1), word(&writes.0), word(&writes.1));
    locks(&mut changes, old, new);
    changes.0
}

/// Differences being written down.
pub(super) struct Changes(Vec<Change>);

impl Changes {
    /// A line, unless the two are the same.
    pub(super) fn told(&mut self, key: impl Into<String>, order: Order, before: Option<String>, after: Option<String>) {
        let kind = match order {
            Order::Same => return,
            Order::Wider => Kind::Wider,
            Order::Narrower => Kind::Narrower,
            Order::Unclear => Kind::Changed,
        };
        self.0.push(Change { kind, key: key.into(), before, after });
    }

    /// A value of which nobody can say more than that it is another one.
    pub(super) fn other<T: Serialize + PartialEq>(&mut self, key: impl Into<String>, old: &T, new: &T) {
        let order = if old == new { Order::Same } else { Order::Unclear };
        self.told(key, order, word(old), word(new));
    }

    /// A limit; none is the widest.
    pub(super) fn most<T: Ord + fmt::Display>(&mut self, key: impl Into<String>, old: Option<T>, new: Option<T>) {
        let order = by_most(old.as_ref(), new.as_ref());
        self.told(key, order, old.map(|old| old.to_string()), new.map(|new| new.to_string()));
    }
}

/// A value as JSON; none for what says nothing.
pub(super) fn word<T: Serialize>(value: &T) -> Option<String> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::Null) | Err(_) => None,
        Ok(serde_json::Value::String(text)) => Some(text),
        Ok(value) => Some(value.to_string()),
    }
}

/// A list as JSON; none where it is empty.
pub(super) fn of<T: Serialize>(list: &[T]) -> Option<String> {
    if list.is_empty() { None } else { word(&list) }
}

fn lists(changes: &mut Changes, old: &Policy, new: &Policy) {
    let entries = |policy: &Policy, name: &str| {
        let has = policy.registry().contains(name);
        has.then(|| policy.registry().entries(name).map(str::to_owned).collect::<Vec<_>>())
    };
    let mut names: Vec<&str> = old.registry().names().chain(new.registry().names()).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let (was, is) = (entries(old, name), entries(new, name));
        let order = set(was.as_deref().unwrap_or_default(), is.as_deref().unwrap_or_default());
        changes.told(key_path("registry", name), order, was.as_ref().and_then(word), is.as_ref().and_then(word));
    }
}

fn limits(changes: &mut Changes, old: &Limits, new: &Limits) {
    changes.most("limits.tool_calls", old.tool_calls, new.tool_calls);
    changes.most("limits.outgoing_bytes", old.outgoing_bytes, new.outgoing_bytes);
    changes.told("limits.rate", super::order::rates(old.rate, new.rate), word(&old.rate), word(&new.rate));
    brake(changes, "limits.caller", old.caller, new.caller);
    brake(changes, "limits.all", old.all, new.all);
}

fn brake(changes: &mut Changes, path: &str, old: Option<Brake>, new: Option<Brake>) {
    let (Some(old), Some(new)) = (old, new) else {
        changes.told(path, super::order::presence(old, new), word(&old), word(&new));
        return;
    };
    let key = |key: &str| format!("{path}.{key}");
    // the same number in a longer time is less
    let window = by_most(Some(&old.window), Some(&new.window)).reversed();
    let seconds = |brake: Brake| Some(format!("{} s", brake.window.as_secs()));
    changes.told(key("window"), window, seconds(old), seconds(new));
    changes.most(key("calls"), old.calls, new.calls);
    changes.most(key("distinct"), old.distinct, new.distinct);
    changes.most(key("outgoing_bytes"), old.outgoing_bytes, new.outgoing_bytes);
}

fn locks(changes: &mut Changes, old: &Policy, new: &Policy) {
    let (Some(was), Some(is)) = (old.lock(), new.lock()) else {
        let order = super::order::presence(old.lock(), new.lock());
        let told = |policy: &Policy| policy.lock().map(|lock| format!("{} definitions", lock.tools.len()));
        changes.told("lock", order, told(old), told(new));
        return;
    };
    let (was, is) = (was.digests(), is.digests());
    let names = was.keys().chain(is.keys().filter(|name| !was.contains_key(*name)));
    for name in names {
        let short = |digest: Option<&crate::Digest>| digest.map(|digest| digest.short().to_owned());
        let (before, after) = (was.get(name), is.get(name));
        let order = match (before, after) {
            (Some(before), Some(after)) if before == after => Order::Same,
            (Some(_), None) => Order::Narrower,
            (None, Some(_)) => Order::Wider,
            _ => Order::Unclear,
        };
        changes.told(key_path("lock", name.as_str()), order, short(before), short(after));
    }
}

impl Kind {
    fn sign(self) -> char {
        match self {
            Self::Wider => '+',
            Self::Narrower => '-',
            Self::Changed => '~',
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wider => "wider",
            Self::Narrower => "narrower",
            Self::Changed => "changed",
        })
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = |text: &Option<String>| text.clone().unwrap_or_else(|| "nothing".to_owned());
        write!(f, "{} {} {}: {} -> {}", self.kind.sign(), self.kind, self.key, side(&self.before), side(&self.after))
    }
}
