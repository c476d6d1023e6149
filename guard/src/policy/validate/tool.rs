//! `[tools."server.tool"]` and its arguments.

use abide_base::call::{Effect, ToolName};
use abide_signatures::canonical_json;
use serde_json::Value;

use crate::policy::{
    Approval, ArgumentRule, Kept, Problem, Source, ToolRule, field_path, key_path as join, validate::Declared,
};

pub(super) fn check(name: &ToolName, rule: &ToolRule, declared: &Declared, problems: &mut Vec<Problem>) {
    let path = join("tools", name.as_str());
    let mut add = |key: &str, reason: String| {
        let key = key.split('.').filter(|key| !key.is_empty()).fold(path.clone(), |path, key| join(&path, key));
        problems.push(Problem::new(key, reason));
    };
    match name.server() {
        Some(server) if !declared.servers.contains(server) => {
            add("", format!("there is no server `{server}`: add `[servers.{server}]`, or correct the name"));
        }
        None if !rule.scopes.is_empty() => {
            add(
                "scopes",
                "a function has no token, so it can need no scopes: write `[]`, or put the server before the name"
                    .into(),
            );
        }
        _ => {}
    }
    let of_servers = [("timeout", rule.timeout.is_some()), ("reply.receive_bytes", rule.reply.receive_bytes.is_some())];
    for (key, _) in of_servers.iter().filter(|(_, is_set)| *is_set && name.server().is_none()) {
        add(key, "is for tools of servers, and this is a function of the program: take it away".into());
    }
    stand_in(rule, &mut add);
    if let Some(distinct) = rule.distinct.as_ref().filter(|d| !rule.arguments.contains_key(&d.argument)) {
        add(
            "distinct",
            format!(
                "the argument `{0}` has no entry: correct the name, or add `arguments.{0} = {{}}` where it has no other rule",
                distinct.argument
            ),
        );
    }
    if rule.approval == Approval::EachCall && !rule.overridable.is_empty() {
        add(
            "overridable",
            "has no effect beside `approval`: a refused call is not put to an approver twice; keep one of them".into(),
        );
    }
    no_egress(rule, declared, &mut add);
    for class in rule.reply.hide.iter().filter(|class| !declared.classes.contains(*class)) {
        add("reply", no_class(class));
    }
    for (argument_name, argument_rule) in &rule.arguments {
        let path = join(&join(&path, "arguments"), argument_name);
        for (names, rule) in argument_rule.all() {
            argument(&field_path(&path, &names), rule, declared, problems);
        }
    }
}

fn no_egress(rule: &ToolRule, declared: &Declared, add: &mut impl FnMut(&str, String)) {
    for kept in &rule.no_egress {
        match kept {
            Kept::Class(class) if !declared.classes.contains(class) => add("no_egress", no_class(class)),
            Kept::Class(_) => {}
            Kept::From(Source::Registry(_)) => {
                add(
                    "no_egress",
                    format!(
                        "`{kept}` is a list that you keep: only values of the input and of replies can be kept out"
                    ),
                );
            }
            Kept::From(source) => {
                if let Some(reason) = unknown(source, declared) {
                    add("no_egress", reason);
                }
            }
        }
    }
}

fn stand_in(rule: &ToolRule, add: &mut impl FnMut(&str, String)) {
    if rule.effect == Effect::Read && (rule.dry_run.is_some() || rule.dry_run_recording.is_some()) {
        add("dry_run", "a tool that only reads is never a dry run: take this away, or correct `effect`".into());
    }
    if let Some(reason) = rule.dry_run.as_ref().and_then(|value| canonical_json(value).err()) {
        add("dry_run", reason.to_string());
    }
}

fn argument(path: &str, rule: &ArgumentRule, declared: &Declared, problems: &mut Vec<Problem>) {
    let mut add = |key: &str, reason: String| problems.push(Problem::new(join(path, key), reason));
    numbers(rule, &mut add);
    if let Some(values) = &rule.one_of {
        if values.is_empty() {
            add("enum", "is empty: no value fits; list the values".into());
        }
        if let Some(reason) = canonical_json(&Value::from(values.as_slice())).err() {
            add("enum", reason.to_string());
        }
    }
    if rule.not_one_of.as_ref().is_some_and(Vec::is_empty) {
        add("not_enum", "is empty: it refuses nothing; list the values, or take it away".into());
    }
    places(rule, &mut add);
    fields(rule, &mut add);
    let is_read = |source: &Source| matches!(source, Source::Input { .. });
    // an empty `from` is told below
    let is_elsewhere = |from: &Vec<Source>| !from.is_empty() && !from.iter().any(is_read);
    if rule.read_as.is_some() && rule.from.as_ref().is_none_or(is_elsewhere) {
        add("as", "is for values that the input writes another way: add `input` to `from`, or take this away".into());
    }
    let Some(sources) = &rule.from else { return };
    if sources.is_empty() {
        add("from", "is empty: no value may be used; name `input` or tools".into());
    }
    sources.iter().filter_map(|source| unknown(source, declared)).for_each(|reason| add("from", reason));
}

