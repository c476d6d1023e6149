use abide_base::{
    event::{EventSink, SecurityEvent},
    secret::Redactor,
};

/// Takes secrets out of events before they are written down.
#[derive(Clone, Copy)]
pub(super) struct Scrubbed<'a> {
    pub(super) sink: &'a dyn EventSink,
    pub(super) redactor: &'a Redactor,
}

impl EventSink for Scrubbed<'_> {
    fn event(&self, mut event: SecurityEvent) {
        event.detail = self.redactor.scrub(&event.detail).into_owned();
        self.sink.event(event);
    }

    fn module(&self) -> Option<&str> {
        self.sink.module()
    }
}
