use super::hash::ChainHash;

/// What is wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChainFault {
    /// The line is something else.
    #[error("it is not a row of an audit")]
    NoRow,
    /// Its bytes are not those that were written.
    #[error("it was changed: its content does not have its hash")]
    Changed,
    /// The file ends before the line does.
    #[error("the file ends in the middle of the line: it was cut, or its writer was killed or is writing now")]
    Cut,
    /// A row that came before, or that belongs further up.
    #[error("it belongs further up, where row {expected} should stand here: it was moved or put in a second time")]
    Repeated {
        /// The number that the row should have.
        expected: u64,
    },
    /// Rows were taken out, or stand further down.
    #[error("{} missing before it", missing(*.expected, *.found))]
    Missing {
        /// The number that the row should have.
        expected: u64,
        /// The number that it has.
        found: u64,
    },
    /// It was made for other rows before it.
    #[error("it does not follow the row before it: that one or this one was replaced")]
    Replaced,
    /// Another log begins.
    #[error("another log begins here: verify each log by itself")]
    OtherLog,
    /// The log does not begin with its first row.
    #[error(
        "the log does not begin here: give the files before this one too, or the hash of the last row of those with `--after`"
    )]
    NoBeginning,
    /// The row does not follow the one whose hash was given.
    #[error("it does not follow the row with the hash given with `--after`")]
    NotAfter,
    /// No row has the known hash; named is the last row.
    #[error("no row up to this last one has the hash {0}: rows are missing at the end, or all were written anew")]
    NoHead(ChainHash),
}

pub(super) fn missing(expected: u64, found: u64) -> String {
    match found.saturating_sub(expected) {
        1 => format!("row {expected} is"),
        _ => format!("rows {expected} to {} are", found.saturating_sub(1)),
    }
}
