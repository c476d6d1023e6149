use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use abide_base::{
    clock::{Clock, SystemClock},
    id::ModelId,
};
use async_trait::async_trait;
use tokio::sync::Notify;

use super::limit::{Limit, Turn};
use crate::{Lm, LmError, LmReply, LmRequest};

/// A model that is asked by as many requests side by side as its server bears. The limit halves when the server limits the rate
/// (429), and grows by one for each round of that many successes. Where the server says how long to wait, with a 429 or in the headers
/// of a reply that leaves nothing of the rate ([`LmReply::pause`]), nothing is sent for so long. Clones share the limit.
///
/// Put it around the client, or around [`Budgeted`](crate::Budgeted), so that nothing is reserved while a request waits, and inside
/// [`Retry`](crate::Retry), so that a request that waits to be repeated takes no place.
#[derive(Clone)]
pub struct Paced {
    inner: Arc<dyn Lm>,
    clock: Arc<dyn Clock>,
    longest_pause: Duration,
    shared: Arc<Shared>,
}

struct Shared {
    limit: Mutex<Limit>,
    changed: Notify,
}

/// A request under way; dropping it gives its place to the next.
struct Place<'s>(&'s Shared);

/// More than most servers bear, so that the limit is theirs and not this one's.
const MOST: usize = 64;

impl Paced {
    /// At most 64 requests side by side, no pause longer than 60 s, the machine's clock.
    pub fn new(inner: Arc<dyn Lm>) -> Self {
        let shared = Shared { limit: Mutex::new(Limit::new(MOST)), changed: Notify::new() };
        Self {
            inner,
            clock: Arc::new(SystemClock::new()),
            longest_pause: Duration::from_secs(60),
            shared: Arc::new(shared),
        }
    }

    /// Most requests side by side, and how many there are at first; at least 1.
    #[must_use]
    pub fn most(mut self, most: usize) -> Self {
        self.shared = Arc::new(Shared { limit: Mutex::new(Limit::new(most)), changed: Notify::new() });
        self
    }

    /// The bound of every pause, also where the server asks for more.
    #[must_use]
    pub fn longest_pause(mut self, longest: Duration) -> Self {
        self.longest_pause = longest;
        self
    }

    /// The clock that waits.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// How many requests may be under way by now.
    pub fn limit(&self) -> usize {
        self.shared.limit().now()
    }

    async fn ask(&self, request: &LmRequest) -> Result<LmReply, LmError> {
        let place = self.place().await;
        let sent = self.clock.elapsed();
        let answer = self.inner.complete(request).await;
        self.learn(sent, &answer);
        drop(place);
        answer
    }

    async fn place(&self) -> Place<'_> {
        loop {
            // before the look, so that no change after it is missed
            let changed = self.shared.changed.notified();
            let turn = self.shared.limit().ask(self.clock.elapsed());
            match turn {
                Turn::Now => return Place(&self.shared),
                Turn::Full => changed.await,
                Turn::In(pause) => self.clock.sleep(pause).await,
            }
        }
    }

    fn learn(&self, sent: Duration, answer: &Result<LmReply, LmError>) {
        let now = self.clock.elapsed();
        let until = |pause: Duration| now.saturating_add(pause.min(self.longest_pause));
        let mut limit = self.shared.limit();
        match answer {
            Ok(reply) => {
                limit.succeeded();
                if let Some(pause) = reply.pause {
                    limit.pause(until(pause));
                }
            }
            Err(error) if matches!(error.root(), LmError::RateLimited { .. }) => {
                limit.limited(sent, now);
                if let Some(pause) = error.retry_after() {
                    limit.pause(until(pause));
                }
                tracing::debug!(model = %self.model(), limit = limit.now(), %error, "the model's server limits the rate");
            }
            Err(_) => {}
        }
    }
}

impl Shared {
    fn limit(&self) -> MutexGuard<'_, Limit> {
        self.limit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.limit().done();
        self.0.changed.notify_waiters();
    }
}

#[async_trait]
impl Lm for Paced {
    fn model(&self) -> &ModelId {
        self.inner.model()
    }

    fn settings(&self) -> Vec<String> {
        self.inner.settings()
    }

    async fn complete(&self, request: &LmRequest) -> Result<LmReply, LmError> {
        self.ask(request).await
    }
}

impl fmt::Debug for Paced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Paced").field("model", self.model()).field("limit", &self.limit()).finish_non_exhaustive()
    }
}
