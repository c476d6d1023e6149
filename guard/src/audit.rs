//! A hash-chained, tamper-evident log: one row for each decision of the guard and one for what came of it, appended and never changed.
//!
//! A file is JSON lines. Every row holds the hash of the row before it, the first one that of the log's random name, so an attacker who
//! changes, removes, repeats or moves a row breaks the chain there: [`verify()`] finds the place. An attacker who may write the whole
//! file can also compute a new chain: keep its last hash elsewhere now and then, and let `abide audit verify --head` look for it.

mod audit;
mod awaited;
mod chain;
mod chain_fault;
mod error;
mod file;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod hash;
mod mirror;
mod options;
mod row;
mod verify;

pub use audit::{Audit, AuditRows};
pub(crate) use awaited::AwaitedOutcome;
pub use chain_fault::ChainFault;
pub use error::AuditError;
pub use hash::LogId;
pub use hash::{ChainHash, HashError};
pub use mirror::Mirror;
pub use options::{AuditOptions, Sync};
pub use row::{Begin, Entry, Outcome, OutcomeStatus, Row, RowVerdict, TruncatedRow};
pub use verify::{ChainBreak, Known, Lines, Verified, VerifyError, files_of, verify};

#[cfg(test)]
mod tests;
