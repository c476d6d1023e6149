//! What can never be met, never binds, or is used by nothing.

use std::collections::BTreeSet;

use abide_base::{call::ToolName, schema::takes};
use abide_guard::policy::{
    ArgumentMatch, CompileWrites, Distinct, Kept, Overridable, PriorCall, Source, ToolRule, WindowLimit, key_path,
};
use serde_json::Value;

use super::{
    Code,
    context::{LintContext, argument_rules, refuses_others, tool_key},
};

pub(super) fn check(context: &mut LintContext<'_>) {
    for (tool, rule) in context.rules() {
        sequences(context, tool, rule);
        counts(context, tool, rule);
        asks(context, tool, rule);
        let stand_ins = [("dry_run", rule.dry_run.is_some()), ("dry_run_recording", rule.dry_run_recording.is_some())];
        for (key, _) in stand_ins.iter().filter(|(_, is_there)| *is_there) {
            if context.boundary.policy().compile_writes() == CompileWrites::Live {
                let reason = "is never shown, since `compile.writes` is `live`: take one of the two away";
                context.add(Code::Unused, tool_key(tool, &[key]), reason);
            }
        }
    }
    lists(context);
    classes(context);
    brakes(context);
}

fn sequences(context: &mut LintContext<'_>, tool: &ToolName, rule: &ToolRule) {
    for call in &rule.never_with {
        call.same
            .iter()
            .for_each(|same| unknown_arguments(context, tool, &tool_key(tool, &["never_with"]), call, same));
    }
    for (key, entries) in [("after", &rule.after), ("only_if", &rule.only_if)] {
        let place = tool_key(tool, &[key]);
        for entry in entries {
            // where another call of the entry can be met, one that cannot is only idle
            let code = if entry.0.len() > 1 { Code::IdleAlternative } else { Code::NeverMet };
            for call in &entry.0 {
                call.same.iter().for_each(|same| unknown_arguments(context, tool, &place, call, same));
                if let Some(reason) = unmeetable(context, tool, rule, call) {
                    context.add(code, place.clone(), reason);
                }
                if let Some(reason) = unknown_answer(context, call) {
                    context.add(Code::UnknownField, place.clone(), reason);
                }
            }
            idle(context, &place, &entry.0);
        }
    }
    let needed = needed(context, tool);
    let place = || tool_key(tool, &[if rule.after.is_empty() { "only_if" } else { "after" }]);
    if let Some(most) = context.boundary.policy().limits().tool_calls.filter(|most| needed.len() > most.get() as usize)
    {
        let reason = format!(
            "it takes {} calls to get here, and a run has {most}: raise `limits.tool_calls`, or take a rule away",
            needed.len()
        );
        context.add(Code::NeverMet, place(), reason);
    }
    let excludes = |one: &ToolName, other: &ToolName| {
        let rule = context.boundary.policy().tool(one);
        rule.is_some_and(|rule| rule.never_with.iter().any(|call| call.tool == *other && call.same.is_empty()))
    };
    let both = needed.iter().find_map(|one| Some((*one, *needed.iter().find(|other| excludes(one, other))?)));
    if let Some((one, other)) = both {
        let reason =
            format!("`{one}` and `{other}` must both have been called, and exclude each other: take a rule away");
        context.add(Code::NeverMet, place(), reason);
    }
}

/// Calls of an entry that are met only where another one of it is.
fn idle(context: &mut LintContext<'_>, place: &str, calls: &[PriorCall]) {
    for (at, call) in calls.iter().enumerate() {
        let covering = calls
            .iter()
            .enumerate()
            .find(|(other, by)| *other != at && call.implies(by) && (*by != call || *other < at));
        if let Some((_, by)) = covering {
            context.add(Code::IdleAlternative, place, format!("`{call}` adds nothing beside `{by}`: take it away"));
        }
    }
}

/// The tool, and all that must be called before it, where no other call would do.
fn needed<'d>(context: &LintContext<'d>, tool: &'d ToolName) -> BTreeSet<&'d ToolName> {
    let (mut needed, mut open) = (BTreeSet::from([tool]), vec![tool]);
    while let Some(next) = open.pop() {
        for entry in
            context.boundary.policy().tool(next).into_iter().flat_map(|rule| rule.after.iter().chain(&rule.only_if))
        {
            if let [call] = entry.0.as_slice()
                && needed.insert(&call.tool)
            {
                open.push(&call.tool);
            }
        }
    }
    needed
}

