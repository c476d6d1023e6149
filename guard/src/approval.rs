//! Human-in-the-loop approval: an approver is asked before a call is made, or whether a refusal is overridden.

use std::{fmt, panic::AssertUnwindSafe, sync::Arc};

use abide_base::{
    call::{Effect, ToolName},
    id::RunId,
};
use async_trait::async_trait;
use futures_util::FutureExt;
use serde_json::{Map, Value};

use crate::{check::Denied, session::Caller};

/// Who is asked: a chat window, a ticket, a terminal. The run waits for the answer, under its own deadline
/// (`Limits::deadline` of the runtime).
#[async_trait]
pub trait Approver: Send + Sync {
    /// Asks, and waits for the answer. After an error or a panic the call is refused.
    async fn ask(&self, question: &Question) -> Result<Reply, ApproverError>;
}

/// What an approver decides. The arguments are what will be sent, letter by letter; show all of them.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Question {
    /// The run that wants the call.
    pub run: RunId,
    /// On whose behalf, where the run has a caller.
    pub caller: Option<Caller>,
    /// The tool.
    pub tool: ToolName,
    /// What the call does to the world.
    pub effect: Effect,
    /// Its arguments. A model chose them, and they may be made to look harmless: escape what a screen would not show as it is written.
    pub arguments: Map<String, Value>,
    /// Why it was refused; empty where the operator wants to be asked about each call of this tool.
    pub objections: Vec<Denied>,
}

/// The approver's decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// This call may be made, once.
    Yes,
    /// It must not be made.
    No,
}

/// The approver could not ask, or got no answer.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct ApproverError(pub String);

/// An approver, or none.
#[derive(Clone, Default)]
pub(super) struct Approvals(Option<Arc<dyn Approver>>);

/// What came of a question.
#[derive(Debug, PartialEq)]
pub(super) enum Outcome {
    Yes,
    No,
    NoApprover,
    /// The approver's own words.
    Failed(String),
}

impl Approvals {
    pub(super) fn of(approver: Arc<dyn Approver>) -> Self {
        Self(Some(approver))
    }

    pub(super) async fn ask(&self, question: &Question) -> Outcome {
        let Some(approver) = &self.0 else { return Outcome::NoApprover };
        let answer = AssertUnwindSafe(async { approver.ask(question).await }).catch_unwind().await;
        match answer {
            Ok(Ok(Reply::Yes)) => Outcome::Yes,
            Ok(Ok(Reply::No)) => Outcome::No,
            Ok(Err(error)) => Outcome::Failed(error.to_string()),
            Err(_) => Outcome::Failed("it panicked".to_owned()),
        }
    }
}

impl fmt::Debug for Approvals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Approvals" } else { "Approvals(none)" })
    }
}
