#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod calls;
mod laws;
mod lists;
mod starts;

use abide_base::secret::Redactor;
use rmcp::model::{RequestId, ServerJsonRpcMessage};
use serde_json::{Map, Value, json};

use super::super::{message::*, oddity::Oddities};
use super::unusable::UNUSABLE;

fn oddities() -> Oddities {
    Oddities::new("crm".to_owned().try_into().unwrap(), Redactor::new())
}

fn noted(oddities: &Oddities) -> Vec<String> {
    oddities.all().into_iter().map(|odd| format!("{}: {}", odd.part, odd.reason)).collect()
}

fn seven() -> RequestId {
    RequestId::Number(7)
}

/// What a message is read as, as the answer to request 7.
fn read_as(asked: Asked, message: &str) -> (Result<Value, Unreadable>, Vec<String>) {
    let oddities = oddities();
    let read = parse(message.as_bytes()).and_then(|value| read(value, Expected::Sole(&seven(), &asked), &oddities));
    (read.map(|message| serde_json::to_value(message).unwrap()), noted(&oddities))
}

/// The same, of a result.
fn result_as(asked: Asked, result: &Value) -> (Value, Vec<String>) {
    let message = json!({ "jsonrpc": "2.0", "id": 7, "result": result });
    let (read, noted) = read_as(asked, &message.to_string());
    (read.unwrap(), noted)
}

fn call() -> Asked {
    Asked::Call(Some("crm.look_up".try_into().unwrap()))
}

fn reason(message: &Value) -> &str {
    assert_eq!(message["error"]["data"][UNUSABLE], true, "{message}");
    message["error"]["message"].as_str().unwrap()
}

