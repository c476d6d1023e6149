//! What is said of a call that was sent and has no usable reply: the truth, in the audit and to the model.

use abide_testbed::lab::stub::{Answer, Stub, json as with_json, plain};

use super::*;

/// A server with one tool, of which each call is answered so.
async fn server(answer: impl Fn(&Value) -> Answer + Send + Sync + 'static) -> Stub {
    Stub::start(move |seen| {
        let message = seen.json();
        let result = |result: Value| with_json(&json!({ "jsonrpc": "2.0", "id": message["id"], "result": result }));
        match message["method"].as_str().unwrap_or_default() {
            "server/discover" => result(json!({ "supportedVersions": ["2026-07-28"], "capabilities": {} })),
            "tools/list" => {
                let promised = json!({ "type": "object", "required": ["id"] });
                let tool =
                    json!({ "name": "pay", "inputSchema": { "type": "object" }, "outputSchema": promised.clone() });
                result(json!({ "tools": [tool, { "name": "broken" }] }))
            }
            "tools/call" => answer(&message),
            _ => plain("202 Accepted", ""),
        }
    })
    .await
}

/// Makes the same call twice; what came of it, by the outcomes and by the audit.
async fn twice(stub: &Stub, mode: Mode) -> (Vec<ToolOutcome>, Vec<(OutcomeStatus, Option<EventKind>)>, Episode) {
    let rules = format!(
        "[servers.s]\nurl = '{}/mcp'\nauthorization = 'none'\n\
         [tools.'s.pay']\nscopes = []\neffect = 'write'\n",
        stub.url
    );
    let boundary = boundary(&rules);
    let tools = Toolbox::connect(&boundary).await.unwrap();
    let (audit, rows) = Audit::memory();
    let runtime = Runtime::builder().lm(ScriptedLm::texts([])).boundary(boundary).audit(audit).build();
    let call = ToolCall { tool: "s.pay".try_into().unwrap(), arguments: Map::new() };
    let options = RunOptions { mode, ..RunOptions::default() };
    let run = runtime.run_with(&Steps(tools, vec![call.clone(), call]), (), options).await;
    let audited = rows.outcomes().iter().map(|outcome| (outcome.status, outcome.code)).collect();
    (run.outcome.unwrap(), audited, run.episode)
}

fn result(message: &Value, result: Value) -> Answer {
    with_json(&json!({ "jsonrpc": "2.0", "id": message["id"], "result": result }))
}

#[tokio::test]
async fn a_reply_that_cannot_be_used_is_no_refusal() {
    let answers: [fn(&Value) -> Answer; 5] = [
        // the structured content that the tool promises is missing
        |m| result(m, json!({ "content": [{ "type": "text", "text": "paid" }] })),
        |m| result(m, json!({ "content": [], "structuredContent": { "ix": 1 } })),
        |m| result(m, json!({ "resultType": "unheard of" })),
        |m| result(m, json!({ "content": [{ "type": "text", "text": "x".repeat(2 << 20) }] })),
        |_| plain("200 OK", "<html>"),
    ];
    for answer in answers {
        let stub = server(answer).await;
        let (outcomes, audited, episode) = twice(&stub, Mode::Live).await;
        let ToolOutcome::Unconfirmed { kind: EventKind::ToolFailed, observation } = &outcomes[0] else {
            panic!("{outcomes:?}")
        };
        let told = observation["error"]["message"].as_str().unwrap();
        assert_eq!(told, "the tool may have done it; its reply cannot be used");
        // it counts as made
        assert!(matches!(outcomes[1], ToolOutcome::Refused { kind: EventKind::RedundantCall, .. }), "{outcomes:?}");
        assert_eq!(audited, [(OutcomeStatus::Unconfirmed, Some(EventKind::ToolFailed))]);
        assert_eq!(episode.tool_steps().next().unwrap().verdict, CallVerdict::Executed);
    }
}

