//! Small schemas that cost much.

use super::super::tests::*;
use super::made::chain;

/// Refused before the library sees it, within the time that this file's tests have.
fn costly(schema: &Value) -> Excess {
    match refusal(schema) {
        SchemaError::TooCostly(excess) => excess,
        SchemaError::Unusable(reason) => panic!("not for its cost: {reason}"),
    }
}

#[test]
fn references_that_double_are_refused_whatever_they_stand_under() {
    type Link = fn(Value) -> Value;
    let links: [(&str, Link); 13] = [
        ("anyOf", |r| json!({ "anyOf": [r, r] })),
        ("allOf", |r| json!({ "allOf": [r, r] })),
        ("oneOf", |r| json!({ "oneOf": [r, r] })),
        ("not", |r| json!({ "not": r, "allOf": [r] })),
        ("if", |r| json!({ "if": r, "then": r })),
        ("else", |r| json!({ "if": r, "else": r })),
        ("dependentSchemas", |r| json!({ "dependentSchemas": { "a": r, "b": r } })),
        ("dependencies", |r| json!({ "dependencies": { "a": r, "b": r } })),
        ("beside $ref", |r| json!({ "$ref": r.get("$ref"), "allOf": [r] })),
        ("$dynamicRef", |r| json!({ "anyOf": [{ "$dynamicRef": r.get("$ref") }, { "$dynamicRef": r.get("$ref") }] })),
        ("deeper", |r| json!({ "not": { "not": { "anyOf": [{ "allOf": [r] }, { "not": r }] } } })),
        ("unevaluatedProperties", |r| json!({ "anyOf": [r, r], "unevaluatedProperties": false })),
        ("unevaluatedItems", |r| json!({ "anyOf": [r, r], "unevaluatedItems": false })),
    ];
    for (name, link) in links {
        for last in [json!({ "type": "integer" }), json!(true), json!({})] {
            let schema = chain(20, last, link);
            assert!(schema.to_string().len() < 3_000, "{name}");
            costly(&schema);
        }
    }
    // two are fine, but not where each asks what the next has looked at
    for (name, link) in links.into_iter().filter(|(name, _)| !name.starts_with("unevaluated")) {
        Schema::compile(&chain(2, json!({ "type": "integer" }), link))
            .map(|_| name)
            .unwrap_or_else(|e| panic!("{name}: {e}"));
    }
}

#[test]
fn references_may_be_written_in_any_way() {
    let anchors = |anchor: &str| {
        let mut defs = Map::new();
        for level in 0..20 {
            let next = json!({ "$ref": format!("#n{}", level + 1) });
            defs.insert(format!("a{level}"), json!({ anchor: format!("n{level}"), "anyOf": [next, next] }));
        }
        defs.insert("last".into(), json!({ anchor: "n20" }));
        json!({ "$ref": "#n0", "$defs": defs })
    };
    costly(&anchors("$anchor"));
    costly(&anchors("$dynamicAnchor"));

    let ids = |dialect: &str, id: &str, defs: &str| {
        let mut all = Map::new();
        for level in 0..20 {
            let next = json!({ "$ref": format!("n{}", level + 1) });
            all.insert(format!("a{level}"), json!({ id: format!("n{level}"), "anyOf": [next, next] }));
        }
        all.insert("last".into(), json!({ id: "n20" }));
        json!({ "$schema": dialect, id: "https://x.example/root", "allOf": [{ "$ref": "n0" }], defs: all })
    };
    costly(&ids("https://json-schema.org/draft/2020-12/schema", "$id", "$defs"));
    costly(&ids("http://json-schema.org/draft-07/schema#", "$id", "definitions"));
    costly(&ids("http://json-schema.org/draft-04/schema#", "id", "definitions"));

    let places = |prefix: &str, list: fn(Vec<Value>) -> Value| {
        let all = (0..20).map(|level| {
            let next = json!({ "$ref": format!("{prefix}/{}", level + 1) });
            json!({ "anyOf": [next, next] })
        });
        list(all.chain([json!({})]).collect())
    };
    costly(&places("#/examples", |all| json!({ "examples": all, "$ref": "#/examples/0" })));
    costly(&places("#/%65xamples", |all| json!({ "examples": all, "$ref": "#/%65xamples/0" })));
    costly(&places("#/x-kept/a~1b", |all| json!({ "x-kept": { "a/b": all }, "$ref": "#/x-kept/a~1b/0" })));
    costly(&places("#/allOf", |all| json!({ "allOf": all })));
    costly(&places(
        "#/const/deep",
        |all| json!({ "const": { "deep": all }, "properties": { "a": { "$ref": "#/const/deep/0" } } }),
    ));
}

#[test]
fn what_refers_to_itself_for_the_same_value_has_no_end() {
    for schema in [
        json!({ "allOf": [{ "$ref": "#" }] }),
        json!({ "properties": { "a": { "anyOf": [{ "$ref": "#/properties/a" }, { "type": "string" }] } } }),
        json!({ "$ref": "#/$defs/a", "$defs": { "a": { "not": { "$ref": "#/$defs/b" } }, "b": { "if": { "$ref": "#/$defs/a" } } } }),
        json!({ "$schema": "https://json-schema.org/draft/2019-09/schema", "anyOf": [{ "$recursiveRef": "#" }, true] }),
        // the library takes it for `#` all the same, and with `unevaluatedItems` beside it never gives the memory back
        json!({ "$recursiveRef": "#/$defs/none", "unevaluatedItems": {} }),
        json!({ "$recursiveRef": "#/$defs/a", "unevaluatedProperties": {}, "$defs": { "a": {} } }),
    ] {
        assert_eq!(costly(&schema), Excess::Endless, "{schema}");
    }
}

