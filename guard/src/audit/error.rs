use std::io;

/// Why there is no audit.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// The file cannot be opened, or what a killed process left in it cannot be set aside.
    #[error("the audit file `{path}` cannot be opened: {reason}")]
    Open {
        /// The file as named.
        path: String,
        /// The system's words.
        reason: io::Error,
    },
    /// Others than its owner may read or write the file.
    #[error("the audit file `{path}` is open to others than its owner (mode {mode:o}): run `chmod 600` on it")]
    Shared {
        /// The file as named.
        path: String,
        /// Its permissions.
        mode: u32,
    },
    /// Another process writes into the file.
    #[error("the audit file `{path}` is in use by another audit: name another file, or end the other one")]
    InUse {
        /// The file as named.
        path: String,
    },
    /// The file is no audit, or its chain is broken where rows are to be appended.
    #[error("the audit file `{path}` cannot be appended to: {reason}")]
    Unusable {
        /// The file as named.
        path: String,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// A row could not be written; after that none is, because the file may end in the middle of a row.
    #[error("a row could not be written: {0}")]
    Write(String),
}

/// Of events of `tracing`.
pub(super) const TARGET: &str = "abide::audit";
