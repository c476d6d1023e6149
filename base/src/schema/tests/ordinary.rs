//! Schemas of honest servers, large ones too.

use super::super::tests::*;
use super::made::api;

#[tokio::test]
async fn large_schemas_of_apis_pass() {
    let schema = api(300);
    assert!(schema.to_string().len() > 200_000);
    let value = json!({ "resource": { "id": "6f0c7d0e-8b7e-4a53-9e3f-3f6c5c4c9a51", "name": "web", "items": [
        { "id": "6f0c7d0e-8b7e-4a53-9e3f-3f6c5c4c9a52", "state": "open", "owner": "ann" },
        { "id": "6f0c7d0e-8b7e-4a53-9e3f-3f6c5c4c9a53", "parent": { "id": "6f0c7d0e-8b7e-4a53-9e3f-3f6c5c4c9a54", "weight": 3 } },
    ] } });
    assert_eq!(check(&schema, value).await, Ok(()));
    let Err(Misfit::Value(place)) = check(&schema, json!({ "resource": { "id": 1 } })).await else { panic!() };
    assert_eq!(place.value, "/resource/id");
}

#[tokio::test]
async fn schemas_may_refer_to_themselves_inside_of_values() {
    let any = json!({
        "$ref": "#/$defs/value",
        "$defs": { "value": { "anyOf": [
            { "type": ["null", "boolean", "number", "string"] },
            { "type": "array", "items": { "$ref": "#/$defs/value" } },
            { "type": "object", "additionalProperties": { "$ref": "#/$defs/value" } },
        ] } },
    });
    let value = json!({ "a": [1, [2, { "b": null, "c": ["x", true] }]], "d": { "e": { "f": [[[]]] } } });
    assert_eq!(check(&any, value).await, Ok(()));
    let wide: Vec<Value> =
        (0..2_000).map(|n| json!({ "id": n, "tags": ["a", "b"], "at": { "x": 1.5, "y": null } })).collect();
    assert_eq!(check(&any, json!(wide)).await, Ok(()));

    // as TypeScript libraries write them
    let tree = json!({
        "type": "object",
        "properties": { "tree": {
            "$id": "T0", "type": "object", "required": ["nodes"],
            "properties": { "nodes": { "type": "array", "items": { "$ref": "T0" } } },
        } },
    });
    assert_eq!(
        check(&tree, json!({ "tree": { "nodes": [{ "nodes": [] }, { "nodes": [{ "nodes": [] }] }] } })).await,
        Ok(())
    );
    assert!(check(&tree, json!({ "tree": { "nodes": [{ "nodes": [{}] }] } })).await.is_err());

    let expression = |kinds: usize| {
        let kind = |n: usize| {
            json!({
                "type": "object", "required": ["op"],
                "properties": { "op": { "const": format!("op{n}") }, "left": { "$ref": "#" }, "right": { "$ref": "#" } },
            })
        };
        json!({ "anyOf": (0..kinds).map(kind).collect::<Vec<_>>() })
    };
    let leaf = json!({ "op": "op3" });
    let value = json!({ "op": "op1", "left": { "op": "op2", "left": leaf, "right": leaf }, "right": leaf });
    assert_eq!(check(&expression(10), value).await, Ok(()));
}

