//! What values cost.

use super::super::tests::*;
use super::{
    dear::dear,
    made::{api, chain, nested},
};

#[tokio::test]
async fn what_doubles_with_the_depth_of_a_value_is_refused_with_it() {
    // each level of the value is looked at twice as often as the one above
    let links: [fn(Value) -> Value; 5] = [
        |r| json!({ "anyOf": [{ "properties": { "x": r } }, { "properties": { "x": r } }] }),
        |r| json!({ "allOf": [{ "additionalProperties": r }, { "additionalProperties": r }] }),
        |r| json!({ "properties": { "x": r }, "patternProperties": { "x": r } }),
        |r| json!({ "oneOf": [{ "unevaluatedProperties": r }, { "patternProperties": { "^x$": r } }] }),
        |r| json!({ "if": { "properties": { "x": r } }, "then": { "properties": { "x": r } } }),
    ];
    for link in links {
        let mut schema = chain(60, json!({ "type": "integer" }), link);
        schema["properties"]["x"] = json!({ "$ref": "#/$defs/a0" });
        assert!(matches!(price(&schema, &nested(6, "x", json!(1))), Price::Is(_)));
        let value = nested(40, "x", json!("no integer"));
        assert_eq!(price(&schema, &value), Price::OverLimit);
        assert_eq!(check(&schema, value).await, Err(Misfit::TooCostly));
    }
    let lists = chain(60, json!({ "type": "integer" }), |r| json!({ "items": r, "contains": r }));
    let value = json!({ "text": (0..40).fold(json!(1), |inner, _| json!([inner])) });
    assert_eq!(check(&lists, value).await, Err(Misfit::TooCostly));
    // the same of a schema that refers to itself
    let tree = json!({ "anyOf": [{ "properties": { "x": { "$ref": "#" } } }, { "properties": { "x": { "$ref": "#" } }, "required": ["y"] }] });
    assert_eq!(check(&tree, nested(40, "x", json!({}))).await, Err(Misfit::TooCostly));
    assert_eq!(check(&tree, nested(8, "x", json!({}))).await, Ok(()));
}

#[test]
fn what_asks_what_others_have_looked_at_pays_for_all_of_them_again() {
    let schema = |levels: usize| {
        (0..levels).fold(
            json!({ "type": "object" }),
            |inner, _| json!({ "allOf": [inner], "anyOf": [true], "unevaluatedProperties": false }),
        )
    };
    let value: Value = (0..100).map(|n| (format!("p{n}"), json!(n))).collect::<Map<_, _>>().into();
    let Price::Is(few) = price(&schema(2), &value) else { panic!() };
    let Price::Is(more) = price(&schema(8), &value) else { panic!() };
    assert!(more > few * 20, "{few} {more}");
    assert_eq!(price(&schema(30), &value), Price::OverLimit);
}

#[test]
fn texts_cost_what_patterns_and_formats_take() {
    let text = json!("a".repeat(100_000));
    let of = |schema: Value| price(&schema, &text);
    assert_eq!(of(json!({ "pattern": "(a|b)*a(a|b){2000}c" })), Price::OverLimit);
    assert_eq!(of(json!({ "format": "regex" })), Price::OverLimit);
    assert!(matches!(of(json!({ "pattern": "^https://" })), Price::Is(_)));
    assert!(matches!(of(json!({ "format": "uri" })), Price::Is(_)));
    let keys: Value = (0..2_000).map(|n| (format!("{n}{}", "k".repeat(100)), json!(1))).collect::<Map<_, _>>().into();
    let patterns: Map<String, Value> = (0..100).map(|n| (format!("^[a-z]+{n}x?[0-9]{{4}}$"), json!(true))).collect();
    assert_eq!(price(&json!({ "patternProperties": patterns }), &keys), Price::OverLimit);
    let names = json!({ "propertyNames": { "pattern": "(a|b|k)*a(a|b){500}c" } });
    assert_eq!(price(&names, &keys), Price::OverLimit);
}

#[test]
fn many_values_and_many_branches_multiply() {
    let branches = |n: usize| json!({ "items": { "oneOf": (0..n).map(|n| json!({ "required": [format!("k{n}")] })).collect::<Vec<_>>() } });
    let items = |n: usize| json!((0..n).map(|n| json!({ "k": n })).collect::<Vec<_>>());
    assert!(matches!(price(&branches(10), &items(10_000)), Price::Is(_)));
    assert_eq!(price(&branches(5_000), &items(10_000)), Price::OverLimit);
    let unique = json!({ "uniqueItems": true });
    assert!(matches!(price(&unique, &items(10_000)), Price::Is(_)));
    let big: Vec<Value> = (0..5_000).map(|n| json!([n, "x".repeat(100)])).collect();
    let same = json!({ "items": { "enum": big } });
    assert_eq!(
        price(&same, &json!((0..5_000).map(|_| json!([-1, "x".repeat(100)])).collect::<Vec<_>>())),
        Price::OverLimit
    );
}

#[test]
fn ordinary_calls_are_cheap() {
    let call =
        json!({ "resource": { "id": "6f0c7d0e-8b7e-4a53-9e3f-3f6c5c4c9a51", "name": "web", "labels": { "a": "b" } } });
    let Price::Is(units) = price(&api(300), &call) else { panic!() };
    assert!(units < INLINE, "{units}");
    let flat =
        json!({ "type": "object", "properties": { "to": { "type": "string" }, "amount": { "type": "number" } } });
    let Price::Is(units) = price(&flat, &json!({ "to": "DE89370400440532013000", "amount": 12.5 })) else { panic!() };
    assert!(units < INLINE / 50, "{units}");
}

#[test]
fn deep_values_do_not_take_the_stack() {
    let deep = nested(100, "a", json!(1));
    let schema = (0..45).fold(json!({ "$ref": "#" }), |inner, _| json!({ "allOf": [inner] }));
    let schema = json!({ "additionalProperties": schema });
    assert_eq!(price(&schema, &deep), Price::OverLimit);
    assert!(matches!(price(&schema, &nested(8, "a", json!(1))), Price::Is(_)));
}

/// Run by hand, in release: how long a unit takes. `cargo test --release -- --ignored --nocapture a_unit_takes`
#[test]
#[ignore = "measures"]
fn a_unit_takes_at_most_ten_nanoseconds_and_the_dearest_check_less_than_a_second() {
    let mut most = Duration::ZERO;
    for (name, schema, value) in dear() {
        let schema = Schema::compile(&schema).unwrap();
        let (units, price_took) = took(|| schema.price(&value, u64::MAX));
        let Price::Is(units) = units else { panic!("{name} has no price") };
        let (fits, check_took) = took(|| schema.is_valid(&value));
        let nanos = check_took.as_nanos() as f64 / units as f64;
        most = most.max(Duration::from_secs_f64(nanos * MAX_PRICE as f64 / 1e9));
        eprintln!(
            "{name:24} {units:>12} units, {nanos:>7.3} ns each, price {price_took:?}, check {check_took:?}, fits {fits}"
        );
    }
    eprintln!("the dearest check that is made: {most:?}");
    assert!(most < Duration::from_secs(1));

    fn took<T>(work: impl FnOnce() -> T) -> (T, Duration) {
        let start = std::time::Instant::now();
        let result = work();
        (result, start.elapsed())
    }
}
