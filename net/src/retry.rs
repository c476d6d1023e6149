use std::time::{Duration, SystemTime};

use http::{
    HeaderMap,
    header::{DATE, RETRY_AFTER},
};

/// The longest wait that [`retry_after`] reports.
pub const MAX_RETRY_AFTER: Duration = Duration::from_secs(3_600);

/// Exponential waits with full jitter: a random part of a ceiling that doubles with every attempt.
///
/// See [Exponential Backoff And Jitter](https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The ceiling of the first wait.
    pub base: Duration,
    /// The ceiling of every wait.
    pub cap: Duration,
}

/// How long a server asks to wait (RFC 9110, section 10.2.3): seconds or an HTTP date; at most [`MAX_RETRY_AFTER`].
/// None without the header or when it says neither. A date counts from the server's own `Date` where it gives one, so that a clock
/// that is wrong here does no harm.
pub fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = if text.bytes().all(|b| b.is_ascii_digit()) {
        Duration::from_secs(text.parse().ok()?)
    } else {
        let date = httpdate::parse_http_date(text).ok()?;
        let sent = headers.get(DATE).and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok());
        date.duration_since(sent.unwrap_or(now)).unwrap_or(Duration::ZERO)
    };
    Some(wait.min(MAX_RETRY_AFTER))
}

impl Backoff {
    /// The wait before the repetition number `attempt`, counted from 0.
    pub fn delay(&self, attempt: u32) -> Duration {
        self.ceiling(attempt).mul_f64(rand::random())
    }

    fn ceiling(&self, attempt: u32) -> Duration {
        self.base.saturating_mul(1_u32.checked_shl(attempt).unwrap_or(u32::MAX)).min(self.cap)
    }
}

impl Default for Backoff {
    /// From a quarter of a second to 8 seconds.
    fn default() -> Self {
        Self { base: Duration::from_millis(250), cap: Duration::from_secs(8) }
    }
}

#[cfg(test)]
mod tests;
