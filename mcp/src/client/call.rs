use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use abide_base::{
    call::{Effect, ToolName},
    event::{EventKind, EventSink, SecurityEvent},
    secret::Redactor,
};
use abide_guard::policy::CallLimits;
use tokio::sync::watch;

use super::error::Sent;
use crate::ToolError;

/// What one call belongs to.
#[derive(Clone)]
pub struct CallContext<'a> {
    /// The W3C trace context of the call, sent as header and in `_meta`.
    pub traceparent: &'a str,
    /// Where events below the call go: rate limits, refusals, renewed tokens. Must be the sink that the call was authorized with, or the
    /// events of one call are in two records.
    pub events: Arc<dyn EventSink>,
}

/// Whether a call may be sent again when it is not known what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Idempotency {
    /// It may: it changes nothing.
    Repeatable,
    /// It may not: it could be done twice.
    Once,
}

/// Travels with a call through the worker of the protocol library, and comes out at the HTTP client.
pub(super) struct CallHandle {
    pub(super) tool: ToolName,
    pub(super) traceparent: String,
    pub(super) retry: Idempotency,
    pub(super) limits: CallLimits,
    events: Arc<dyn EventSink>,
    redactor: Redactor,
    waits: AtomicU32,
    sent: AtomicBool,
    suspected: AtomicBool,
    unavailable: AtomicBool,
    alive: watch::Receiver<()>,
}

impl CallHandle {
    /// The call counts as abandoned once the other part is dropped.
    pub(super) fn new(
        tool: ToolName,
        retry: Idempotency,
        limits: CallLimits,
        context: CallContext<'_>,
        redactor: &Redactor,
    ) -> (Arc<Self>, watch::Sender<()>) {
        let (guard, alive) = watch::channel(());
        let handle = Self {
            tool,
            traceparent: context.traceparent.to_owned(),
            retry,
            limits,
            events: context.events,
            redactor: redactor.clone(),
            waits: AtomicU32::new(0),
            sent: AtomicBool::new(false),
            suspected: AtomicBool::new(false),
            unavailable: AtomicBool::new(false),
            alive,
        };
        (Arc::new(handle), guard)
    }

    /// Ends when no caller waits for the reply any more.
    pub(super) async fn abandoned(&self) {
        // nothing is ever sent, so this ends only when the sender is gone
        let _ = self.alive.clone().changed().await;
    }

    /// Writes down that the server limits the rate. Says which time it is, from 0.
    pub(super) fn rate_limited(&self, asked: Option<Duration>) -> u32 {
        let detail = asked.map_or_else(
            || "the server limits the rate".to_owned(),
            |wait| format!("the server asks to wait {} s", wait.as_secs()),
        );
        self.event(EventKind::RateLimited, detail);
        self.waits.fetch_add(1, Ordering::Relaxed)
    }

    /// How often the server limited the rate of this call so far.
    pub(super) fn waits(&self) -> u32 {
        self.waits.load(Ordering::Relaxed)
    }

    /// Writes down a verdict of the server that does not end the call.
    pub(super) fn verdict(&self, kind: EventKind, detail: impl Into<String>) {
        self.event(kind, detail.into());
    }

    /// Remembers whether the call is with the server.
    pub(super) fn set_sent(&self, sent: Sent) {
        self.sent.store(sent == Sent::Perhaps, Ordering::Relaxed);
    }

    pub(super) fn sent(&self) -> Sent {
        if self.sent.load(Ordering::Relaxed) { Sent::Perhaps } else { Sent::No }
    }

    /// Takes a refusal for one of the session. Such a call was not carried out.
    pub(super) fn suspect_session(&self) {
        self.suspected.store(true, Ordering::Relaxed);
        self.set_sent(Sent::No);
    }

    /// Whether a refusal was taken for one of the session: the refusal that a fresh session gets too is real.
    pub(super) fn suspects_session(&self) -> bool {
        self.suspected.load(Ordering::Relaxed)
    }

    /// Writes down what the server refused, and that it failed where no verdict has said so.
    pub(super) fn record(&self, error: &ToolError) {
        match error {
            ToolError::ScopeMissing { .. } => {
                self.event(EventKind::ScopeMissing, error.model_text());
            }
            ToolError::Refused { .. } => self.event(EventKind::ServerRefused, error.to_string()),
            ToolError::Drifted => self.event(EventKind::ToolDrift, error.to_string()),
            ToolError::Infrastructure(_) | ToolError::Lost(_) if !self.unavailable.load(Ordering::Relaxed) => {
                self.event(EventKind::ServerUnavailable, error.model_text());
            }
            _ => {}
        }
    }

    pub(super) fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    fn event(&self, kind: EventKind, detail: String) {
        if kind == EventKind::ServerUnavailable {
            self.unavailable.store(true, Ordering::Relaxed);
        }
        let detail = self.redactor.scrub(&detail);
        self.events.event(SecurityEvent::new(kind, Some(&self.tool), detail));
    }
}

impl fmt::Debug for CallHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CallHandle({})", self.tool)
    }
}

impl From<Effect> for Idempotency {
    fn from(effect: Effect) -> Self {
        match effect {
            Effect::Read => Self::Repeatable,
            Effect::Write | Effect::External => Self::Once,
        }
    }
}