fn numbers(rule: &ArgumentRule, add: &mut impl FnMut(&str, String)) {
    if rule.min.zip(rule.max).is_some_and(|(min, max)| min > max) {
        add("min", "is larger than `max`: no number fits".into());
    }
    if [rule.min, rule.max].iter().flatten().any(|n| !n.is_finite()) {
        add("min", "must be a finite number".into());
    }
    if rule.max_chars == Some(0) {
        add("max_chars", "is 0: no text fits".into());
    }
    if rule.min_chars.zip(rule.max_chars).is_some_and(|(min, max)| min > max) {
        add("min_chars", "is larger than `max_chars`: no text fits".into());
    }
    let is_text =
        rule.pattern.is_some() || rule.max_chars.is_some() || rule.min_chars.is_some() || rule.prefix.is_some();
    let is_address = rule.hosts.is_some() || rule.links.is_some() || rule.path_root.is_some();
    if (is_text || is_address) && (rule.min.is_some() || rule.max.is_some()) {
        add("min", "is for numbers, and other rules here are for texts: no value fits both".into());
    }
}

/// The value of an argument with rules for its fields is an object, so rules for texts and numbers cannot hold.
fn fields(rule: &ArgumentRule, add: &mut impl FnMut(&str, String)) {
    let scalar = rule.each().into_iter().map(|(rule, _)| rule.as_str()).chain(rule.read_as.map(|_| "as"));
    let Some(field) = rule.fields.keys().next() else { return };
    for key in scalar {
        add(
            key,
            format!(
                "is for texts or numbers, and the rule for the field `{field}` says that the value is an object: no value fits \
                 both; put this under the field that it is for"
            ),
        );
    }
}

fn places(rule: &ArgumentRule, add: &mut impl FnMut(&str, String)) {
    for (key, list) in [("prefix", &rule.prefix), ("hosts", &rule.hosts)] {
        if list.as_ref().is_some_and(Vec::is_empty) {
            add(key, "is empty: no value fits; list what may stand there".into());
        }
    }
    if rule.prefix.iter().flatten().any(String::is_empty) {
        add("prefix", "has an empty text, with which every text begins: take it away".into());
    }
    for (key, hosts) in [("hosts", &rule.hosts), ("links", &rule.links)] {
        for host in hosts.iter().flatten() {
            let name = host.strip_prefix("*.").unwrap_or(host);
            let parsed = url::Host::parse(name).ok().map(|host| host.to_string());
            if parsed.as_deref() != Some(name) || !name.contains(['.', ':']) && name != "localhost" {
                add(
                    key,
                    format!(
                        "`{host}` is not a host: write `corp.example`, or `*.corp.example` for every host below it, in lower case"
                    ),
                );
            }
        }
    }
    if rule.path_root.as_ref().is_some_and(|root| root.is_empty() || root.split(['/', '\\']).any(|part| part == "..")) {
        add("path_root", "must be a folder without `..`: write it as the tool's server names it".into());
    }
}

/// What is wrong with a source.
pub(super) fn unknown(source: &Source, declared: &Declared) -> Option<String> {
    match source {
        Source::Reply { tool, .. } if !declared.tools.contains(tool.as_str()) => {
            Some(format!("there is no tool `{tool}` here: add it, or write `input`"))
        }
        Source::Registry(name) if !declared.lists.contains(name) => Some(format!(
            "there is no list `{name}` here: add it under `[registry]`, empty where each run brings its own"
        )),
        Source::Reply { field: Some(field), .. } | Source::Input { field: Some(field) } if field.is_empty() => {
            Some(format!("names no field after `{source}`: add it, or take the colon away"))
        }
        _ => None,
    }
}

pub(super) fn no_class(name: &str) -> String {
    format!("there is no class `{name}` here: add `[sensitive.{name}]`, or correct the name")
}
