//! Which arguments a schema names.

use serde_json::Value;

use crate::call::ToolSpec;

/// Whether the names of all arguments stand under `properties`. JSON Schema lets others pass unless it is told not to; here it must be
/// told to.
pub(super) fn is_closed(schema: &Value) -> bool {
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
pub(super) fn declared_argument(pointer: &str, tool: &ToolSpec) -> Option<String> {
    let name = pointer.split('/').nth(1)?;
    declares(&tool.input_schema, name).then(|| name.to_owned())
}
