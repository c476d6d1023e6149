//! The files of a log: opening one again, appending, and beginning the next.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::{
    AuditError, AuditOptions, Sync,
    chain::{self, Link, MAX_LINE},
    hash::{ChainHash, LogId},
    row::Entry,
};

/// A log that rows are appended to. Locked, so that no other process appends to it.
pub(super) struct LogFile {
    file: File,
    path: PathBuf,
    options: AuditOptions,
    place: Place,
    bytes: u64,
    unsynced: u32,
    line: Vec<u8>,
}

/// Where in a log a file stands, and what its next row is.
struct Place {
    log: LogId,
    /// How many files come before it.
    file: u32,
    next: u64,
    head: ChainHash,
}

/// What is in a file.
struct Found {
    /// None where there is no row yet.
    place: Option<Place>,
    /// What comes after the last row.
    torn: Vec<u8>,
}

const FIRST: &[u8] = b"{\"kind\":\"begin\",";

impl LogFile {
    /// Begins a log, or goes on with one.
    pub(super) fn open(path: &Path, options: AuditOptions, now: SystemTime) -> Result<Self, AuditError> {
        let named = || path.display().to_string();
        let failed = |source| AuditError::Open { path: named(), reason: source };
        let unusable = |reason| AuditError::Unusable { path: named(), reason };
        let mut file = take(path, OpenOptions::new().read(true).create(true))?;
        let found = look(&mut file).map_err(failed)?.map_err(unusable)?;
        let bytes = file.metadata().map_err(failed)?.len();
        let (place, is_new) = match found.place {
            Some(place) => (place, false),
            None => (Place::after_the_last_of(path).map_err(failed)?.map_err(unusable)?, true),
        };
        let path = path.to_owned();
        let mut log = Self { file, path, options, place, bytes, unsynced: 0, line: Vec::new() };
        if is_new {
            log.begin(now).map_err(failed)?;
        }
        if !found.torn.is_empty() {
            log.seal(&mut Entry::torn(&found.torn), now).map_err(failed)?;
        }
        log.write_over(found.torn.len()).map_err(failed)?;
        Ok(log)
    }

    /// Appends to an open file, whatever is in it.
    #[cfg(test)]
    pub(super) fn of(file: File) -> Self {
        let options = AuditOptions::default();
        Self { file, path: PathBuf::new(), options, place: Place::start(), bytes: 0, unsynced: 0, line: Vec::new() }
    }

    /// Numbers an entry, dates it and appends it; its number. After an error the file may end in the middle of a row.
    pub(super) fn append(&mut self, entry: &mut Entry, now: SystemTime) -> io::Result<u64> {
        if self.options.rotate.is_some_and(|most| self.bytes >= most.get()) {
            self.rotate(now)?;
        }
        self.line.clear();
        let number = self.seal(entry, now)?;
        self.file.write_all(&self.line)?;
        self.wrote()?;
        Ok(number)
    }

    /// Puts an entry behind what is to be written.
    fn seal(&mut self, entry: &mut Entry, now: SystemTime) -> io::Result<u64> {
        let number = self.place.next;
        entry.stamp(number, now);
        self.place.head = chain::seal(&mut self.line, entry, self.place.head).map_err(io::Error::other)?;
        self.place.next =
            number.checked_add(1).ok_or_else(|| io::Error::other("there are no more numbers for rows"))?;
        Ok(number)
    }

    fn begin(&mut self, now: SystemTime) -> io::Result<()> {
        let mut first = Entry::begin(&self.place.log, self.place.file);
        self.seal(&mut first, now).map(drop)
    }

    /// Writes in the place of what a killed process left at the end. A row that says what was there is written over it before it is cut
    /// off, so that a process that is killed meanwhile leaves something to be found again.
    fn write_over(&mut self, torn: usize) -> io::Result<()> {
        if self.line.is_empty() {
            return Ok(());
        }
        let start = self.bytes.saturating_sub(torn.try_into().unwrap_or(u64::MAX));
        let mut file = OpenOptions::new().write(true).open(&self.path)?;
        file.seek(SeekFrom::Start(start))?;
        file.write_all(&self.line)?;
        self.bytes = start;
        self.wrote()?;
        file.set_len(self.bytes)?;
        self.sync_names()
    }

    fn rotate(&mut self, now: SystemTime) -> io::Result<()> {
        let number =
            self.place.file.checked_add(1).ok_or_else(|| io::Error::other("there are no more numbers for files"))?;
        let old = numbered(&self.path, number);
        if old.symlink_metadata().is_ok() {
            let text = format!("`{}` is in the way of the full audit file: move it", old.display());
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
        }
        self.sync()?;
        fs::rename(&self.path, &old)?;
        self.file = take(&self.path, OpenOptions::new().create_new(true)).map_err(io::Error::other)?;
        self.place.file = number;
        self.bytes = 0;
        self.line.clear();
        self.begin(now)?;
        self.file.write_all(&self.line)?;
        self.wrote()?;
        self.sync_names()
    }

    fn wrote(&mut self) -> io::Result<()> {
        self.bytes = self.bytes.saturating_add(self.line.len().try_into().unwrap_or(u64::MAX));
        self.unsynced = self.unsynced.saturating_add(1);
        if self.options.sync.is_due(self.unsynced) { self.sync() } else { Ok(()) }
    }

