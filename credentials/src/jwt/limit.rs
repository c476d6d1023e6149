use std::time::Duration;

/// The longest token that is looked at, in bytes.
pub const MAX_TOKEN: usize = 16 * 1024;

/// How far two clocks may be apart.
pub(crate) const LEEWAY: Duration = Duration::from_secs(30);
