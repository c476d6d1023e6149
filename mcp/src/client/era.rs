//! Which era of the protocol a server spoke last.

use std::sync::atomic::{AtomicBool, Ordering};

use rmcp::model::{ErrorCode, ErrorData, RequestId};

use crate::servers::Protocol;

/// What is known of a server's era. One that ignores what it does not know costs time whenever it is asked for the newer one.
#[derive(Default)]
pub(super) struct Era {
    is_older: AtomicBool,
}

impl Era {
    /// The eras to try, where the boundary names these.
    pub(super) fn to_try(&self, configured: Protocol) -> Protocol {
        if self.is_older.load(Ordering::Relaxed) { Protocol::Initialize } else { configured }
    }

    /// Keeps which request was answered.
    pub(super) fn learn(&self, answered: Handshake) {
        self.is_older.store(answered == Handshake::Initialize, Ordering::Relaxed);
    }

    /// The server may be another one from now on.
    pub(super) fn forget(&self) {
        self.is_older.store(false, Ordering::Relaxed);
    }
}

/// Whether a server refuses to be discovered because it does not know how, and not for one of the newer era's own reasons.
pub(super) fn is_of_older_era(error: &ErrorData) -> bool {
    !matches!(error.code, ErrorCode::MISSING_REQUIRED_CLIENT_CAPABILITY | ErrorCode::HEADER_MISMATCH)
}

/// The request that begins a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Handshake {
    /// `server/discover`, of the newer era.
    Discover,
    /// `initialize`, of the older one.
    Initialize,
}

impl Handshake {
    /// Far from those of later requests, which are counted from 0.
    pub(super) fn id(self) -> RequestId {
        RequestId::Number(match self {
            Self::Discover => 1_000_000_000,
            Self::Initialize => 1_000_000_001,
        })
    }
}
