//! A proposal as the text of a boundary file, with its reasons.

use std::{
    collections::BTreeMap,
    fmt::{self, Write},
};

use abide_base::call::{Effect, ToolName};
use abide_guard::policy::{AnyOf, ArgumentRule, RuleId, UnlistedArguments, field_path};
use serde_json::Value;

use super::{Proposed, inferred::Inferred};

/// The file.
pub(super) fn toml(inferred: &Inferred) -> String {
    let mut text = String::new();
    // writing to a text cannot fail
    let _ = file(inferred, &mut text);
    text
}

fn file(inferred: &Inferred, out: &mut String) -> fmt::Result {
    writeln!(
        out,
        "# A proposal, made from {}: the least that admits them. Every tool, scope, place and listed value stands in them.\n\
         # They cannot show who can write into a place, and what a call does to the world. Read every line before you use it, and add `[servers.…]`.\n",
        super::count::episodes(inferred.episodes)
    )?;
    let names: Vec<&str> = inferred.registry.names().collect();
    if !names.is_empty() {
        writeln!(
            out,
            "# A list that is called like a tool with its argument has what no place had, and may be empty; the others each run brings.\n[registry]"
        )?;
        for name in names {
            let entries: Vec<&str> = inferred.registry.entries(name).collect();
            writeln!(out, "{} = {}", key(name), list(entries.into_iter().map(quoted)))?;
        }
        writeln!(out)?;
    }
    for (name, proposed) in &inferred.tools {
        tool(name, proposed, out)?;
    }
    if let Some(calls) = inferred.limits.tool_calls {
        writeln!(out, "# the longest run\n[limits]\ntool_calls = {calls}")?;
    }
    Ok(())
}

fn tool(name: &ToolName, proposed: &Proposed, out: &mut String) -> fmt::Result {
    let rule = &proposed.rule;
    for reason in &proposed.reasons {
        writeln!(out, "# {reason}")?;
    }
    let effect = match rule.effect {
        Effect::Read => "read",
        Effect::Write => "write",
        Effect::External => "external",
    };
    let scopes = rule.scopes.iter().map(|scope| quoted(&scope.to_string()));
    writeln!(out, "[tools.{}]\nscopes = {}\neffect = \"{effect}\"", quoted(name.as_str()), list(scopes))?;
    if rule.other_arguments == UnlistedArguments::Allow {
        writeln!(out, "other_arguments = \"allow\"")?;
    }
    if let Some(max) = rule.max_calls {
        writeln!(out, "max_calls = {max}")?;
    }
    if let Some(distinct) = &rule.distinct {
        writeln!(out, "distinct = {{ argument = {}, max = {} }}", quoted(&distinct.argument), distinct.max)?;
    }
    if !rule.after.is_empty() {
        writeln!(out, "after = {}", list(rule.after.iter().map(entry)))?;
    }
    for (argument, rule) in &rule.arguments {
        for (path, rule) in rule.all() {
            let name = std::iter::once(argument.as_str()).chain(path.iter().copied()).collect::<Vec<_>>().join(".");
            let reasons = proposed.arguments.get(&name).map(|reasons| reasons.join("; "));
            writeln!(out, "# {}", reasons.unwrap_or_default())?;
            let place = field_path(&format!("arguments.{}", key(argument)), &path);
            match rule.fields.is_empty() {
                true => writeln!(out, "{place} = {}", argument_rule(rule))?,
                // what is written in braces could not have more lines
                false => parts(rule).iter().try_for_each(|part| writeln!(out, "{place}.{part}"))?,
            }
        }
    }
    writeln!(out)
}

/// One call, or a list of calls of which one is enough.
fn entry(entry: &AnyOf) -> String {
    let mut calls = entry.0.iter().map(|call| quoted(&call.to_string()));
    match (calls.next(), calls.len()) {
        (Some(call), 0) => call,
        (first, _) => list(first.into_iter().chain(calls)),
    }
}

fn argument_rule(rule: &ArgumentRule) -> String {
    let parts = parts(rule);
    if parts.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", parts.join(", ")) }
}

/// The keys of a rule with their values, but for its fields; where values come from stands first.
fn parts(rule: &ArgumentRule) -> Vec<String> {
    let rule = serde_json::to_value(ArgumentRule { fields: BTreeMap::new(), ..rule.clone() }).unwrap_or_default();
    let keys = std::iter::once(RuleId::From.as_str())
        .chain(ArgumentRule::KEYS.iter().copied().filter(|key| *key != RuleId::From.as_str()));
    keys.filter_map(|key| Some(format!("{key} = {}", value(rule.get(key)?)))).collect()
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(", "))
}

fn value(json: &Value) -> String {
    match json {
        Value::String(text) => quoted(text),
        Value::Array(items) => list(items.iter().map(value)),
        other => other.to_string(),
    }
}

/// A text as JSON writes it is one in TOML too, but for one character that TOML does not want to see.
fn quoted(text: &str) -> String {
    Value::from(text).to_string().replace('\u{7f}', "\\u007F")
}

fn key(name: &str) -> String {
    let bare = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if bare { name.to_owned() } else { quoted(name) }
}

impl Inferred {
    /// The text of a boundary file, with the reasons as comments.
    pub fn to_toml(&self) -> String {
        super::write::toml(self)
    }
}
