//! One row for each decision of the guard and one for what came of it, appended and never changed.
//!
//! A file is JSON lines. Every row holds the hash of the row before it, the first one that of the log's random name, so whoever changes,
//! removes, repeats or moves a row breaks the chain there: [`verify()`] finds the place. Whoever may write the whole file can also
//! compute a new chain: keep its last hash elsewhere now and then, and let `abide audit verify --head` look for it.

mod audit;
mod chain;
mod file;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod mirror;
mod options;
mod row;
mod underway;
mod verify;

pub use audit::{Audit, AuditError, AuditRows};
pub use chain::{ChainHash, HashError, LogId};
pub use mirror::Mirror;
pub use options::{AuditOptions, Sync};
pub use row::{Begin, Entry, Outcome, OutcomeStatus, Row, RowVerdict, Torn};
pub(crate) use underway::Underway;
pub use verify::{Bad, Flaw, Known, Lines, Verified, VerifyError, files_of, verify};

#[cfg(test)]
mod tests;
