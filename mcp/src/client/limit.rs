//! Limits on what a server sends without being asked, and the token buckets that enforce them by back-pressure.
//!
//! The table "Limits" of docs/servers.md shows these numbers to operators.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use abide_base::{call::ServerId, clock::Clock};
use abide_net::Bytes;

use super::{
    error::Fault,
    flood::{Allowance, Flood, Kind},
};

/// Requests of a server, in one stream or over one pipe: `ping`, `roots/list`, `elicitation/create` and any other.
pub(super) const REQUESTS: Allowance = Allowance { at_once: 100, per_second: 20 };
/// Events, comments and empty lines of one stream, or lines of one pipe, but for the answers to our own requests.
pub(super) const MESSAGES: Allowance = Allowance { at_once: 10_000, per_second: 2_000 };
/// Bytes of the same. A reply that an event stream brings comes on top of what may come at once.
pub(super) const BYTES: Allowance = Allowance { at_once: 4 << 20, per_second: 1 << 20 };
/// A stream is read more slowly when a server sends faster than that. It ends when this was needed for so long in all, unless the
/// server sent less for a while in between.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);
/// So many requests of a server may wait for their answers. The stream is not read further meanwhile.
pub(super) const MAX_UNANSWERED: usize = 16;
/// The time for a server to take the answer to one of its requests.
pub(super) const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// Counts what comes in one stream. Clones count together.
#[derive(Clone)]
pub(super) struct Meter(Arc<Inner>);

struct Inner {
    server: ServerId,
    clock: Arc<dyn Clock>,
    counts: Mutex<Counts>,
}

struct Counts {
    requests: Bucket,
    messages: Bucket,
    bytes: Bucket,
    flood: Option<Flood>,
}

/// A token bucket that may owe: a caller who takes more than there is waits until the debt is paid.
struct Bucket {
    allowance: Allowance,
    patience: Duration,
    left: f64,
    at: Duration,
    waited: Duration,
}

/// Where a chunk of an event stream leaves off.
#[derive(Clone, Copy, Default)]
pub(super) struct Lines {
    last: u8,
    column: usize,
}

impl Meter {
    /// For one stream in which at most one reply of at most `reply` bytes comes. It ends when it was read more slowly for longer than
    /// `patience`, such as [`PATIENCE`].
    pub(super) fn new(server: ServerId, clock: Arc<dyn Clock>, reply: usize, patience: Duration) -> Self {
        let now = clock.elapsed();
        let bytes =
            Allowance { at_once: BYTES.at_once.saturating_add(u32::try_from(reply).unwrap_or(u32::MAX)), ..BYTES };
        let counts = Counts {
            requests: Bucket::full(REQUESTS, patience, now),
            messages: Bucket::full(MESSAGES, patience, now),
            bytes: Bucket::full(bytes, patience, now),
            flood: None,
        };
        Self(Arc::new(Inner { server, clock, counts: Mutex::new(counts) }))
    }

    /// Counts one request of the server, and waits where there were too many.
    ///
    /// # Errors
    ///
    /// When waiting is not enough any more, now or before.
    pub(super) async fn request(&self, calls: usize) -> Result<(), Flood> {
        self.pass(&[(Kind::Requests, 1.0)], calls).await
    }

    /// Counts messages and their bytes, and waits where there were too many. A server with several calls under way over one pipe may
    /// get as many times more.
    ///
    /// # Errors
    ///
    /// As for [`Meter::request`].
    pub(super) async fn messages(&self, messages: f64, bytes: usize, calls: usize) -> Result<(), Flood> {
        #[expect(clippy::cast_precision_loss, reason = "a chunk is no longer than memory")]
        let bytes = bytes as f64;
        self.pass(&[(Kind::Messages, messages), (Kind::Bytes, bytes)], calls).await
    }

    /// Why the stream ended, where it ended for what came in it.
    pub(super) fn flood(&self) -> Option<Flood> {
        self.0.counts.lock().unwrap_or_else(PoisonError::into_inner).flood.clone()
    }

    async fn pass(&self, taken: &[(Kind, f64)], calls: usize) -> Result<(), Flood> {
        let wait = self.take(taken, calls)?;
        if !wait.is_zero() {
            self.0.clock.sleep(wait).await;
        }
        Ok(())
    }

    fn take(&self, taken: &[(Kind, f64)], calls: usize) -> Result<Duration, Flood> {
        let mut counts = self.0.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flood) = &counts.flood {
            return Err(flood.clone());
        }
        let now = self.0.clock.elapsed();
        let mut longest = Duration::ZERO;
        for (kind, amount) in taken {
            let bucket = match kind {
                Kind::Requests => &mut counts.requests,
                Kind::Messages => &mut counts.messages,
                Kind::Bytes => &mut counts.bytes,
            };
            match bucket.take(*amount, now, calls) {
                Some(wait) => longest = longest.max(wait),
                None => {
                    let flood = Flood { server: self.0.server.clone(), kind: *kind, limit: bucket.allowance };
                    counts.flood = Some(flood.clone());
                    return Err(flood);
                }
            }
        }
        Ok(longest)
    }
}

impl Bucket {
    fn full(allowance: Allowance, patience: Duration, now: Duration) -> Self {
        Self { allowance, patience, left: allowance.at_once.into(), at: now, waited: Duration::ZERO }
    }

    /// How long to wait after taking so much; `None` if that is too long.
    fn take(&mut self, amount: f64, now: Duration, calls: usize) -> Option<Duration> {
        let share = f64::from(u32::try_from(calls.max(1)).unwrap_or(u32::MAX));
        let (at_once, rate) = (f64::from(self.allowance.at_once), f64::from(self.allowance.per_second) * share);
        self.left = (self.left + now.saturating_sub(self.at).as_secs_f64() * rate).min(at_once);
        self.at = now;
        if self.left >= at_once / 2.0 {
            self.waited = Duration::ZERO;
        }
        self.left -= amount;
        if self.left >= 0.0 {
            return Some(Duration::ZERO);
        }
        let wait = Duration::try_from_secs_f64(-self.left / rate).unwrap_or(Duration::MAX);
        self.waited = self.waited.saturating_add(wait);
        (self.waited <= self.patience).then_some(wait)
    }
}

impl Lines {
    /// How many messages a chunk of an event stream counts for: one for each comment and each end of an event, and one for sixteen
    /// other lines, of which a reply may have many. Each of LF, CR LF and CR ends a line.
    pub(super) fn weigh(&mut self, chunk: &Bytes) -> f64 {
        let (mut messages, mut lines) = (0_u32, 0_u32);
        for byte in chunk {
            let last = std::mem::replace(&mut self.last, *byte);
            match byte {
                b'\n' if last == b'\r' => {}
                b'\n' | b'\r' => {
                    lines += 1;
                    messages += u32::from(self.column == 0);
                    self.column = 0;
                }
                byte => {
                    messages += u32::from(*byte == b':' && self.column == 0);
                    self.column += 1;
                }
            }
        }
        f64::from(messages) + f64::from(lines) / 16.0
    }
}

impl From<Flood> for Fault {
    fn from(flood: Flood) -> Self {
        Self::Flood(flood)
    }
}

/// The longest answer to anything but a call, and the longest event of a stream that belongs to none, in bytes.
pub(crate) const MAX_REPLY: usize = 1 << 20;

#[cfg(test)]
mod tests;
