use std::sync::{Arc, Mutex, PoisonError};

use abide_base::{
    event::{EventKind, EventSink, SecurityEvent, Severity},
    id::RunId,
    secret::Redactor,
};

use super::{Episode, Exchange, ModelStep, Step, ToolStep};

/// Writes down what happens in a run; clones write into one record. Scrubs secrets on the way in.
#[derive(Clone, Debug)]
pub struct Recorder {
    record: Arc<Mutex<Episode>>,
    redactor: Redactor,
    asker: Option<Arc<str>>,
}

impl Recorder {
    /// An empty record of a run.
    pub fn new(run: RunId, seed: u64, redactor: Redactor) -> Self {
        Self { record: Arc::new(Mutex::new(Episode::empty(run, seed))), redactor, asker: None }
    }

    /// The same record, for a module that wants calls made.
    #[must_use]
    pub fn asked_by(&self, module: &str) -> Self {
        Self { asker: Some(module.into()), ..self.clone() }
    }

    /// Writes down a model call.
    pub fn model(&self, mut step: ModelStep) {
        for text in [&mut step.failure, &mut step.request_id].into_iter().flatten() {
            *text = self.redactor.scrub(text).into_owned();
        }
        self.with(|episode| {
            episode.usage += step.usage;
            episode.steps.push(Step::Model(step));
        });
    }

    /// Writes down a wanted tool call.
    pub fn tool(&self, mut step: ToolStep) {
        self.redactor.scrub_json(&mut step.observation);
        self.redactor.scrub_map(&mut step.arguments);
        self.with(|episode| episode.steps.push(Step::Tool(step)));
    }

    /// Writes down an exchange of a slot.
    pub fn exchange(&self, mut exchange: Exchange) {
        self.redactor.scrub_map(&mut exchange.inputs.0);
        self.redactor.scrub_map(&mut exchange.outputs.0);
        self.with(|episode| episode.exchanges.push(exchange));
    }

    /// Writes down an event, at the current step.
    pub fn event(&self, mut event: SecurityEvent) {
        event.detail = self.redactor.scrub(&event.detail).into_owned();
        if event.kind.severity() >= Severity::Medium {
            tracing::warn!(
                code = event.kind.code(),
                tool = event.tool.as_ref().map(|t| t.as_str()),
                "{}",
                event.detail
            );
        } else {
            tracing::debug!(
                code = event.kind.code(),
                tool = event.tool.as_ref().map(|t| t.as_str()),
                "{}",
                event.detail
            );
        }
        self.with(|episode| {
            event.step = u32::try_from(episode.steps.len()).unwrap_or(u32::MAX);
            episode.events.push(event);
        });
    }

    /// Whether an event of a kind was written down.
    pub fn has(&self, kind: EventKind) -> bool {
        self.with(|episode| episode.events.iter().any(|event| event.kind == kind))
    }

    /// The record so far, taken out.
    pub fn finish(self, elapsed: std::time::Duration) -> Episode {
        self.with(|episode| {
            let empty = Episode::empty(episode.run, episode.seed);
            Episode { elapsed, ..std::mem::replace(episode, empty) }
        })
    }

    /// What it scrubs with.
    pub fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    fn with<T>(&self, change: impl FnOnce(&mut Episode) -> T) -> T {
        change(&mut self.record.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl EventSink for Recorder {
    fn event(&self, event: SecurityEvent) {
        self.event(event);
    }

    fn module(&self) -> Option<&str> {
        self.asker.as_deref()
    }
}
