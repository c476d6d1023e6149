//! Arguments of calls, as the guard has them checked.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use abide_base::{
    call::{ToolCall, ToolSpec},
    event::EventKind,
    schema::CheckPermits,
};
use futures_util::FutureExt;
use serde_json::{Map, Value, json};

use super::Schemas;
use crate::{Denied, RuleId};

fn named(schema: Value) -> ToolSpec {
    ToolSpec::new("crm.find".try_into().unwrap(), "", schema, None)
}

fn call(arguments: Value) -> ToolCall {
    let Value::Object(arguments) = arguments else { panic!("arguments are an object") };
    ToolCall { tool: "crm.find".try_into().unwrap(), arguments }
}

async fn checked(schemas: &Schemas, tool: &ToolSpec, arguments: Value) -> Result<(), Denied> {
    let mut call = call(arguments.clone());
    let found = schemas.check(&mut call, tool).await;
    assert_eq!(Value::Object(call.arguments), arguments, "the call is as before");
    found
}

/// Schemas whose costly checks wait until the other value is dropped.
fn held() -> (Schemas, impl Send) {
    let (permits, held) = CheckPermits::held(4);
    (Schemas { permits, ..Schemas::default() }, held)
}

/// A value that is nested so deep in objects under one name.
fn nested(levels: usize, name: &str, last: Value) -> Value {
    (0..levels).fold(last, |inner, _| json!({ name: inner }))
}

/// Twenty definitions, each of which refers twice to the next one.
fn bomb() -> Value {
    let twice = |level: usize| {
        let next = json!({ "$ref": format!("#/$defs/a{}", level + 1) });
        (format!("a{level}"), json!({ "anyOf": [next, next] }))
    };
    let mut defs: Map<String, Value> = (0..20).map(twice).collect();
    defs.insert("a20".to_owned(), json!({}));
    json!({ "type": "object", "properties": { "text": { "$ref": "#/$defs/a0" } }, "$defs": defs })
}

/// As large as the schema of an API, which wants a resource.
fn large() -> Value {
    let property = |number: usize| {
        let name = json!({ "type": "string", "maxLength": 253, "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$" });
        (format!("field{number}"), json!({ "type": "object", "properties": { "name": name }, "required": ["name"] }))
    };
    let mut properties: Map<String, Value> = (0..1_000).map(property).collect();
    properties.insert("dry_run".to_owned(), json!({ "type": "boolean" }));
    json!({ "type": "object", "properties": properties, "required": ["field0"] })
}

/// Looks twice as often at each level of a value.
fn doubling() -> ToolSpec {
    let next = json!({ "$ref": "#/$defs/n" });
    let node =
        json!({ "anyOf": [{ "properties": { "x": next } }, { "properties": { "x": next }, "required": ["y"] }] });
    named(json!({ "type": "object", "properties": { "a": next }, "$defs": { "n": node } }))
}

#[tokio::test]
async fn what_could_take_too_long_is_refused_and_says_so() {
    let schemas = Schemas::default();
    let denied = checked(&schemas, &doubling(), json!({ "a": nested(60, "x", json!(1)) })).await.unwrap_err();
    assert_eq!((denied.kind, denied.rule), (EventKind::ArgumentsMalformed, Some(RuleId::Schema)));
    assert!(denied.detail.contains("longer than a second: pass smaller arguments"), "{denied}");
    assert_eq!(checked(&schemas, &doubling(), json!({ "a": nested(5, "x", json!(1)) })).await, Ok(()));
}

#[tokio::test]
async fn a_schema_that_cannot_be_used_lets_nothing_through_and_says_why() {
    let schemas = Schemas::default();
    let bomb = bomb();
    for (schema, why) in [
        (bomb, "sub-schemas apply to one place"),
        (json!({ "type": "STRING" }), "cannot be compiled"),
        (json!({ "$ref": "#/$defs/gone" }), "cannot be compiled"),
    ] {
        let denied = checked(&schemas, &named(schema), json!({ "text": 1 })).await.unwrap_err();
        assert_eq!(denied.kind, EventKind::CheckFailed);
        assert!(denied.detail.contains(why), "{denied}");
    }
}

