//! Finds the first row of a log that is not as it was written.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

use super::{
    chain::{self, Link, MAX_LINE},
    chain_fault::ChainFault,
    file::rotated,
    hash::{ChainHash, LogId},
    row::Entry,
};

/// What a reader knows of a log who kept hashes of it elsewhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The hash of the row before the first one, where the files before were moved away.
    pub after: Option<ChainHash>,
    /// The hash that a row must have: the last one of an earlier look. It shows when rows are missing at the end.
    pub head: Option<ChainHash>,
}

/// A log without a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// The random name of the log.
    pub log: String,
    /// How many files were read.
    pub files: u64,
    /// How many rows, of all kinds.
    pub rows: u64,
    /// How often a killed process left half a row, which was set aside.
    pub torn: u64,
    /// The number of the last row.
    pub last: u64,
    /// When the last row was written, in RFC 3339 with UTC.
    pub time: String,
    /// The hash of the last row. Who keeps it elsewhere can tell later that nothing is missing.
    pub head: ChainHash,
    /// How many rows came after the one with the known hash.
    pub since: Option<u64>,
}

/// Why a log cannot be relied upon.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// A file cannot be read.
    #[error("the audit file `{file}` cannot be read: {reason}")]
    Read {
        /// The file.
        file: String,
        /// The system's words.
        reason: io::Error,
    },
    /// A row is not as it was written, or not where.
    #[error(transparent)]
    ChainBreak(#[from] ChainBreak),
    /// There is no row at all.
    #[error("there is no row in `{0}`")]
    Empty(String),
}

/// The first place where a log is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{file}`, line {line}{}: {fault}", row.map(|row| format!(" (row {row})")).unwrap_or_default())]
#[non_exhaustive]
pub struct ChainBreak {
    /// The file.
    pub file: String,
    /// The line in it, from 1.
    pub line: u64,
    /// The number that the row gives itself, where it is one.
    pub row: Option<u64>,
    /// What is wrong.
    pub fault: ChainFault,
}

/// Reads rows of a log, one line after the other.
pub struct Lines<R> {
    file: String,
    number: u64,
    input: R,
    line: Vec<u8>,
}

/// How far a log was found sound.
struct Chain {
    known: Known,
    reached: Option<Reached>,
    rows: u64,
    torn: u64,
}

struct Reached {
    log: Option<LogId>,
    last: Link,
    /// The row with the known hash.
    known: Option<u64>,
}

/// Follows the chain of a log through its files, the oldest first, each with its name for messages.
///
/// # Errors
/// A file cannot be read, or the first row that is not as it was written, or not where.
pub fn verify<R: BufRead>(files: impl IntoIterator<Item = (String, R)>, known: Known) -> Result<Verified, VerifyError> {
    let mut chain = Chain { known, reached: None, rows: 0, torn: 0 };
    let (mut count, mut last) = (0, None);
    for (file, input) in files {
        count += 1;
        let mut lines = Lines::new(file, input);
        while lines.advance()? {
            chain.add(&lines.line).map_err(|(row, fault)| lines.bad(row, fault))?;
        }
        last = Some(lines);
    }
    let nothing = || VerifyError::Empty(last.as_ref().map(|lines| lines.file.clone()).unwrap_or_default());
    let reached = chain.reached.ok_or_else(nothing)?;
    let tie = reached.last.tie;
    if let (Some(head), None, Some(lines)) = (known.head, reached.known, &last) {
        return Err(lines.bad(Some(tie.seq), ChainFault::NoHead(head)).into());
    }
    Ok(Verified {
        log: reached.log.map(|log| log.as_str().to_owned()).unwrap_or_default(),
        files: count,
        rows: chain.rows,
        torn: chain.torn,
        last: tie.seq,
        time: tie.time,
        head: reached.last.hash,
        since: reached.known.map(|row| tie.seq.saturating_sub(row)),
    })
}

