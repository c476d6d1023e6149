#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::json;

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
    session.answered(&read, &ToolReply::done(reply));
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