#[test]
fn a_refusal_says_what_is_missing_and_which_type_is_wanted() {
    let schemas = Schemas::default();
    let tool = named(json!({
        "type": "object",
        "properties": { "id": { "type": "string" }, "size": { "type": ["null", "integer"] }, "to": { "required": ["name"] } },
        "required": ["id"],
    }));
    let unnamed = named(json!({ "type": "object", "required": ["id"] }));
    let wrong_size = "argument `size` does not fit the tool's schema: `type` `integer` or `null`";
    for (tool, arguments, argument, detail) in [
        (&tool, json!({}), Some("id"), "argument `id` is missing: the tool's schema requires it"),
        // a name that has no schema is not repeated
        (&unnamed, json!({}), None, "the arguments do not fit the tool's schema: `required`"),
        (&tool, json!({ "id": "x", "size": "L" }), Some("size"), wrong_size),
        (&tool, json!({ "id": "x", "to": {} }), Some("to"), "argument `to` does not fit the tool's schema: `required`"),
    ] {
        let denied = checked(&schemas, tool, arguments).now_or_never().unwrap().unwrap_err();
        assert_eq!((denied.argument.as_deref(), denied.detail.as_str()), (argument, detail));
    }
}

#[test]
fn cheap_checks_need_no_runtime() {
    let schemas = Schemas::default();
    let tool = named(json!({ "type": "object", "properties": { "id": { "type": "string" } } }));
    assert_eq!(checked(&schemas, &tool, json!({ "id": "x" })).now_or_never(), Some(Ok(())));
    let denied = checked(&schemas, &tool, json!({ "id": 1 })).now_or_never().unwrap().unwrap_err();
    assert_eq!(denied.detail, "argument `id` does not fit the tool's schema: `type` `string`");
    assert!(checked(&schemas, &tool, json!({ "other": 1 })).now_or_never().unwrap().is_err());
    // costly ones are made where there is none as well
    let costly = json!({ "a": nested(12, "x", json!(1)) });
    assert_eq!(checked(&schemas, &doubling(), costly).now_or_never(), Some(Ok(())));
}

/// On one thread: had a costly check been made on it, the cheap ones would have waited.
#[tokio::test]
async fn costly_checks_do_not_hold_up_cheap_ones() {
    let (schemas, permits) = held();
    let (costly, cheap) =
        (doubling(), named(json!({ "type": "object", "properties": { "id": { "type": "string" } } })));
    let value = json!({ "a": nested(15, "x", json!(1)) });
    let mut waiting: Vec<_> = (0..16).map(|_| Box::pin(checked(&schemas, &costly, value.clone()))).collect();
    for waiting in &mut waiting {
        assert!(futures_util::poll!(waiting).is_pending());
    }
    for _ in 0..64 {
        assert_eq!(checked(&schemas, &cheap, json!({ "id": "x" })).now_or_never(), Some(Ok(())));
    }
    drop(permits);
    // some begin, and no caller waits for them any more: their permits come back all the same
    for mut given_up in waiting.drain(..6) {
        _ = futures_util::poll!(&mut given_up);
    }
    for found in futures_util::future::join_all(waiting).await {
        assert_eq!(found, Ok(()));
    }
}

#[tokio::test]
async fn a_schema_is_compiled_once_however_many_ask() {
    let (schemas, permits) = held();
    let tool = named(large());
    let mut asking: Vec<_> = (0..8).map(|_| Box::pin(checked(&schemas, &tool, json!({ "dry_run": true })))).collect();
    for asking in &mut asking {
        assert!(futures_util::poll!(asking).is_pending(), "a large schema is compiled apart");
    }
    // others do not wait for it
    let small = named(json!({ "type": "object" }));
    assert_eq!(checked(&schemas, &small, json!({})).now_or_never(), Some(Ok(())));
    drop(permits);
    for found in futures_util::future::join_all(asking).await {
        assert!(found.is_err(), "`field0` is missing");
    }
}
