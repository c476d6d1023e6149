use std::num::{NonZeroU32, NonZeroU64};

/// How an audit file is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuditOptions {
    pub(super) sync: Sync,
    pub(super) rotate: Option<NonZeroU64>,
}

/// When rows are made sure to be on the disk (`fdatasync`). A process that is killed loses no row whatever this says; a machine that
/// loses its power does. The thread that decides waits for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sync {
    /// When the system sees fit.
    #[default]
    Never,
    /// After so many rows, and when the audit is closed.
    Rows(NonZeroU32),
    /// After every row.
    Every,
}

impl AuditOptions {
    /// Rows are synced when the system sees fit, and the file grows for ever.
    pub fn new() -> Self {
        Self::default()
    }

    /// With this policy of syncing.
    #[must_use]
    pub fn sync(mut self, sync: Sync) -> Self {
        self.sync = sync;
        self
    }

    /// Begins a new file before a row once the file has this many bytes. The old one gets the next number as its last extension:
    /// `audit.jsonl.000001` is the oldest.
    #[must_use]
    pub fn rotate(mut self, bytes: NonZeroU64) -> Self {
        self.rotate = Some(bytes);
        self
    }
}

impl Sync {
    /// Whether to sync now, with so many rows not synced.
    pub(super) fn is_due(self, rows: u32) -> bool {
        match self {
            Self::Never => false,
            Self::Rows(most) => rows >= most.get(),
            Self::Every => rows > 0,
        }
    }
}
