//! One row for each decision of the guard, appended and never changed.

use std::{
    fmt,
    fs::{File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{
    ScopeSet,
    boundary::ToolRule,
    session::{Labels, Mode, Session, arguments_digest},
};
use crate::{
    Digest,
    call::{Effect, ToolCall, ToolName},
    episode::RunId,
    event::EventKind,
};

/// Where decisions are written. Clones write into the same place. A decision that cannot be written is not permitted.
#[derive(Clone)]
pub struct Audit(Arc<Mutex<Log>>);

/// The rows of an audit in memory; for tests.
#[derive(Clone, Debug, Default)]
pub struct AuditRows(Arc<Mutex<Vec<Row>>>);

/// One decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Row {
    /// Its number in this audit, from 0.
    pub seq: u64,
    /// When, in RFC 3339 with UTC.
    pub time: String,
    /// The run.
    pub run: RunId,
    /// What the run is for.
    pub mode: Mode,
    /// What the run belongs to.
    #[serde(flatten)]
    pub labels: Labels,
    /// The tool.
    pub tool: ToolName,
    /// What the boundary says the call does; none where it has no entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<Effect>,
    /// Names of the arguments, cut short; a model may have made them up.
    pub arguments: Vec<String>,
    /// SHA-256 of the arguments.
    pub arguments_digest: Digest,
    /// The scopes that the tool needs.
    pub scopes: ScopeSet,
    /// A digest of the token; none where it was not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_hash: Option<String>,
    /// The decision.
    #[serde(flatten)]
    pub verdict: RowVerdict,
}

/// A decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", content = "code", rename_all = "snake_case")]
#[non_exhaustive]
pub enum RowVerdict {
    /// The call is made.
    Permit,
    /// The call would be made, were the run not part of compiling.
    PermitDryRun,
    /// The call is refused.
    Deny(EventKind),
    /// There was no token, so nothing was decided and nothing permitted.
    Unavailable,
}

/// Why there is no audit.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// The file cannot be opened.
    #[error("the audit file `{path}` cannot be opened: {source}")]
    Open {
        /// The file as named.
        path: String,
        /// The system's words.
        source: io::Error,
    },
    /// Others than its owner may read or write the file.
    #[error("the audit file `{path}` is open to others than its owner (mode {mode:o}): run `chmod 600` on it")]
    Shared {
        /// The file as named.
        path: String,
        /// Its permissions.
        mode: u32,
    },
    /// A row could not be written; after that none is, because the file may end in the middle of a row.
    #[error("a row could not be written: {0}")]
    Write(String),
}

struct Log {
    next: u64,
    sink: Sink,
}

enum Sink {
    File(File),
    Rows(AuditRows),
    Broken(String),
    None,
}

/// No tool has more arguments than this, nor longer names, unless somebody wants to fill the disk.
const MAX_NAMES: usize = 32;
const MAX_NAME_CHARS: usize = 64;

impl Audit {
    /// Appends to a file (JSON lines), made for its owner only where it does not exist.
    ///
    /// # Errors
    /// It cannot be opened, or is open to others.
    pub fn file(path: impl AsRef<Path>) -> Result<Self, AuditError> {
        let path = path.as_ref();
        let open = |source| AuditError::Open { path: path.display().to_string(), source };
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(open)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = file.metadata().map_err(open)?.permissions().mode() & 0o777;
            if mode & 0o077 != 0 {
                let path = path.display().to_string();
                return Err(AuditError::Shared { path, mode });
            }
        }
        end_torn_row(&mut file).map_err(open)?;
        Ok(Self::with(Sink::File(file)))
    }

    /// Appends to an open file.
    #[cfg(test)]
    pub(super) fn into_file(file: File) -> Self {
        Self::with(Sink::File(file))
    }

    /// Keeps the rows; for tests.
    pub fn memory() -> (Self, AuditRows) {
        let rows = AuditRows::default();
        (Self::with(Sink::Rows(rows.clone())), rows)
    }

    /// Keeps nothing. Decisions of runs with this audit cannot be looked into afterwards.
    pub fn discard() -> Self {
        Self::with(Sink::None)
    }

    /// Numbers a row, dates it and writes it.
    pub(super) fn write(&self, mut row: Row, now: SystemTime) -> Result<(), AuditError> {
        row.time = rfc3339(now);
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        row.seq = log.next;
        if let Err(reason) = log.sink.write(row) {
            log.sink = Sink::Broken(reason.clone());
            return Err(AuditError::Write(reason));
        }
        log.next = log.next.saturating_add(1);
        Ok(())
    }

    fn with(sink: Sink) -> Self {
        Self(Arc::new(Mutex::new(Log { next: 0, sink })))
    }
}

impl AuditRows {
    /// The rows so far.
    pub fn all(&self) -> Vec<Row> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Row {
    pub(super) fn of(call: &ToolCall, session: &Session) -> Self {
        let short = |name: &String| name.chars().take(MAX_NAME_CHARS).collect();
        Self {
            seq: 0,
            time: String::new(),
            run: session.run(),
            mode: session.mode(),
            labels: session.labels().clone(),
            tool: call.tool.clone(),
            effect: None,
            arguments: call.arguments.keys().take(MAX_NAMES).map(short).collect(),
            arguments_digest: arguments_digest(call),
            scopes: ScopeSet::new(),
            token_hash: None,
            verdict: RowVerdict::Unavailable,
        }
    }

    pub(super) fn rule(&mut self, rule: &ToolRule) {
        self.effect = Some(rule.effect);
        self.scopes = rule.scopes.clone();
    }

    pub(super) fn conclude(&mut self, verdict: RowVerdict) {
        self.verdict = verdict;
    }
}

impl RowVerdict {
    /// Whether the call was permitted, be it as a dry run.
    pub fn is_permit(self) -> bool {
        matches!(self, Self::Permit | Self::PermitDryRun)
    }
}

impl Sink {
    fn write(&mut self, row: Row) -> Result<(), String> {
        match self {
            Self::File(file) => {
                let mut line = serde_json::to_vec(&row).map_err(|error| error.to_string())?;
                line.push(b'\n');
                file.write_all(&line).map_err(|error| error.to_string())
            }
            Self::Rows(rows) => {
                rows.0.lock().unwrap_or_else(PoisonError::into_inner).push(row);
                Ok(())
            }
            Self::Broken(reason) => Err(reason.clone()),
            Self::None => Ok(()),
        }
    }
}

impl fmt::Debug for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Audit")
    }
}

/// A process that was killed may have left half a row; the next one begins on a line of its own.
fn end_torn_row(file: &mut File) -> io::Result<()> {
    if file.metadata()?.len() == 0 {
        return Ok(());
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    if last == *b"\n" { Ok(()) } else { file.write_all(b"\n") }
}

fn rfc3339(now: SystemTime) -> String {
    let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let whole_millis = Duration::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX));
    time::Duration::try_from(whole_millis)
        .ok()
        .and_then(|since| OffsetDateTime::UNIX_EPOCH.checked_add(since))
        .and_then(|time| time.format(&Rfc3339).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