    fn sync(&mut self) -> io::Result<()> {
        if self.options.sync != Sync::Never && self.unsynced > 0 {
            self.file.sync_data()?;
            self.unsynced = 0;
        }
        Ok(())
    }

    /// A new or renamed file is found after a power cut only where its folder is on the disk too.
    fn sync_names(&mut self) -> io::Result<()> {
        self.sync()?;
        if self.options.sync != Sync::Never && cfg!(unix) {
            File::open(folder_of(&self.path))?.sync_all()?;
        }
        Ok(())
    }
}

impl Drop for LogFile {
    fn drop(&mut self) {
        if let Err(error) = self.sync() {
            tracing::error!(target: super::error::TARGET, "the last rows may not be on the disk: {error}");
        }
    }
}

impl Place {
    fn start() -> Self {
        let log = LogId::random();
        Self { file: 0, next: 0, head: ChainHash::genesis(&log), log }
    }

    /// A process may be killed between renaming a full file and beginning the next.
    fn after_the_last_of(path: &Path) -> io::Result<Result<Self, String>> {
        let Some((number, last)) = rotated(path)?.pop() else { return Ok(Ok(Self::start())) };
        let place = match look(&mut File::open(&last)?)? {
            Ok(Found { place: Some(place), torn }) if torn.is_empty() => Ok(Self { file: number, ..place }),
            Ok(_) => Err("it does not end with a row".to_owned()),
            Err(reason) => Err(reason),
        };
        Ok(place.map_err(|reason| format!("the file before it, `{}`: {reason}", last.display())))
    }
}

/// The files that a log filled before the one at this path, the oldest first, with their numbers.
pub(super) fn rotated(path: &Path) -> io::Result<Vec<(u32, PathBuf)>> {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return Ok(Vec::new()) };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder_of(path))? {
        let found = entry?.file_name();
        let number = found
            .to_str()
            .and_then(|found| found.strip_prefix(name)?.strip_prefix('.'))
            .filter(|digits| digits.len() >= 6 && digits.bytes().all(|byte| byte.is_ascii_digit()));
        files.extend(number.and_then(|digits| digits.parse().ok()).map(|number| (number, path.with_file_name(&found))));
    }
    files.sort();
    Ok(files)
}

fn numbered(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number:06}"));
    name.into()
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Opens a file for its owner only, and locks it.
fn take(path: &Path, options: &mut OpenOptions) -> Result<File, AuditError> {
    let named = || path.display().to_string();
    let open = |source| AuditError::Open { path: named(), reason: source };
    options.append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    let file = options.open(path).map_err(open)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = file.metadata().map_err(open)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(AuditError::Shared { path: named(), mode });
        }
    }
    lock(file, path)
}

/// Locks a file, unless it has another name by now because the process that had it locked has filled it.
pub(super) fn lock(file: File, path: &Path) -> Result<File, AuditError> {
    let named = || path.display().to_string();
    let open = |source| AuditError::Open { path: named(), reason: source };
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(AuditError::InUse { path: named() }),
        Err(TryLockError::Error(source)) => return Err(open(source)),
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let (locked, there) = (file.metadata().map_err(open)?, path.metadata().map_err(open)?);
        if (locked.dev(), locked.ino()) != (there.dev(), there.ino()) {
            return Err(AuditError::InUse { path: named() });
        }
    }
    Ok(file)
}

/// Finds the last row, and what a killed process left behind it; or says why the file cannot be appended to.
fn look(file: &mut File) -> io::Result<Result<Found, String>> {
    let length = file.metadata()?.len();
    let start = read_from(file, 0, MAX_LINE)?;
    let Some(end) = start.iter().position(|byte| *byte == b'\n') else {
        let compared = start.len().min(FIRST.len());
        let is_begun = length <= MAX_LINE as u64 && start.get(..compared) == FIRST.get(..compared);
        let found = Found { place: None, torn: start };
        return Ok(is_begun.then_some(found).ok_or_else(|| "it is not an audit: name another file".to_owned()));
    };
    let first = start.get(..end).and_then(|line| chain::read(line).ok());
    let Some((log, number)) = first.and_then(|first| Some((first.tie.log?, first.tie.file?))) else {
        return Ok(Err("its first line is not the first row of an audit: move it away, or name another file".into()));
    };
    let tail = read_from(file, length.saturating_sub(2 * MAX_LINE as u64), 2 * MAX_LINE)?;
    let lines = tail.iter().rposition(|byte| *byte == b'\n').and_then(|end| tail.split_at_checked(end));
    let Some((rows, torn)) = lines else {
        return Ok(Err("it does not end with a row: find out why with `abide audit verify`, and move it away".into()));
    };
    let last = rows.rsplit(|byte| *byte == b'\n').next().unwrap_or(rows);
    let place = |last: Link| Place { log, file: number, next: last.tie.seq.saturating_add(1), head: last.hash };
    Ok(match chain::read(last) {
        Ok(last) => Ok(Found { place: Some(place(last)), torn: torn.get(1..).unwrap_or_default().to_vec() }),
        Err(reason) => Err(format!(
            "cannot append to it after its last row: {reason}; look with `abide audit verify`, and move it away"
        )),
    })
}

fn read_from(file: &mut File, start: u64, most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(start))?;
    file.take(most.try_into().unwrap_or(u64::MAX)).read_to_end(&mut bytes)?;
    Ok(bytes)
}
