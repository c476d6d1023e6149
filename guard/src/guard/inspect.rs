use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use abide_base::{
    call::{ReplyStatus, ToolCall, ToolReply},
    event::{EventKind, EventSink},
    secret::Redactor,
};

use super::{objections::record, reply};
use crate::{Session, check::Check, policy::Policy};

/// What looks at replies: the policy's rules for them, and the user's checks.
#[derive(Clone, Copy)]
pub(super) struct Inspector<'a> {
    pub(super) policy: &'a Policy,
    pub(super) redactor: &'a Redactor,
    pub(super) checks: &'a [Arc<dyn Check>],
}

impl Inspector<'_> {
    /// Remembers the reply to a call for later decisions, takes out what the program must not see, and lets the user's checks look at it.
    /// What comes back may be shown; `None` if nothing of it may.
    pub(super) fn inspect(
        self,
        call: &ToolCall,
        mut reply: ToolReply,
        session: &Session,
        events: &dyn EventSink,
    ) -> Option<ToolReply> {
        if reply.status == ReplyStatus::Failed {
            session.forget_made(call);
        }
        let rule = self.policy.tool(&call.tool);
        if let Some(event) = rule.and_then(|rule| reply::withheld(rule, &call.tool, &reply)) {
            events.event(event);
            session.withheld(call);
            return None;
        }
        session.answered(self.policy, call, &reply);
        let cleaned = rule.map(|rule| reply::clean(self.policy, rule, &call.tool, &mut reply, session));
        cleaned.into_iter().flatten().for_each(|event| events.event(event));
        for check in self.checks {
            match catch_unwind(AssertUnwindSafe(|| check.inspect(&call.tool, &reply))) {
                Ok(found) => found.into_iter().for_each(|event| events.event(event)),
                Err(_) => {
                    let detail = format!("the check `{}` panicked when it looked at a reply", check.name());
                    record(events, EventKind::CheckFailed, call, detail);
                }
            }
        }
        Some(reply)
    }
}
