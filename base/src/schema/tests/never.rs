//! Schemas that no value fits.

use super::super::{never::why_no_arguments_fit, tests::*};

#[test]
fn what_no_arguments_fit_is_found() {
    let object = |property: Value| json!({ "type": "object", "properties": { "a": property }, "required": ["a"] });
    for (schema, reason) in [
        (json!(false), "the schema is `false`"),
        (json!({ "type": "STRING" }), "arguments are always an object"),
        (json!({ "type": "array" }), "arguments are always an object"),
        (object(json!({ "type": "STRING" })), "`STRING` is not a type of JSON Schema"),
        (object(json!({ "type": ["string", "Integer"] })), "`Integer` is not a type of JSON Schema"),
        (object(json!({ "type": "string", "enum": [1, 2] })), "no value of `enum` has the `type`"),
        (object(json!({ "enum": [] })), "`enum` is empty"),
        (object(json!({ "type": "integer", "const": "1" })), "the value of `const` has not the `type`"),
        (object(json!({ "type": "integer", "minimum": 5, "maximum": 4 })), "`minimum` is above `maximum`"),
        (object(json!({ "type": "string", "minLength": 5, "maxLength": 4 })), "`minLength` is above `maxLength`"),
        (object(json!(false)), "the schema is `false`"),
        (object(json!({ "not": {} })), "`not` excludes every value"),
        (object(json!({ "anyOf": [false, { "enum": [] }] })), "the schema is `false`"),
        (object(json!({ "allOf": [true, { "type": "text" }] })), "`text` is not a type of JSON Schema"),
        (object(json!({ "type": "array", "minItems": 1, "items": false })), "the schema is `false`"),
        (
            object(json!({ "type": "object", "required": ["b"], "additionalProperties": false })),
            "a property is required that",
        ),
        (
            json!({ "type": "object", "required": ["b"], "properties": {}, "additionalProperties": false }),
            "a property is required that",
        ),
        (
            json!({ "required": ["a"], "properties": { "a": { "$ref": "#/$defs/a" } }, "$defs": { "a": false } }),
            "the schema is `false`",
        ),
    ] {
        let found = why_no_arguments_fit(&schema).unwrap_or_else(|| panic!("not found: {schema}"));
        assert!(found.starts_with(reason), "{schema}: {found}");
    }
}

#[test]
fn what_some_arguments_may_fit_is_left_alone() {
    for schema in [
        json!({}),
        json!(true),
        json!({ "type": ["object", "null"] }),
        json!({ "type": "object", "properties": { "a": { "type": "STRING" } }, "required": [] }),
        json!({ "type": "object", "properties": { "a": { "type": ["integer", "null"], "enum": [null, "x"] } }, "required": ["a"] }),
        json!({ "properties": { "a": { "type": "integer", "enum": [1.0] } }, "required": ["a"] }),
        json!({ "properties": { "a": { "$ref": "#/properties/a" } }, "required": ["a"] }),
        json!({ "properties": { "a": { "items": false } }, "required": ["a"] }),
        json!({ "required": ["x1"], "patternProperties": { "^x": {} }, "additionalProperties": false }),
        json!({ "properties": { "a": { "oneOf": [false, {}] } }, "required": ["a"] }),
        json!({ "$ref": "https://elsewhere.example/schema" }),
        super::made::api(20),
    ] {
        assert_eq!(why_no_arguments_fit(&schema), None, "{schema}");
    }
}

#[test]
fn looking_has_an_end() {
    // each level is tried twice by each above it
    let schema = super::made::chain(40, json!({ "enum": [] }), |r| json!({ "anyOf": [r, r] }));
    let schema = json!({ "required": ["text"], "properties": schema.get("properties"), "$defs": schema.get("$defs") });
    why_no_arguments_fit(&schema);
    why_no_arguments_fit(&(0..1_000).fold(json!({}), |inner, _| json!({ "allOf": [inner] })));
}