fn unmeetable(context: &LintContext<'_>, tool: &ToolName, rule: &ToolRule, call: &PriorCall) -> Option<String> {
    let excludes = |rule: Option<&ToolRule>, other: &ToolName| {
        rule.is_some_and(|rule| rule.never_with.iter().any(|call| call.tool == *other && call.same.is_empty()))
    };
    if excludes(Some(rule), &call.tool) || excludes(context.boundary.policy().tool(&call.tool), tool) {
        return Some(format!(
            "`{}` must not stand beside it (`never_with`), so `{call}` is never met: take it away",
            call.tool
        ));
    }
    if let Some((field, value)) = call.answered.as_ref().filter(|(_, value)| value.is_object() || value.is_array()) {
        return Some(format!("`{field}` is compared with {value}, but only texts, numbers and booleans are compared"));
    }
    let allowed = |rule: Option<&ToolRule>, name: &str| {
        rule.and_then(|rule| rule.arguments.get(name)).and_then(|argument| argument.one_of.clone())
    };
    let apart = call.same.iter().find(|same| {
        let theirs = allowed(context.boundary.policy().tool(&call.tool), &same.theirs);
        let ours = allowed(Some(rule), &same.ours);
        theirs.zip(ours).is_some_and(|(theirs, ours)| !theirs.iter().any(|value| ours.contains(value)))
    });
    apart.map(|same| format!("`{same}` can never be the same: the two lists in `enum` have no value in common"))
}

fn unknown_arguments(
    context: &mut LintContext<'_>,
    tool: &ToolName,
    place: &str,
    call: &PriorCall,
    same: &ArgumentMatch,
) {
    for (of, name) in [(&call.tool, &same.theirs), (tool, &same.ours)] {
        if context
            .boundary
            .policy()
            .tool(of)
            .is_some_and(|rule| refuses_others(rule) && !rule.arguments.contains_key(name))
        {
            let entry = key_path("arguments", name);
            let reason = format!(
                "`{name}` in `{call}` is not listed for `{of}`, so no call of it can have one: add `{entry} = {{}}` there, or \
                 correct the name"
            );
            context.add(Code::UnlistedArgument, place, reason);
        }
        if context.definition(of).is_some_and(|definition| !takes(definition.input, name)) {
            let reason = format!("`{name}` in `{call}` is not an argument of `{of}`: correct the name");
            context.add(Code::UnknownArgument, place, reason);
        }
    }
}

fn unknown_answer(context: &LintContext<'_>, call: &PriorCall) -> Option<String> {
    let (field, _) = call.answered.as_ref()?;
    let output = context.definition(&call.tool)?.output?;
    let is_unknown = !may_have(output, field);
    is_unknown.then(|| format!("`{field}` is not a field of what `{}` promises to answer: correct the name", call.tool))
}

/// Whether what fits a schema may have a field at the end of a path. Where the schema does not say what there is, it may.
fn may_have(schema: &Value, path: &str) -> bool {
    if let Some(items) = schema.get("items") {
        return may_have(items, path);
    }
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return true };
    // a reply in a wrapper is read without it
    let is_wrapped = properties.len() == 1 && properties.get("result").is_some_and(|result| may_have(result, path));
    let mut heads = path.match_indices('.').map(|(at, _)| path.split_at(at));
    is_wrapped
        || properties.contains_key(path)
        || heads.any(|(key, rest)| {
            properties.get(key).is_some_and(|below| may_have(below, rest.get(1..).unwrap_or_default()))
        })
}

fn counts(context: &mut LintContext<'_>, tool: &ToolName, rule: &ToolRule) {
    let all = context.boundary.policy().limits().tool_calls;
    if let Some((own, all)) = rule.max_calls.zip(all).filter(|(own, all)| own > all) {
        let reason =
            format!("is {own}, and a run has {all} calls in all (`limits.tool_calls`): lower it, or take it away");
        context.add(Code::NeverBinds, tool_key(tool, &["max_calls"]), reason);
    }
    let Some(distinct) = &rule.distinct else { return };
    let calls = rule.max_calls.into_iter().chain(all).min();
    if let Some(calls) = calls.filter(|calls| distinct.max >= *calls && has_one_value(context, tool, rule, distinct)) {
        let reason = format!(
            "allows {} values of `{}`, and {calls} calls can have no more: lower `max`; as it is, it only makes the argument required",
            distinct.max, distinct.argument
        );
        context.add(Code::NeverBinds, tool_key(tool, &["distinct"]), reason);
    }
}

