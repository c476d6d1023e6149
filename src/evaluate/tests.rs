#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use abide_base::{
    call::ToolName,
    event::{EventKind, SecurityEvent},
};
use abide_guard::{CallFailure, FailureKind};

use super::*;
use crate::{
    data::{Dataset, Example},
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

impl Progress for Seen {
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
    let evaluation = Evaluate::new().progress(seen.clone()).run(&nobody(), &Slow, &four(), &metric).await.unwrap();
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
