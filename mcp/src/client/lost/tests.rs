use serde_json::json;

use super::super::lost::*;

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
    let refusals = Refusals::default();
    let refused = |mut session, now| refusals.judge(None, &mut session, Duration::from_secs(now));
    let (untried, proven) = (SessionState::Untried, SessionState::Proven);
    assert_eq!(refused(untried, 0), Refused::Request, "a fresh session cannot be better than a fresh one");
    assert_eq!(refused(proven, 1), Refused::Session);
    assert_eq!(refused(untried, 10), Refused::Request, "the fresh session was refused too");
    assert_eq!(refused(proven, 39), Refused::Request, "30 s have not passed since then");
    assert_eq!(refused(proven, 40), Refused::Session);
    assert_eq!(refused(proven, 69), Refused::Request, "30 s have not passed since the one before");
    assert_eq!(refused(proven, 98), Refused::Request);
    assert_eq!(refused(proven, 99), Refused::Session);
}

#[test]
fn lists_that_are_refused_in_one_session_cost_one_session() {
    let (refusals, now, mut session) = (Refusals::default(), Duration::ZERO, SessionState::Proven);
    for _ in 0..3 {
        assert_eq!(refusals.judge(None, &mut session, now), Refused::Session);
    }
    assert_eq!(refusals.judge(None, &mut SessionState::Proven, now), Refused::Request, "it is a fresh one");
}
