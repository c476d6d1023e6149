//! Schemas and values that were meant to cost much, at sizes at which that can be measured.

use super::super::tests::*;
use super::made::{api, chain, nested};

pub(super) fn dear() -> Vec<(&'static str, Value, Value)> {
    [applied(), listed(), texts(), names(), dialects()].into_iter().flatten().collect()
}

type Case = (&'static str, Value, Value);

fn list(count: usize, item: impl Fn(usize) -> Value) -> Value {
    (0..count).map(item).collect()
}

fn map(count: usize, member: impl Fn(usize) -> (String, Value)) -> Value {
    (0..count).map(member).collect::<Map<_, _>>().into()
}

fn objects(count: usize) -> Value {
    list(count, |n| json!({ "k": n }))
}

fn applied() -> Vec<Case> {
    let integer = || json!({ "type": "integer" });
    let text = || json!({ "text": "x" });
    let doubling = |r: Value| json!({ "anyOf": [{ "properties": { "x": r }, "required": ["y"] }, { "properties": { "x": r }, "required": ["z"] }] });
    vec![
        ("anyOf", chain(10, integer(), |r| json!({ "anyOf": [r, r] })), text()),
        ("allOf", chain(10, json!({}), |r| json!({ "allOf": [r, r] })), text()),
        ("oneOf", chain(10, integer(), |r| json!({ "oneOf": [r, { "not": r }] })), text()),
        ("if", chain(7, integer(), |r| json!({ "if": r, "then": { "not": r }, "else": r })), text()),
        ("deep doubling", chain(12, integer(), doubling), json!({ "text": nested(12, "x", json!("x")) })),
    ]
}

fn listed() -> Vec<Case> {
    let branch = |n: usize| json!({ "properties": { "k": { "const": n } }, "required": ["k"] });
    let value = json!({ "anyOf": [
        { "type": ["null", "string", "number", "boolean"] },
        { "type": "array", "items": { "$ref": "#/$defs/v" } },
        { "type": "object", "additionalProperties": { "$ref": "#/$defs/v" } },
    ] });
    let closed = json!({
        "type": "object", "properties": { "k": { "type": "integer", "minimum": 0 } }, "additionalProperties": false,
    });
    let same = |n: i64| json!({ "a": "x".repeat(50), "b": n });
    let long = |n: usize| json!(format!("{}{n:05}", "x".repeat(50)));
    let looks_again = |inner: Value| json!({ "anyOf": [inner, { "prefixItems": [true] }], "unevaluatedItems": true, "contains": { "type": "object" } });
    vec![
        ("branches", json!({ "items": { "oneOf": list(500, branch) } }), objects(500)),
        ("values", json!({ "items": closed }), objects(50_000)),
        ("any value", json!({ "$ref": "#/$defs/v", "$defs": { "v": value } }), objects(50_000)),
        (
            "objects in enum",
            json!({ "items": { "not": { "enum": list(2_000, |n| same(n as i64)) } } }),
            list(200, |_| same(-1)),
        ),
        ("texts in enum", json!({ "items": { "not": { "enum": list(5_000, long) } } }), list(500, |_| long(99_999))),
        (
            "numbers in enum",
            json!({ "items": { "not": { "enum": list(5_000, |n| json!(n)) } } }),
            list(500, |_| json!(0.5)),
        ),
        ("uniqueItems", json!({ "uniqueItems": true }), objects(50_000)),
        ("uniqueItems, few", json!({ "items": { "uniqueItems": true } }), list(2_000, |_| objects(15))),
        ("multipleOf", json!({ "items": { "multipleOf": 1e-300 } }), list(5_000, |n| json!(1e308 - n as f64 * 1e300))),
        (
            "multipleOf, small",
            json!({ "items": { "not": { "multipleOf": 1e-4 } } }),
            list(5_000, |n| json!(n as f64 * 0.123_456_7 + 0.1)),
        ),
        (
            "contains",
            json!({ "contains": { "type": "string" }, "items": { "required": ["k"] }, "minContains": 0 }),
            objects(20_000),
        ),
        ("unevaluatedItems", (0..6).fold(json!({ "items": false }), |inner, _| looks_again(inner)), objects(500)),
    ]
}

fn texts() -> Vec<Case> {
    let bits = (0..20_000_u64).map(|n| if n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 63 == 0 { 'a' } else { 'b' });
    let format = |name: &str| json!({ "items": { "format": name } });
    let groups = (0..1_000).map(|n| format!("(?<a{n}>x)")).collect::<String>();
    let encoded = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "contentMediaType": "application/json", "contentEncoding": "base64",
    });
    vec![
        ("pattern", json!({ "pattern": "(a|b)*a(a|b){200}c" }), json!(bits.collect::<String>())),
        ("pattern, nested", json!({ "pattern": "(x+x+)+y|(a{30}){30}" }), json!("a".repeat(2_000))),
        ("email", format("email"), list(2_000, |_| json!("ann.example+something@mail.example.com"))),
        ("date-time", format("date-time"), list(2_000, |_| json!("2026-11-30T12:00:00.123456Z"))),
        ("uri", format("uri"), list(2_000, |_| json!("https://example.com/a/b/c?x=%41&y=2#z"))),
        ("ipv6", format("ipv6"), list(2_000, |_| json!("2001:db8::8a2e:370:7334"))),
        ("hostname", format("hostname"), list(2_000, |_| json!("a-long.name-of-a-host.example.com"))),
        ("uri-template", format("uri-template"), list(2_000, |_| json!("https://example.com/{a}/{+b}{?c,d*}"))),
        ("regex", format("regex"), list(5, |n| json!(format!("{groups}{n}")))),
        ("base64", encoded, json!("eyJhIjpbMSwyLDNdfQ==".repeat(500))),
        ("maxLength", json!({ "items": { "maxLength": 100_000 } }), list(100, |_| json!("ä".repeat(5_000)))),
    ]
}

