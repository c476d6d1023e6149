//! Output fields out of a JSON object.

use serde_json::{Map, Value};

use super::{ParseError, Parsed};
use crate::{
    FieldError, Fields, Flag, Leniency, SignatureSpec,
    shape::{FoundJson, find_json, same_word},
};

/// The fields of a reply that is a JSON object, or has one in a fence or in prose. `None` where it has no object with any of the fields.
pub(super) fn read_text(spec: &SignatureSpec, text: &str) -> Option<Result<Parsed, ParseError>> {
    let objects = find_json(text).into_iter().filter_map(|FoundJson { value, flags }| match value {
        Value::Object(object) => Some((unwrapped(spec, object)?, flags)),
        _ => None,
    });
    let mut read: Vec<Result<Parsed, Vec<FieldError>>> = objects
        .map(|(object, flags)| {
            let mut parsed = read(spec, &object)?;
            parsed.flags.splice(0..0, flags.into_iter().map(|leniency| Flag { path: String::new(), leniency }));
            Ok(parsed)
        })
        .collect();
    let best = read.iter().position(Result::is_ok).unwrap_or(0);
    let others_differ = read
        .iter()
        .flatten()
        .any(|other| read.get(best).is_some_and(|best| best.as_ref().is_ok_and(|best| best.outputs != other.outputs)));
    if others_differ {
        return Some(Err(ParseError::Ambiguous));
    }
    (!read.is_empty()).then(|| read.swap_remove(best).map_err(ParseError::Fields))
}

/// The object that has the fields: itself, or its only member.
fn unwrapped(spec: &SignatureSpec, object: Map<String, Value>) -> Option<Map<String, Value>> {
    let has_field = |object: &Map<String, Value>| {
        object.keys().any(|key| spec.outputs.iter().any(|field| same_word(key, &field.name)))
    };
    if has_field(&object) {
        return Some(object);
    }
    match object.into_iter().next() {
        Some((_, Value::Object(inner))) if has_field(&inner) => Some(inner),
        _ => None,
    }
}

/// The fields that an object has, each under its key or one that is the same word.
pub(crate) fn read(spec: &SignatureSpec, object: &Map<String, Value>) -> Result<Parsed, Vec<FieldError>> {
    let (mut outputs, mut flags, mut errors) = (Fields::new(), Vec::new(), Vec::new());
    for field in &spec.outputs {
        let mut same = object.iter().filter(|(key, _)| same_word(key, &field.name));
        let found = object.get_key_value(&field.name).or_else(|| same.next().filter(|_| same.next().is_none()));
        let Some((key, value)) = found else {
            if !field.is_optional() {
                errors.push(FieldError::Missing(field.name.clone()));
            }
            continue;
        };
        if *key != field.name {
            flags.push(Flag { path: field.name.clone(), leniency: Leniency::Key });
        }
        match field.read_value(value) {
            Ok(reading) => {
                flags.extend(reading.flags);
                outputs.insert(field.name.clone(), reading.value);
            }
            Err(misfits) => errors.extend(misfits),
        }
    }
    let unknown = object.keys().filter(|key| spec.outputs.iter().all(|field| !same_word(key, &field.name)));
    let unknown = unknown.map(|key| key.chars().take(64).collect::<String>());
    if errors.is_empty() {
        flags.extend(unknown.map(|path| Flag { path, leniency: Leniency::UnknownField }));
    } else {
        // it may be what is missing, under another name
        errors.extend(unknown.map(FieldError::Unknown));
    }
    if errors.is_empty() { Ok(Parsed { outputs, flags }) } else { Err(errors) }
}
