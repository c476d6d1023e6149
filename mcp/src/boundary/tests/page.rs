//! `docs/boundary.md` says everything that a file can say.

use std::collections::BTreeSet;

use abide_base::event::EventKind;
use abide_guard::policy::TABLES;

const PAGE: &str = include_str!("../../../../docs/boundary.md");

/// The code that reads what has no table of keys.
const READERS: [&str; 2] =
    [include_str!("../../../../guard/src/policy/file.rs"), include_str!("../../../../guard/src/policy/rule/read.rs")];

/// The keys of tables, and the texts in the lists of the other known keys.
fn keys() -> BTreeSet<&'static str> {
    let lists = READERS.iter().flat_map(|code| {
        let starts = ["KEYS: &[&str] =", "finish(&["].into_iter().flat_map(|start| code.split(start).skip(1));
        starts.filter_map(|rest| rest.split(']').next())
    });
    let others = lists.flat_map(|list| list.split('"').skip(1).step_by(2));
    others.chain(TABLES.into_iter().flatten().copied()).collect()
}

#[test]
fn every_key_is_on_the_page() {
    let keys = keys();
    assert!(
        keys.len() > 45 && ["lock", "path_root", "burst", "hide", "window"].iter().all(|key| keys.contains(key)),
        "{keys:?}"
    );
    let forms = |key: &str| [format!("`{key}`"), format!("`[{key}]`"), format!("`[{key}.")];
    let named = |key: &str| forms(key).iter().any(|form| PAGE.contains(form));
    let missing: Vec<_> = keys.iter().filter(|key| **key != "servers" && **key != "tools" && !named(key)).collect();
    assert_eq!(missing, Vec::<&&str>::new());
}

#[test]
fn every_event_on_the_page_exists() {
    let codes: BTreeSet<&str> = EventKind::ALL.iter().map(|kind| kind.code()).collect();
    let rows = PAGE.lines().filter(|line| line.starts_with("| `") && line.matches('|').count() > 3);
    let last = rows.filter_map(|row| row.trim_end_matches('|').rsplit('|').next());
    let events: BTreeSet<&str> =
        last.flat_map(|cell| cell.split('`').skip(1).step_by(2)).filter(|word| word.contains('_')).collect();
    assert!(events.len() > 12, "{events:?}");
    assert_eq!(events.difference(&codes).collect::<Vec<_>>(), Vec::<&&str>::new());
}
