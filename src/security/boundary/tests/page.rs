//! `docs/boundary.md` says everything that a file can say, and its example is one.

use std::collections::BTreeSet;

use super::*;
use crate::security::lint::{self, Severity};
use abide_base::{call::ToolSpec, event::EventKind};
use abide_guard::policy::ArgumentRule;

const PAGE: &str = include_str!("../../../../docs/boundary.md");

/// The code that reads all tables but those of servers and of arguments.
const READERS: [&str; 4] = [
    include_str!("../../../../guard/src/policy/file/read.rs"),
    include_str!("../../../../guard/src/policy/file/flow.rs"),
    include_str!("../../../../guard/src/policy/file/limits.rs"),
    include_str!("../../../../guard/src/policy/file/tool.rs"),
];

/// The keys of arguments, and the texts in the lists of the other known keys.
fn keys() -> BTreeSet<&'static str> {
    let lists = READERS.iter().flat_map(|code| {
        let starts = ["KEYS: &[&str] =", "finish(&["].into_iter().flat_map(|start| code.split(start).skip(1));
        starts.filter_map(|rest| rest.split(']').next())
    });
    let others = lists.flat_map(|list| list.split('"').skip(1).step_by(2));
    others.chain(ArgumentRule::KEYS.iter().copied()).collect()
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

#[test]
fn the_example_loads_and_has_nothing_to_warn_of() {
    let example = PAGE.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("boundary.toml");
    std::fs::write(&path, example).unwrap();
    let (_, rules) = example.split_once('\n').unwrap();
    let tools = Draft::parse(rules, folder.path(), &|_| None).unwrap().boundary().clone();
    let any = |(name, _): (&ToolName, &ToolRule)| ToolSpec::new(name.clone(), "", json!({ "type": "object" }), None);
    let specs: Vec<ToolSpec> = tools.policy().catalogue().map(any).collect();
    std::fs::write(folder.path().join("tools.lock"), ToolLock::of(&specs).to_text().unwrap()).unwrap();
    let boundary = Boundary::parse(example, folder.path(), &|_| Some("secret".into())).unwrap();
    assert_eq!(boundary.policy().catalogue().count(), 4);
    let found = lint::check(&Draft::load(&path).unwrap(), None);
    let worth: Vec<String> =
        found.iter().filter(|one| one.severity > Severity::Note).map(ToString::to_string).collect();
    assert_eq!(worth, [""; 0]);
}
