//! What was said against a call, and what is written down of it.

use crate::{
    call::ToolCall,
    episode::Recorder,
    event::{EventKind, SecurityEvent},
    security::{
        Session,
        check::{Denied, provenance, token::GrantError},
    },
};

/// Why a call is not permitted.
pub(super) enum Objections {
    Denied(Denials),
    Unavailable(GrantError),
}

/// One refusal at least, the one that explains most first.
pub(super) struct Denials {
    pub(super) first: Denied,
    pub(super) others: Vec<Denied>,
}

impl Objections {
    /// Of refusals that are there: without any, nothing was decided, and nothing may be permitted.
    pub(super) fn of(denials: impl IntoIterator<Item = Denied>) -> Self {
        let mut denials = denials.into_iter();
        let first = denials.next();
        let first = first.unwrap_or_else(|| Denied::new(EventKind::CheckFailed, "it was refused without a reason"));
        Self::Denied(Denials { first, others: denials.collect() })
    }
}

impl From<Denied> for Objections {
    fn from(denied: Denied) -> Self {
        Self::of([denied])
    }
}

impl Denials {
    /// Records all of them, and says what the program is told.
    pub(super) fn record(self, log: &Recorder, call: &ToolCall, session: &Session) -> Denied {
        let all = || std::iter::once(&self.first).chain(&self.others);
        all().for_each(|denied| record(log, denied.kind, call, denied.detail.clone()));
        if let Some(denied) = all().find(|denied| says_something_of_the_program(denied.kind))
            && provenance::obeys_a_reply(call, session)
        {
            let detail = format!("refused as `{}`, and asked for by text in an earlier reply", denied.kind.code());
            record(log, EventKind::InjectionObeyed, call, detail);
        }
        self.first
    }
}

fn says_something_of_the_program(kind: EventKind) -> bool {
    !matches!(kind, EventKind::CheckFailed | EventKind::ToolDrift | EventKind::RateLimited)
}

pub(super) fn record(log: &Recorder, kind: EventKind, call: &ToolCall, detail: impl Into<String>) {
    log.event(SecurityEvent::new(kind, Some(&call.tool), detail));
}
