use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

use super::super::{
    asked::Asked,
    denied::Denied,
    link,
    rule_name::{MISNAMED, UNLISTED},
    schema::declares,
    views::folded,
};
use crate::{
    Pattern,
    event::EventKind,
    security::policy::{ArgumentRule, Others, ToolRule, key_path},
};

/// An argument that no rule is for, and that must not be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::security) enum Astray<'r> {
    /// Named like this one but for case and punctuation: many servers take `customerId` for `customer_id`.
    Misnamed(&'r str),
    /// It has no entry, and such arguments are refused.
    Unlisted,
}

/// What is wrong with an argument's being there.
pub(in crate::security) fn astray<'r>(rule: &'r ToolRule, name: &str, value: &Value) -> Option<Astray<'r>> {
    if rule.arguments.contains_key(name) {
        return None;
    }
    let meant = rule.arguments.keys().find(|ruled| folded(ruled) == folded(name));
    let is_unlisted = || rule.others == Others::Refuse && !says_nothing(value);
    meant.map(|meant| Astray::Misnamed(meant)).or_else(|| is_unlisted().then_some(Astray::Unlisted))
}

/// Every rule of every argument; where the value is a list, for each item.
pub(in crate::security) fn check(asked: &Asked<'_>, denials: &mut Vec<Denied>) {
    let (rules, given) = (&asked.rule.arguments, &asked.call.arguments);
    let (mut strangers, mut nested) = (Vec::new(), Vec::new());
    let mut deny = |name: &str, rule| denials.push(Denied::argument(EventKind::ArgumentDenied, name, rule));
    for (name, value) in given {
        match astray(asked.rule, name, value) {
            Some(Astray::Misnamed(meant)) => deny(meant, MISNAMED),
            Some(Astray::Unlisted) => strangers.push(name.as_str()),
            None => {}
        }
    }
    for (name, rule) in rules {
        let Some(value) = given.get(name) else { continue };
        if rule.max_items.is_some_and(|max| counted(value) > max as usize) {
            deny(name, "max_items");
        }
        if rule.fields.is_empty() {
            if let Some(broken) = first_broken(rule, value) {
                deny(name, broken);
            }
        } else {
            nested.push((name, rule, value));
        }
    }
    for (name, rule, value) in nested {
        super::field::check(name, rule, asked.rule.others, value, denials);
    }
    unlisted(asked, &strangers, denials);
}

/// Refuses arguments without an entry: those that the tool's schema has by name. Any other name is the model's own, and could say
/// anything, so it is not repeated.
fn unlisted(asked: &Asked<'_>, strangers: &[&str], denials: &mut Vec<Denied>) {
    let is_known = |name: &&&str| asked.tool.is_some_and(|tool| declares(&tool.input_schema, name));
    let denied = |argument: Option<&str>, detail| Denied {
        argument: argument.map(str::to_owned),
        rule: Some(UNLISTED),
        ..Denied::new(EventKind::ArgumentDenied, detail)
    };
    let known: Vec<&str> = strangers.iter().filter(is_known).copied().collect();
    denials.extend(known.iter().map(|name| {
        let entry = key_path("arguments", name);
        let detail = format!(
            "argument `{name}` has no entry: add `{entry} = {{}}` where it may have any value, or else its rules; \
             `other_arguments = \"allow\"` lets all arguments in"
        );
        denied(Some(name), detail)
    }));
    if known.len() < strangers.len() {
        let detail =
            "there is an argument that has no entry: list it under `arguments`, or set `other_arguments = \"allow\"`";
        denials.push(denied(None, detail.to_owned()));
    }
}

/// The values of an argument: the items of a list, lists in lists included; none where it is absent or null.
pub(in crate::security) fn items(value: Option<&Value>) -> Vec<&Value> {
    match value {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(list)) => list.iter().flat_map(|item| items(Some(item))).collect(),
        Some(value) => vec![value],
    }
}

/// How many values an argument names: a list that is written as one text counts as what it lists, and an object as its entries.
pub(in crate::security) fn counted(value: &Value) -> usize {
    let count = |item: &Value| match item {
        Value::String(text) => listed(text).count(),
        Value::Object(map) => map.len(),
        _ => 1,
    };
    items(Some(value)).into_iter().map(|item| count(item).max(1)).sum()
}

/// What a text lists, when somebody counts: all that stands between commas and what else separates items. A number with its thousands in
/// groups is a list then: who counts must not count too little.
pub(in crate::security) fn listed(text: &str) -> impl Iterator<Item = &str> {
    let separates = |c: char| matches!(c, ',' | ';' | '|' | '\n' | '\r' | '\t' | '\u{ff0c}' | '\u{3001}' | '\u{ff1b}');
    text.split(separates).map(str::trim).filter(|part| !part.is_empty())
}

