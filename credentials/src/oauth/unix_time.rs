use std::time::{Duration, SystemTime};

/// Whole seconds since 1970 (RFC 7519, NumericDate).
pub(in crate::oauth) fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs()
}
