//! Which tool needs which scope, from the tokens of runs.

use std::collections::{BTreeMap, BTreeSet};

use abide_base::{
    call::ToolName,
    scope::{Scope, ScopeSet},
};

use super::seen::Seen;

/// The scopes that each tool needs.
pub(super) fn needed(seen: &Seen) -> BTreeMap<ToolName, ScopeSet> {
    let common = common(seen);
    let support = |tool: &ToolName| seen.tools.get(tool).map_or(0, |usage| usage.episodes.len());
    let rank = |tool: &ToolName, scope: &Scope| (support(tool), shared_words(tool.local(), &scope.to_string()));
    let mut needed: BTreeMap<ToolName, BTreeSet<Scope>> = BTreeMap::new();
    for (scopes, called) in &seen.tokens {
        for scope in scopes.iter() {
            let able = || called.iter().filter(|tool| common.get(*tool).is_some_and(|scopes| scopes.contains(scope)));
            let most = able().map(|tool| rank(tool, scope)).max();
            for tool in able().filter(|tool| Some(rank(tool, scope)) == most) {
                needed.entry(tool.clone()).or_default().insert(scope.clone());
            }
        }
    }
    let needed = common.into_iter().map(|(tool, common)| {
        let needed = needed.remove(&tool).unwrap_or(common);
        (tool, needed.into_iter().collect())
    });
    needed.collect()
}

/// For each tool of a server, the scopes that all runs calling it had; a function has no token.
fn common(seen: &Seen) -> BTreeMap<ToolName, BTreeSet<Scope>> {
    let mut common: BTreeMap<ToolName, BTreeSet<Scope>> = BTreeMap::new();
    for (scopes, called) in &seen.tokens {
        let scopes: BTreeSet<Scope> = scopes.iter().cloned().collect();
        for tool in called.iter().filter(|tool| tool.server().is_some()) {
            common
                .entry(tool.clone())
                .and_modify(|all| all.retain(|s| scopes.contains(s)))
                .or_insert_with(|| scopes.clone());
        }
    }
    common
}

/// How many words of a scope stand in a tool's name: `drive.create` is sooner that of `create_file` than that of `search_files`.
fn shared_words(tool: &str, scope: &str) -> usize {
    let words = |text: &str| -> BTreeSet<String> {
        let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        words.map(str::to_lowercase).collect()
    };
    words(tool).intersection(&words(scope)).count()
}
