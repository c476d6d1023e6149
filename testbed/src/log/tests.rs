#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Call, Inner, Log, Refusal, Verdict};
use crate::trace::TraceId;

fn call(run: u32, number: u32, verdict: Verdict) -> Call {
    Call {
        trace: format!("{run:032x}").parse().unwrap(),
        tool: "issue_refund".to_owned(),
        arguments: json!({ "customer_id": "ABC123", "amount": number }),
        subject: "agent".to_owned(),
        scope: "refund:create".to_owned(),
        verdict,
    }
}

#[test]
fn the_oldest_calls_are_forgotten_in_both_views() {
    let mut inner = Inner::default();
    for number in 0..10 {
        inner.append(Arc::new(call(number % 2, number, Verdict::Done)), 3);
    }
    let kept: Vec<&Value> = inner.calls.iter().map(|c| &c.arguments["amount"]).collect();
    assert_eq!(kept, [7, 8, 9]);
    let even = &inner.traces[&TraceId::NONE];
    assert_eq!(even.len(), 1);
    assert_eq!(even[0].arguments["amount"], 8);
    inner.append(Arc::new(call(1, 10, Verdict::Done)), 3);
    inner.append(Arc::new(call(1, 11, Verdict::Done)), 3);
    assert!(!inner.traces.contains_key(&TraceId::NONE));
}

#[test]
fn only_what_was_done_changes_the_state() {
    let log = Log::default();
    let failed = Verdict::Failed { error: "no customer".to_owned() };
    let reason = Refusal::RateLimited;
    log.append(call(7, 1, Verdict::Refused { reason }));
    log.append(call(7, 2, failed));
    log.append(call(7, 3, Verdict::Done));
    log.append(call(8, 4, Verdict::Done));
    let trace = format!("{:032x}", 7).parse().unwrap();
    assert_eq!(log.of(trace).len(), 3);
    assert_eq!(log.executed(trace).len(), 2);
    let state = log.state(trace);
    assert_eq!(state.calls.len(), 1);
    assert_eq!(state.refunds.len(), 1);
    assert!((state.refunds[0].amount - 3.0).abs() < f64::EPSILON);
}

#[test]
fn json_lines_tell_who_called_what_and_what_became_of_it() {
    let log = Log::default();
    let reason = Refusal::InsufficientScope;
    log.append(call(1, 1, Verdict::Done));
    log.append(call(0, 2, Verdict::Refused { reason }));
    let mut text = Vec::new();
    log.write_json_lines(&mut text).unwrap();
    let lines: Vec<Value> =
        String::from_utf8(text).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["trace"], format!("{:032x}", 1));
    assert_eq!(lines[0]["verdict"], "done");
    assert_eq!(lines[1]["trace"], "none");
    assert_eq!(lines[1]["verdict"], "refused");
    assert_eq!(lines[1]["reason"], "insufficient_scope");
    assert_eq!(lines[1]["arguments"]["amount"], 2);
}