/// Null, blank texts, and lists and objects of nothing.
pub(in crate::security) fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.iter().all(says_nothing),
        Value::Object(map) => map.is_empty(),
        Value::String(text) => text.trim().is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

pub(super) fn first_broken(rule: &ArgumentRule, value: &Value) -> Option<&'static str> {
    match value {
        Value::Null => None,
        Value::Array(list) => list.iter().find_map(|item| first_broken(rule, item)),
        value => broken(rule, value),
    }
}

/// The first rule that one value breaks.
pub(in crate::security) fn broken(rule: &ArgumentRule, value: &Value) -> Option<&'static str> {
    let text = value.as_str();
    let text_fits = |fits: &dyn Fn(&str) -> bool| text.is_some_and(fits);
    let pattern_holds = |p: &Pattern| text_fits(&|t| p.matches(t));
    let chars = || text.map(|t| t.chars().count());
    let number = value.as_f64();
    if rule.one_of.as_ref().is_some_and(|values| !values.contains(value)) {
        Some("enum")
    } else if rule.pattern.as_ref().is_some_and(|p| !pattern_holds(p)) {
        Some("pattern")
    } else if rule.min_chars.is_some_and(|min| chars().is_none_or(|n| n < min as usize)) {
        Some("min_chars")
    } else if rule.max_chars.is_some_and(|max| chars().is_none_or(|n| n > max as usize)) {
        Some("max_chars")
    } else if rule.prefix.as_ref().is_some_and(|all| !text_fits(&|t| all.iter().any(|prefix| t.starts_with(prefix)))) {
        Some("prefix")
    } else if rule.hosts.as_ref().is_some_and(|hosts| !text_fits(&|t| link::is_address_at(t, hosts))) {
        Some("hosts")
    } else if rule.links.as_ref().is_some_and(|hosts| !text_fits(&|t| link::leads_only_to(t, hosts))) {
        Some("links")
    } else if rule.path_root.as_ref().is_some_and(|root| !text_fits(&|t| is_within(t, root))) {
        Some("path_root")
    } else if rule.min.is_some_and(|min| number.is_none_or(|n| n < min) || is_short_of(value, min)) {
        Some("min")
    } else if rule.max.is_some_and(|max| number.is_none_or(|n| n > max) || is_beyond(value, max)) {
        Some("max")
    } else {
        None
    }
}

/// Whether a whole number is larger than a limit by less than a float can tell.
fn is_beyond(value: &Value, max: f64) -> bool {
    whole(value).is_some_and(|n| max.is_finite() && n > max.floor() as i128)
}

/// Whether a whole number is smaller than a limit by less than a float can tell.
fn is_short_of(value: &Value, min: f64) -> bool {
    whole(value).is_some_and(|n| min.is_finite() && n < min.ceil() as i128)
}

fn whole(value: &Value) -> Option<i128> {
    value.as_i64().map(i128::from).or_else(|| value.as_u64().map(i128::from))
}

/// Whether a path leads to a folder or to something below it, however a server reads it: with `/` alone between its parts, and nothing that
/// goes up or that a server could decode into that. A slash may end it.
pub(in crate::security) fn is_within(path: &str, root: &str) -> bool {
    let folder = root.strip_suffix('/').unwrap_or(root);
    if path == root || path.strip_suffix('/').unwrap_or(path) == folder {
        return !path.is_empty();
    }
    let rest = path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/'));
    let is_up = |part: &str| part.chars().all(|c| c == '.' || c.is_whitespace());
    let is_name = |part: &str| part.trim() == part && !is_up(part);
    // a parameter (`..;`), a drive or a stream, a pipe, what a shell makes many names of
    let is_special = |c: char| "\\%~$*?;:|`{}[]\"<>".contains(c);
    rest.is_some_and(|rest| {
        rest.strip_suffix('/').unwrap_or(rest).split('/').all(is_name)
            && !rest.chars().any(|c| c.is_control() || looks_like_a_separator(c))
            && !rest.chars().chain(rest.nfkc()).any(is_special)
            && !link::has_invisible(rest)
    })
}

/// Characters that Unicode normalisation, or an older encoding, turns into dots and slashes.
fn looks_like_a_separator(c: char) -> bool {
    matches!(
        c,
        '\u{fe19}' | '\u{fe30}' | '\u{2024}'
            ..='\u{2026}'
                | '\u{ff0e}'
                | '\u{ff0f}'
                | '\u{ff3c}'
                | '\u{2044}'
                | '\u{2215}'
                | '\u{29f8}'
                | '\u{fe52}'
                | '\u{fe68}'
                | '\u{2216}'
                | '\u{29f5}'
                | '\u{a5}'
                | '\u{20a9}'
    )
}
