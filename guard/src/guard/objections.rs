//! What was said against a call, and what is written down of it.

use abide_base::{
    call::ToolCall,
    event::{EventKind, EventSink, SecurityEvent},
};

use super::denial::Denial;
use crate::{Session, check::provenance};

/// Records all refusals of a call.
pub(super) fn record_all(denial: &Denial, events: &dyn EventSink, call: &ToolCall, session: &Session) {
    denial.all().for_each(|denied| record(events, denied.kind, call, denied.detail.clone()));
    if let Some(denied) = denial.all().find(|denied| says_something_of_the_program(denied.kind))
        && provenance::follows_injected_text(call, session)
    {
        let detail = format!("refused as `{}`, and asked for by text in an earlier reply", denied.kind.code());
        record(events, EventKind::InjectionFollowed, call, detail);
    }
}

fn says_something_of_the_program(kind: EventKind) -> bool {
    !matches!(kind, EventKind::CheckFailed | EventKind::ToolDrift | EventKind::RateLimited)
}

pub(super) fn record(events: &dyn EventSink, kind: EventKind, call: &ToolCall, detail: impl Into<String>) {
    events.event(SecurityEvent::new(kind, Some(&call.tool), detail));
}
