//! Which era of the protocol a server spoke last.

use std::sync::atomic::{AtomicBool, Ordering};

use super::start::Handshake;
use crate::security::servers::Protocol;

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