#[tokio::test]
async fn every_dialect_is_read_as_it_is() {
    for dialect in
        ["draft-04/schema#", "draft-06/schema#", "draft-07/schema#", "draft/2019-09/schema", "draft/2020-12/schema"]
    {
        let scheme = if dialect.starts_with("draft-") { "http" } else { "https" };
        let schema = json!({
            "$schema": format!("{scheme}://json-schema.org/{dialect}"),
            "type": "object",
            "properties": { "a": { "$ref": "#/definitions/a" }, "b": { "type": "integer", "multipleOf": 5 } },
            "definitions": { "a": { "type": "string", "pattern": r"^\d{3}-\d{4}$" } },
        });
        assert_eq!(check(&schema, json!({ "a": "123-4567", "b": 10 })).await, Ok(()), "{dialect}");
        assert!(check(&schema, json!({ "a": "123" })).await.is_err(), "{dialect}");
        assert!(check(&schema, json!({ "b": 7 })).await.is_err(), "{dialect}");
    }
    // in older dialects, what stands beside a reference means nothing
    let beside = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "properties": { "a": { "$ref": "#/definitions/a", "allOf": [{ "$ref": "#/properties/a" }] } },
        "definitions": { "a": { "type": "string" } },
    });
    assert_eq!(check(&beside, json!({ "a": "x" })).await, Ok(()));
    // parts that were put together from elsewhere
    let mixed = json!({
        "type": "object",
        "properties": { "a": {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "type": "object", "properties": { "b": { "type": "string" } }, "additionalProperties": false,
        } },
    });
    assert_eq!(check(&mixed, json!({ "a": { "b": "x" } })).await, Ok(()));
    assert!(check(&mixed, json!({ "a": { "c": "x" } })).await.is_err());
}

#[tokio::test]
async fn schemas_may_be_arguments() {
    let schema = json!({
        "type": "object",
        "properties": { "schema": { "$ref": "https://json-schema.org/draft/2020-12/schema" } },
    });
    assert_eq!(check(&schema, json!({ "schema": api(3) })).await, Ok(()));
    assert!(check(&schema, json!({ "schema": { "type": "STRING" } })).await.is_err());
}

#[tokio::test]
async fn what_extends_another_may_be_closed() {
    let schema = json!({
        "allOf": [{ "$ref": "#/$defs/base" }],
        "properties": { "note": { "type": "string" }, "children": { "type": "array", "items": { "$ref": "#" } } },
        "unevaluatedProperties": false,
        "$defs": { "base": { "type": "object", "properties": { "id": { "type": "integer" } }, "required": ["id"] } },
    });
    assert_eq!(
        check(&schema, json!({ "id": 1, "children": [{ "id": 2, "note": "x", "children": [{ "id": 3 }] }] })).await,
        Ok(())
    );
    assert!(check(&schema, json!({ "id": 1, "other": 1 })).await.is_err());
    assert!(check(&schema, json!({ "id": 1, "children": [{ "id": 2, "other": 1 }] })).await.is_err());
}

#[test]
fn ordinary_patterns_pass() {
    for pattern in [
        r"^[\w.+-]+@[\w-]+\.[\w.-]+$",
        "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
        "^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$",
        r"^[\s\S]{0,2048}$",
        r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?$",
        r"arn:aws[a-z-]*:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+",
        r"^\p{L}[\p{L}\p{N} ]{0,20}$",
    ] {
        Schema::compile(&json!({ "type": "string", "pattern": pattern }))
            .unwrap_or_else(|error| panic!("{pattern}: {error}"));
    }
}

/// The test's thread has as much stack as those of a runtime.
#[tokio::test]
async fn what_is_within_the_limits_does_not_take_the_stack() {
    let chained = super::made::chain(780, json!({ "type": "integer" }), |r| r);
    assert_eq!(check(&chained, json!({ "text": 1 })).await, Ok(()));
    let doubled =
        super::made::chain(260, json!({ "type": "integer" }), |r| json!({ "allOf": [{ "not": { "not": r } }] }));
    assert!(Schema::compile(&doubled).is_err());
    let not = (0..98).fold(json!({ "type": "integer" }), |inner, _| json!({ "not": inner }));
    assert_eq!(check(&not, json!(1)).await, Ok(()));
    let properties = (0..48).fold(json!({ "type": "integer" }), |inner, _| json!({ "properties": { "a": inner } }));
    assert_eq!(check(&properties, super::made::nested(48, "a", json!(1))).await, Ok(()));
    let tree = json!({ "anyOf": [{ "type": "integer" }, { "type": "object", "additionalProperties": { "allOf": [{ "$ref": "#" }] } }] });
    assert_eq!(check(&tree, super::made::nested(100, "a", json!(1))).await, Ok(()));
    let Err(Misfit::Value(_)) = check(&tree, super::made::nested(100, "a", json!("x"))).await else { panic!() };
}
