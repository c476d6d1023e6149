#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use abide_lm::{LmError, LmReply};
use abide_optimizers::SplitSizes;
use async_trait::async_trait;

use super::*;
use crate::{
    data::Example,
    module::Predict,
    runtime::Run,
    testing::{Repeat, RepeatInput, RepeatOutput, ScriptedLm, reply, runtime},
};

/// Finds the program as it is.
struct AsItIs;

#[async_trait]
impl Optimizer for AsItIs {
    fn name(&self) -> &'static str {
        "as_it_is"
    }

    fn config(&self) -> serde_json::Value {
        serde_json::json!({})
    }

    fn plan(&self, _: SplitSizes) -> Plan {
        Plan::default()
    }

    async fn search(&self, study: &mut Study<'_>) -> Result<Candidate, SearchError> {
        study.baseline()
    }
}

fn data<const N: usize>(ids: [&str; N]) -> Dataset<RepeatInput, bool> {
    Dataset::new(ids.map(|id| Example::new(id, RepeatInput { word: id.into() }, true))).unwrap()
}

/// Compiles over replies that are given one at a time.
async fn compiled(
    replies: impl IntoIterator<Item = Result<LmReply, LmError>>,
    splits: Splits<RepeatInput, bool>,
) -> Result<Compiled<Predict<Repeat>>, CompileError> {
    let runtime = runtime(ScriptedLm::replies(replies), "");
    let metric = |_: &Example<RepeatInput, bool>, run: &Run<RepeatOutput>| run.outcome.is_ok();
    Compiler::new(&runtime, Predict::new(), splits, metric).concurrency(1).run(AsItIs).await
}

fn echo() -> Result<LmReply, LmError> {
    Ok(LmReply::new(reply(&[("echo", "x")])))
}

fn down() -> Result<LmReply, LmError> {
    Err(LmError::Server { status: 503, retry_after: None })
}

fn held_out<const N: usize>(ids: [&str; N]) -> Splits<RepeatInput, bool> {
    Splits::new(data(["a"]), data(["b"])).with_test(data(ids))
}

async fn refused(
    replies: impl IntoIterator<Item = Result<LmReply, LmError>>,
    splits: Splits<RepeatInput, bool>,
) -> String {
    match compiled(replies, splits).await.unwrap_err() {
        CompileError::Unmeasured { reason, state } => {
            assert!(!state.0.is_empty(), "what was found is not lost");
            reason
        }
        error => panic!("{error}"),
    }
}

#[tokio::test]
async fn what_could_not_be_measured_is_not_sealed() {
    assert_eq!(
        refused([], data(["a"]).split(0.6, 7)).await,
        "no examples are held out: give the data a `test` or a `val` split"
    );
    // before: both scored; after: the second fails, and fails again
    let reason = refused([echo(), echo(), echo(), down(), down()], held_out(["c", "d"])).await;
    assert!(reason.starts_with("1 held-out examples could be scored before and not after, such as `d`: "), "{reason}");
    assert!(reason.contains("503"), "{reason}");
    let reason = refused([down(), down(), down(), down()], held_out(["c"])).await;
    assert!(reason.starts_with("none of 1 held-out examples could be scored: "), "{reason}");
}

#[tokio::test]
async fn what_could_be_measured_is_sealed() {
    // before: the second fails twice; after: it fails once
    let replies = [echo(), down(), down(), echo(), down(), echo()];
    let compiled = compiled(replies, held_out(["c", "d"])).await.unwrap();
    assert_eq!((compiled.before.summary().scored, compiled.after.summary().scored), (1, 2));
}
