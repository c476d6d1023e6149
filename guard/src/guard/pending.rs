use abide_base::{
    call::{Effect, ReplyStatus, ToolCall, ToolName, ToolReply},
    event::EventKind,
};
use serde_json::Value;

use super::{
    failure::{CallFailure, FailureKind},
    inspect::Inspector,
    objections::record,
    scrubbed::Scrubbed,
};
use crate::{
    Session,
    audit::{AwaitedOutcome, OutcomeStatus},
    policy::CallLimits,
};

/// What the guard permits.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one for each call, and it is used up at once")]
#[must_use = "the call is counted and audited as made: make it"]
pub enum Authorized<'a> {
    /// To make the call.
    Execute(PendingCall<'a>),
    /// Not to make the call, and to show the program this instead of a reply.
    DryRun(Value),
}

/// An authorized call that is still to be made. [`PendingCall::perform`] makes it, and is the only way to its reply: the reply is
/// inspected, accounted and audited on the way. A call that is dropped instead has the outcome `abandoned` in the audit.
///
/// Only [`Guard::authorize`](super::Guard::authorize) makes one. It knows nothing of tokens: those are attached further down, by the HTTP
/// client of the one server that the tool belongs to. It cannot be built, copied or changed:
///
/// ```compile_fail,E0451
/// # use abide_guard::PendingCall;
/// fn forge<'a>(call: abide_base::call::ToolCall, pending: PendingCall<'a>) -> PendingCall<'a> {
///     PendingCall { call, ..pending }
/// }
/// ```
///
/// ```compile_fail,E0599
/// # use abide_guard::PendingCall;
/// fn twice<'a>(pending: PendingCall<'a>) -> [PendingCall<'a>; 2] {
///     [pending.clone(), pending]
/// }
/// ```
///
/// ```compile_fail,E0616
/// # use abide_guard::PendingCall;
/// fn alter(mut pending: PendingCall<'_>, call: abide_base::call::ToolCall) {
///     pending.call = call;
/// }
/// ```
///
/// ```compile_fail,E0382
/// # use abide_guard::{PendingCall, call::ToolReply};
/// async fn again(pending: PendingCall<'_>) {
///     let _ = pending.perform(|_| async { Ok(ToolReply::done("once")) }).await;
///     let _ = pending.perform(|_| async { Ok(ToolReply::done("twice")) }).await;
/// }
/// ```
#[must_use = "the call is counted and audited as made: perform it"]
pub struct PendingCall<'a> {
    pub(super) inspector: Inspector<'a>,
    pub(super) session: &'a Session,
    pub(super) events: Scrubbed<'a>,
    pub(super) call: ToolCall,
    pub(super) effect: Effect,
    pub(super) limits: CallLimits,
    pub(super) outcome: AwaitedOutcome,
}

impl PendingCall<'_> {
    /// The tool.
    pub fn tool(&self) -> &ToolName {
        &self.call.tool
    }

    /// What the call does to the world.
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// What the call may take.
    pub fn limits(&self) -> CallLimits {
        self.limits
    }

    /// Makes the call: `make` sends it and brings the reply, or says why there is none. Secrets that the guard knows are taken out of the
    /// reply, it is remembered for rules of provenance, sequence and leaks, what the program must not see is taken out, and what came of
    /// the call goes to the audit.
    ///
    /// # Errors
    /// The reply that may not be shown, or the failure that `make` reports.
    pub async fn perform<F, R>(self, make: F) -> Result<ToolReply, CallFailure>
    where
        F: FnOnce(ToolCall) -> R,
        R: Future<Output = Result<ToolReply, CallFailure>>,
    {
        let made = make(self.call.clone()).await;
        let Self { inspector, session, events, call, mut outcome, .. } = self;
        match made {
            Ok(mut reply) => {
                inspector.redactor.scrub_json(&mut reply.content);
                let status = outcome.replied(&reply);
                let Some(reply) = inspector.inspect(&call, reply, session, &events) else {
                    outcome.ended(OutcomeStatus::Withheld, Some(EventKind::ReplyDenied));
                    return Err(CallFailure::withheld());
                };
                outcome.ended(status, None);
                if reply.status == ReplyStatus::Failed {
                    record(&events, EventKind::ToolFailed, &call, "the tool says that it failed");
                }
                Ok(reply)
            }
            Err(mut failure) => {
                if failure.kind == FailureKind::Withheld {
                    failure.kind = FailureKind::Unconfirmed;
                }
                if failure.kind == FailureKind::Refused {
                    session.forget_made(&call);
                }
                outcome.ended(failure.status(), Some(failure.code()));
                if failure.is_to_record() {
                    record(&events, failure.code(), &call, failure.reason());
                }
                Err(failure)
            }
        }
    }
}

impl std::fmt::Debug for PendingCall<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PendingCall")
            .field("tool", &self.call.tool)
            .field("outcome", &self.outcome)
            .finish_non_exhaustive()
    }
}
