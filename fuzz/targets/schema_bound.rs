#![no_main]
//! What a schema may cost: the first line is a schema, the rest a value. What is no JSON grows a schema and a value instead, out of
//! keywords and references that fit together.

use std::time::Duration;

use abide::guard::check::fuzzing::check_schema;
use abide_fuzz::first_line;
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value, json};

fuzz_target!(|input: &[u8]| {
    let (schema, value) = read(input).unwrap_or_else(|| grow(input));
    if let Some(checked) = check_schema(&schema, &value) {
        // in this build a unit takes a hundred times as long as in a release
        let most =
            Duration::from_millis(50) + Duration::from_nanos(1_000) * u32::try_from(checked.price).unwrap_or(u32::MAX);
        assert!(checked.took <= most, "{checked:?}: {schema} {value}");
        assert!(checked.compiling < Duration::from_secs(15), "{checked:?}: {schema}");
    }
});

fn read(input: &[u8]) -> Option<(Value, Value)> {
    let (schema, value) = first_line(input)?;
    Some((serde_json::from_str(schema).ok()?, serde_json::from_slice(value).ok()?))
}

/// Gives one byte after another, and zeros at the end.
struct Bytes<'b> {
    left: std::slice::Iter<'b, u8>,
    /// How much may still grow.
    room: usize,
}

impl Bytes<'_> {
    fn next(&mut self) -> u8 {
        self.left.next().copied().unwrap_or(0)
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[usize::from(self.next()) % from.len()]
    }
}

fn grow(input: &[u8]) -> (Value, Value) {
    let mut bytes = Bytes { left: input.iter(), room: 600 };
    let count = bytes.next() % 12 + 1;
    let defs: Map<String, Value> = (0..count).map(|n| (format!("d{n}"), schema(&mut bytes, 3))).collect();
    let mut root = match schema(&mut bytes, 4) {
        Value::Object(members) => members,
        other => Map::from_iter([("not".to_owned(), other)]),
    };
    if let Some(dialect) = bytes.pick(&[
        None,
        None,
        Some("http://json-schema.org/draft-07/schema#"),
        Some("http://json-schema.org/draft-04/schema#"),
        Some("https://json-schema.org/draft/2019-09/schema"),
    ]) {
        root.insert("$schema".to_owned(), json!(dialect));
    }
    root.insert("$defs".to_owned(), Value::Object(defs));
    (Value::Object(root), value(&mut bytes, 8))
}

const NAMES: [&str; 4] = ["a", "b", "x", "d1"];

fn schema(bytes: &mut Bytes<'_>, depth: u8) -> Value {
    bytes.room = bytes.room.saturating_sub(1);
    if depth == 0 || bytes.room == 0 {
        return reference(bytes);
    }
    let mut members = Map::new();
    for _ in 0..bytes.next() % 4 {
        let (key, member) = keyword(bytes, depth - 1);
        members.insert(key.to_owned(), member);
    }
    if bytes.next() % 24 == 0 { Value::Bool(bytes.next() % 2 == 0) } else { Value::Object(members) }
}

fn keyword(bytes: &mut Bytes<'_>, depth: u8) -> (&'static str, Value) {
    match bytes.next() % 30 {
        n @ 0..=2 => (["anyOf", "allOf", "oneOf"][usize::from(n)], list(bytes, depth)),
        n @ 3..=6 => (["not", "if", "then", "else"][usize::from(n - 3)], schema(bytes, depth)),
        7 | 8 => ("$ref", bytes_of_reference(bytes)),
        9 => (bytes.pick(&["$dynamicRef", "$recursiveRef"]), bytes_of_reference(bytes)),
        n @ 10..=13 => (
            ["properties", "patternProperties", "dependentSchemas", "dependencies"][usize::from(n - 10)],
            map(bytes, depth),
        ),
        n @ 14..=21 => (
            [
                "additionalProperties",
                "unevaluatedProperties",
                "propertyNames",
                "items",
                "contains",
                "unevaluatedItems",
                "additionalItems",
                "contentSchema",
            ][usize::from(n - 14)],
            schema(bytes, depth),
        ),
        22 => ("prefixItems", list(bytes, depth)),
        23 => ("type", json!(bytes.pick(&["object", "array", "string", "integer", "number", "null", "STRING"]))),
        24 => ("pattern", json!(bytes.pick(&["a", "^(a|b)*a(a|b){9}$", r"\w+\d", "(a{9}){9}", r"\p{L}+", "[^a]{3,}"]))),
        25 => ("enum", json!([bytes.next(), "a", { "a": [bytes.next()] }, [1, 2]])),
        26 => ("uniqueItems", json!(true)),
        27 => ("multipleOf", json!(bytes.pick(&[0.1, 3.0, 1e-300, 1e300]))),
        28 => (
            bytes.pick(&["$id", "$anchor", "$dynamicAnchor", "id"]),
            json!(bytes.pick(&["d0", "d1", "#d2", "https://x.example/y"])),
        ),
        _ => (
            bytes.pick(&["format", "contentMediaType"]),
            json!(bytes.pick(&["regex", "email", "uri", "date-time", "application/json"])),
        ),
    }
}

fn list(bytes: &mut Bytes<'_>, depth: u8) -> Value {
    (0..bytes.next() % 4 + 1).map(|_| schema(bytes, depth)).collect()
}

fn map(bytes: &mut Bytes<'_>, depth: u8) -> Value {
    let members: Map<_, _> =
        (0..bytes.next() % 4).map(|_| (bytes.pick(&NAMES).to_owned(), schema(bytes, depth))).collect();
    Value::Object(members)
}

fn reference(bytes: &mut Bytes<'_>) -> Value {
    json!({ "$ref": bytes_of_reference(bytes) })
}

fn bytes_of_reference(bytes: &mut Bytes<'_>) -> Value {
    let number = bytes.next() % 12;
    Value::from(match bytes.next() % 12 {
        0 => "#".to_owned(),
        1 => format!("d{number}"),
        2 => format!("#d{number}"),
        3 => format!("#/$defs/d{number}/anyOf/00"),
        4 => format!("#/%24defs/d{number}"),
        5 => format!("#/$defs/d{number}/properties/a"),
        6 => bytes
            .pick(&["https://json-schema.org/draft/2020-12/schema", "http://json-schema.org/draft-07/schema#"])
            .to_owned(),
        _ => format!("#/$defs/d{number}"),
    })
}

fn value(bytes: &mut Bytes<'_>, depth: u8) -> Value {
    if depth == 0 {
        return json!(bytes.next());
    }
    match bytes.next() % 8 {
        0 => json!(f64::from(bytes.next()) * 1.1),
        1 => json!("ab".repeat(usize::from(bytes.next()))),
        2 => Value::Null,
        3 | 4 => (0..bytes.next() % 6).map(|_| value(bytes, depth - 1)).collect(),
        _ => {
            let members: Map<_, _> =
                (0..bytes.next() % 5).map(|_| (bytes.pick(&NAMES).to_owned(), value(bytes, depth - 1))).collect();
            Value::Object(members)
        }
    }
}
