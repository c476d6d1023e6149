//! What messages tell people to set exists: names in backticks after words such as "set", against the lists of known keys.

use std::{collections::BTreeSet, fs, path::Path};

use abide::guard::policy::TABLES;

use super::source::Source;

/// Words before a name that make it something to write into a boundary, or to look for there.
const VERBS: [&str; 14] = [
    "set", "see", "check", "change", "raise", "lower", "correct", "add", "allow", "without", "with", "unset", "remove",
    "another",
];
/// How far before the name such a word may be: "set the `issuer`", "allow that network with `allow_addresses`".
const REACH: usize = 3;

/// Names of other things, and where they are from.
const ELSEWHERE: [(&str, &str); 4] = [
    ("kid", "a member of keys (RFC 7517)"),
    ("active", "a member of what an issuer says about a token (RFC 7662)"),
    ("client_credentials", "a grant (RFC 6749)"),
    ("finish", "the tool by which a program ends"),
];

/// All keys of a boundary file, and what a run's limits are called in code.
pub(super) fn known(root: &Path) -> BTreeSet<String> {
    let servers = fs::read_dir(root.join("mcp/src/servers/file")).unwrap().map(|entry| entry.unwrap().path());
    let policy = ["guard/src/policy/file.rs", "guard/src/policy/rule/read.rs"].map(|file| root.join(file));
    let mut known: BTreeSet<String> = servers
        .chain(policy)
        .flat_map(|path| listed(&fs::read_to_string(path).unwrap()))
        .chain(["tools", "servers"].iter().chain(TABLES.into_iter().flatten()).map(|key| (*key).to_owned()))
        .collect();
    let limits = fs::read_to_string(root.join("src/runtime/limits.rs")).unwrap();
    let setters = limits.split("pub fn ").skip(1).filter_map(|rest| rest.split('(').next());
    known.extend(setters.map(str::to_owned));
    known.extend(ELSEWHERE.map(|(name, _)| name.to_owned()));
    known
}

/// The texts in the lists of known keys.
fn listed(code: &str) -> Vec<String> {
    let starts = ["KEYS: &[&str] =", "finish(&["].into_iter().flat_map(|start| code.split(start).skip(1));
    let lists = starts.filter_map(|rest| rest.split(']').next());
    lists.flat_map(|list| list.split('"').skip(1).step_by(2)).map(str::to_owned).collect()
}

/// The names that the texts of a file tell people to set.
pub(super) fn named(source: &Source) -> Vec<String> {
    source.texts.iter().flat_map(|text| names(text)).collect()
}

pub(super) fn unknown(source: &Source, known: &BTreeSet<String>) -> Vec<String> {
    let is_known = |name: &str| name.split('.').all(|part| known.contains(part));
    let unknown = named(source).into_iter().filter(|name| !is_known(name));
    unknown.map(|name| format!("`{}` names `{name}`, which is no key", source.file)).collect()
}

fn names(text: &str) -> Vec<String> {
    let parts: Vec<&str> = text.split('`').collect();
    let mut found = Vec::new();
    let mut before = false;
    for (at, name) in parts.iter().enumerate().filter(|(at, _)| at % 2 == 1) {
        let words: Vec<&str> = parts[at - 1].split_whitespace().collect();
        let joined = at > 1 && ["and", "or", ",", ", and", ", or"].contains(&parts[at - 1].trim());
        // the end of a sentence ends what a verb is about
        let near = words.iter().rev().take(REACH).take_while(|word| !word.ends_with([';', ':', '.', '?', ',']));
        let told = near.into_iter().any(|word| VERBS.contains(word));
        before = told || (joined && before);
        if before && is_name(name) {
            found.push((*name).to_owned());
        }
    }
    found
}

fn is_name(text: &str) -> bool {
    let part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_lowercase()) && part.chars().all(|c| c.is_ascii_lowercase() || c == '_')
    };
    text.split('.').all(part)
}
