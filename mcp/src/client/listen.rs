//! How often a server's stream of unasked messages is opened again within one connection.

use std::time::Duration;

/// The openings so far.
#[derive(Debug, Default)]
pub(super) struct Listening {
    opened: Option<Duration>,
    short: u32,
    stopped: bool,
    last_event: Option<String>,
    retry: Duration,
}

/// A stream that ended sooner was not worth opening.
const WORTHWHILE: Duration = Duration::from_secs(5);
/// So many short streams in a row, and the server is not listened to any more. Its list of tools is asked for by age then.
const MAX_SHORT: u32 = 20;
/// So many of them are opened again without a wait of our own.
const FREE: u32 = 3;
const MAX_WAIT: Duration = Duration::from_secs(60);

impl Listening {
    /// How long to wait before it is opened, and after which event; none when it is not to be opened any more.
    pub(super) fn admit(&mut self, now: Duration) -> Option<(Duration, Option<String>)> {
        if self.stopped {
            return None;
        }
        if let Some(opened) = self.opened {
            self.short = if now.saturating_sub(opened) < WORTHWHILE { self.short + 1 } else { 0 };
        }
        if self.short > MAX_SHORT {
            tracing::warn!("a stream that is listened to ended at once {MAX_SHORT} times: it is not opened any more");
            self.stopped = true;
            return None;
        }
        let own = match self.short.saturating_sub(FREE) {
            0 => Duration::ZERO,
            times => Duration::from_secs(1).saturating_mul(2_u32.saturating_pow(times)).min(MAX_WAIT),
        };
        let wait = own.max(std::mem::take(&mut self.retry).min(MAX_WAIT));
        self.opened = Some(now.saturating_add(wait));
        Some((wait, self.last_event.take()))
    }

    /// It ended, after this event. The server wants some time to pass before it is opened again.
    pub(super) fn ended(&mut self, last_event: Option<String>, retry: Option<Duration>) {
        self.last_event = last_event;
        self.retry = retry.unwrap_or_default();
    }

    /// It is not opened again.
    pub(super) fn stop(&mut self) {
        self.stopped = true;
    }
}

#[cfg(test)]
mod tests;
