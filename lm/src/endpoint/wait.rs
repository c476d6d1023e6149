//! How long a server asks to wait, in each of the forms that servers say it.

use std::time::{Duration, SystemTime};

use abide_net::{self as net, MAX_RETRY_AFTER};
use http::HeaderMap;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{
    duration::{duration, leading_duration},
    said::Said,
};

/// What stands before a duration in a message.
const PHRASES: [&str; 6] =
    ["try again in ", "try again after ", "retry in ", "retry after ", "retrying in ", "please wait "];

/// How long to wait after a failure: `retry-after-ms`, `Retry-After`, `RetryInfo` in the body, a duration in the message, and last the
/// reset of a limit of which nothing remains. At most [`MAX_RETRY_AFTER`].
pub(super) fn after_failure(headers: &HeaderMap, said: &Said, now: SystemTime) -> Option<Duration> {
    milliseconds(headers)
        .or_else(|| net::retry_after(headers, now))
        .or(said.retry_delay)
        .or_else(|| in_words(&said.words))
        .or_else(|| reset(headers, now))
        .map(|wait| wait.min(MAX_RETRY_AFTER))
}

/// How long the limits of a rate leave nothing for a further request.
pub(super) fn until_more(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    LIMITS
        .iter()
        .filter(|limit| limit.remaining(headers) == Some(0))
        .filter_map(|limit| limit.reset(headers, now))
        .max()
}

struct Limit {
    remaining: &'static str,
    reset: &'static str,
}

/// Those of OpenAI and its like, which reset after a duration, and of Anthropic, which reset at a time (RFC 3339).
const LIMITS: [Limit; 5] = [
    Limit { remaining: "x-ratelimit-remaining-requests", reset: "x-ratelimit-reset-requests" },
    Limit { remaining: "x-ratelimit-remaining-tokens", reset: "x-ratelimit-reset-tokens" },
    Limit { remaining: "anthropic-ratelimit-requests-remaining", reset: "anthropic-ratelimit-requests-reset" },
    Limit { remaining: "anthropic-ratelimit-input-tokens-remaining", reset: "anthropic-ratelimit-input-tokens-reset" },
    Limit {
        remaining: "anthropic-ratelimit-output-tokens-remaining",
        reset: "anthropic-ratelimit-output-tokens-reset",
    },
];

impl Limit {
    fn remaining(&self, headers: &HeaderMap) -> Option<u64> {
        number(headers, self.remaining)
    }

    fn reset(&self, headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
        let text = headers.get(self.reset)?.to_str().ok()?;
        let at = |text| OffsetDateTime::parse(text, &Rfc3339).ok().map(SystemTime::from);
        let wait = duration(text).or_else(|| Some(at(text)?.duration_since(now).unwrap_or_default()))?;
        Some(wait.min(MAX_RETRY_AFTER))
    }
}

fn milliseconds(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("retry-after-ms")?.to_str().ok()?;
    Duration::try_from_secs_f64(text.trim().parse::<f64>().ok()? / 1_000.0).ok()
}

/// Limits that something remains of are not what failed.
fn reset(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let unknown = LIMITS.iter().filter(|limit| limit.remaining(headers).is_none());
    until_more(headers, now).or_else(|| unknown.filter_map(|limit| limit.reset(headers, now)).max())
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

fn in_words(message: &str) -> Option<Duration> {
    let message = message.to_ascii_lowercase();
    PHRASES.iter().find_map(|phrase| {
        let after = message.split_once(phrase)?.1;
        leading_duration(after).map(|(duration, _)| duration)
    })
}

#[cfg(test)]
mod tests;