/// Whether one call can have one value of the argument only.
fn has_one_value(context: &LintContext<'_>, tool: &ToolName, rule: &ToolRule, distinct: &Distinct) -> bool {
    let argument = rule.arguments.get(&distinct.argument);
    let schema = context
        .definition(tool)
        .and_then(|definition| definition.input.get("properties")?.get(&distinct.argument)?.get("type")?.as_str());
    argument.is_some_and(|argument| argument.max_items == Some(1))
        || schema.is_some_and(|kind| !matches!(kind, "array" | "object"))
}

fn asks(context: &mut LintContext<'_>, tool: &ToolName, rule: &ToolRule) {
    for ask in &rule.overridable {
        let (can_happen, what) = match ask {
            Overridable::ArgumentDenied => (!rule.arguments.is_empty() || refuses_others(rule), "rules for arguments"),
            Overridable::ProvenanceDenied => (argument_rules(rule).any(|(_, rule)| rule.from.is_some()), "`from`"),
            Overridable::LeakDenied => (!rule.no_egress.is_empty(), "`no_egress`"),
        };
        if !can_happen {
            let reason = format!(
                "`{}` never comes up here, since the tool has no {what}: add that, or take the word away",
                ask.event().code()
            );
            context.add(Code::NothingToOverride, tool_key(tool, &["overridable"]), reason);
        }
    }
}

fn lists(context: &mut LintContext<'_>) {
    let used: BTreeSet<String> = context
        .rules()
        .flat_map(|(_, rule)| argument_rules(rule).flat_map(|(_, rule)| rule.from.clone().unwrap_or_default()))
        .filter_map(|source| if let Source::Registry(name) = source { Some(name) } else { None })
        .collect();
    let registry = context.boundary.policy().registry();
    for name in registry.names() {
        let key = key_path("registry", name);
        if !used.contains(name) {
            context.add(Code::Unused, key, format!("no argument comes from `registry:{name}`: take the list away"));
        } else if registry.entries(name).next().is_none() {
            context.add(Code::EmptyList, key, "has no entries: each run must bring its own");
        }
    }
}

fn classes(context: &mut LintContext<'_>) {
    let mut used: BTreeSet<&str> = context.boundary.policy().answer().never.iter().map(String::as_str).collect();
    for (_, rule) in context.rules() {
        used.extend(rule.reply.hide.iter().map(String::as_str));
        used.extend(rule.no_egress.iter().filter_map(|kept| match kept {
            Kept::Class(name) => Some(name.as_str()),
            Kept::From(_) => None,
        }));
    }
    for (name, class) in &context.boundary.policy().spec().sensitive {
        let key = key_path("sensitive", name);
        if class.from.iter().any(|source| matches!(source, Source::Registry(_))) {
            let reason = "lists give a class no values: only the input and replies do; name those";
            context.add(Code::EmptySource, key_path(&key, "from"), reason);
        }
        if !used.contains(name.as_str()) {
            let reason = "nothing uses it: name it in `no_egress` or `reply.hide` of a tool or in `answer.never`, or take it away";
            context.add(Code::Unused, key, reason);
        }
    }
}

/// What one caller may do, against what all may do.
fn brakes(context: &mut LintContext<'_>) {
    let limits = context.boundary.policy().limits();
    let Some((caller, all)) = limits.caller.zip(limits.all).filter(|(caller, all)| caller.window <= all.window) else {
        return;
    };
    let limits = |limit: WindowLimit| {
        [("calls", limit.calls), ("distinct", limit.distinct), ("outgoing_bytes", limit.outgoing_bytes)]
    };
    for ((key, own), (_, all)) in limits(caller).into_iter().zip(limits(all)) {
        if let Some((own, all)) = own.zip(all).filter(|(own, all)| own >= all) {
            let reason = format!(
                "is {own}, and all callers together have {all} in a time at least as long (`limits.all`): lower it, or take it away"
            );
            context.add(Code::NeverBinds, format!("limits.caller.{key}"), reason);
        }
    }
}
