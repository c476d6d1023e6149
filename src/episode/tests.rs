#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use abide_base::{
    call::{ReplyStatus, ToolReply},
    id::RunId,
    scope::ScopeSet,
    secret::Redactor,
};
use abide_guard::recording::{RecordedCall, Recording};
use serde_json::{Value, json};

use super::*;
use crate::Fields;

#[test]
fn what_a_run_did_can_be_decided_again() {
    let tool = |name: &str, verdict, observation| {
        let arguments = json!({ "id": 1 }).as_object().unwrap().clone();
        ToolStep { tool: name.try_into().unwrap(), arguments, verdict, observation, elapsed: Default::default() }
    };
    let log = Recorder::new(RunId::random(), 0, Redactor::new());
    log.tool(tool("bank.payments", CallVerdict::Executed, json!({ "result": { "iban": "DE1" } })));
    log.tool(tool("bank.send", CallVerdict::Executed, json!({ "error": { "code": "tool_failed" } })));
    log.tool(tool("bank.send", CallVerdict::Denied, json!({ "error": { "code": "scope_missing" } })));
    let input = Fields::new().with("request", "pay");
    let scopes = ScopeSet::parse("payments:read").unwrap();
    let recording = log.finish(Default::default()).recording("a", &input, &scopes);
    let line = serde_json::to_string(&recording).unwrap();
    assert_eq!(Recording::read(1, line.as_bytes()).unwrap(), recording);
    let results: Vec<_> = recording.calls.iter().map(RecordedCall::reply).collect();
    assert_eq!(results[0], ToolReply::done(json!({ "iban": "DE1" })));
    assert_eq!(results[1].status, ReplyStatus::Failed);
    assert_eq!((&recording.calls[2].result, recording.session.scopes[0].as_str()), (&Value::Null, "payments:read"));
}
