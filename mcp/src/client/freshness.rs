use std::sync::atomic::{AtomicU64, Ordering};

/// How often the list may have become another one. Shared by all who may hear of it.
#[derive(Default)]
pub(super) struct Freshness(AtomicU64);

impl Freshness {
    /// The list may be another one from now on.
    pub(super) fn invalidate(&self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }

    pub(super) fn count(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}