/// A file of a log and those that the log filled before it, the oldest first, opened.
///
/// # Errors
/// One of them cannot be read.
pub fn files_of(path: &Path) -> Result<Vec<(String, BufReader<File>)>, VerifyError> {
    let failed = |path: &Path| {
        let file = path.display().to_string();
        move |source| VerifyError::Read { file, reason: source }
    };
    loop {
        let before = rotated(path).map_err(failed(path))?;
        let count = before.len();
        let paths = before.into_iter().map(|(_, path)| path).chain([path.to_owned()]);
        let opened = paths.map(|path: PathBuf| open(&path).map_err(failed(&path))).collect();
        // a file may have been filled meanwhile: then the last one is not the one after those before it
        if rotated(path).map_err(failed(path))?.len() == count {
            return opened;
        }
    }
}

impl<R: BufRead> Lines<R> {
    /// The lines of a file, which has this name in messages.
    pub fn new(file: String, input: R) -> Self {
        Self { file, number: 0, input, line: Vec::new() }
    }

    /// Goes to the next line, where there is one.
    ///
    /// # Errors
    /// It cannot be read, is too long, or has no end.
    pub fn advance(&mut self) -> Result<bool, VerifyError> {
        self.line.clear();
        let most = MAX_LINE as u64 + 1;
        let read = self.input.by_ref().take(most).read_until(b'\n', &mut self.line);
        read.map_err(|source| VerifyError::Read { file: self.file.clone(), reason: source })?;
        self.number += u64::from(!self.line.is_empty());
        match self.line.pop() {
            None => Ok(false),
            Some(b'\n') => Ok(true),
            Some(_) if self.line.len() >= MAX_LINE => Err(self.bad(None, ChainFault::NoRow).into()),
            Some(_) => Err(self.bad(None, ChainFault::Cut).into()),
        }
    }

    /// The line without its end.
    pub fn line(&self) -> &[u8] {
        &self.line
    }

    /// What the line says; its place in the chain is not looked at.
    ///
    /// # Errors
    /// It is no row.
    pub fn entry(&self) -> Result<Entry, ChainBreak> {
        serde_json::from_slice(&self.line).map_err(|_| self.bad(None, ChainFault::NoRow))
    }

    fn bad(&self, row: Option<u64>, fault: ChainFault) -> ChainBreak {
        ChainBreak { file: self.file.clone(), line: self.number.max(1), row, fault }
    }
}

impl Chain {
    fn add(&mut self, line: &[u8]) -> Result<(), (Option<u64>, ChainFault)> {
        let link = chain::read(line).map_err(|fault| (None, fault))?;
        self.tie(&link).map_err(|fault| (Some(link.tie.seq), fault))?;
        self.rows += 1;
        self.torn += u64::from(link.tie.kind == "truncated_row");
        let before = self.reached.take();
        let known = (self.known.head == Some(link.hash)).then_some(link.tie.seq);
        // the known row can be the last one of the files that were moved away
        let is_before = before.is_none() && self.known.head.is_some() && self.known.head == self.known.after;
        let earlier = is_before.then(|| link.tie.seq.saturating_sub(1));
        self.reached = Some(Reached {
            log: before.as_ref().and_then(|reached| reached.log.clone()).or_else(|| link.tie.log.clone()),
            known: before.and_then(|reached| reached.known).or(known).or(earlier),
            last: link,
        });
        Ok(())
    }

    /// Whether a row follows what came before it.
    fn tie(&self, link: &Link) -> Result<(), ChainFault> {
        let tie = &link.tie;
        let Some(reached) = &self.reached else {
            return match (self.known.after, &tie.log) {
                (Some(after), _) if tie.prev == after => Ok(()),
                (Some(_), _) => Err(ChainFault::NotAfter),
                (None, Some(log)) if tie.seq == 0 && tie.prev == ChainHash::genesis(log) => Ok(()),
                (None, _) => Err(ChainFault::NoBeginning),
            };
        };
        let expected = reached.last.tie.seq.saturating_add(1);
        if tie.prev == reached.last.hash && tie.seq == expected {
            return Ok(());
        }
        Err(match tie.seq {
            0 if tie.log.is_some() && tie.log != reached.log => ChainFault::OtherLog,
            found if found < expected => ChainFault::Repeated { expected },
            found if found > expected => ChainFault::Missing { expected, found },
            _ => ChainFault::Replaced,
        })
    }
}

fn open(path: &Path) -> io::Result<(String, BufReader<File>)> {
    Ok((path.display().to_string(), BufReader::new(File::open(path)?)))
}
