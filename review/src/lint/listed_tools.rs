//! Compares the rules with the tools that servers list, or that the lock holds.

use std::collections::BTreeSet;

use abide_base::{
    call::ToolName,
    schema::{Schema, takes_field, why_no_arguments_fit},
};
use abide_guard::policy::{Source, ToolRule, key_path};
use serde_json::Value;

use super::{
    Code,
    context::{LintContext, argument_rules, refuses_others, rule_key, tool_key},
};

pub(super) fn check(context: &mut LintContext<'_>) {
    let of_servers: Vec<_> = context.rules().filter(|(tool, _)| tool.server().is_some()).collect();
    for (tool, rule) in &of_servers {
        listed(context, tool, rule);
    }
    for (tool, rule) in context.rules() {
        inputs(context, tool);
        fields(context, tool, rule);
        refused(context, tool, rule);
    }
    surplus(context);
    let has_servers = context.boundary.servers().next().is_some() || context.boundary.commands().next().is_some();
    if !of_servers.is_empty() {
        if context.boundary.policy().lock().is_none() {
            let reason = "is missing: a server can change what a tool does after you have read it; run `abide tools lock`, and add \
                          `lock = \"tools.lock\"` at the top";
            context.add(Code::NoLock, "lock", reason);
        }
        if !has_servers {
            context.add(
                Code::NoServers,
                "servers",
                "is missing: these rules can be tried, but nothing can be connected to",
            );
        }
    }
    for name in context.draft.unset().map(str::to_owned).collect::<Vec<_>>() {
        let reason = format!("the environment variable `{name}` is not set here: set it where the program runs");
        context.add(Code::Unset, "servers", reason);
    }
}

fn listed(context: &mut LintContext<'_>, tool: &ToolName, rule: &ToolRule) {
    let Some(live) = context.live else { return };
    let Some(definition) = live.iter().find(|spec| spec.name == *tool) else {
        let of_server = live.iter().filter(|spec| spec.name.server() == tool.server());
        let names: Vec<&str> = of_server.map(|spec| spec.name.as_str()).collect();
        let listed = if names.is_empty() {
            "lists no tools at all".to_owned()
        } else {
            format!("lists `{}`", names.join("`, `"))
        };
        let reason = format!("its server does not list it, and {listed}: correct the name, or take the entry away");
        context.add(Code::UnknownTool, tool_key(tool, &[]), reason);
        return;
    };
    for (place, _) in argument_rules(rule).filter(|(place, _)| {
        !takes_field(&definition.input_schema, std::iter::once(place.argument).chain(place.fields.iter().copied()))
    }) {
        let what = if place.fields.is_empty() { "an argument" } else { "a field of an argument" };
        let reason = format!("is not {what} of this tool, as its server says: correct the name");
        context.add(Code::UnknownArgument, rule_key(tool, &place, &[]), reason);
    }
    if context.locked(tool).is_some_and(|locked| *locked.digest != definition.digest) {
        let reason = "its definition is not the locked one, so every call is refused: look at `abide tools diff`, and lock it again if \
                      you agree";
        context.add(Code::Drift, tool_key(tool, &[]), reason);
    }
}

/// Arguments that a tool takes, against those that its entry lists.
fn refused(context: &mut LintContext<'_>, tool: &ToolName, rule: &ToolRule) {
    let Some(schema) = context.definition(tool).map(|definition| definition.input).filter(|_| refuses_others(rule))
    else {
        return;
    };
    let is_unlisted = |name: &&str| !rule.arguments.contains_key(*name);
    let required: BTreeSet<&str> =
        schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    for name in required.iter().copied().filter(is_unlisted) {
        let entry = key_path("arguments", name);
        let reason = format!(
            "the tool's schema requires it, and its entry does not list it: every call that fits the schema is refused; add \
             `{entry} = {{}}` where it may have any value, or else its rules"
        );
        context.add(Code::UnlistedArgument, tool_key(tool, &["arguments", name]), reason);
    }
    let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    let optional = properties.map(|(name, _)| name.as_str()).filter(|name| !required.contains(name));
    let optional: Vec<&str> = optional.filter(is_unlisted).collect();
    if !optional.is_empty() {
        let reason = format!(
            "the tool also takes `{}`, and calls that have one of them are refused: list those that programs need under `arguments`",
            optional.join("`, `")
        );
        context.add(Code::RefusedArgument, tool_key(tool, &["arguments"]), reason);
    }
}

/// Whether any call can have arguments that the tool's server takes.
fn inputs(context: &mut LintContext<'_>, tool: &ToolName) {
    let Some(input) = context.definition(tool).map(|definition| definition.input) else { return };
    let why = match Schema::compile(input) {
        Err(error) => Some(error.to_string()),
        Ok(_) => why_no_arguments_fit(input),
    };
    if let Some(why) = why {
        let reason = format!(
            "no value fits the input schema of `{tool}`, so every call is refused: {why}; correct it at the server, or take the entry away"
        );
        context.add(Code::NoValueFits, tool_key(tool, &[]), reason);
    }
}

/// Each field that a source in `from` names must be in the output schema of that tool.
fn fields(context: &mut LintContext<'_>, tool: &ToolName, rule: &ToolRule) {
    for (place, argument) in argument_rules(rule) {
        for source in argument.from.iter().flatten() {
            let Source::Reply { tool: of, field: Some(field) } = source else { continue };
            let output =
                context.definition(of).and_then(|definition| definition.output).filter(|output| !is_text(output));
            let mut known = BTreeSet::new();
            output.into_iter().for_each(|schema| names(schema, &mut known));
            if !known.is_empty() && !known.contains(field.as_str()) {
                let reason = format!("`{field}` is not a field of what `{of}` promises to answer: correct the name");
                context.add(Code::UnknownField, rule_key(tool, &place, &["from"]), reason);
            }
        }
    }
}

/// Whether the output schema is `{ result: string }`. Such a text may be JSON, with fields that the schema does not show.
fn is_text(output: &Value) -> bool {
    let properties = output.get("properties").and_then(Value::as_object);
    let only = properties.filter(|properties| properties.len() == 1).and_then(|properties| properties.get("result"));
    only.is_some_and(|schema| schema.get("type").is_some_and(|kind| kind == "string"))
}

/// The names of all fields in a schema, wherever they are.
fn names<'v>(schema: &'v Value, known: &mut BTreeSet<&'v str>) {
    match schema {
        Value::Object(map) => {
            let properties = map.get("properties").and_then(Value::as_object);
            known.extend(properties.into_iter().flat_map(|properties| properties.keys().map(String::as_str)));
            map.values().for_each(|value| names(value, known));
        }
        Value::Array(list) => list.iter().for_each(|value| names(value, known)),
        _ => {}
    }
}

/// What servers or the lock have, and the boundary does not mention.
fn surplus(context: &mut LintContext<'_>) {
    for spec in context
        .live
        .into_iter()
        .flatten()
        .filter(|spec| context.boundary.policy().tool(&spec.name).is_none())
        .collect::<Vec<_>>()
    {
        let reason =
            "its server lists it, and it has no entry, so it cannot be called: nothing to do, unless programs need it";
        context.add(Code::UnlistedTool, tool_key(&spec.name, &[]), reason);
    }
    let locked = context.boundary.policy().lock().into_iter().flat_map(|lock| lock.tools.keys());
    for tool in locked.filter(|tool| context.boundary.policy().tool(tool).is_none()).collect::<Vec<_>>() {
        let reason = format!("`{tool}` is locked and has no entry: make the lock again, or add the entry");
        context.add(Code::UnneededLock, "lock", reason);
    }
}
