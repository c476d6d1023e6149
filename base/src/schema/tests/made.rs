//! Schemas and values that tests make.

use super::super::tests::*;

/// `levels` definitions, each of which is made of references to the next one, and what the last one is.
pub(super) fn chain(levels: usize, last: Value, link: impl Fn(Value) -> Value) -> Value {
    let mut defs = Map::new();
    for level in 0..levels {
        defs.insert(format!("a{level}"), link(json!({ "$ref": format!("#/$defs/a{}", level + 1) })));
    }
    defs.insert(format!("a{levels}"), last);
    json!({ "type": "object", "properties": { "text": { "$ref": "#/$defs/a0" } }, "$defs": defs })
}

/// A value that is nested so deep in objects under one name.
pub(super) fn nested(levels: usize, name: &str, last: Value) -> Value {
    (0..levels).fold(last, |inner, _| json!({ name: inner }))
}

/// A schema as programs make it of an API: `count` definitions, each with as many properties as forms have, that refer to others.
pub(super) fn api(count: usize) -> Value {
    let mut defs = Map::new();
    for number in 0..count {
        let other = |step: usize| json!({ "$ref": format!("#/$defs/Model{}", (number + step) % count) });
        let properties = json!({
            "id": { "type": "string", "format": "uuid", "description": "The unique identifier of the resource." },
            "name": { "type": "string", "minLength": 1, "maxLength": 253, "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$" },
            "labels": { "type": "object", "additionalProperties": { "type": "string" } },
            "state": { "type": "string", "enum": ["open", "closed", "merged", "draft"] },
            "created_at": { "type": "string", "format": "date-time" },
            "weight": { "anyOf": [{ "type": "integer", "minimum": 0 }, { "type": "null" }] },
            "parent": other(1),
            "items": { "type": "array", "items": other(7), "maxItems": 100 },
            "owner": { "oneOf": [other(3), other(5), { "type": "string" }] },
        });
        defs.insert(
            format!("Model{number}"),
            json!({ "type": "object", "title": format!("Model {number}"), "properties": properties, "required": ["id"] }),
        );
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": { "resource": { "$ref": "#/$defs/Model0" }, "dry_run": { "type": "boolean", "default": false } },
        "required": ["resource"],
        "additionalProperties": false,
        "$defs": defs,
    })
}
