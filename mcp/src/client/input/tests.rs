#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeMap;

use serde_json::json;

use super::super::input::*;

fn form(fields: &Value, required: &Value) -> ElicitRequestParams {
    let schema = json!({ "type": "object", "properties": fields, "required": required });
    serde_json::from_value(json!({ "mode": "form", "message": "Please", "requestedSchema": schema })).unwrap()
}

/// One field of each type that forms have, all with defaults.
fn every_type() -> Value {
    json!({
        "name": { "type": "string", "default": "Ada" },
        "age": { "type": "integer", "default": 36 },
        "height": { "type": "number", "default": 1.7 },
        "agreed": { "type": "boolean", "default": true },
        "colour": { "type": "string", "enum": ["red", "blue"], "default": "blue" },
        "several": {
            "type": "array", "items": { "type": "string", "enum": ["a", "b", "c"] }, "default": ["a", "c"],
        },
    })
}

fn answers(values: Value) -> InputPolicy {
    let values: BTreeMap<String, Value> = serde_json::from_value(values).unwrap();
    InputPolicy::Answers(values)
}

fn content(policy: &InputPolicy, fields: &Value, required: &Value) -> Option<Value> {
    let answer = serde_json::to_value(answer(policy, &form(fields, required))).unwrap();
    match answer["action"].as_str().unwrap() {
        "accept" => Some(answer["content"].clone()),
        action => {
            assert_eq!((action, &answer["content"]), ("decline", &Value::Null));
            None
        }
    }
}

#[test]
fn only_policies_that_answer_are_offered() {
    assert_eq!(serde_json::to_value(capabilities(&InputPolicy::Decline)).unwrap(), json!({}));
    for policy in [InputPolicy::Defaults, answers(json!({}))] {
        let offered = serde_json::to_value(capabilities(&policy)).unwrap();
        assert_eq!(offered, json!({ "elicitation": { "form": { "schemaValidation": true } } }));
    }
}

#[test]
fn defaults_of_every_type_are_taken_and_nothing_is_invented() {
    let expected =
        json!({ "name": "Ada", "age": 36, "height": 1.7, "agreed": true, "colour": "blue", "several": ["a", "c"] });
    assert_eq!(content(&InputPolicy::Defaults, &every_type(), &json!(["name", "age"])), Some(expected));
    let one = json!({ "given": { "type": "string", "default": "x" }, "open": { "type": "string" } });
    assert_eq!(content(&InputPolicy::Defaults, &one, &json!([])), Some(json!({ "given": "x" })));
    assert_eq!(content(&InputPolicy::Defaults, &one, &json!(["open"])), None);
    assert_eq!(content(&InputPolicy::Decline, &every_type(), &json!([])), None);
}

#[test]
fn fixed_answers_come_before_defaults_and_must_fit() {
    let fields = json!({ "name": { "type": "string", "default": "Ada" }, "age": { "type": "integer" } });
    let fixed = answers(json!({ "age": 40, "unasked": "secret" }));
    assert_eq!(content(&fixed, &fields, &json!(["age"])), Some(json!({ "name": "Ada", "age": 40 })));
    let both = answers(json!({ "name": "Bo", "age": 40 }));
    assert_eq!(content(&both, &fields, &json!(["age"])), Some(json!({ "name": "Bo", "age": 40 })));
    assert_eq!(content(&answers(json!({ "age": "forty" })), &fields, &json!(["age"])), None);
    assert_eq!(content(&answers(json!({})), &fields, &json!(["age"])), None);
}

#[test]
fn nobody_is_sent_to_a_page() {
    let page = json!({ "mode": "url", "message": "Log in", "url": "https://evil.example/", "elicitationId": "1" });
    let page: ElicitRequestParams = serde_json::from_value(page).unwrap();
    assert_eq!(answer(&InputPolicy::Defaults, &page).action, ElicitationAction::Decline);
}

#[test]
fn models_and_folders_are_never_lent() {
    let sampling = json!({ "method": "sampling/createMessage", "params": { "messages": [], "maxTokens": 1 } });
    let roots = json!({ "method": "roots/list" });
    let elicitation = json!({ "method": "elicitation/create", "params": form(&json!({}), &json!([])) });
    let asked = |policy: &InputPolicy, question: &Value| {
        let questions: InputRequests = serde_json::from_value(json!({ "q": question })).unwrap();
        answer_all(policy, &questions)
    };
    for policy in [InputPolicy::Decline, InputPolicy::Defaults, answers(json!({}))] {
        for question in [&sampling, &roots] {
            assert!(matches!(asked(&policy, question).unwrap_err(), ToolError::InputRequired { .. }));
        }
    }
    assert!(asked(&InputPolicy::Decline, &elicitation).is_err());
    let answered = asked(&InputPolicy::Defaults, &elicitation).unwrap();
    assert_eq!(answered, BTreeMap::from([("q".to_owned(), json!({ "action": "accept", "content": {} }))]));
}

#[test]
fn what_is_answered_is_not_shown() {
    let shown = format!("{:?}", answers(json!({ "pin": "4711-secret" })));
    assert!(shown.contains("pin") && !shown.contains("4711"), "{shown}");
}
