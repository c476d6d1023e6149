use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

use super::ArtifactError;

/// A complete temporary file in the folder of the file that it will be; removed when dropped before that.
pub(super) struct Staged {
    temp: NamedTempFile,
    folder: PathBuf,
}

/// Reads a file, but never much more than `limit` bytes of it.
pub(super) fn read(path: &Path, limit: usize) -> Result<Vec<u8>, ArtifactError> {
    let fail = |reason| io_error("read", path, reason);
    let mut bytes = Vec::new();
    File::open(path).map_err(fail)?.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(fail)?;
    Ok(bytes)
}

/// Writes a file, or replaces it, in one step.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), ArtifactError> {
    let staged = stage(path, bytes)?;
    staged.temp.persist(path).map_err(|e| io_error("replace", path, e.error))?;
    sync_folder(&staged.folder)
}

/// Writes all bytes, down to the disk, to a temporary file in the folder of `path`, which is made where it is missing.
pub(super) fn stage(path: &Path, bytes: &[u8]) -> Result<Staged, ArtifactError> {
    let fail = |reason| io_error("write", path, reason);
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder).map_err(|reason| io_error("create folder", folder, reason))?;
    let mut temp = builder().tempfile_in(folder).map_err(fail)?;
    temp.write_all(bytes).map_err(fail)?;
    temp.as_file().sync_all().map_err(fail)?;
    let folder = folder.to_owned();
    Ok(Staged { temp, folder })
}

impl Staged {
    /// Moves the file to `path`, or gives it back if something is there.
    pub(super) fn create(self, path: &Path) -> Result<Option<Self>, ArtifactError> {
        match self.temp.persist_noclobber(path) {
            Ok(_) => sync_folder(&self.folder).map(|()| None),
            Err(e) if e.error.kind() == io::ErrorKind::AlreadyExists => {
                Ok(Some(Self { temp: e.file, folder: self.folder }))
            }
            Err(e) => Err(io_error("create", path, e.error)),
        }
    }
}

pub(super) fn io_error(action: &'static str, path: &Path, reason: io::Error) -> ArtifactError {
    ArtifactError::Io { action, path: path.to_owned(), reason }
}

/// Temporary files that readers of a store pass over, with the permissions of an ordinary new file.
fn builder() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".abide-").suffix(".tmp");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder
}

/// Makes the new name itself survive a power cut.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> Result<(), ArtifactError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|reason| io_error("make durable", folder, reason))
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> Result<(), ArtifactError> {
    Ok(())
}
