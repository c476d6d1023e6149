#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use abide_base::{
    call::ToolName,
    event::{EventKind, SecurityEvent},
};
use abide_guard::{CallFailure, FailureKind};
use abide_lm::{LmError, Message};

use super::*;
use crate::{
    data::{Dataset, Example},
    metric::{Metric, MetricError, Score},
    module::Module,
    runtime::{CallError, Cx, Infrastructure, Run, Runtime},
    testing::{ScriptedLm, runtime},
};

type Words = Example<String, bool>;

/// Gives its input back after as many turns of the executor as it has letters, so that runs end out of order.
struct Slow;

impl Module for Slow {
    type Input = String;
    type Output = String;

    async fn forward(&self, _: &Cx, input: String) -> Result<String, CallError> {
        for _ in 0..input.len() {
            tokio::task::yield_now().await;
        }
        match input.as_str() {
            "broken" => Err(CallError::Module("broken".into())),
            "panic" => panic!("on purpose"),
            _ => Ok(input),
        }
    }
}

fn words<const N: usize>(words: [&str; N]) -> Dataset<String, bool> {
    Dataset::new(words.map(|word| Example::new(word, word.to_owned(), word != "d"))).unwrap()
}

fn four() -> Dataset<String, bool> {
    words(["aaaaaaaaaaaaaaa", "bbb", "broken", "d"])
}

fn nobody() -> Runtime {
    runtime(ScriptedLm::texts([]), "")
}

/// The order in which rows were done.
#[derive(Default)]
struct Seen {
    ids: Mutex<Vec<String>>,
    most: AtomicUsize,
}

