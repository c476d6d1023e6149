use abide_base::{event::EventKind, schema::declares};
use serde_json::Value;

use super::super::{
    asked::Asked,
    denied::Denied,
    values::{counted, is_blank},
};
use super::broken::first_broken;
use crate::{
    policy::{RuleId, ToolRule, UnlistedArguments, key_path},
    text::decodings::normalize,
};

/// An argument that no rule is for, and that must not be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnexpectedArgument<'r> {
    /// Named like this one but for case and punctuation: many servers take `customerId` for `customer_id`.
    Misspelled(&'r str),
    /// It has no entry, and such arguments are refused.
    Unlisted,
}

/// What is wrong with an argument's being there.
pub fn unexpected<'r>(rule: &'r ToolRule, name: &str, value: &Value) -> Option<UnexpectedArgument<'r>> {
    if rule.arguments.contains_key(name) {
        return None;
    }
    let meant = rule.arguments.keys().find(|ruled| normalize(ruled) == normalize(name));
    let is_unlisted = || rule.other_arguments == UnlistedArguments::Refuse && !is_blank(value);
    meant
        .map(|meant| UnexpectedArgument::Misspelled(meant))
        .or_else(|| is_unlisted().then_some(UnexpectedArgument::Unlisted))
}

/// Every rule of every argument; where the value is a list, for each item.
pub(crate) fn check(asked: &Asked<'_>, denials: &mut Vec<Denied>) {
    let (rules, given) = (&asked.rule.arguments, &asked.call.arguments);
    let (mut strangers, mut nested) = (Vec::new(), Vec::new());
    let mut deny = |name: &str, rule| denials.push(Denied::argument(EventKind::ArgumentDenied, name, rule));
    for (name, value) in given {
        match unexpected(asked.rule, name, value) {
            Some(UnexpectedArgument::Misspelled(meant)) => deny(meant, RuleId::Name),
            Some(UnexpectedArgument::Unlisted) => strangers.push(name.as_str()),
            None => {}
        }
    }
    for (name, rule) in rules {
        let Some(value) = given.get(name) else { continue };
        if rule.max_items.is_some_and(|max| counted(value) > max as usize) {
            deny(name, RuleId::MaxItems);
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
        super::field::check(name, rule, asked.rule.other_arguments, value, denials);
    }
    unlisted(asked, &strangers, denials);
}

/// Refuses arguments without an entry: those that the tool's schema has by name. Any other name is the model's own, and could say
/// anything, so it is not repeated.
fn unlisted(asked: &Asked<'_>, strangers: &[&str], denials: &mut Vec<Denied>) {
    let is_known = |name: &&&str| asked.tool.is_some_and(|tool| declares(&tool.input_schema, name));
    let denied = |argument: Option<&str>, detail| Denied {
        argument: argument.map(str::to_owned),
        rule: Some(RuleId::OtherArguments),
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