#[test]
fn what_is_long_deep_or_wide_is_refused() {
    let deep = |levels: usize| (0..levels).fold(json!({}), |inner, _| json!({ "not": inner }));
    assert_eq!(costly(&deep(1_000)), Excess::Depth);
    assert_eq!(costly(&(0..1_000).fold(json!({}), |inner, _| json!([inner]))), Excess::Depth);
    let wide: Vec<Value> = (0..70_000).map(|number| json!(number)).collect();
    assert_eq!(costly(&json!({ "enum": wide })), Excess::Values);
    assert_eq!(costly(&json!({ "description": "x".repeat(2 << 20) })), Excess::Bytes);
    // the library keeps the whole path to each part
    let inner: Map<String, Value> = (0..8_000).map(|n| (format!("p{n}"), json!({ "type": "string" }))).collect();
    assert_eq!(costly(&json!({ "properties": { "x".repeat(40_000): { "properties": inner } } })), Excess::Paths);
    assert_eq!(costly(&json!({ "$ref": format!("#/{}", "a/".repeat(1_000)) })), Excess::Reference);
    // a chain takes the stack, however few apply
    assert_eq!(costly(&chain(1_000, json!({}), |r| r)), Excess::Nesting);
    let many: Vec<Value> = (0..20_000).map(|_| json!({})).collect();
    assert_eq!(costly(&json!({ "anyOf": many })), Excess::Checks);
    // few apply to each place, and many to all places together
    let mut schema = chain(700, json!({}), |r| r);
    let part = |n: usize| (format!("p{n}"), json!({ "allOf": [{ "$ref": "#/$defs/a0" }, { "minLength": n }] }));
    schema["properties"] = (0..300).map(part).collect::<Map<_, _>>().into();
    assert_eq!(costly(&schema), Excess::Applied);
}

#[test]
fn one_part_under_many_names_is_compiled_for_each() {
    // `#/allOf/0`, `#/allOf/00`, …: all the same part to us, and others to the library
    let fat: Map<String, Value> = (0..1_000).map(|n| (format!("p{n}"), json!({ "type": "string" }))).collect();
    let names =
        (0..200).map(|zeros| json!({ "items": { "$ref": format!("#/prefixItems/{}", "0".repeat(zeros + 1)) } }));
    let schema = json!({ "prefixItems": [{ "properties": fat }], "properties": { "a": { "prefixItems": names.collect::<Vec<_>>() } } });
    assert_eq!(costly(&schema), Excess::Values);
    // what asks what others have looked at has all of them compiled again, once for each way
    let fat = |n: usize| json!({ "properties": (0..n).map(|n| (format!("p{n}"), json!({ "type": "string" }))).collect::<Map<_, _>>() });
    let mut schema = chain(8, fat(500), |r| json!({ "allOf": [r, r] }));
    schema["unevaluatedProperties"] = json!(false);
    schema["$ref"] = json!("#/$defs/a0");
    assert_eq!(costly(&schema), Excess::Values);
}

#[test]
fn resources_that_refer_to_each_other_are_refused() {
    // the library compiles a part once for each list of resources that lead to it
    let mut defs = Map::new();
    for level in 0..12 {
        for side in ["a", "b"] {
            let next = |side: &str| json!({ "$ref": format!("{side}{}", level + 1) });
            let schema = json!({ "$id": format!("{side}{level}"), "properties": { "p": next("a"), "q": next("b") } });
            defs.insert(format!("{side}{level}"), schema);
        }
    }
    defs.insert("a12".into(), json!({ "$id": "a12", "enum": (0..100).collect::<Vec<_>>() }));
    defs.insert("b12".into(), json!({ "$id": "b12" }));
    assert_eq!(costly(&json!({ "$id": "https://x.example/", "$ref": "a0", "$defs": defs })), Excess::Values);
    let circle = json!({
        "$id": "https://x.example/",
        "properties": { "a": { "$ref": "a" } },
        "$defs": {
            "a": { "$id": "a", "properties": { "b": { "$ref": "b" } } },
            "b": { "$id": "b", "properties": { "a": { "$ref": "a" } } },
        },
    });
    assert_eq!(costly(&circle), Excess::Resources);
    let dynamic = json!({
        "$id": "https://x.example/",
        "$dynamicRef": "#n",
        "$defs": { "a": { "$id": "a", "$dynamicAnchor": "n" }, "b": { "$dynamicAnchor": "n" } },
    });
    assert_eq!(costly(&dynamic), Excess::Resources);
    // a part that stands in for one of the schema of schemas
    let hijacked = json!({
        "$dynamicAnchor": "meta",
        "properties": { "a": { "$ref": "https://json-schema.org/draft/2020-12/schema" } },
    });
    assert_eq!(costly(&hijacked), Excess::Resources);
}

#[test]
fn patterns_that_repeat_too_much_are_refused() {
    for (pattern, excess) in [
        ("(a{1000}){1000}".to_owned(), Excess::Repetition),
        ("((a{99}){99}){99}".to_owned(), Excess::Repetition),
        (r"\p{L}{500}".to_owned(), Excess::Repetition),
        ("[a-z]{60000}".to_owned(), Excess::Repetition),
        (r"\d".repeat(1_000), Excess::Translation),
        ("a".repeat(10_000), Excess::Pattern),
    ] {
        assert_eq!(costly(&json!({ "type": "string", "pattern": pattern })), excess, "{pattern}");
        assert_eq!(costly(&json!({ "patternProperties": { pattern.as_str(): true } })), excess, "{pattern}");
    }
    let many: Map<String, Value> = (0..1_000).map(|n| (format!(r"^\w+{n}\d+\.$"), json!(true))).collect();
    assert_eq!(costly(&json!({ "patternProperties": many })), Excess::Translation);
}
