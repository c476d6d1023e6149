//! Rules of fields inside an argument: decided leaf by leaf, and a leaf that breaks one is named by its path,
//! `payment_methods[1].payment_id`.
//!
//! Names in paths are those that the boundary has. Other names are the model's, and could say anything.

use std::{collections::BTreeMap, fmt::Write};

use abide_base::event::EventKind;
use serde_json::Value;

use super::super::values::{counted, is_blank};
use super::broken::first_broken;
use crate::{
    check::denied::Denied,
    policy::{ArgumentRule, RuleId, UnlistedArguments, field_path},
    text::decodings::normalize,
};

/// Every rule of every field of an argument. Each is reported once, for the first leaf that breaks it.
pub fn check(argument: &str, rule: &ArgumentRule, others: UnlistedArguments, value: &Value, denials: &mut Vec<Denied>) {
    for (path, rule) in rule.all() {
        let mut deny =
            |place: &str, key| denials.push(denied(EventKind::ArgumentDenied, (argument, &path), place, key));
        if let Some(max) = rule.max_items.filter(|_| !path.is_empty())
            && let Some(place) = first(argument, &path, value, &mut |value| counted(value) > max as usize)
        {
            deny(&place, RuleId::MaxItems);
        }
        let mut broken = None;
        let breaks = &mut |item: &Value| {
            broken = match rule.fields.is_empty() {
                true => first_broken(rule, item).map(|key| (key, None)),
                false => misfit(&rule.fields, others, item),
            };
            broken.is_some()
        };
        match (first_item(argument, &path, value, breaks), broken) {
            (Some(place), Some((key, None))) => deny(&place, key),
            (Some(place), Some((key, Some(meant)))) => {
                let path: Vec<&str> = path.iter().copied().chain([meant]).collect();
                let leaf = format!("{place}.{meant}");
                denials.push(denied(EventKind::ArgumentDenied, (argument, &path), &leaf, key));
            }
            _ => {}
        }
    }
}

/// A refusal that names a leaf, and the rule of the field that `path` leads to.
pub(crate) fn denied(kind: EventKind, (argument, path): (&str, &[&str]), leaf: &str, rule: RuleId) -> Denied {
    Denied { at: Some(field_path(argument, path).into()), ..Denied::argument(kind, leaf, rule) }
}

/// What is wrong with a value that must be an object with these fields, and the field that was probably meant.
fn misfit<'r>(
    fields: &'r BTreeMap<String, ArgumentRule>,
    others: UnlistedArguments,
    value: &Value,
) -> Option<(RuleId, Option<&'r str>)> {
    let Value::Object(map) = value else { return Some((RuleId::Fields, None)) };
    let mut given = map.iter().filter(|(name, _)| !fields.contains_key(*name));
    given.find_map(|(name, value)| {
        let is_unlisted = || others == UnlistedArguments::Refuse && !is_blank(value);
        match fields.keys().find(|known| normalize(known) == normalize(name)) {
            Some(meant) => Some((RuleId::Name, Some(meant.as_str()))),
            None => is_unlisted().then_some((RuleId::OtherArguments, None)),
        }
    })
}

/// The path of the first value of a field that fits. Lists on the way to the field are gone through item by item.
pub(crate) fn first(
    argument: &str,
    path: &[&str],
    value: &Value,
    fits: &mut dyn FnMut(&Value) -> bool,
) -> Option<String> {
    let mut place = argument.to_owned();
    walk(&mut place, path, value, &mut |_, value| fits(value)).then_some(place)
}

/// As [`first`], where a list is its items. Null is none.
pub(crate) fn first_item(
    argument: &str,
    path: &[&str],
    value: &Value,
    fits: &mut dyn FnMut(&Value) -> bool,
) -> Option<String> {
    let mut place = argument.to_owned();
    walk(&mut place, path, value, &mut |place, value| items(place, value, &mut |_, item| !item.is_null() && fits(item)))
        .then_some(place)
}

type Visit<'v> = dyn FnMut(&mut String, &Value) -> bool + 'v;

/// Stops, with the path in `place`, where a visit says so.
fn walk(place: &mut String, path: &[&str], value: &Value, visit: &mut Visit<'_>) -> bool {
    match (path, value) {
        ([], value) => visit(place, value),
        (_, Value::Array(_)) => items(place, value, &mut |place, item| walk(place, path, item, visit)),
        ([field, rest @ ..], Value::Object(map)) => map.get(*field).is_some_and(|value| {
            let length = place.len();
            place.push('.');
            place.push_str(field);
            let found = walk(place, rest, value, visit);
            if !found {
                place.truncate(length);
            }
            found
        }),
        // that it must be an object is a rule of its own
        _ => false,
    }
}

/// The items of a list, lists in lists included, or the one value.
fn items(place: &mut String, value: &Value, visit: &mut Visit<'_>) -> bool {
    let Value::Array(list) = value else { return visit(place, value) };
    list.iter().enumerate().any(|(number, item)| {
        let length = place.len();
        // a text can always be written into
        let _ = write!(place, "[{number}]");
        let found = items(place, item, visit);
        if !found {
            place.truncate(length);
        }
        found
    })
}
