use std::time::Duration;

use serde_json::Value;

use super::super::{order::Order, reader::Table};

/// What one call of a server's tool may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallLimits {
    /// The time for the whole call, waits and repetitions included.
    pub timeout: Duration,
    /// The time for one exchange: until the whole reply, or the beginning of a stream. Also the longest silence in a stream.
    pub exchange: Duration,
    /// The longest reply that is read, and the longest event of a stream of replies, in bytes.
    pub receive_bytes: usize,
    /// The most of a reply that a program is shown, in bytes of JSON. A longer one is cut.
    pub shown_bytes: usize,
}

impl CallLimits {
    /// The longest time that a boundary may set.
    pub(crate) const MAX_TIMEOUT: Duration = Duration::from_secs(3_600);
    /// The largest `receive_bytes` and `shown_bytes` that a boundary may set.
    pub(crate) const MAX_BYTES: u32 = 32 * 1024 * 1024;

    /// A number of bytes, at most [`Self::MAX_BYTES`]: so much is kept in memory for each call.
    pub(super) fn read_bytes(table: &Table<'_>, key: &str) -> Option<u32> {
        let bytes = table.number_of(key)?;
        if bytes > Self::MAX_BYTES {
            table.problem(key, format!("must be at most {} (32 MiB)", Self::MAX_BYTES));
            return None;
        }
        Some(bytes)
    }

    /// What a rule's `timeout` means: the time for the call, and for one exchange of it.
    pub(super) fn times_of(set: Option<Duration>) -> (Duration, Duration) {
        let default = Self::default();
        (set.unwrap_or(default.timeout), set.unwrap_or(default.exchange))
    }

    pub(super) fn order_of_times(old: &Option<Duration>, new: &Option<Duration>) -> Order {
        let covers = |one: &(Duration, Duration), other: &(Duration, Duration)| one.0 >= other.0 && one.1 >= other.1;
        Order::of(Self::times_of(*old), Self::times_of(*new), covers)
    }

    pub(super) fn times_in_words(set: &Option<Duration>) -> Option<Value> {
        let (call, exchange) = Self::times_of(*set);
        let call = format!("{}s", call.as_secs());
        let words = if set.is_some() { call } else { format!("{call}, an exchange {}s", exchange.as_secs()) };
        Some(words.into())
    }

    /// What a rule's `receive_bytes` means.
    pub(super) fn receive_bytes_of(set: Option<u32>) -> usize {
        bytes_of(set, Self::default().receive_bytes)
    }

    /// What a rule's `shown_bytes` means.
    pub(super) fn shown_bytes_of(set: Option<u32>) -> usize {
        bytes_of(set, Self::default().shown_bytes)
    }
}

fn bytes_of(set: Option<u32>, default: usize) -> usize {
    set.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(default)
}

impl Default for CallLimits {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(180),
            exchange: Duration::from_secs(60),
            receive_bytes: 1024 * 1024,
            shown_bytes: 16 * 1024,
        }
    }
}
