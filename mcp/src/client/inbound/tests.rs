#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use serde_json::json;

use super::super::inbound::*;

fn of(message: &Value, policy: &InputPolicy) -> Inbound {
    Inbound::of(message.to_string().as_bytes(), policy)
}

fn answer(message: &Value, policy: &InputPolicy) -> Value {
    match of(message, policy) {
        Inbound::Request(answer) => serde_json::to_value(answer).unwrap(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn requests_are_answered_and_nothing_is_served_that_is_not_offered() {
    let decline = InputPolicy::Decline;
    let ping = json!({ "jsonrpc": "2.0", "id": "a", "method": "ping" });
    assert_eq!(answer(&ping, &decline), json!({ "jsonrpc": "2.0", "id": "a", "result": {} }));
    for method in ["roots/list", "sampling/createMessage", "elicitation/create", "no/such", ""] {
        let asked =
            json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": { "messages": [], "maxTokens": 1 } });
        let answer = answer(&asked, &decline);
        assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(7), &json!(-32601)), "{method}");
    }
}

#[test]
fn forms_are_answered_as_the_operator_says() {
    let form = |schema: Value| {
        let params = json!({ "message": "Who?", "requestedSchema": schema });
        json!({ "jsonrpc": "2.0", "id": 7, "method": "elicitation/create", "params": params })
    };
    let schema = json!({ "type": "object", "properties": { "name": { "type": "string" } }, "required": ["name"] });
    let known = InputPolicy::Answers([("name".to_owned(), json!("Ada"))].into());
    let given = answer(&form(schema.clone()), &known);
    assert_eq!(given["result"], json!({ "action": "accept", "content": { "name": "Ada" } }));
    assert_eq!(answer(&form(schema), &InputPolicy::Defaults)["result"]["action"], "decline");
    let unreadable = json!({ "jsonrpc": "2.0", "id": 7, "method": "elicitation/create", "params": [] });
    assert_eq!(answer(&unreadable, &known)["error"]["code"], -32602);
}

#[test]
fn what_is_no_request_is_told_apart() {
    let of = |message: Value| of(&message, &InputPolicy::Decline);
    let changed = json!({ "jsonrpc": "2.0", "method": "notifications/tools/list_changed" });
    assert!(matches!(of(changed), Inbound::ListChanged));
    for method in ["notifications/progress", "notifications/message", "notifications/cancelled", "anything"] {
        assert!(matches!(of(json!({ "jsonrpc": "2.0", "method": method, "id": null })), Inbound::Notification));
        assert!(matches!(of(json!({ "jsonrpc": "2.0", "method": method, "id": { "a": 1 } })), Inbound::Notification));
    }
    let error = json!({ "code": -1, "message": "" });
    assert!(matches!(of(json!({ "id": 1, "result": {}, "error": null })), Inbound::Answer(Some(RequestId::Number(1)))));
    assert!(matches!(of(json!({ "id": "a", "error": error })), Inbound::Answer(Some(RequestId::String(_)))));
    assert!(matches!(of(json!({ "id": null, "error": error })), Inbound::Error));
    assert!(matches!(of(json!({ "error": error })), Inbound::Error));
    assert!(matches!(of(json!({ "result": {} })), Inbound::Answer(None)));
    for unusable in [json!({}), json!(7), json!("ping"), json!(null)] {
        assert!(matches!(of(unusable), Inbound::Unusable));
    }
    assert!(matches!(Inbound::of(b"no JSON", &InputPolicy::Decline), Inbound::Unusable));
}

#[test]
fn ids_of_answers_are_numbers_and_ids_of_requests_go_back_as_they_came() {
    let of = |text: &str| Inbound::of(text.as_bytes(), &InputPolicy::Decline);
    for seven in ["7", "\"7\"", "7.0"] {
        let answer = of(&format!("\u{feff}{{\"id\":{seven},\"result\":{{}}}}"));
        assert!(matches!(answer, Inbound::Answer(Some(RequestId::Number(7)))), "{seven}: {answer:?}");
    }
    let ping = json!({ "jsonrpc": "2.0", "id": "7", "method": "ping" });
    assert_eq!(answer(&ping, &InputPolicy::Decline)["id"], "7");
    assert_eq!(answer(&json!([ping]), &InputPolicy::Decline)["id"], "7");
    assert!(matches!(of(&json!([ping, ping]).to_string()), Inbound::Answer(None)));
}

#[test]
fn answers_go_out_in_order_and_only_so_many_wait() {
    let sent: Arc<Mutex<Vec<String>>> = Arc::default();
    let log = sent.clone();
    let mut answers = Answers::over(move |answer| {
        log.lock().unwrap().push(serde_json::to_value(answer).unwrap()["id"].to_string());
        async {}.boxed()
    });
    let pong = |id: i64| ClientJsonRpcMessage::response(ClientResult::empty(()), RequestId::Number(id));
    let room = i64::try_from(MAX_UNANSWERED).unwrap();
    for id in 0..room {
        assert!(answers.has_room());
        answers.push(pong(id));
    }
    assert!(!answers.has_room() && sent.lock().unwrap().is_empty());
    answers.send_one().now_or_never().unwrap();
    assert!(answers.has_room());
    answers.send_all().now_or_never().unwrap();
    assert_eq!(*sent.lock().unwrap(), (0..room).map(|id| id.to_string()).collect::<Vec<_>>());
}
