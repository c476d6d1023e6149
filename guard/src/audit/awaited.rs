use std::{fmt, sync::Arc, time::Duration};

use abide_base::{
    call::{ReplyStatus, ToolName, ToolReply},
    clock::Clock,
    event::EventKind,
    id::RunId,
};
use abide_signatures::Digest;

use super::{
    Audit,
    row::{Entry, Outcome, OutcomeStatus},
};
use crate::call_digest::value_digest;

/// A call that was permitted and has no outcome yet. Dropped, its outcome is that no caller waited for it.
#[must_use = "say what came of the call"]
pub(crate) struct AwaitedOutcome(Option<Open>);

struct Open {
    audit: Audit,
    clock: Arc<dyn Clock>,
    decision: u64,
    run: RunId,
    tool: ToolName,
    start: Duration,
    /// What it took, and the digest of the reply, once there is one.
    latency: Option<Duration>,
    reply: Option<Digest>,
}

impl AwaitedOutcome {
    pub(crate) fn new(audit: &Audit, clock: &Arc<dyn Clock>, decision: u64, run: RunId, tool: &ToolName) -> Self {
        let (audit, clock, tool) = (audit.clone(), clock.clone(), tool.clone());
        let start = clock.elapsed();
        Self(Some(Open { audit, clock, decision, run, tool, start, latency: None, reply: None }))
    }

    /// The tool replied; what that is called.
    pub(crate) fn replied(&mut self, reply: &ToolReply) -> OutcomeStatus {
        if let Some(open) = &mut self.0 {
            open.latency = Some(open.clock.elapsed().saturating_sub(open.start));
            open.reply = Some(value_digest(&reply.content));
        }
        match reply.status {
            ReplyStatus::Done => OutcomeStatus::Done,
            ReplyStatus::Failed => OutcomeStatus::Failed,
        }
    }

    /// This came of it.
    pub(crate) fn ended(mut self, status: OutcomeStatus, code: Option<EventKind>) {
        self.end(status, code);
    }

    fn end(&mut self, status: OutcomeStatus, code: Option<EventKind>) {
        let Some(open) = self.0.take() else { return };
        let latency = open.latency.unwrap_or_else(|| open.clock.elapsed().saturating_sub(open.start));
        let outcome = Outcome {
            seq: 0,
            time: String::new(),
            decision: open.decision,
            run: open.run,
            tool: open.tool,
            status,
            code,
            result_digest: open.reply,
            latency_us: latency.as_micros().try_into().unwrap_or(u64::MAX),
        };
        if let Err(error) = open.audit.write(Entry::Outcome(outcome), open.clock.now()) {
            tracing::error!(target: super::error::TARGET, decision = open.decision, "an outcome is not in the audit: {error}");
        }
    }
}

impl Drop for AwaitedOutcome {
    fn drop(&mut self) {
        self.end(OutcomeStatus::Abandoned, None);
    }
}

impl fmt::Debug for AwaitedOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AwaitedOutcome").field(&self.0.as_ref().map(|open| open.decision)).finish()
    }
}
