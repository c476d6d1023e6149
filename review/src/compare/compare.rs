use abide_guard::policy::{
    CompileWrites, Limits, Policy, WindowLimit, key_path,
    order::{Order, presence, set},
};
use abide_mcp::boundary::Boundary;

use super::change::{Change, Changes, of, word};

/// Every difference, tables in the order of their names.
pub fn compare(old: &Boundary, new: &Boundary) -> Vec<Change> {
    let mut changes = Changes(Vec::new());
    super::servers::servers(&mut changes, old, new);
    let (old, new) = (old.policy(), new.policy());
    super::rules::tools(&mut changes, old, new);
    lists(&mut changes, old, new);
    super::rules::classes(&mut changes, old, new);
    limits(&mut changes, old.limits(), new.limits());
    old.answer().compare(new.answer(), &mut |key, order, shown| changes.key("answer", key, order, shown));
    let canaries = (old.canaries(), new.canaries());
    changes.told("canaries.values", set(canaries.0, canaries.1).reversed(), of(canaries.0), of(canaries.1));
    let writes = (old.compile_writes(), new.compile_writes());
    changes.told(
        "compile.writes",
        Order::of(writes.0, writes.1, |one, other| *one == CompileWrites::Live || one == other),
        word(&writes.0),
        word(&writes.1),
    );
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
    old.compare(new, &mut |key, order, shown| changes.key("limits", key, order, shown));
    window(changes, "limits.caller", old.caller, new.caller);
    window(changes, "limits.all", old.all, new.all);
}

fn window(changes: &mut Changes, path: &str, old: Option<WindowLimit>, new: Option<WindowLimit>) {
    match (old, new) {
        (Some(old), Some(new)) => old.compare(&new, &mut |key, order, shown| changes.key(path, key, order, shown)),
        (old, new) => changes.told(path, presence(old, new), word(&old), word(&new)),
    }
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
