//! Which arguments a schema names.

use serde_json::Value;

use crate::call::ToolSpec;

/// Whether the names of all arguments stand under `properties`. JSON Schema lets others pass unless it is told not to; here it must be
/// told to.
pub fn is_closed(schema: &Value) -> bool {
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
pub fn takes(schema: &Value, argument: &str) -> bool {
    let is_shut =
        schema.get("additionalProperties") == Some(&Value::Bool(false)) && schema.get("patternProperties").is_none();
    !(is_closed(schema) || is_shut) || declares(schema, argument)
}

/// Whether a tool with this schema takes an argument, or a field of one, that these names lead to; where the schema leaves it open, it
/// does.
pub fn takes_field<'n>(schema: &Value, names: impl IntoIterator<Item = &'n str>) -> bool {
    let mut at = Some(schema);
    names.into_iter().all(|name| {
        let Some(object) = at.and_then(|at| object_of(schema, at)) else { return true };
        at = object.get("properties").and_then(|properties| properties.get(name));
        takes(object, name)
    })
}

/// The schema of an argument, or of a field of one: of the object that it is or that its items are, where it is one.
pub fn schema_of<'s, 'n>(schema: &'s Value, names: impl IntoIterator<Item = &'n str>) -> Option<&'s Value> {
    let value = names.into_iter().try_fold(schema, |at, name| object_of(schema, at)?.get("properties")?.get(name))?;
    object_of(schema, value)
}

/// More references than schemas need.
const MAX_STEPS: usize = 16;

/// The one schema that an object has, or each item of a list: behind references, lists and choices between it and null. None where
/// there are several.
fn object_of<'s>(root: &'s Value, schema: &'s Value) -> Option<&'s Value> {
    let mut at = schema;
    for _ in 0..MAX_STEPS {
        let choice = ["anyOf", "oneOf"].iter().find_map(|key| at.get(key)?.as_array());
        let next = if let Some(path) = at.get("$ref").and_then(Value::as_str) {
            root.pointer(path.strip_prefix('#')?)
        } else if let Some(choice) = choice {
            let mut some = choice.iter().filter(|one| one.get("type").is_none_or(|kind| kind != "null"));
            some.next().filter(|_| some.next().is_none())
        } else if let Some(items) = at.get("items") {
            Some(items)
        } else {
            return Some(at);
        };
        at = next?;
    }
    None
}

/// Whether a schema has an argument of this name among its properties.
pub fn declares(schema: &Value, argument: &str) -> bool {
    schema.get("properties").is_some_and(|properties| properties.get(argument).is_some())
}

/// The argument that an error is in, if the schema declares it: other names are made up by the model, and could say anything.
pub fn declared_argument(pointer: &str, tool: &ToolSpec) -> Option<String> {
    let name = pointer.split('/').nth(1)?;
    declares(&tool.input_schema, name).then(|| name.to_owned())
}
