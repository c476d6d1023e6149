//! Asking again after transient failures.

use std::{fmt, sync::Arc, time::Duration};

use abide_base::{
    clock::{Clock, SystemClock},
    id::ModelId,
};
use abide_net::Backoff;
use async_trait::async_trait;

use crate::{Lm, LmError, LmReply, LmRequest};

/// A model that is asked again after a transient failure ([`LmError::is_transient`]). The waits follow [`Backoff`]; they are never
/// shorter than the server's `Retry-After`, and never longer than the longest wait.
///
/// Put it outermost: around a [`Budgeted`](crate::Budgeted) model every single attempt is reserved and counted.
#[derive(Clone)]
pub struct Retry {
    inner: Arc<dyn Lm>,
    clock: Arc<dyn Clock>,
    repetitions: u32,
    backoff: Backoff,
    longest_wait: Duration,
}

impl Retry {
    /// Up to 3 repetitions, the default [`Backoff`], longest wait 30 s, the machine's clock.
    pub fn new(inner: Arc<dyn Lm>) -> Self {
        Self {
            inner,
            clock: Arc::new(SystemClock::new()),
            repetitions: 3,
            backoff: Backoff::default(),
            longest_wait: Duration::from_secs(30),
        }
    }

    /// How often a request is sent again at most; 0 turns repetition off.
    #[must_use]
    pub fn repetitions(mut self, repetitions: u32) -> Self {
        self.repetitions = repetitions;
        self
    }

    /// How waits grow where the server does not ask for one.
    #[must_use]
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// The bound of every wait, also where the server asks for more.
    #[must_use]
    pub fn longest_wait(mut self, longest: Duration) -> Self {
        self.longest_wait = longest;
        self
    }

    /// The clock that waits.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    async fn ask(&self, request: &LmRequest) -> Result<LmReply, LmError> {
        let (mut failed, mut sent) = (0_u32, 0_u32);
        loop {
            match self.inner.complete(request).await {
                Ok(mut reply) => {
                    reply.attempts = reply.attempts.saturating_add(sent);
                    return Ok(reply);
                }
                Err(error) if failed < self.repetitions && error.is_transient() => {
                    let wait = self.wait(failed, error.retry_after());
                    failed += 1;
                    sent = sent.saturating_add(error.attempts());
                    tracing::debug!(model = %self.model(), failed, ?wait, %error, "asking the model again");
                    self.clock.sleep(wait).await;
                }
                Err(last) => {
                    let attempts = sent.saturating_add(last.attempts());
                    return Err(if failed > 0 { last.after(attempts) } else { last });
                }
            }
        }
    }

    fn wait(&self, failed: u32, retry_after: Option<Duration>) -> Duration {
        self.backoff.delay(failed).max(retry_after.unwrap_or_default()).min(self.longest_wait)
    }
}

#[async_trait]
impl Lm for Retry {
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

impl fmt::Debug for Retry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retry")
            .field("model", self.model())
            .field("repetitions", &self.repetitions)
            .field("backoff", &self.backoff)
            .field("longest_wait", &self.longest_wait)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
