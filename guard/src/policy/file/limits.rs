//! `[limits]`.

use std::time::Duration;

use crate::policy::{Limits, Rate, Table, WindowLimit};

pub(super) const KEYS: &[&str] = &["tool_calls", "outgoing_bytes", "rate", "burst", "caller", "all"];

pub(super) fn limits(table: &Table<'_>) -> Limits {
    Limits {
        tool_calls: table.count("tool_calls"),
        outgoing_bytes: table.count("outgoing_bytes"),
        rate: rate(table),
        caller: table.table("caller").and_then(limit),
        all: table.table("all").and_then(limit),
    }
}

/// The rate of the key `rate`; anything else is a problem.
pub fn rate(table: &Table<'_>) -> Option<Rate> {
    let burst = table.count("burst");
    let rate = table.text("rate").and_then(|text| table.parsed::<Rate>("rate", text));
    if burst.is_some() && !table.has("rate") {
        table.problem("burst", "means nothing without `rate`: set that too");
    }
    rate.map(|rate| Rate { burst: burst.unwrap_or(rate.burst), ..rate })
}

fn limit(table: Table<'_>) -> Option<WindowLimit> {
    let window = table.required("window").and_then(|text| {
        let window = duration(text);
        if window.is_none() {
            table.problem("window", "must be a time from `1s` to `31d`, such as `10m`, `24h` or `7d`");
        }
        window
    });
    let limit = WindowLimit {
        window: window.unwrap_or_default(),
        calls: table.count("calls"),
        distinct: table.count("distinct"),
        outgoing_bytes: table.count("outgoing_bytes"),
    };
    if limit == WindowLimit::new(limit.window) {
        table.problem_here("limits nothing: set `calls`, `distinct` or `outgoing_bytes`");
    }
    table.finish(&["window", "calls", "distinct", "outgoing_bytes"]);
    window.map(|_| limit)
}

/// A time such as `90s`, `10m`, `24h` or `7d`.
pub fn duration(text: &str) -> Option<Duration> {
    let unit = match text.chars().last()? {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return None,
    };
    let seconds = text.get(..text.len() - 1)?.parse::<u32>().ok()?;
    let seconds = u64::from(seconds) * unit;
    (1..=31 * 86_400).contains(&seconds).then(|| Duration::from_secs(seconds))
}