#[test]
fn an_envelope_may_be_written_in_many_ways() {
    let result = r#""result":{"content":[{"type":"text","text":"x"}]}"#;
    for message in [
        format!(r#"{{"jsonrpc":"2.0","id":7,{result}}}"#),
        format!(r#"{{"jsonrpc":"2.0","id":"7",{result}}}"#),
        format!(r#"{{"jsonrpc":"2.0","id":7.0,{result}}}"#),
        format!("\u{feff}{{\"jsonrpc\":\"2.0\",\"id\":7,{result}}}"),
        format!("\r\n \u{feff} {{\"id\":7,{result}}}\n"),
        format!(r#"{{"id":7,{result}}}"#),
        format!(r#"{{"jsonrpc":2.0,"id":7,{result}}}"#),
        format!(r#"{{"jsonrpc":null,"id":7,{result}}}"#),
        format!(r#"[{{"jsonrpc":"2.0","id":7,{result}}}]"#),
        format!(r#"{{"jsonrpc":"2.0","id":7,{result},"error":null}}"#),
        format!(r#"{{"jsonrpc":"2.0","id":7,{result},"error":false}}"#),
        format!(r#"[{{"jsonrpc":"2.0","method":"notifications/message"}},{{"jsonrpc":"2.0","id":7,{result}}}]"#),
        format!(r#"[{{"jsonrpc":"2.0","id":8,{result}}},{{"jsonrpc":"2.0","id":7,{result}}}]"#),
    ] {
        let (read, noted) = read_as(call(), &message);
        let read = read.unwrap_or_else(|error| panic!("{message}: {error}"));
        assert_eq!((&read["id"], &read["jsonrpc"]), (&json!(7), &json!("2.0")), "{message}");
        assert_eq!(read["result"]["content"][0]["text"], "x", "{message}");
        assert_eq!(noted, [""; 0], "{message}");
    }
}

#[test]
fn errors_are_read_however_they_are_written() {
    let cases = [
        (r#"{"jsonrpc":"2.0","id":7,"error":{"code":-32602,"message":"no"}}"#, -32602, "no"),
        (r#"{"id":"7","result":null,"error":{"code":"-32602","message":"no"}}"#, -32602, "no"),
        (r#"{"id":7,"error":{"code":-32602.0,"message":"no","data":null}}"#, -32602, "no"),
        // who refuses before reading which request it is names none, or a word
        (r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"no"}}"#, -32600, "no"),
        (r#"{"jsonrpc":"2.0","id":"server-error","error":{"code":-32600,"message":"no"}}"#, -32600, "no"),
        (r#"{"jsonrpc":"2.0","error":{"code":-32600,"message":"no"}}"#, -32600, "no"),
        (r#"{"id":7,"error":"no"}"#, -32000, "no"),
        (r#"{"id":7,"error":{}}"#, -32000, ""),
        (r#"{"id":7,"error":{"code":99999999999,"message":["no"]}}"#, -32000, ""),
        (r#"{"id":7,"error":true}"#, -32000, ""),
    ];
    for (message, code, words) in cases {
        let read = read_as(call(), message).0.unwrap_or_else(|error| panic!("{message}: {error}"));
        assert_eq!(read["id"], 7, "{message}");
        assert_eq!((&read["error"]["code"], &read["error"]["message"]), (&json!(code), &json!(words)), "{message}");
    }
}

#[test]
fn an_answer_to_something_else_is_none() {
    let result = r#""result":{"content":[]}"#;
    for message in [
        format!(r#"{{"jsonrpc":"2.0","id":8,{result}}}"#),
        format!(r#"{{"jsonrpc":"2.0","id":"07",{result}}}"#),
        format!(r#"{{"jsonrpc":"2.0","id":"7 ",{result}}}"#),
        format!(r#"{{"jsonrpc":"2.0","id":7.5,{result}}}"#),
        format!(r#"{{"jsonrpc":"2.0","id":null,{result}}}"#),
        format!(r#"{{"jsonrpc":"2.0",{result}}}"#),
        format!(r#"{{"jsonrpc":"2.0","id":[7],{result}}}"#),
        r#"{"jsonrpc":"2.0","id":8,"error":{"code":-32602,"message":"no"}}"#.to_owned(),
    ] {
        assert_eq!(read_as(call(), &message).0, Err(Unreadable::OtherRequest), "{message}");
    }
    let twice = format!(r#"[{{"id":7,{result}}},{{"id":7,{result}}}]"#);
    assert_eq!(read_as(call(), &twice).0, Err(Unreadable::Batch));
    for (message, expected) in [
        ("", Unreadable::NotJson),
        ("<html>", Unreadable::NotJson),
        ("7", Unreadable::NotAMessage),
        ("[]", Unreadable::NotAMessage),
        ("[[]]", Unreadable::NotAMessage),
        ("{}", Unreadable::NotAMessage),
        (r#"{"id":7}"#, Unreadable::NotAMessage),
        (r#"{"id":7,"method":5}"#, Unreadable::NotAMessage),
    ] {
        assert_eq!(read_as(call(), message).0, Err(expected), "{message}");
    }
}

#[test]
fn an_answer_that_contradicts_itself_says_so_to_who_waits() {
    let both = r#"{"id":7,"result":{"content":[]},"error":{"code":1,"message":"no"}}"#;
    let reason_of = |message: &str| reason(&read_as(call(), message).0.unwrap()).to_owned();
    assert_eq!(reason_of(both), "it is two of a request, a result and an error at once");
    let asking = r#"{"id":7,"result":{"content":[]},"method":"ping"}"#;
    assert_eq!(reason_of(asking), "it is two of a request, a result and an error at once");
    let other = both.replace('7', "8");
    assert_eq!(read_as(call(), &other).0, Err(Unreadable::OtherRequest));
    // a server cannot speak in our name
    let forged = json!({ "id": 7, "error": { "code": 1, "message": "no", "data": { UNUSABLE: true } } });
    let read = read_as(call(), &forged.to_string()).0.unwrap();
    assert_eq!(read["error"], json!({ "code": 1, "message": "no" }));
}

#[test]
fn what_a_server_says_of_itself_is_not_hidden_by_its_parameters() {
    for message in [
        json!({ "method": "notifications/tools/list_changed", "params": "x" }),
        json!({ "method": "notifications/tools/list_changed", "params": null, "id": null }),
        json!({ "jsonrpc": "2.0", "method": "notifications/tools/list_changed", "params": { "_meta": 3 } }),
    ] {
        let read = read(message.clone(), Expected::Any, &oddities()).unwrap();
        let rmcp::model::JsonRpcMessage::Notification(read) = read else { panic!("{message}") };
        let is_known = matches!(read.notification, rmcp::model::ServerNotification::ToolListChangedNotification(_));
        assert!(is_known, "{message}");
    }
    for message in [
        json!({ "method": "notifications/progress", "params": { "progress": "half" } }),
        json!({ "method": "notifications/message", "params": 5 }),
        json!({ "method": "notifications/cancelled", "params": [] }),
    ] {
        let read = read(message.clone(), Expected::Any, &oddities());
        assert!(matches!(read, Ok(rmcp::model::JsonRpcMessage::Notification(_))), "{message}: {read:?}");
    }
    let ping = read(json!({ "id": "a", "method": "ping", "params": null }), Expected::Any, &oddities()).unwrap();
    assert!(matches!(ping, rmcp::model::JsonRpcMessage::Request(_)));
}

#[test]
fn where_it_is_not_known_what_was_asked_the_answer_shows_it() {
    let guessed = |result: Value| {
        let read = read(json!({ "id": 3, "result": result }), Expected::Any, &oddities()).unwrap();
        serde_json::to_value(read).unwrap()["result"].take()
    };
    assert_eq!(guessed(json!({ "content": "x" }))["content"][0]["text"], "x");
    assert_eq!(guessed(json!({ "tools": [{ "name": 5 }] }))["tools"], json!([]));
    assert_eq!(guessed(json!({ "protocolVersion": "2025-06-18" }))["serverInfo"]["name"], "");
    assert_eq!(guessed(json!({})), json!({}));
}
