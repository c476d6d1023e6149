use serde_json::json;

use super::super::stand_in::*;

fn of_schema(schema: Value) -> Option<Value> {
    let name = abide_base::call::ToolName::try_from("crm.ticket").ok()?;
    from_schema(&ToolSpec::new(name, "", json!({}), Some(schema)))
}

#[test]
fn the_smallest_reply_that_fits_stands_in() {
    let ticket = json!({
        "type": "object",
        "required": ["id", "status", "lines", "owner", "at"],
        "properties": {
            "id": { "type": "string", "minLength": 3 },
            "status": { "enum": ["open", "closed"] },
            "lines": { "type": "array", "minItems": 1, "items": { "type": "integer", "minimum": 1.5 } },
            "owner": { "$ref": "#/$defs/person" },
            "at": { "type": "string", "examples": ["2026-01-01"] },
            "note": { "type": "string" },
        },
        "$defs": { "person": { "type": "object", "required": ["name"], "properties": { "name": { "default": "Ann" } } } },
    });
    let stand_in =
        json!({ "id": "dry run", "status": "open", "lines": [2], "owner": { "name": "Ann" }, "at": "2026-01-01" });
    assert_eq!(of_schema(ticket), Some(stand_in));
}

#[test]
fn what_cannot_be_made_is_not_made_up() {
    for schema in [
        json!({ "$ref": "#" }),
        json!({ "type": "object", "required": ["a"], "properties": { "a": { "$ref": "https://evil.example/schema" } } }),
        json!({ "type": "string", "pattern": "^[A-Z]{8}$" }),
        json!({ "type": "object", "required": ["a"] }),
    ] {
        assert_eq!(of_schema(schema.clone()), None, "{schema}");
    }
}

#[test]
fn a_schema_that_asks_for_everything_gets_nothing() {
    let nested = (0..7)
        .fold(json!({ "type": "integer" }), |items, _| json!({ "type": "array", "minItems": 64, "items": items }));
    assert_eq!(of_schema(nested), None);
}

#[test]
fn a_long_value_is_not_copied_again_and_again() {
    let long = "x".repeat(40_000);
    let schema = |count: usize| json!({ "type": "array", "minItems": count, "items": { "default": long } });
    assert_eq!(of_schema(schema(1)), Some(json!([long])));
    assert_eq!(of_schema(schema(2)), None);
    assert_eq!(of_schema(json!({ "const": "x".repeat(100_000) })), None);
    assert_eq!(of_schema(json!({ "type": "string", "minLength": 1_000_000_000 })), None);
    assert_eq!(of_schema(json!({ "type": "array", "minItems": 1_000_000_000, "items": {} })), None);
}

#[test]
fn nothing_is_made_of_a_schema_that_costs_too_much() {
    let defs: Map<String, Value> = (0..20)
        .map(|level| {
            let next = json!({ "$ref": format!("#/$defs/a{}", level + 1) });
            (format!("a{level}"), json!({ "anyOf": [next, next] }))
        })
        .chain([("a20".to_owned(), json!({ "type": "integer" }))])
        .collect();
    assert_eq!(of_schema(json!({ "default": 1, "$ref": "#/$defs/a0", "$defs": defs })), None);
}
