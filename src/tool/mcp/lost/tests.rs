use serde_json::json;

use super::*;

fn judged(status: u16, body: &str, retry: Idempotency) -> bool {
    let status = StatusCode::from_u16(status).unwrap_or_default();
    may_be_lost(status, body.as_bytes(), &RequestId::Number(7), retry)
}

#[test]
fn a_refusal_is_judged_by_what_it_is_and_not_by_its_words() {
    let error = |id: serde_json::Value, code: i64| {
        json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": "?" } }).to_string()
    };
    for (status, body) in [
        (400, "Bad Request: no such thing".to_owned()),
        (404, String::new()),
        (410, "<html>".to_owned()),
        (422, "{}".to_owned()),
        (400, error(json!(null), -32_000)),
        (400, error(json!("server-error"), -32_600)),
        (200, error(json!(null), -32_001)),
        (200, error(json!("server-error"), -32_600)),
        (200, error(json!(7), -32_001)),
    ] {
        assert!(judged(status, &body, Idempotency::Repeatable), "{status} {body}");
    }
    for (status, body) in [
        (400, error(json!(7), -32_602)),
        (400, error(json!("7"), -32_000)),
        (200, error(json!(7), -32_000)),
        (200, json!({ "jsonrpc": "2.0", "id": 7, "result": {} }).to_string()),
        (200, "not JSON".to_owned()),
    ] {
        assert!(!judged(status, &body, Idempotency::Repeatable), "{status} {body}");
    }
}

#[test]
fn a_call_that_changes_something_is_suspected_only_where_it_cannot_have_been_carried_out() {
    let error = |code: i64| json!({ "jsonrpc": "2.0", "id": null, "error": { "code": code } }).to_string();
    for (status, body) in [(400, String::new()), (404, error(-32_000)), (410, String::new()), (200, error(-32_600))] {
        assert!(judged(status, &body, Idempotency::Once), "{status} {body}");
    }
    let done = json!({ "jsonrpc": "2.0", "id": null, "result": {}, "error": false }).to_string();
    for (status, body) in [(409, String::new()), (422, error(-32_000)), (200, error(-32_603)), (200, done)] {
        assert!(!judged(status, &body, Idempotency::Once), "{status} {body}");
    }
}

#[test]
fn a_list_that_is_refused_again_is_refused_for_other_reasons_than_its_session() {
    let (refusals, at) = (Refusals::default(), Duration::from_secs);
    let blamed = |session, now| refusals.blame_session(None, session, at(now));
    assert!(!blamed(Record::Untried, 0), "a fresh session cannot be better than a fresh one");
    assert!(blamed(Record::Proven, 1));
    assert!(!blamed(Record::Untried, 10), "the fresh session was refused too");
    assert!(!blamed(Record::Proven, 39), "30 s have not passed since then");
    assert!(blamed(Record::Proven, 40));
    assert!(!blamed(Record::Proven, 69), "30 s have not passed since the one before");
    assert!(!blamed(Record::Proven, 98) && blamed(Record::Proven, 99));
}
