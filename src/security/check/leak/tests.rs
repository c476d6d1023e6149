#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};

use super::*;
use crate::{
    Fields,
    call::{ToolCall, ToolReply},
    clock::ManualClock,
    episode::RunId,
    secret::Secret,
    security::{Mode, Session},
};

const RULES: &str = r#"
[tools."crm.post"]
scopes = []
effect = "external"
keep_out = ["sensitive:account", "crm.read:email", "crm.read:notes", "input:draft"]

[tools."crm.read"]
scopes = []
effect = "read"

[sensitive.account]
pattern = "DE[0-9]{20}"
from = ["crm.read:card"]

[canaries]
values = ["honey-4711-pot"]
"#;

fn carried_by(arguments: Value) -> Option<&'static str> {
    let boundary = rules();
    let input = Fields::new().with("draft", "the plan is to buy the harbour next week").with("request", "publish it");
    let session = Session::new(RunId::random(), Mode::Live, &input);
    let read = ToolCall { tool: "crm.read".try_into().unwrap(), arguments: Default::default() };
    let reply = json!({
        "email": "ann.lee@mail.example",
        "card": "4111 1111 1111 1111",
        "notes": "She is unhappy about the late delivery of the grey sofa.",
        "id": "A1",
    });
    session.answered(&boundary, &read, &ToolReply::done(reply));
    // a reply of text alone, JSON in a text, a list, and an error
    let text = json!(r#"{"email": "x@y.example", "card": ["FR76 3000 6000 0112 3456 7890 189"]}"#);
    session.answered(&boundary, &read, &ToolReply::done(text));
    session.answered(&boundary, &read, &ToolReply::failed(json!({ "notes": "no record 77-1234-99" })));
    let Value::Object(arguments) = arguments else { return None };
    let call = ToolCall { tool: "crm.post".try_into().unwrap(), arguments };
    let rule = boundary.tool(&call.tool).unwrap();
    let mut denials = Vec::new();
    check(&Asked { boundary: &boundary, rule, call: &call, session: &session }, &mut denials);
    denials.first().and_then(|denied| denied.rule)
}

fn rules() -> Boundary {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("boundary.toml");
    std::fs::write(&file, RULES).unwrap();
    let boundary = Boundary::load_rules(&file).unwrap();
    let boundary =
        boundary.with_clock(std::sync::Arc::new(ManualClock::at(std::time::UNIX_EPOCH + Duration::from_secs(1))));
    boundary.live().redactor().keep(&Secret::new("the-clients-secret-9000".to_owned()));
    boundary
}

#[test]
fn what_is_kept_in_does_not_go_out_however_it_is_written() {
    let hex: String = "ann.lee@mail.example".bytes().map(|b| format!("{b:02x}")).collect();
    for text in [
        "DE89370400440532013000".to_owned(),
        "pay DE89 3704 0044 0532 0130 00 now".to_owned(),
        "DE89-3704-0044-0532-0130-00".to_owned(),
        "4111111111111111".to_owned(),
        "card 4111-1111-1111-1111".to_owned(),
        "ann.lee@mail.example".to_owned(),
        "ANN.LEE@MAIL.EXAMPLE".to_owned(),
        "a n n . l e e @ m a i l . e x a m p l e".to_owned(),
        "https://evil.example/?m=ann.lee%40mail.example".to_owned(),
        STANDARD.encode("ann.lee@mail.example"),
        URL_SAFE_NO_PAD.encode("to: ann.lee@mail.example"),
        hex,
        "unhappy about the late delivery of something".to_owned(),
        "Unhappy about the LATE delivery!".to_owned(),
        "plan is to buy the harbour".to_owned(),
        "DE89 3704 0044 0532 0130 00".to_owned(),
        "4111 - 1111 - 1111 - 1111".to_owned(),
        "de89370400440532013000".to_owned(),
        "DE89_3704_0044_0532_0130_00".to_owned(),
        "D\u{200b}E89370400440532013000".to_owned(),
        "\u{ff14}\u{ff11}\u{ff11}\u{ff11}111111111111".to_owned(),
        "%FF ann.lee%40mail.example".to_owned(),
        format!(
            "{}\n{}",
            &STANDARD.encode("ann.lee@mail.example")[..12],
            &STANDARD.encode("ann.lee@mail.example")[12..]
        ),
        STANDARD.encode("\0ann.lee@mail.example"),
        // the last letter says more than the bytes need
        STANDARD.encode("ann.lee@mail.example").replace("bGU=", "bGV"),
        "ann.lee@mail.example".bytes().map(|b| format!("0x{b:02x} ")).collect(),
        "FR7630006000011234567890189".to_owned(),
        "ref 77-1234-99".to_owned(),
    ] {
        assert_eq!(carried_by(json!({ "text": text })), Some("keep_out"), "{text}");
        assert_eq!(carried_by(json!({ "deep": { "list": [{ "x": text }] } })), Some("keep_out"), "{text}");
        assert_eq!(carried_by(json!({ "deep": { text.as_str(): 1 } })), Some("keep_out"), "{text} as a key");
    }
    assert_eq!(carried_by(json!({ "number": 4111111111111111_u64 })), Some("keep_out"));
    for text in ["the delivery is late", "publish it", "A1", "DE12", "call ann"] {
        assert_eq!(carried_by(json!({ "text": text })), None, "{text}");
    }
}

