use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use abide_base::id::RunId;
use tokio::sync::{Mutex as AsyncMutex, MutexGuard as Turn};

/// A fair queue over runs: calls wait in the order of coming, of each run one at most, so a run with a thousand calls takes turns with one
/// that has a single one.
#[derive(Default)]
pub(super) struct Queue {
    order: AsyncMutex<()>,
    /// Held by the one call of the run that stands in the queue; runs of which no call waits have no entry.
    runs: Mutex<HashMap<RunId, Weak<AsyncMutex<()>>>>,
}

/// A call that waits, until it is dropped.
pub(super) struct Waiting<'q> {
    queue: &'q Queue,
    run: RunId,
    /// `None` while it is dropped.
    own: Option<Arc<AsyncMutex<()>>>,
}

impl Queue {
    /// The turn of a call that finds no other waiting.
    pub(super) fn try_turn(&self) -> Option<Turn<'_, ()>> {
        self.order.try_lock().ok()
    }

    pub(super) fn enter(&self, run: RunId) -> Waiting<'_> {
        let mut runs = self.runs();
        let own = runs.get(&run).and_then(Weak::upgrade).unwrap_or_default();
        runs.insert(run, Arc::downgrade(&own));
        drop(runs);
        Waiting { queue: self, run, own: Some(own) }
    }

    /// How many runs have calls that wait.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.runs().len()
    }

    fn runs(&self) -> MutexGuard<'_, HashMap<RunId, Weak<AsyncMutex<()>>>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting<'_> {
    /// Waits for the turn of the call: first within its run, then among the runs. Both last until the result is dropped.
    pub(super) async fn turn(&self) -> (Turn<'_, ()>, Option<Turn<'_, ()>>) {
        let own = match &self.own {
            Some(own) => Some(own.lock().await),
            None => None,
        };
        (self.queue.order.lock().await, own)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut runs = self.queue.runs();
        self.own = None;
        if runs.get(&self.run).is_some_and(|own| own.strong_count() == 0) {
            runs.remove(&self.run);
        }
    }
}
