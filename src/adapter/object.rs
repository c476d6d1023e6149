//! Output fields out of a JSON object.

use serde_json::{Map, Value};

use super::{ParseError, Parsed};
use crate::{
    FieldError, Fields, Flag, Leniency, SignatureSpec,
    shape::{FoundJson, Strictness, find_objects, same_word, shown_key},
};

/// The fields of a reply that is a JSON object, or has one in a fence or in prose. `None` where it has no object with any of the fields.
/// What is handed to a tool is taken from an object that stands for itself only: one in prose may be quoted.
pub(super) fn read_text(spec: &SignatureSpec, text: &str) -> Option<Result<Parsed, ParseError>> {
    let is_for_tools = spec.outputs.iter().any(|field| field.strictness == Strictness::Arguments);
    let may_be_quoted = |flags: &[Leniency]| {
        is_for_tools && flags.iter().any(|flag| matches!(flag, Leniency::Prose | Leniency::LooseJson))
    };
    let objects = find_objects(text).into_iter().filter(|found| !may_be_quoted(&found.flags)).filter_map(|found| {
        let FoundJson { value, flags } = found;
        match value {
            Value::Object(object) => Some((unwrapped(spec, object)?, flags)),
            _ => None,
        }
    });
    let mut read: Vec<Result<Parsed, Vec<FieldError>>> = objects
        .map(|(object, flags)| {
            let mut parsed = read(spec, &object)?;
            parsed.flags.splice(0..0, flags.into_iter().map(|leniency| Flag::new("", leniency)));
            Ok(parsed)
        })
        .collect();
    let best = read.iter().position(Result::is_ok).unwrap_or(0);
    let is_same = |other: &Result<Parsed, _>| match (read.get(best), other) {
        (Some(Ok(best)), Ok(other)) => best.outputs == other.outputs,
        (Some(Ok(_)), Err(_)) => false,
        _ => true,
    };
    if !read.iter().all(is_same) {
        return Some(Err(ParseError::Ambiguous));
    }
    (!read.is_empty()).then(|| read.swap_remove(best).map_err(ParseError::Fields))
}

/// Whether a text is one JSON object with any of the fields, perhaps in a fence.
pub(super) fn is_whole(spec: &SignatureSpec, text: &str) -> bool {
    find_objects(text).into_iter().any(|found| {
        let is_alone = !found.flags.contains(&Leniency::Prose);
        let object = found.value.as_object().cloned();
        is_alone && object.is_some_and(|object| unwrapped(spec, object).is_some())
    })
}

/// The object that has the fields: itself, or its only member.
fn unwrapped(spec: &SignatureSpec, object: Map<String, Value>) -> Option<Map<String, Value>> {
    let has_field = |object: &Map<String, Value>| {
        object.keys().any(|key| spec.outputs.iter().any(|field| same_word(key, &field.name)))
    };
    if has_field(&object) {
        return Some(object);
    }
    let mut members = object.into_iter();
    match (members.next(), members.next()) {
        (Some((_, Value::Object(inner))), None) if has_field(&inner) => Some(inner),
        _ => None,
    }
}

/// The fields that an object has, each under its key or one that is the same word.
pub(crate) fn read(spec: &SignatureSpec, object: &Map<String, Value>) -> Result<Parsed, Vec<FieldError>> {
    let (mut outputs, mut flags, mut errors) = (Fields::new(), Vec::new(), Vec::new());
    for field in &spec.outputs {
        let same: Vec<(&String, &Value)> = object.iter().filter(|(key, _)| same_word(key, &field.name)).collect();
        if let [(_, first), others @ ..] = same.as_slice()
            && others.iter().any(|(_, other)| other != first)
        {
            let (field, expected) = (field.name.clone(), "one value".to_owned());
            errors.push(FieldError::Kind {
                field,
                expected,
                got: "several under keys that are the same word".to_owned(),
            });
            continue;
        }
        let found = object.get_key_value(&field.name).or_else(|| same.first().copied());
        let Some((key, value)) = found else {
            if !field.is_optional() {
                errors.push(FieldError::Missing(field.name.clone()));
            }
            continue;
        };
        if *key != field.name {
            flags.push(Flag::new(&field.name, Leniency::Key));
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
    let unknown = unknown.map(|key| shown_key(key));
    if errors.is_empty() {
        flags.extend(unknown.map(|path| Flag::new(path, Leniency::UnknownField)));
    } else {
        // it may be what is missing, under another name
        errors.extend(unknown.map(FieldError::Unknown));
    }
    if errors.is_empty() { Ok(Parsed { outputs, flags }) } else { Err(errors) }
}
