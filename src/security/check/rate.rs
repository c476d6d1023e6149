//! Permitted calls in a time, over all runs together.

use std::{fmt, sync::Arc, time::Duration};

use governor::{
    Quota, RateLimiter,
    clock::Clock as GovernorClock,
    middleware::NoOpMiddleware,
    state::{InMemoryState, NotKeyed},
};

use super::Denied;
use crate::{clock::Clock, event::EventKind, security::boundary::Rate};

/// Longer than this nobody waits for a place.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// The one limiter of a guard.
pub(in crate::security) struct Limiter {
    cells: RateLimiter<NotKeyed, InMemoryState, Ticks, NoOpMiddleware<Duration>>,
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
        Self { cells: RateLimiter::direct_with_clock(quota, Ticks(Arc::clone(&clock))), clock }
    }

    /// Takes a place, however long that takes.
    pub(in crate::security) async fn wait(&self) {
        while let Err(later) = self.cells.check() {
            self.clock.sleep(later.wait_time_from(self.clock.elapsed())).await;
        }
    }

    /// Takes a place, waiting for it if the wait is short.
    pub(in crate::security) async fn pass(&self) -> Result<(), Denied> {
        let start = self.clock.elapsed();
        while let Err(later) = self.cells.check() {
            let now = self.clock.elapsed();
            let wait = later.wait_time_from(now);
            if now.saturating_sub(start) + wait > MAX_WAIT {
                let detail = format!(
                    "all runs together are at the boundary's rate, and {} s are too long to wait",
                    wait.as_secs()
                );
                return Err(Denied::new(EventKind::RateLimited, detail));
            }
            self.clock.sleep(wait).await;
        }
        Ok(())
    }
}

impl fmt::Debug for Limiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Limiter")
    }
}
