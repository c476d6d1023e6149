use std::{
    fmt,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use super::{
    error::AuditError,
    file::LogFile,
    mirror::Mirror,
    options::AuditOptions,
    row::{Entry, Outcome, Row},
};

/// Where decisions are written. Clones write into the same place. A decision that cannot be written is not permitted.
#[derive(Clone)]
pub struct Audit(Arc<Shared>);

/// The rows of an audit in memory; for tests.
#[derive(Clone, Debug, Default)]
pub struct AuditRows(Arc<Mutex<Vec<Entry>>>);

pub(super) struct Shared {
    sink: Mutex<Sink>,
    mirrors: Mutex<Arc<[Arc<dyn Mirror>]>>,
}

enum Sink {
    File(Box<LogFile>),
    Rows(AuditRows),
    Broken(String),
    /// Keeps nothing but the number of the next row.
    None(u64),
}

impl Audit {
    /// Appends to a file (JSON lines), made for its owner only where it does not exist. No other audit can append to it meanwhile.
    ///
    /// # Errors
    /// As [`Audit::with_options`].
    pub fn file(path: impl AsRef<Path>) -> Result<Self, AuditError> {
        Self::with_options(path, AuditOptions::default())
    }

    /// As [`Audit::file`], and says when rows are synced and when a new file begins. Where a killed process left half a row, a row of the
    /// kind `truncated_row` takes its place and says what was there.
    ///
    /// # Errors
    /// The file cannot be opened, is open to others, is in use, or cannot be appended to: it is no audit, or its last row was changed.
    pub fn with_options(path: impl AsRef<Path>, options: AuditOptions) -> Result<Self, AuditError> {
        LogFile::open(path.as_ref(), options, SystemTime::now()).map(|file| Self::with(Sink::File(Box::new(file))))
    }

    /// Appends to an open file.
    #[cfg(test)]
    pub(crate) fn into_file(file: std::fs::File) -> Self {
        Self::with(Sink::File(Box::new(LogFile::of(file))))
    }

    /// Keeps the rows; for tests.
    pub fn memory() -> (Self, AuditRows) {
        let rows = AuditRows::default();
        (Self::with(Sink::Rows(rows.clone())), rows)
    }

    /// Keeps nothing. Decisions of runs with this audit cannot be looked into afterwards.
    pub fn discard() -> Self {
        Self::with(Sink::None(0))
    }

    /// Tells a mirror of every decision and outcome, beside writing it; those of all clones, since they write into the same place.
    #[must_use]
    pub fn mirrored(self, mirror: Arc<dyn Mirror>) -> Self {
        let mut mirrors = self.0.mirrors.lock().unwrap_or_else(PoisonError::into_inner);
        *mirrors = mirrors.iter().cloned().chain([mirror]).collect();
        drop(mirrors);
        self
    }

    /// Numbers an entry, dates it and writes it; its number.
    pub(crate) fn write(&self, mut entry: Entry, now: SystemTime) -> Result<u64, AuditError> {
        let mut sink = self.0.sink.lock().unwrap_or_else(PoisonError::into_inner);
        let number = sink.write(&mut entry, now).map_err(|reason| {
            *sink = Sink::Broken(reason.clone());
            AuditError::Write(reason)
        })?;
        let kept = !matches!(*sink, Sink::None(_));
        drop(sink);
        let mirrors = self.0.mirrors.lock().unwrap_or_else(PoisonError::into_inner).clone();
        // what is kept nowhere is dated only where it is seen
        if !kept && !mirrors.is_empty() {
            entry.stamp(number, now);
        }
        super::mirror::show(&super::mirror::Events, &entry);
        mirrors.iter().for_each(|mirror| super::mirror::show(&**mirror, &entry));
        Ok(number)
    }

    fn with(sink: Sink) -> Self {
        Self(Arc::new(Shared { sink: Mutex::new(sink), mirrors: Mutex::new(Arc::from([])) }))
    }
}

impl AuditRows {
    /// The decisions so far.
    pub fn all(&self) -> Vec<Row> {
        self.pick(|entry| match entry {
            Entry::Decision(row) => Some(row.clone()),
            _ => None,
        })
    }

    /// What came of them so far.
    pub fn outcomes(&self) -> Vec<Outcome> {
        self.pick(|entry| match entry {
            Entry::Outcome(outcome) => Some(outcome.clone()),
            _ => None,
        })
    }

    fn pick<T>(&self, pick: impl FnMut(&Entry) -> Option<T>) -> Vec<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().filter_map(pick).collect()
    }
}

impl Sink {
    fn write(&mut self, entry: &mut Entry, now: SystemTime) -> Result<u64, String> {
        match self {
            Self::File(file) => file.append(entry, now).map_err(|error| error.to_string()),
            Self::Rows(rows) => {
                let mut rows = rows.0.lock().unwrap_or_else(PoisonError::into_inner);
                let number = rows.len().try_into().unwrap_or(u64::MAX);
                entry.stamp(number, now);
                rows.push(entry.clone());
                Ok(number)
            }
            Self::Broken(reason) => Err(reason.clone()),
            Self::None(next) => {
                let number = *next;
                *next = next.saturating_add(1);
                Ok(number)
            }
        }
    }
}

impl fmt::Debug for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Audit")
    }
}