fn names() -> Vec<Case> {
    let name = |n: usize| format!("{n}{}", "k".repeat(20));
    let keys = || map(1_000, |n| (name(n), json!(1)));
    let patterns = map(100, |n| (format!("^[0-9]+k+{n}$"), json!({ "type": "integer" })));
    let looks_again =
        |inner: Value| json!({ "anyOf": [{ "properties": { "a": true } }, inner], "unevaluatedProperties": true });
    vec![
        ("patternProperties", json!({ "patternProperties": patterns }), keys()),
        ("propertyNames", json!({ "propertyNames": { "pattern": "^(a|b|k|[0-9])+$", "maxLength": 40 } }), keys()),
        (
            "dependentSchemas",
            json!({ "dependentSchemas": map(300, |n| (name(n), json!({ "minProperties": 1 }))) }),
            keys(),
        ),
        ("required", json!({ "required": list(1_000, |n| json!(name(n))) }), keys()),
        ("unevaluatedProperties", (0..6).fold(json!({}), |inner, _| looks_again(inner)), keys()),
    ]
}

fn dialects() -> Vec<Case> {
    let resource = json!({ "id": "6f0c7d0e-8b7e-4a53-9e3f-3f6c5c4c9a51", "items": [{ "id": "6f0c7d0e-8b7e-4a53-9e3f-3f6c5c4c9a52" }] });
    let mut models = api(300);
    models["properties"]["many"] = json!({ "items": { "$ref": "#/$defs/Model0" } });
    vec![
        ("schemas", json!({ "$ref": "https://json-schema.org/draft/2020-12/schema" }), api(100)),
        (
            "schemas, 7",
            json!({ "$schema": "http://json-schema.org/draft-07/schema#", "$ref": "http://json-schema.org/draft-07/schema#" }),
            api(100),
        ),
        (
            "schemas, 2019-09",
            json!({
                "$schema": "https://json-schema.org/draft/2019-09/schema",
                "$ref": "https://json-schema.org/draft/2019-09/schema",
            }),
            api(100),
        ),
        ("api", models, json!({ "resource": resource, "many": list(100, |_| resource.clone()) })),
    ]
}