#[tokio::test]
async fn a_reply_that_does_not_come_is_not_taken_for_a_server_that_cannot_be_reached() {
    let cut = |_: &Value| {
        ("200 OK".to_owned(), vec!["content-type: text/event-stream".to_owned()], "data: {\"jsonrpc\"".to_owned())
    };
    let (outcomes, audited, _) = twice(&server(cut).await, Mode::Live).await;
    let ToolOutcome::Failed(Infrastructure::Unconfirmed { failure, .. }) = &outcomes[0] else { panic!("{outcomes:?}") };
    assert!(matches!(failure.downcast_ref(), Some(ToolError::Lost(_))), "who repeats calls can ask why: {failure:?}");
    assert_eq!(audited.first(), Some(&(OutcomeStatus::Unconfirmed, Some(EventKind::ServerUnavailable))));

    // a proxy says so too when the server behind it breaks off in the middle of the call
    let (outcomes, audited, _) = twice(&server(|_| plain("503 Service Unavailable", "")).await, Mode::Live).await;
    assert!(matches!(&outcomes[0], ToolOutcome::Failed(Infrastructure::Unconfirmed { .. })), "{outcomes:?}");
    assert_eq!(audited.first(), Some(&(OutcomeStatus::Unconfirmed, Some(EventKind::ServerUnavailable))));
}

#[tokio::test]
async fn what_the_server_did_not_do_is_refused_and_may_be_asked_for_again() {
    let (outcomes, audited, _) = twice(&server(|_| plain("403 Forbidden", "")).await, Mode::Live).await;
    let refused =
        |outcome: &ToolOutcome| matches!(outcome, ToolOutcome::Refused { kind: EventKind::ServerRefused, .. });
    assert!(outcomes.iter().all(refused), "{outcomes:?}");
    assert_eq!(audited, [(OutcomeStatus::Refused, Some(EventKind::ServerRefused)); 2]);
}

#[tokio::test]
async fn a_failed_tool_is_told_in_its_servers_words_without_secrets() {
    let failing = |m: &Value| {
        with_json(&json!({ "id": m["id"], "error": { "code": -32603, "message": "the ledger is locked" } }))
    };
    let (outcomes, audited, _) = twice(&server(failing).await, Mode::Live).await;
    let ToolOutcome::Replied { observation } = &outcomes[0] else { panic!("{outcomes:?}") };
    assert_eq!(observation["error"]["message"], "the ledger is locked");
    assert_eq!(audited.first(), Some(&(OutcomeStatus::Failed, None)));
}

#[tokio::test]
async fn a_dry_run_is_told_from_a_reply_by_its_step() {
    let stub = server(|_| plain("500 Oops", "")).await;
    let (outcomes, audited, episode) = twice(&stub, Mode::DryRun).await;
    assert!(matches!(outcomes[0], ToolOutcome::Replied { .. }), "{outcomes:?}");
    assert_eq!(episode.tool_steps().next().unwrap().verdict, CallVerdict::DryRun);
    assert_eq!(audited.first(), Some(&(OutcomeStatus::DryRun, None)));
}

#[tokio::test]
async fn an_entry_for_a_tool_that_cannot_be_used_costs_no_other_tool() {
    let stub = server(|_| plain("202 Accepted", "")).await;
    let rules = format!(
        "[servers.s]\nurl = '{}/mcp'\nauthorization = 'none'\n[tools.'s.broken']\nscopes = []\neffect = 'read'\n",
        stub.url
    );
    let boundary = boundary(&rules);
    let tools = Toolbox::connect(&boundary).await.unwrap();
    assert!(tools.specs().is_empty(), "{:?}", tools.specs());
    assert!(tools.oddities()[0].to_string().contains("`inputSchema`"), "{:?}", tools.oddities());
    let survey = Toolbox::survey(&boundary).await.unwrap();
    let names: Vec<_> = survey.tools.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!((names, survey.oddities.len()), (vec!["s.pay"], 1));
    assert_eq!(survey.oddities[0].to_string().split(": ").take(2).collect::<Vec<_>>(), ["server `s`", "tool `broken`"]);
}
