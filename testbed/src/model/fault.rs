//! How the server misbehaves on purpose, for tests of clients.
//!
//! A fault is planned with [`super::Options::fault`], or asked for by one request in its header `x-stand-in-fault`:
//! a comma-separated list of `rate-limited`, `rate-limited;retry-after=2`, `status=503`, `truncated`, `malformed`, `no-usage`
//! and `latency=20` (milliseconds).

use std::time::Duration;

/// The header by which a request asks for faults.
pub const HEADER: &str = "x-stand-in-fault";

/// One way to misbehave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Answers late.
    Latency(Duration),
    /// Answers 429, with `Retry-After` (in seconds) if one is given.
    RateLimited(Option<u64>),
    /// Answers with this status (500 to 599) and an error body.
    Status(u16),
    /// Cuts the reply in half, with the finish reason `length`.
    Truncated,
    /// Answers 200 with a body that is not JSON.
    Malformed,
    /// Leaves `usage` out.
    NoUsage,
}

/// Which requests a fault befalls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum When {
    /// All.
    Always,
    /// The first so many.
    First(u64),
    /// Every so-manieth (the second, fourth … for 2). 0 is never.
    Every(u64),
}

impl When {
    /// Whether the `nth` request (counted from 0) is befallen.
    #[must_use]
    pub fn befalls(self, nth: u64) -> bool {
        match self {
            Self::Always => true,
            Self::First(count) => nth < count,
            Self::Every(step) => (nth + 1).checked_rem(step) == Some(0),
        }
    }
}

/// Reads the header; what cannot be read is left out.
#[must_use]
pub fn asked_for(header: &str) -> Vec<Fault> {
    header.split(',').filter_map(|item| one(item.trim())).collect()
}

fn one(item: &str) -> Option<Fault> {
    let number = |prefix: &str| item.strip_prefix(prefix).and_then(|digits| digits.parse::<u64>().ok());
    match item {
        "rate-limited" => Some(Fault::RateLimited(None)),
        "truncated" => Some(Fault::Truncated),
        "malformed" => Some(Fault::Malformed),
        "no-usage" => Some(Fault::NoUsage),
        _ => number("rate-limited;retry-after=")
            .map(|seconds| Fault::RateLimited(Some(seconds)))
            .or_else(|| number("latency=").map(|millis| Fault::Latency(Duration::from_millis(millis))))
            .or_else(|| {
                number("status=")
                    .and_then(|status| u16::try_from(status).ok())
                    .filter(|status| (500..600).contains(status))
                    .map(Fault::Status)
            }),
    }
}
