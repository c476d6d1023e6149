//! Durations as servers write them.

use std::time::Duration;

/// Units of durations and their nanoseconds.
const UNITS: [(&str, f64); 18] = [
    ("ns", 1.0),
    ("us", 1e3),
    ("µs", 1e3),
    ("ms", 1e6),
    ("milliseconds", 1e6),
    ("s", 1e9),
    ("sec", 1e9),
    ("secs", 1e9),
    ("second", 1e9),
    ("seconds", 1e9),
    ("m", 6e10),
    ("min", 6e10),
    ("mins", 6e10),
    ("minute", 6e10),
    ("minutes", 6e10),
    ("h", 3.6e12),
    ("hour", 3.6e12),
    ("hours", 3.6e12),
];
/// A duration as Go and Google write it (`6m0s`, `1.5s`, `350ms`), or in words (`20 seconds`); a bare number is seconds.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    match text.parse::<f64>() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds).ok(),
        Err(_) => leading_duration(text).filter(|(_, rest)| rest.is_empty()).map(|(duration, _)| duration),
    }
}

/// The duration that a text begins with, and what follows it.
pub(super) fn leading_duration(text: &str) -> Option<(Duration, &str)> {
    let mut rest = text;
    let mut nanos = 0.0;
    let mut any = false;
    while let Some((part, after)) = leading_part(rest.trim_start()) {
        nanos += part;
        rest = after;
        any = true;
    }
    any.then(|| Duration::try_from_secs_f64(nanos / 1e9).ok()).flatten().map(|duration| (duration, rest))
}

/// One number and its unit, in nanoseconds.
fn leading_part(text: &str) -> Option<(f64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, after) = text.split_at_checked(end)?;
    let number: f64 = number.parse().ok()?;
    let after = after.trim_start();
    let end = after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len());
    let (word, rest) = after.split_at_checked(end)?;
    let (_, nanos) = UNITS.iter().find(|(unit, _)| *unit == word)?;
    Some((number * nanos, rest))
}
