use abide_guard::policy::{
    Limits, Policy, WindowLimit, key_path,
    order::{Order, by_most, presence, set},
};
use abide_mcp::boundary::Boundary;

use super::{
    change::{Change, Changes, of, word},
    order,
};

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
    changes.told("compile.writes", order::writes(writes.0, writes.1), word(&writes.0), word(&writes.1));
    locks(&mut changes, old, new);
    changes.0
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
    changes.told("limits.rate", order::rates(old.rate, new.rate), word(&old.rate), word(&new.rate));
    limit(changes, "limits.caller", old.caller, new.caller);
    limit(changes, "limits.all", old.all, new.all);
}

fn limit(changes: &mut Changes, path: &str, old: Option<WindowLimit>, new: Option<WindowLimit>) {
    let (Some(old), Some(new)) = (old, new) else {
        changes.told(path, presence(old, new), word(&old), word(&new));
        return;
    };
    let key = |key: &str| format!("{path}.{key}");
    // the same number in a longer time is less
    let window = by_most(Some(&old.window), Some(&new.window)).reversed();
    let seconds = |limit: WindowLimit| Some(format!("{} s", limit.window.as_secs()));
    changes.told(key("window"), window, seconds(old), seconds(new));
    changes.most(key("calls"), old.calls, new.calls);
    changes.most(key("distinct"), old.distinct, new.distinct);
    changes.most(key("outgoing_bytes"), old.outgoing_bytes, new.outgoing_bytes);
}

fn locks(changes: &mut Changes, old: &Policy, new: &Policy) {
    let (Some(was), Some(is)) = (old.lock(), new.lock()) else {
        let order = presence(old.lock(), new.lock());
        let told = |policy: &Policy| policy.lock().map(|lock| format!("{} definitions", lock.tools.len()));
        changes.told("lock", order, told(old), told(new));
        return;
    };
    let (was, is) = (was.digests(), is.digests());
    let names = was.keys().chain(is.keys().filter(|name| !was.contains_key(*name)));
    for name in names {
        let short = |digest: Option<&abide_signatures::Digest>| digest.map(|digest| digest.short().to_owned());
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
