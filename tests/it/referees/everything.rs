//! The protocol's own reference server over HTTP, which speaks the era that begins with `initialize`.

use std::ffi::OsString;

use abide::mcp::servers::InputPolicy;

use super::*;

fn everything() -> Referee {
    let script = process::package("@modelcontextprotocol/server-everything/dist/index.js");
    let preloaded = process::program("loopback.cjs");
    let words: [OsString; 5] =
        ["node".into(), "--require".into(), preloaded.into(), script.into(), "streamableHttp".into()];
    Starting::spawn(&words.each_ref().map(OsString::as_os_str)).ready()
}

#[tokio::test]
#[ignore = "needs scripts/referees.sh"]
async fn the_older_era_is_spoken() {
    let referee = everything();
    let tools = ["echo", "get-sum", "get-structured-content", "trigger-long-running-operation"];
    let allowed = tools.map(|tool| (tool, Effect::Read, ""));
    let caller = Caller::connect(server(&referee.mcp()), &allowed).await.unwrap();

    let echoed = caller.call("echo", json!({ "message": "héllo ✓" })).await;
    assert_eq!(*echoed.result(), json!("Echo: héllo ✓"));
    let weather = caller.call("get-structured-content", json!({ "location": "Chicago" })).await;
    assert!(weather.result()["temperature"].is_number(), "{weather:?}");
    // progress is told on the way to the reply
    let slow = json!({ "duration": 1, "steps": 4 });
    let slow = caller.call("trigger-long-running-operation", slow).await;
    assert!(slow.result().as_str().unwrap().contains("completed"), "{slow:?}");

    let sums = (0..64).map(|i| caller.call("get-sum", json!({ "a": i, "b": 1 })));
    for (i, called) in join_all(sums).await.iter().enumerate() {
        let sum = format!("is {}.", i + 1);
        assert!(called.result().as_str().unwrap().ends_with(&sum), "{called:?}");
        assert_eq!(called.events, []);
    }

    let wrong = caller.call("echo", json!({ "massage": "hello" })).await;
    assert!(!matches!(&wrong.outcome, ToolOutcome::Failed(_)), "{wrong:?}");
    assert!(wrong.events.contains(&EventKind::ArgumentsMalformed), "{wrong:?}");
}

#[tokio::test]
#[ignore = "needs scripts/referees.sh"]
async fn a_question_in_the_middle_of_a_call_is_answered_by_policy_only() {
    let referee = everything();
    let tool = [("trigger-elicitation-request", Effect::Read, "")];
    let Err(error) = Caller::connect(server(&referee.mcp()), &tool).await else {
        panic!("the server asks although it was told that nobody answers");
    };
    assert!(matches!(error, ToolboxError::NotListed { .. }), "{error}");

    let mut asked = server(&referee.mcp());
    asked.input = InputPolicy::Answers([("name".to_owned(), json!("Ada"))].into());
    let caller = Caller::connect(asked, &tool).await.unwrap();
    let called = caller.call("trigger-elicitation-request", json!({})).await;
    let reply = called.result().to_string();
    assert!(reply.contains("Ada") && reply.contains("accept"), "{reply}");
}
