use std::fmt;

use abide_base::call::ServerId;

/// A server that sent more than it may.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("server `{server}` sends too many {kind} on its own: at most {} at once and then {} a second are read", limit.at_once, limit.per_second)]
pub(super) struct Flood {
    pub(super) server: ServerId,
    pub(super) kind: Kind,
    pub(super) limit: Allowance,
}

/// How much may come at once, and how much each second after that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Allowance {
    pub(super) at_once: u32,
    pub(super) per_second: u32,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Requests,
    Messages,
    Bytes,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Requests => "requests",
            Self::Messages => "messages",
            Self::Bytes => "bytes",
        })
    }
}
