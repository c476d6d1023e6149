//! A token bucket: permitted calls in a time, over all runs together, each of which gets its share.

use std::{fmt, sync::Arc, time::Duration};

use abide_base::{clock::Clock, event::EventKind, id::RunId};
use governor::{
    Quota, RateLimiter,
    clock::Clock as GovernorClock,
    middleware::NoOpMiddleware,
    state::{InMemoryState, NotKeyed},
};

use super::queue::Queue;
use crate::{check::Denied, policy::Rate};

/// Longer than this no call waits for a place.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// The one limiter of a guard.
pub struct Limiter {
    cells: RateLimiter<NotKeyed, InMemoryState, Ticks, NoOpMiddleware<Duration>>,
    queue: Queue,
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
    /// A limiter whose bucket is full.
    pub fn new(rate: Rate, clock: Arc<dyn Clock>) -> Self {
        let each = (rate.per / rate.calls.get()).max(Duration::from_nanos(1));
        let quota = Quota::with_period(each).unwrap_or(Quota::per_minute(rate.calls)).allow_burst(rate.burst);
        Self { cells: RateLimiter::direct_with_clock(quota, Ticks(Arc::clone(&clock))), queue: Queue::default(), clock }
    }

    /// Takes a place, however long that takes.
    pub async fn wait(&self) {
        while let Err(later) = self.cells.check() {
            self.clock.sleep(later.wait_time_from(self.clock.elapsed())).await;
        }
    }

    /// Takes a place for a call of a run, waiting for it if the wait is short.
    pub(crate) async fn pass(&self, run: RunId) -> Result<(), Denied> {
        if let Some(_turn) = self.queue.try_turn()
            && self.cells.check().is_ok()
        {
            return Ok(());
        }
        let waiting = self.queue.enter(run);
        let turn = async {
            let _turn = waiting.turn().await;
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
