use std::{
    fmt,
    fs::{File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use abide_base::{id::ModelId, secret::Redactor};
use async_trait::async_trait;
use tokio::task::spawn_blocking;

use super::line::Line;
use crate::{Lm, LmError, LmReply, LmRequest};

/// A model whose replies are added to a cassette, one line each, whatever their [`Finish`](crate::Finish). Failures are not recorded.
///
/// Put it outermost, around [`Retry`](crate::Retry) and without a cache, so that what a program gets is what is written.
#[derive(Clone)]
pub struct Recorder {
    inner: Arc<dyn Lm>,
    path: PathBuf,
    file: Arc<Mutex<File>>,
    redactor: Redactor,
}

impl Recorder {
    /// Opens the file, or makes it; on Unix only its owner may read a new one.
    ///
    /// # Errors
    /// [`LmError::Cassette`] where the file cannot be opened.
    pub fn new(inner: Arc<dyn Lm>, path: impl AsRef<Path>) -> Result<Self, LmError> {
        let path = path.as_ref().to_owned();
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(|error| unusable(&path, error.to_string()))?;
        Ok(Self { inner, path, file: Arc::new(Mutex::new(file)), redactor: Redactor::new() })
    }

    /// What is taken out of requests and replies before they are written; nothing by default. A [`Player`](super::Player) of the file
    /// needs one that finds as much.
    #[must_use]
    pub fn redactor(mut self, redactor: Redactor) -> Self {
        self.redactor = redactor;
        self
    }

    async fn ask(&self, request: &LmRequest) -> Result<LmReply, LmError> {
        let reply = self.inner.complete(request).await?;
        let line = Line::new(self.model(), self.settings(), request, &reply, &self.redactor)
            .and_then(|line| serde_json::to_string(&line))
            .map_err(|error| unusable(&self.path, error.to_string()))?;
        let file = Arc::clone(&self.file);
        // one write for a whole line, so that lines of replies side by side do not mix
        let written = spawn_blocking(move || write(&file, line + "\n")).await;
        match written.unwrap_or_else(|error| Err(io::Error::other(error))) {
            Ok(()) => Ok(reply),
            Err(error) => Err(unusable(&self.path, error.to_string())),
        }
    }
}

#[async_trait]
impl Lm for Recorder {
    fn model(&self) -> &ModelId {
        self.inner.model()
    }

    fn settings(&self) -> Vec<String> {
        self.inner.settings()
    }

    /// A reply that cannot be written is an [`LmError::Cassette`]: a recording with holes would fail later, and elsewhere.
    async fn complete(&self, request: &LmRequest) -> Result<LmReply, LmError> {
        self.ask(request).await
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("model", self.model()).field("path", &self.path).finish_non_exhaustive()
    }
}

fn write(file: &Mutex<File>, line: String) -> io::Result<()> {
    file.lock().unwrap_or_else(PoisonError::into_inner).write_all(line.as_bytes())
}

pub(super) fn unusable(path: &Path, reason: String) -> LmError {
    LmError::Cassette { path: path.display().to_string(), reason }
}
