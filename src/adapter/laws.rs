//! What holds for every adapter.
#![expect(clippy::unwrap_used, reason = "tests")]

use abide_lm::LmReply;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::{FieldSpec, Fields, SignatureSpec, SlotState};

/// A JSON Schema, and a value that fits it.
type Typed = (Value, Value);

fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("[[ ## f0 ## ]]".to_owned()),
        Just("[[ ## completed ## ]]".to_owned()),
        Just("[[\\edge]]".to_owned()),
        Just("[[".to_owned()),
        Just("\\".to_owned()),
        Just("##".to_owned()),
        Just("<f0>".to_owned()),
        Just("</f1>".to_owned()),
        Just("<\\/f1>".to_owned()),
        Just("</think>".to_owned()),
        Just("<think>".to_owned()),
        Just("```json\n".to_owned()),
        Just("{\"f0\": 1}".to_owned()),
        Just("null".to_owned()),
        Just("\r\n".to_owned()),
        Just(" ".to_owned()),
        "\\PC{0,6}",
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

fn leaf() -> BoxedStrategy<Typed> {
    prop_oneof![
        text().prop_map(|text| (json!({"type": "string"}), json!(text))),
        any::<i32>().prop_map(|number| (json!({"type": "integer"}), json!(number))),
        (-1e9..1e9).prop_map(|number: f64| (json!({"type": "number"}), json!(number))),
        any::<bool>().prop_map(|truth| (json!({"type": "boolean"}), json!(truth))),
        prop::sample::select(vec!["warm", "very cold", "Warm"])
            .prop_map(|word| (json!({"enum": ["warm", "very cold", "Warm"]}), json!(word))),
    ]
    .boxed()
}

fn typed() -> BoxedStrategy<Typed> {
    leaf()
        .prop_recursive(3, 12, 3, |inner| {
            let optional = |(schema, value): Typed, is_null| {
                (json!({"anyOf": [schema, {"type": "null"}]}), if is_null { Value::Null } else { value })
            };
            let list = |(schema, value): Typed, length| {
                (json!({"type": "array", "items": schema}), Value::Array(vec![value; length]))
            };
            let object = |members: Vec<Typed>| {
                let keyed = |part: fn(&Typed) -> &Value, members: &[Typed]| -> Map<String, Value> {
                    members.iter().enumerate().map(|(i, typed)| (format!("m{i}"), part(typed).clone())).collect()
                };
                let (properties, value) = (keyed(|typed| &typed.0, &members), keyed(|typed| &typed.1, &members));
                let required: Vec<&String> = properties.keys().collect();
                (json!({"type": "object", "properties": properties, "required": required}), Value::Object(value))
            };
            let map = |(schema, value): Typed, key: String| {
                let object: Map<String, Value> = [(key, value)].into_iter().collect();
                (json!({"type": "object", "additionalProperties": schema}), Value::Object(object))
            };
            prop_oneof![
                (inner.clone(), any::<bool>()).prop_map(move |(typed, is_null)| optional(typed, is_null)),
                (inner.clone(), 0_usize..3).prop_map(move |(typed, length)| list(typed, length)),
                prop::collection::vec(inner.clone(), 1..3).prop_map(object),
                (inner, text()).prop_map(move |(typed, key)| map(typed, key)),
            ]
        })
        .boxed()
}

fn law(adapter: &dyn Adapter, fields: &[Typed]) -> Result<(), TestCaseError> {
    let specs =
        fields.iter().enumerate().map(|(i, (schema, _))| FieldSpec::with_schema(format!("f{i}"), schema.clone()));
    let spec = SignatureSpec::new("Law", "", Vec::new(), specs.collect()).unwrap();
    let outputs = Fields(fields.iter().enumerate().map(|(i, (_, value))| (format!("f{i}"), value.clone())).collect());
    prop_assert!(spec.check_outputs(&outputs).is_empty(), "{:?}", spec.check_outputs(&outputs));
    let (state, inputs) = (SlotState::default(), Fields::new());
    let task = Task::new(&spec, &state, &inputs);
    let reply = adapter.reply(&task, &outputs).text().into_owned();
    let parsed = adapter.parse(&task, &LmReply::new(reply.clone()));
    prop_assert_eq!(parsed, Ok(Parsed { outputs, flags: Vec::new() }), "{}", reply);
    Ok(())
}

proptest! {
    #[test]
    fn parse_undoes_reply(fields in prop::collection::vec(typed(), 1..4)) {
        law(&Chat, &fields)?;
        law(&Json::new(), &fields)?;
        law(&Xml, &fields)?;
    }

    #[test]
    fn parsing_never_panics(reply in text()) {
        let spec = SignatureSpec::new("Law", "", Vec::new(), vec![FieldSpec::of::<Vec<f64>>("f0"), FieldSpec::of::<Option<String>>("f1")]).unwrap();
        let (state, inputs) = (SlotState::default(), Fields::new());
        let task = Task::new(&spec, &state, &inputs);
        for adapter in [&Chat as &dyn Adapter, &Json::new(), &Xml] {
            let _ = adapter.parse(&task, &LmReply::new(reply.clone()));
        }
    }
}
