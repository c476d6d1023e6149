use std::{fmt, num::NonZeroU32, str::FromStr, time::Duration};

use serde::Serialize;

use super::super::{
    duration,
    order::{Order, by_most, either},
    reader::Table,
};
use super::keys::key_table;

key_table! {
    /// Limits over all tools.
    #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
    pub struct Limits;
    required {}
    optional {
        /// Most calls that one run may ask for; refused ones count, so that a loop ends.
        #[serde(skip_serializing_if = "Option::is_none")]
        tool_calls: Option<NonZeroU32> = |table, key| table.count(key), Some(most);
        /// Most bytes of text that one run may send to outside recipients: the arguments of its permitted calls with the effect `external`.
        #[serde(skip_serializing_if = "Option::is_none")]
        outgoing_bytes: Option<NonZeroU32> = |table, key| table.count(key), Some(most);
        /// Permitted calls in a time, over all runs together.
        #[serde(skip_serializing_if = "Option::is_none")]
        rate: Option<Rate> = |table, _| Rate::read(table), Some(Rate::order),
            shown |rate| rate.map(|rate| rate.to_string().into());
        /// What all runs of one caller may do in a time; runs without a caller count as those of one.
        #[serde(skip_serializing_if = "Option::is_none")]
        caller: Option<WindowLimit> = window, None;
        /// What all runs together may do in a time.
        #[serde(skip_serializing_if = "Option::is_none")]
        all: Option<WindowLimit> = window, None;
    }
    beside "burst"
}

key_table! {
    /// What may be done in a time, over many runs. Kept in memory, for each process.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
    pub struct WindowLimit;
    required {
        /// The time that counts, up to now.
        window: Duration = time,
            // the same number in a longer time is less
            Some(|old, new| by_most(Some(old), Some(new)).reversed()),
            shown |window| Some(format!("{}s", window.as_secs()).into());
    }
    optional {
        /// Most permitted calls in it.
        #[serde(skip_serializing_if = "Option::is_none")]
        calls: Option<NonZeroU32> = |table, key| table.count(key), Some(most);
        /// Most distinct values in it of all arguments that tools count by `distinct`.
        #[serde(skip_serializing_if = "Option::is_none")]
        distinct: Option<NonZeroU32> = |table, key| table.count(key), Some(most);
        /// Most bytes sent to outside recipients in it, counted as in [`Limits::outgoing_bytes`].
        #[serde(skip_serializing_if = "Option::is_none")]
        outgoing_bytes: Option<NonZeroU32> = |table, key| table.count(key), Some(most);
    }
}

/// Calls in a time: `10/s` or `600/m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Rate {
    /// Calls in one `per`.
    pub calls: NonZeroU32,
    /// One second or one minute.
    pub per: Duration,
    /// Calls that may come at once after a pause.
    pub burst: NonZeroU32,
}

/// A text that is not a rate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a rate: write calls in a second or a minute, such as `10/s` or `600/m`")]
pub struct RateError(String);

fn most(old: &Option<NonZeroU32>, new: &Option<NonZeroU32>) -> Order {
    by_most(old.as_ref(), new.as_ref())
}

fn window(table: &Table<'_>, key: &str) -> Option<WindowLimit> {
    let table = table.table(key)?;
    let limits: Vec<&str> = WindowLimit::KEYS.iter().copied().filter(|key| *key != "window").collect();
    if !limits.iter().any(|key| table.has(key)) {
        table.problem_here(format!("limits nothing: set one of `{}`", limits.join("`, `")));
    }
    WindowLimit::read(table)
}

fn time(table: &Table<'_>, key: &str) -> Option<Duration> {
    let time = duration(table.required(key)?);
    if time.is_none() {
        table.problem(key, "must be a time from `1s` to `31d`, such as `10m`, `24h` or `7d`");
    }
    time
}

impl Rate {
    /// The rate of the keys `rate` and `burst`; anything else is a problem.
    #[doc(hidden)]
    pub fn read(table: &Table<'_>) -> Option<Self> {
        let burst = table.count("burst");
        let rate = table.text("rate").and_then(|text| table.parsed::<Self>("rate", text));
        if burst.is_some() && !table.has("rate") {
            table.problem("burst", "means nothing without `rate`: set that too");
        }
        rate.map(|rate| Self { burst: burst.unwrap_or(rate.burst), ..rate })
    }

    /// One that is higher on average and in its bursts is wider, and none is the widest.
    #[doc(hidden)]
    pub fn order(old: &Option<Self>, new: &Option<Self>) -> Order {
        let per_hour = |rate: &Self| u128::from(rate.calls.get()) * 3_600_000_000_000 / rate.per.as_nanos().max(1);
        either(old.as_ref(), new.as_ref(), |old, new| {
            Order::of(old, new, |one, other| per_hour(one) >= per_hour(other) && one.burst >= other.burst)
        })
    }
}

/// As a boundary writes it, with its burst where that is another number.
impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let per = if self.per == Duration::from_secs(1) { "s" } else { "m" };
        write!(f, "{}/{per}", self.calls)?;
        if self.burst == self.calls { Ok(()) } else { write!(f, ", burst {}", self.burst) }
    }
}

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        let error = || RateError(text.chars().take(40).collect());
        let (calls, per) = text.split_once('/').ok_or_else(error)?;
        let per = match per {
            "s" => Duration::from_secs(1),
            "m" => Duration::from_secs(60),
            _ => return Err(error()),
        };
        let calls: NonZeroU32 = calls.parse().map_err(|_| error())?;
        Ok(Self { calls, per, burst: calls })
    }
}
