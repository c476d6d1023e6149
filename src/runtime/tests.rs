#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use abide_base::{clock::ManualClock, secret::Secret};
use abide_lm::{LmError, Message};

use super::*;
use crate::{
    episode::Step,
    module::{Module, Predict},
    testing::{Repeat, RepeatInput, ScriptedLm, boundary, reply, runtime},
};

fn word() -> RepeatInput {
    RepeatInput { word: "moon".into() }
}

/// Asks and says what came.
struct Raw;

impl Module for Raw {
    type Input = String;
    type Output = String;

    async fn forward(&self, cx: &Cx, input: String) -> Result<String, CallError> {
        Ok(cx.ask("raw", vec![Message::user(input)]).await?.text)
    }
}

#[tokio::test]
async fn the_limits_and_the_seed_of_a_run_are_asked_for() {
    let model = ScriptedLm::texts([reply(&[("echo", "moon")]).as_str()]);
    let limits = Limits::default().temperature(0.3).reply_tokens(77);
    let runtime = Runtime::builder().lm(model.clone()).boundary(boundary("")).limits(limits).build();
    let options = RunOptions { seed: u64::MAX, ..RunOptions::default() };
    let run = runtime.run_with(&Predict::<Repeat>::new(), word(), options).await;
    assert_eq!(run.outcome.unwrap().echo, "moon");
    let request = &model.requests()[0];
    assert_eq!(
        (request.sampling.temperature, request.max_tokens, request.sampling.seed),
        (Some(0.3), 77, Some(0x7fff_ffff))
    );
    assert_eq!(run.episode.seed, u64::MAX);
}

#[tokio::test]
async fn a_run_that_takes_too_long_ends_by_the_clock_and_keeps_its_record() {
    let clock = Arc::new(ManualClock::at(SystemTime::UNIX_EPOCH));
    let model = ScriptedLm::texts([]);
    let limits = Limits::default().deadline(Duration::from_secs(60));
    let builder = Runtime::builder().lm(model.clone()).boundary(boundary("").with_clock(clock.clone()));
    let runtime = builder.limits(limits).build();
    let program = Predict::<Repeat>::new();
    let (run, ()) = tokio::join!(runtime.run(&program, word()), async {
        while model.requests().is_empty() {
            tokio::task::yield_now().await;
        }
        clock.advance(Duration::from_secs(61));
    });
    let error = run.outcome.map(|output| output.echo).unwrap_err();
    assert!(error.is_infrastructure());
    let expected = "the run was not done after 60s: look for what hangs, or raise its deadline";
    assert_eq!(error.to_string(), expected);
    assert_eq!(run.episode.elapsed, Duration::from_secs(61));
}

#[tokio::test(start_paused = true)]
async fn the_shorter_deadline_of_run_and_runtime_counts() {
    let runtime = runtime(ScriptedLm::texts([]), "");
    for (own, expected) in [(None, 300), (Some(60), 60), (Some(600), 300)] {
        let options = RunOptions { deadline: own.map(Duration::from_secs), ..RunOptions::default() };
        let error = runtime.run_with(&Raw, "Hello".to_owned(), options).await.outcome.unwrap_err();
        assert_eq!(error, CallError::Infrastructure(Infrastructure::Deadline(Duration::from_secs(expected))));
    }
}

#[tokio::test]
async fn a_failed_call_of_a_model_is_on_record_and_no_fault_of_the_program() {
    let last = Box::new(LmError::Server { status: 503, retry_after: None });
    let model = ScriptedLm::replies([Err(LmError::GaveUp { attempts: 3, last })]);
    let run = runtime(model, "").run(&Raw, "Hello".to_owned()).await;
    assert!(run.outcome.unwrap_err().is_infrastructure());
    let Step::Model(step) = &run.episode.steps[0] else { unreachable!() };
    assert_eq!(step.failure.as_deref(), Some("the model server failed with status 503 (after 3 attempts)"));
    assert_eq!(step.attempts, 3);
}

#[tokio::test]
async fn known_secrets_are_taken_out_of_what_a_module_asks() {
    let model = ScriptedLm::texts(["fine"]);
    let runtime = runtime(model.clone(), "");
    runtime.boundary().connections().redactor().learn(&Secret::new("s3cr3t-of-the-crm".to_owned()));
    let run = runtime.run(&Raw, "my password is s3cr3t-of-the-crm".to_owned()).await;
    assert_eq!(run.outcome.unwrap(), "fine");
    assert_eq!(model.asked(), ["my password is [redacted]"]);
}

#[tokio::test]
async fn another_model_leaves_the_first_runtime_as_it_was() {
    let (first, second) = (ScriptedLm::texts(["one"]), ScriptedLm::texts(["two"]));
    let runtime = runtime(first, "");
    let other = runtime.with_lm(second);
    assert_eq!(other.run(&Raw, "Hello".to_owned()).await.outcome.unwrap(), "two");
    assert_eq!(runtime.run(&Raw, "Hello".to_owned()).await.outcome.unwrap(), "one");
    assert_eq!(other.boundary().policy().digest(), runtime.boundary().policy().digest());
}

#[test]
fn errors_say_what_does_not_fit() {
    let errors = vec![crate::FieldError::Missing("a".into()), crate::FieldError::Unknown("b".into())];
    let error = CallError::InputRejected { signature: "S".into(), errors };
    let expected = "input of `S` rejected: field `a` is missing; field `b` is not part of the signature";
    assert_eq!(error.to_string(), expected);
    let expected = "the run used up its 3 model calls: raise `limits.model_calls`, or make the program shorter";
    assert_eq!(CallError::ModelCalls(3).to_string(), expected);
}
