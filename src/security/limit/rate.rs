//! Permitted calls in a time, over all runs together, each of which gets its share.

use std::{fmt, sync::Arc, time::Duration};

use governor::{
    Quota, RateLimiter,
    clock::Clock as GovernorClock,
    middleware::NoOpMiddleware,
    state::{InMemoryState, NotKeyed},
};
use tokio::sync::Mutex;

use super::super::check::Denied;
use crate::{clock::Clock, event::EventKind, security::policy::Rate};

/// Longer than this nobody waits for a place.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// The one limiter of a guard.
pub(in crate::security) struct Limiter {
    cells: RateLimiter<NotKeyed, InMemoryState, Ticks, NoOpMiddleware<Duration>>,
    /// Whose turn it is, in the order of coming.
    queue: Mutex<()>,
    clock: Arc<dyn Clock>,
}

#[derive(Clone)]
struct Ticks(Arc<dyn Clock>);

impl GovernorClock for Ticks {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

impl Limiter {
    pub(in crate::security) fn new(rate: Rate, clock: Arc<dyn Clock>) -> Self {
        let each = (rate.per / rate.calls.get()).max(Duration::from_nanos(1));
        let quota = Quota::with_period(each).unwrap_or(Quota::per_minute(rate.calls)).allow_burst(rate.burst);
        Self { cells: RateLimiter::direct_with_clock(quota, Ticks(Arc::clone(&clock))), queue: Mutex::new(()), clock }
    }

    /// Takes a place, however long that takes.
    pub(in crate::security) async fn wait(&self) {
        while let Err(later) = self.cells.check() {
            self.clock.sleep(later.wait_time_from(self.clock.elapsed())).await;
        }
    }

    /// Takes a place, waiting for it if the wait is short. Of each run one call at most stands in the queue (`run` is held by it), so
    /// a run with a thousand calls takes turns with one that has a single one.
    pub(in crate::security) async fn pass(&self, run: &Mutex<()>) -> Result<(), Denied> {
        if let Ok(_turn) = self.queue.try_lock()
            && self.cells.check().is_ok()
        {
            return Ok(());
        }
        let turn = async {
            let _mine = run.lock().await;
            let _turn = self.queue.lock().await;
            self.take().await
        };
        tokio::select! {
            biased;
            taken = turn => taken,
            () = self.clock.sleep(MAX_WAIT) => Err(too_long(MAX_WAIT)),
        }
    }

    async fn take(&self) -> Result<(), Denied> {
        while let Err(later) = self.cells.check() {
            let wait = later.wait_time_from(self.clock.elapsed());
            if wait > MAX_WAIT {
                return Err(too_long(wait));
            }
            self.clock.sleep(wait).await;
        }
        Ok(())
    }
}

fn too_long(wait: Duration) -> Denied {
    let detail = format!("all runs together are at the boundary's rate, and {} s are too long to wait", wait.as_secs());
    Denied::new(EventKind::RateLimited, detail)
}

impl fmt::Debug for Limiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Limiter")
    }
}

#[cfg(test)]
mod tests;
