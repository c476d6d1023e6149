//! Evaluating: one bad example never spoils the rest, and a broken infrastructure is never a score.

use std::time::Duration;

use abide::{evaluate::Outcome, prelude::*};
use abide_testbed::{
    Options, mcp,
    model::{Fault, When},
};
use serde_json::Value;

use crate::support::{World, some};

#[tokio::test(flavor = "multi_thread")]
async fn an_example_that_hangs_is_given_up_and_the_others_are_scored() {
    let hour = Duration::from_secs(3_600);
    let mut options = Options::default();
    options.model = options.model.fault(Fault::Latency(hour), When::First(1));
    let world = World::with_model(options, "stand-in").await;
    let limit = Duration::from_secs(2);
    let evaluate = Evaluate::new().concurrency(1).deadline(limit);
    let evaluation = evaluate.run(&world.runtime, &world.agent, &some("test", 5), &world.resolved()).await.unwrap();
    let summary = evaluation.summary();
    assert_eq!((summary.examples, summary.scored, summary.not_scored()), (5, 4, 1));
    let Outcome::NotScored { reason } = &evaluation.rows[0].outcome else { panic!("{:?}", evaluation.rows[0]) };
    assert!(
        reason.contains("was not done after") && reason.contains("look for what hangs, or raise its deadline"),
        "{reason}"
    );
    assert_eq!(evaluation.scores().count(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_server_that_is_down_is_not_a_score() {
    let world = World::with_model(Options::default().seed(1), "stand-in").await;
    let data = some("test", 6);
    world.testbed.mcp().fail_next(1_000, mcp::Fault::Unavailable);
    let metric = world.resolved();
    let down = Evaluate::new().run(&world.runtime, &world.agent, &data, &metric).await.unwrap();
    let reached_for_tools = down.rows.iter().filter(|row| row.tool_calls > 0).count();
    assert!(reached_for_tools > 0);
    assert!(down.summary().not_scored() >= 1, "{:?}", down.summary());
    for row in &down.rows {
        if let Outcome::NotScored { reason } = &row.outcome {
            assert!(reason.starts_with("`crm."), "{reason}");
            // a call that changes something may have been done
            let is_write = reason.starts_with("`crm.create_support_ticket`");
            let what = if is_write { "may have done it, but its reply did not come" } else { "could not be reached" };
            let what = format!("` {what}: the server failed with status 503");
            assert!(reason.ends_with(&what), "{reason}");
            assert!(row.model_calls > 0, "what happened until then is on record");
        }
    }
    world.testbed.mcp().heal();
    let up = Evaluate::new().run(&world.runtime, &world.agent, &data, &metric).await.unwrap();
    assert_eq!(up.summary().not_scored(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_has_one_line_for_each_row() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rows.jsonl");
    let world = World::with_model(Options::default(), "stand-in").await;
    let data = some("test", 6);
    let evaluate = Evaluate::new().journal(&path);
    let evaluation = evaluate.run(&world.runtime, &world.agent, &data, &world.resolved()).await.unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.ends_with('\n'));
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 6);
    for row in &evaluation.rows {
        let expected = serde_json::to_value(row).unwrap();
        assert_eq!(lines.iter().filter(|line| **line == expected).count(), 1, "{expected}");
    }
    // a second evaluation is appended
    evaluate.run(&world.runtime, &world.agent, &data, &world.resolved()).await.unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 12);

    let nowhere = dir.path().join("no/such/dir/rows.jsonl");
    let error = Evaluate::new()
        .journal(&nowhere)
        .run(&world.runtime, &world.agent, &data, &world.resolved())
        .await
        .unwrap_err();
    assert!(error.to_string().starts_with(&format!("cannot write rows to `{}`: ", nowhere.display())), "{error}");
}
