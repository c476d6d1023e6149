//! Arguments must fit the schema that the tool's server gives.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use jsonschema::{PatternOptions, Validator};
use serde_json::Value;

use super::Denied;
use crate::{
    Digest,
    call::{ToolCall, ToolSpec},
    event::EventKind,
};

/// More tools than any boundary has; a server that changes its tools for ever cannot fill the memory.
const MAX_SCHEMAS: usize = 4_096;

/// Compiled schemas, by the digest of the tool's definition.
#[derive(Default)]
pub(in crate::security) struct Schemas(Mutex<HashMap<Digest, Arc<Validator>>>);

impl Schemas {
    /// Validates the arguments. A schema that cannot be compiled lets nothing through, nor does one that has properties let through
    /// an argument that it does not name: the server could take it for one that the operator has a rule for. The call is as before
    /// afterwards: its arguments are only lent to the validator, which wants them as one value.
    pub(in crate::security) fn check(&self, call: &mut ToolCall, tool: &ToolSpec) -> Result<(), Denied> {
        let validator = self.validator(tool)?;
        if is_closed(&tool.input_schema) && call.arguments.keys().any(|name| !declares(&tool.input_schema, name)) {
            return Err(Denied {
                rule: Some("schema"),
                ..Denied::new(
                    EventKind::ArgumentsMalformed,
                    "there is an argument that the tool's schema does not name",
                )
            });
        }
        let arguments = Value::Object(std::mem::take(&mut call.arguments));
        let fits = if validator.is_valid(&arguments) { Ok(()) } else { Err(misfit(&validator, &arguments, tool)) };
        if let Value::Object(arguments) = arguments {
            call.arguments = arguments;
        }
        fits
    }

    fn validator(&self, tool: &ToolSpec) -> Result<Arc<Validator>, Denied> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(validator) = known.get(&tool.digest) {
            return Ok(Arc::clone(validator));
        }
        let validator = compile(&tool.input_schema).map(Arc::new).ok_or_else(|| {
            Denied::new(EventKind::CheckFailed, "the tool's input schema cannot be used: ask its maintainer")
        })?;
        if known.len() >= MAX_SCHEMAS {
            known.clear();
        }
        known.insert(tool.digest.clone(), Arc::clone(&validator));
        Ok(validator)
    }
}

/// What does not fit, by the first thing that is found.
fn misfit(validator: &Validator, arguments: &Value, tool: &ToolSpec) -> Denied {
    let error = validator.iter_errors(arguments).next();
    let argument = error.as_ref().and_then(|error| declared_argument(error.instance_path().as_str(), tool));
    let place = error.as_ref().map(|error| error.schema_path().as_str().to_owned()).unwrap_or_default();
    let keyword = place.rsplit('/').next().unwrap_or_default();
    let detail = match &argument {
        Some(name) => format!("argument `{name}` does not fit the tool's schema: `{keyword}`"),
        None => format!("the arguments do not fit the tool's schema: `{keyword}`"),
    };
    Denied { argument, rule: Some("schema"), ..Denied::new(EventKind::ArgumentsMalformed, detail) }
}

/// A server's schema, if it can be used. Its patterns run in a linear engine, so that they cannot hang us; references to other
/// documents are not followed. Formats such as `date` and `email` must hold.
pub(crate) fn compile(schema: &Value) -> Option<Validator> {
    jsonschema::options()
        .with_pattern_options(PatternOptions::regex())
        .should_validate_formats(true)
        .offline()
        .build(schema)
        .ok()
}

/// Whether the names of all arguments stand under `properties`. JSON Schema lets others pass unless it is told not to; here it must be
/// told to.
fn is_closed(schema: &Value) -> bool {
    let opening = [
        "additionalProperties",
        "patternProperties",
        "unevaluatedProperties",
        "propertyNames",
        "$ref",
        "allOf",
        "anyOf",
        "oneOf",
        "if",
    ];
    schema.get("properties").is_some() && opening.iter().all(|key| schema.get(key).is_none())
}

/// Whether a tool with this schema takes an argument of this name.
pub(in crate::security) fn takes(schema: &Value, argument: &str) -> bool {
    let is_shut =
        schema.get("additionalProperties") == Some(&Value::Bool(false)) && schema.get("patternProperties").is_none();
    !(is_closed(schema) || is_shut) || declares(schema, argument)
}

/// Whether a schema has an argument of this name among its properties.
pub(in crate::security) fn declares(schema: &Value, argument: &str) -> bool {
    schema.get("properties").is_some_and(|properties| properties.get(argument).is_some())
}

/// The argument that an error is in, if the schema declares it: other names are made up by the model, and could say anything.
fn declared_argument(pointer: &str, tool: &ToolSpec) -> Option<String> {
    let name = pointer.split('/').nth(1)?;
    declares(&tool.input_schema, name).then(|| name.to_owned())
}
