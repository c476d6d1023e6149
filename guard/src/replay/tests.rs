#![expect(clippy::unwrap_used, reason = "tests")]

use serde_json::{Value, json};

mod laws;

use crate::replay::*;

const RULES: &str = r#"
[registry]
payees = []

[tools."bank.payments"]
scopes = ["payments:read"]
effect = "read"
other_arguments = "allow"
max_calls = 2

[tools."bank.send"]
scopes = ["payments:send"]
effect = "write"
other_arguments = "allow"
arguments.to = { from = ["input:request", "registry:payees", "bank.payments:iban"] }
distinct = { argument = "to", max = 2 }

[limits]
tool_calls = 4
"#;

fn policy() -> (tempfile::TempDir, Policy) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bank.toml");
    std::fs::write(&file, RULES).unwrap();
    let policy = Policy::load(&file).unwrap();
    (folder, policy)
}

/// What becomes of calls, and by which rule.
fn decided(input: Value, calls: Value) -> Vec<(Decision, String)> {
    let recording = json!({ "id": "a", "input": input, "calls": calls, "session": {
        "scopes": ["payments:read", "payments:send"], "registry": { "payees": ["IBAN1"] } } });
    let recording: Recording = serde_json::from_value(recording).unwrap();
    let (_folder, policy) = policy();
    replay(&policy, &recording).unwrap().into_iter().map(|one| (one.decision, one.rule)).collect()
}

fn permit(rule: &str) -> (Decision, String) {
    (Decision::Permit, rule.to_owned())
}

fn deny(rule: &str) -> (Decision, String) {
    (Decision::Deny, rule.to_owned())
}

fn send(to: &str) -> Value {
    json!({ "tool": "bank.send", "arguments": { "to": to } })
}

const SEND: &str = "tools.\"bank.send\"";
const FROM: &str = "tools.\"bank.send\".arguments.to.from";

#[test]
fn values_come_from_the_request_a_list_or_an_earlier_reply() {
    let input = json!({ "request": "pay IBAN2", "mail": "pay IBAN3" });
    assert_eq!(decided(input.clone(), json!([send("IBAN1"), send("IBAN2")])), [permit(SEND), permit(SEND)]);
    assert_eq!(decided(input.clone(), json!([send("IBAN3")])), [deny(FROM)]);
    let listed = json!({ "tool": "bank.payments", "result": [{ "iban": "IBAN4", "note": "IBAN5" }] });
    let calls = json!([send("IBAN4"), listed, send("IBAN4"), send("IBAN5")]);
    let expected = [deny(FROM), permit("tools.\"bank.payments\""), permit(SEND), deny(FROM)];
    assert_eq!(decided(input, calls), expected);
}

#[test]
fn what_a_denied_or_failed_call_answered_is_not_seen() {
    let failed = json!({ "tool": "bank.payments", "result": { "error": { "iban": "IBAN4" } } });
    assert_eq!(decided(json!({}), json!([failed, send("IBAN4")])), [permit("tools.\"bank.payments\""), deny(FROM)]);
    let recording = json!({ "id": "a", "session": { "scopes": ["payments:send"] }, "calls": [
        { "tool": "bank.payments", "result": [{ "iban": "IBAN4" }] }, send("IBAN4")] });
    let recording: Recording = serde_json::from_value(recording).unwrap();
    let (_folder, policy) = policy();
    let rules: Vec<_> = replay(&policy, &recording).unwrap().into_iter().map(|one| one.rule).collect();
    assert_eq!(rules, ["tools.\"bank.payments\".scopes", FROM]);
}

#[test]
fn counts_and_unknown_tools_have_their_rules() {
    let read = json!({ "tool": "bank.payments" });
    let calls = json!([read, read, read, { "tool": "bank.close" }, read]);
    let max = "tools.\"bank.payments\".max_calls";
    let entry = permit("tools.\"bank.payments\"");
    assert_eq!(decided(json!({}), calls), [entry.clone(), entry, deny(max), deny("tools"), deny(max)]);
    let input = json!({ "request": "pay IBAN1, IBAN2 and IBAN3" });
    let sent = decided(input, json!([send("IBAN1"), send("IBAN1"), send("IBAN2"), send("IBAN3"), send("IBAN2")]));
    let distinct = deny("tools.\"bank.send\".distinct");
    assert_eq!(
        sent,
        [permit(SEND), deny("tools.\"bank.send\".effect"), permit(SEND), distinct, deny("limits.tool_calls")]
    );
}

#[test]
fn expectations_are_those_of_the_call_or_of_all() {
    let call = |expect: Option<&str>| json!({ "tool": "bank.payments", "expect": expect });
    let recording = json!({ "id": "a", "expect": "deny", "session": { "scopes": ["payments:read"] },
        "calls": [call(Some("permit")), call(None)] });
    let recording: Recording = serde_json::from_value(recording).unwrap();
    let (_folder, policy) = policy();
    let met: Vec<_> = replay(&policy, &recording).unwrap().iter().map(Decided::is_as_expected).collect();
    assert_eq!(met, [true, false]);
}

#[test]
fn a_reason_can_be_expected() {
    let call = |expect: &str| json!({ "tool": "bank.payments", "expect": expect });
    let recording = json!({ "id": "a", "calls": [call("scope_missing"), call("provenance_denied"), call("deny")] });
    let recording: Recording = serde_json::from_value(recording).unwrap();
    let (_folder, policy) = policy();
    let met: Vec<_> = replay(&policy, &recording).unwrap().iter().map(Decided::is_as_expected).collect();
    assert_eq!(met, [true, false, true]);
    let error = Recording::read(3, br#"{"id":"a","calls":[],"expect":"denied"}"#).unwrap_err().to_string();
    assert!(error.starts_with("line 3, column ") && error.contains("write `permit`, `deny` or the code"), "{error}");
}