#[test]
fn secrets_and_planted_values_leave_by_no_tool() {
    for text in ["the-clients-secret-9000", "AKIAIOSFODNN7EXAMPLE"] {
        for written in [text.to_owned(), STANDARD.encode(text), format!("x={}", text.replace('-', "%2D"))] {
            assert_eq!(carried_by(json!({ "a": written })), Some("secret"), "{written}");
        }
        assert_eq!(carried_by(json!({ text: 1 })), Some("secret"), "{text} as a name");
    }
    for text in ["honey-4711-pot", "HONEY 4711 POT", "honey4711pot!"] {
        assert_eq!(carried_by(json!({ "a": [text] })), Some("canaries"), "{text}");
    }
}

/// The worst decides, wherever it stands: what somebody may lift must not carry along what nobody may.
#[test]
fn a_secret_behind_a_kept_value_is_still_a_secret() {
    for list in [
        json!(["ann.lee@mail.example", "AKIAIOSFODNN7EXAMPLE"]),
        json!({ "ann.lee@mail.example": "xAKIAIOSFODNN7EXAMPLE" }),
        json!(["ann.lee@mail.example", "honey-4711-pot", "the-clients-secret-9000"]),
    ] {
        assert_eq!(carried_by(json!({ "a": list })), Some("secret"), "{list}");
    }
    assert_eq!(carried_by(json!({ "a": ["ann.lee@mail.example", "honey-4711-pot"] })), Some("canaries"));
}

/// Many values in memory, many texts in a call: a test that hangs fails.
#[test]
fn many_values_and_many_texts_take_no_time() {
    let boundary = rules();
    let session = Session::new(RunId::random(), Mode::Live, &Fields::new());
    let tool: crate::call::ToolName = "crm.read".try_into().unwrap();
    let values: Vec<Value> = (0..20_000).map(|n| json!({ "notes": format!("aaaaaa{n:08}") })).collect();
    let read = ToolCall { tool, arguments: Default::default() };
    session.answered(&boundary, &read, &ToolReply::done(values));
    let texts: Vec<String> = (0..2_000).map(|n| format!("aaaaab{n}")).collect();
    let Value::Object(arguments) = json!({ "list": texts }) else { return };
    let call = ToolCall { tool: "crm.post".try_into().unwrap(), arguments };
    let rule = boundary.tool(&call.tool).unwrap();
    let mut denials = Vec::new();
    check(&Asked { boundary: &boundary, rule, call: &call, session: &session }, &mut denials);
    assert!(denials.is_empty(), "{denials:?}");
}

/// What did not fit into the memory could be anywhere.
#[test]
fn a_full_memory_lets_nothing_out() {
    let boundary = rules();
    let session = Session::new(RunId::random(), Mode::Live, &Fields::new());
    let read = ToolCall { tool: "crm.read".try_into().unwrap(), arguments: Default::default() };
    for page in 0..40 {
        let values: Vec<Value> = (0..4_000).map(|n| json!({ "notes": format!("{page}-{n}-filler-text") })).collect();
        session.answered(&boundary, &read, &ToolReply::done(values));
    }
    let Value::Object(arguments) = json!({ "text": "harmless" }) else { return };
    let call = ToolCall { tool: "crm.post".try_into().unwrap(), arguments };
    let rule = boundary.tool(&call.tool).unwrap();
    let mut denials = Vec::new();
    check(&Asked { boundary: &boundary, rule, call: &call, session: &session }, &mut denials);
    assert_eq!(denials.first().and_then(|denied| denied.rule), Some("keep_out"));
}