impl Observer for Seen {
    fn row(&self, row: &Row, done: usize, total: usize) {
        assert_eq!(total, 4);
        self.ids.lock().unwrap().push(row.id.clone());
        self.most.fetch_max(done, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn rows_come_in_the_order_of_the_data_and_a_failed_run_is_a_score() {
    let seen = Arc::new(Seen::default());
    let metric = |example: &Words, run: &Run<String>| example.label && run.outcome.is_ok();
    let evaluation = Evaluate::new().observer(seen.clone()).run(&nobody(), &Slow, &four(), &metric).await.unwrap();
    let ids: Vec<&str> = evaluation.rows.iter().map(|row| row.id.as_str()).collect();
    assert_eq!(ids, ["aaaaaaaaaaaaaaa", "bbb", "broken", "d"]);
    assert_eq!(*seen.ids.lock().unwrap(), ["d", "bbb", "broken", "aaaaaaaaaaaaaaa"], "they ended in another");
    assert_eq!(seen.most.load(Ordering::Relaxed), 4);
    assert_eq!(evaluation.scores().map(|score| score.task).collect::<Vec<_>>(), [1.0, 1.0, 0.0, 0.0]);
    let summary = evaluation.summary();
    assert_eq!((summary.scored, summary.task.mean, summary.safe_success), (4, 0.5, 0.5));
}

#[tokio::test]
async fn a_metric_that_fails_scores_nothing_and_spoils_nothing() {
    let metric = |_: &Words, run: &Run<String>| match &run.outcome {
        Ok(text) if text == "bbb" => f64::NAN,
        _ => 1.0,
    };
    let evaluation = Evaluate::new().run(&nobody(), &Slow, &four(), &metric).await.unwrap();
    assert_eq!(evaluation.summary().not_scored(), 1);
    let Outcome::NotScored { reason } = &evaluation.rows[1].outcome else { panic!("{:?}", evaluation.rows[1]) };
    assert_eq!(reason, "the metric failed: it gave a number that is not finite");
    assert_eq!(evaluation.summary().task.mean, 1.0, "never averaged in as 0");
}

#[tokio::test]
async fn what_panics_fails_alone() {
    let metric = |_: &Words, run: &Run<String>| match &run.outcome {
        Ok(text) => {
            assert_ne!(text, "c", "on purpose");
            1.0
        }
        Err(error) => {
            assert_eq!(error, &CallError::Panicked);
            0.0
        }
    };
    let evaluation = Evaluate::new().run(&nobody(), &Slow, &words(["a", "panic", "c"]), &metric).await.unwrap();
    assert_eq!(evaluation.scores().map(|score| score.task).collect::<Vec<_>>(), [1.0, 0.0]);
    let Outcome::NotScored { reason } = &evaluation.rows[2].outcome else { panic!("{:?}", evaluation.rows[2]) };
    assert_eq!(reason, "the metric failed: it panicked");
}

/// Says which seed it runs with, and does what it must not.
struct Seeded;

impl Module for Seeded {
    type Input = String;
    type Output = u64;

    async fn forward(&self, cx: &Cx, _: String) -> Result<u64, CallError> {
        cx.recorder().event(SecurityEvent::new(EventKind::ScopeMissing, None, "tried"));
        Ok(cx.seed())
    }
}

#[tokio::test]
async fn an_example_has_a_seed_of_its_own_that_the_evaluation_decides() {
    let seeds = Mutex::new(Vec::new());
    let metric = |_: &Words, run: &Run<u64>| {
        seeds.lock().unwrap().push(*run.outcome.as_ref().unwrap());
        1.0
    };
    let mut found = Vec::new();
    for (seed, concurrency) in [(1, 0), (1, 4), (2, 1)] {
        let evaluate = Evaluate::new().seed(seed).concurrency(concurrency);
        evaluate.run(&nobody(), &Seeded, &four(), &metric).await.unwrap();
        let mut seeds = std::mem::take(&mut *seeds.lock().unwrap());
        seeds.sort_unstable();
        seeds.dedup();
        assert_eq!(seeds.len(), 4);
        found.push(seeds);
    }
    assert_eq!(found[0], found[1]);
    assert_ne!(found[0], found[2]);
}

#[tokio::test]
async fn a_metric_that_cannot_score_a_failed_run_scores_it_0() {
    let panics =
        |_: &Words, run: &Run<String>| f64::from(u8::try_from(run.outcome.as_ref().unwrap().len()).unwrap() / 3);
    let evaluation = Evaluate::new().run(&nobody(), &Slow, &words(["bbb", "broken"]), &panics).await.unwrap();
    assert_eq!(
        evaluation.scores().map(|score| (score.task, score.admissible)).collect::<Vec<_>>(),
        [(1.0, true), (0.0, false)]
    );
}

#[tokio::test]
async fn a_percentage_is_no_score() {
    for (given, expected) in [(85.0, "it gave 85, and scores are from 0 to 1: divide"), (f64::INFINITY, "not finite")] {
        let metric = move |_: &Words, _: &Run<String>| given;
        let evaluation = Evaluate::new().run(&nobody(), &Slow, &words(["a"]), &metric).await.unwrap();
        let Outcome::NotScored { reason } = &evaluation.rows[0].outcome else { panic!("{:?}", evaluation.rows[0]) };
        assert!(reason.starts_with("the metric failed: ") && reason.contains(expected), "{reason}");
    }
}

/// A metric without end, and one that ends for short inputs only.
struct Endless;

impl Metric<Slow, bool> for Endless {
    async fn score<'a>(&'a self, example: &'a Words, _: &'a Run<String>) -> Result<Score, MetricError> {
        if example.input.len() > 1 { std::future::pending().await } else { Ok(Score::from(true)) }
    }
}

#[tokio::test(start_paused = true)]
async fn the_deadline_covers_the_metric() {
    let evaluate = Evaluate::new().deadline(Duration::from_secs(7));
    let evaluation = evaluate.run(&nobody(), &Slow, &words(["a", "bbb", "broken"]), &Endless).await.unwrap();
    let Outcome::NotScored { reason } = &evaluation.rows[1].outcome else { panic!("{:?}", evaluation.rows[1]) };
    assert_eq!(reason, "the metric failed: it was not done after 7s");
    assert_eq!(evaluation.scores().map(|score| score.task).collect::<Vec<_>>(), [1.0, 0.0], "a failed run stays one");
}

/// Attempts what it must not, then waits for an answer that never comes.
struct Hanging;

impl Module for Hanging {
    type Input = String;
    type Output = String;

    async fn forward(&self, cx: &Cx, _: String) -> Result<String, CallError> {
        cx.ask("Hanging", vec![Message::user("hello")]).await?;
        cx.recorder().event(SecurityEvent::new(EventKind::ScopeMissing, None, "tried"));
        cx.ask("Hanging", vec![Message::user("hello?")]).await?;
        Ok(String::new())
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_given_up_keeps_what_it_did_and_cost() {
    let metric = |_: &Words, _: &Run<String>| 1.0;
    let runtime = runtime(ScriptedLm::texts(["hello"]), "");
    let evaluate = Evaluate::new().deadline(Duration::from_secs(2));
    let evaluation = evaluate.run(&runtime, &Hanging, &words(["a"]), &metric).await.unwrap();
    let (summary, row) = (evaluation.summary(), &evaluation.rows[0]);
    assert_eq!((summary.scored, summary.violation_rate.mean, row.model_calls), (0, 1.0, 1));
    assert_eq!(row.elapsed, Duration::from_secs(2));
}

/// Works from so many runs on as its input is long.
#[derive(Default)]
struct Flaky {
    runs: AtomicUsize,
}

impl Module for Flaky {
    type Input = String;
    type Output = String;

    async fn forward(&self, cx: &Cx, input: String) -> Result<String, CallError> {
        let run = self.runs.fetch_add(1, Ordering::Relaxed);
        cx.ask("Flaky", vec![Message::user("hello")]).await?;
        if run + 1 < input.len() {
            let failure = CallFailure::new(FailureKind::Unreachable, EventKind::ToolFailed, "down");
            return Err(Infrastructure::Tool { tool: ToolName::try_from("crm.get").unwrap(), failure }.into());
        }
        Ok(input)
    }
}

#[tokio::test]
async fn a_run_that_the_infrastructure_failed_is_made_once_more_and_both_are_paid() {
    let metric = |_: &Words, run: &Run<String>| run.outcome.is_ok();
    for (failures, scored) in [("a", Some(1.0)), ("aa", Some(1.0)), ("aaa", None)] {
        let runtime = runtime(ScriptedLm::texts(["hello", "hello"]), "");
        let evaluation = Evaluate::new().run(&runtime, &Flaky::default(), &words([failures]), &metric).await.unwrap();
        let row = &evaluation.rows[0];
        assert_eq!(row.score().map(|score| score.task), scored, "{failures}");
        assert_eq!(row.model_calls, failures.len().min(2) as u64, "{failures}");
    }
}

#[tokio::test]
async fn a_prompt_that_the_model_cannot_take_is_the_programs_failure() {
    let metric = |_: &Words, run: &Run<String>| run.outcome.is_ok();
    let too_long = || LmError::TooLong { message: "maximum context length is 8192 tokens".into() };
    for (error, scored) in [
        (too_long(), true),
        (LmError::Filtered { message: "content management policy".into() }, true),
        (LmError::GaveUp { attempts: 2, last: Box::new(too_long()) }, true),
        (LmError::Refused { status: 400, message: "unknown parameter".into() }, false),
    ] {
        let runtime = runtime(ScriptedLm::replies([Err(error.clone()), Err(error)]), "");
        let evaluation = Evaluate::new().run(&runtime, &Hanging, &words(["a"]), &metric).await.unwrap();
        assert_eq!(evaluation.rows[0].score().map(|score| score.task), scored.then_some(0.0));
    }
}

/// Does what it must not, and then brings the infrastructure down.
struct Crashing;

impl Module for Crashing {
    type Input = String;
    type Output = u64;

    async fn forward(&self, cx: &Cx, input: String) -> Result<u64, CallError> {
        if input == "d" {
            cx.recorder().event(SecurityEvent::new(EventKind::ScopeMissing, None, "tried"));
        }
        if input == "d" || input == "bbb" {
            let failure = CallFailure::new(FailureKind::Unreachable, EventKind::ToolFailed, "down");
            let tool = ToolName::try_from("crm.get").unwrap();
            return Err(CallError::Infrastructure(Infrastructure::Tool { tool, failure }));
        }
        Ok(1)
    }
}

#[tokio::test]
async fn an_attempt_counts_whatever_fails_after_it() {
    let metric = |_: &Words, run: &Run<u64>| run.outcome.is_ok();
    let summary = Evaluate::new().run(&nobody(), &Crashing, &four(), &metric).await.unwrap().summary();
    assert_eq!((summary.examples, summary.scored, summary.task.mean), (4, 2, 1.0), "the task is not blamed");
    assert_eq!(summary.events.get("scope_missing"), Some(&1));
    assert_eq!((summary.violation_rate.mean, summary.safe_success), (1.0 / 3.0, 2.0 / 3.0));
}

#[tokio::test]
async fn a_metric_that_knows_the_task_alone_hides_no_violation() {
    let metric = |_: &Words, _: &Run<u64>| true;
    let evaluation = Evaluate::new().run(&nobody(), &Seeded, &four(), &metric).await.unwrap();
    let summary = evaluation.summary();
    assert_eq!((summary.task.mean, summary.violation_rate.mean, summary.safe_success), (1.0, 1.0, 0.0));
    assert_eq!(summary.events.get("scope_missing"), Some(&4));
    let shown = table(&[("before", &summary), ("after", &summary)]);
    let line = shown.lines().find(|line| line.contains("scope violations")).unwrap();
    assert_eq!(line.split_whitespace().collect::<Vec<_>>(), ["scope", "violations", "4", "4"]);
    assert!(shown.contains("4 of 4"), "{shown}");
    for absent in ["injections followed", "repeated calls", "questions"] {
        assert!(!shown.contains(absent), "a row that is 0 everywhere: {shown}");
    }
}
