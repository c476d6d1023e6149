#![expect(clippy::unwrap_used, reason = "tests")]

use schemars::JsonSchema;

use super::*;
use crate::{Demo, FieldSpec, Leniency, Origin};

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Item {
    /// What it is called
    name: String,
    count: Option<u8>,
}

fn spec() -> SignatureSpec {
    let inputs = vec![FieldSpec::of::<String>("request").describe("what is asked")];
    let outputs =
        vec![FieldSpec::of::<Vec<Item>>("items").describe("what is in it"), FieldSpec::of::<Option<String>>("note")];
    SignatureSpec::new("Find items", "Find.", inputs, outputs).unwrap()
}

#[test]
fn the_prompt_is_as_documented_and_the_schema_is_one_that_providers_enforce() {
    let demo = Demo {
        inputs: Fields::new().with("request", "two grills"),
        outputs: Fields::new().with("items", json!([{"name": "grill", "count": 2}])),
        origin: Origin::Written,
    };
    let state = SlotState { demos: vec![demo], ..SlotState::default() };
    let (spec, inputs) = (spec(), Fields::new().with("request", "a moon"));
    let prompt = Json::new().render(&Task::new(&spec, &state, &inputs));
    let text: Vec<String> = prompt.messages.iter().map(|m| format!("--- {:?}\n{}", m.role, m.text())).collect();
    insta::assert_snapshot!(text.join("\n"));
    let ReplyFormat::Schema { name, schema } = prompt.format else { unreachable!() };
    assert_eq!(name, "Find_items");
    insta::assert_json_snapshot!(schema);
    assert_eq!(Json::described().render(&Task::new(&spec, &state, &inputs)).format, ReplyFormat::Text);
}

#[test]
fn what_no_provider_enforces_is_told_in_words() {
    let outputs = vec![FieldSpec::of::<std::collections::BTreeMap<String, i64>>("counts")];
    let spec = SignatureSpec::new("Count", "", Vec::new(), outputs).unwrap();
    let (state, inputs) = (SlotState::default(), Fields::new());
    assert_eq!(Json::new().render(&Task::new(&spec, &state, &inputs)).format, ReplyFormat::Json);
}

#[test]
fn a_reply_that_strays_is_understood_and_flagged() {
    use Leniency::*;
    let (spec, state, inputs) = (spec(), SlotState::default(), Fields::new());
    let parse = |text: &str| Json::new().parse(&Task::new(&spec, &state, &inputs), &LmReply::new(text));
    let told = Fields::new().with("items", json!([{"name": "grill"}])).with("note", json!(null));
    for (reply, flags) in [
        (r#"{"items":[{"name":"grill"}],"note":null}"#, vec![]),
        (r#"<think>{"items":[]}</think>{"items":[{"name":"grill"}],"note":null}"#, vec![Thinking]),
        ("Here:\n```json\n{\"items\":[{\"name\":\"grill\"}],\"note\":null,}\n```", vec![Fenced, LooseJson]),
        (r#"{"result":{"items":{"name":"grill"},"note":null,"mood":1}}"#, vec![SingleItem, UnknownField]),
    ] {
        let parsed = parse(reply).unwrap();
        assert_eq!(
            (&parsed.outputs, parsed.flags.iter().map(|flag| flag.leniency).collect()),
            (&told, flags),
            "{reply}"
        );
    }
    assert_eq!(parse("none").unwrap_err(), ParseError::NoObject);
    let twice = r#"{"items":[],"items":[{"name":"a"}]}"#;
    assert!(parse(twice).is_err(), "neither of two");
}
