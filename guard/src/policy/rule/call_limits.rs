use std::time::Duration;

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
