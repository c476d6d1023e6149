use std::time::{Duration, SystemTime};

use crate::jwt::LEEWAY;

/// How long a token is used. One that looks expired, and may be good for a server whose clock differs, is used to the end of the leeway.
pub(super) fn remaining(expires: SystemTime, now: SystemTime) -> Duration {
    let end = if expires > now { expires } else { expires + LEEWAY };
    end.duration_since(now).unwrap_or_default()
}
