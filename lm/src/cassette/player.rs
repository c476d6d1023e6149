use std::{
    collections::HashMap,
    fmt,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use abide_base::{id::ModelId, secret::Redactor};
use async_trait::async_trait;

use super::{
    line::{self, Line},
    nearest,
    recorder::unusable,
};
use crate::{Lm, LmError, LmReply, LmRequest};

/// A model that answers from a cassette, and sends no request. Replies are as they were recorded, with their tokens and money.
///
/// Where a request was recorded several times, its replies come in that order, and the last of them again and again. An unknown request
/// is an [`LmError::NotRecorded`] that tells how the nearest recorded one differs.
pub struct Player {
    model: ModelId,
    path: PathBuf,
    lines: Vec<Line>,
    redactor: Redactor,
    /// How often each digest was asked.
    asked: Mutex<HashMap<String, usize>>,
}

impl Player {
    /// Reads the replies of `model` from the file.
    ///
    /// # Errors
    /// [`LmError::Cassette`] where the file cannot be read, has a line that is none of a cassette, or nothing of this model.
    pub fn open(path: impl AsRef<Path>, model: ModelId) -> Result<Self, LmError> {
        let path = path.as_ref().to_owned();
        let text = std::fs::read_to_string(&path).map_err(|error| unusable(&path, error.to_string()))?;
        let mut lines = Vec::new();
        for (number, text) in text.lines().enumerate().filter(|(_, text)| !text.trim().is_empty()) {
            let line = Line::read(text).map_err(|what| unusable(&path, format!("line {}: {what}", number + 1)))?;
            lines.push(line);
        }
        lines.retain(|line| line.model == model);
        if lines.is_empty() {
            return Err(unusable(&path, format!("it has no reply of `{model}`: record one")));
        }
        Ok(Self { model, path, lines, redactor: Redactor::new(), asked: Mutex::default() })
    }

    /// What is taken out of requests before they are looked up: as much as when they were recorded.
    #[must_use]
    pub fn redactor(mut self, redactor: Redactor) -> Self {
        self.redactor = redactor;
        self
    }

    fn play(&self, request: &LmRequest) -> Result<LmReply, LmError> {
        let request = line::redacted(request, &self.redactor).map_err(|error| LmError::Config {
            model: self.model.to_string(),
            reason: format!("the request has no JSON form: {error}"),
        })?;
        let digest = line::digest(&self.model, &request);
        let known: Vec<&Line> = self.lines.iter().filter(|line| line.digest == digest).collect();
        let Some(last) = known.last() else {
            let recorded = self.lines.iter().map(|line| &line.request);
            return Err(LmError::NotRecorded {
                path: self.path.display().to_string(),
                nearest: nearest::describe(recorded, &request),
            });
        };
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = asked.entry(digest).or_default();
        let reply = known.get(*turn).unwrap_or(last).reply.clone();
        *turn += 1;
        Ok(reply)
    }
}

#[async_trait]
impl Lm for Player {
    fn model(&self) -> &ModelId {
        &self.model
    }

    /// As they were when the last reply was recorded.
    fn settings(&self) -> Vec<String> {
        self.lines.last().map(|line| line.settings.clone()).unwrap_or_default()
    }

    async fn complete(&self, request: &LmRequest) -> Result<LmReply, LmError> {
        self.play(request)
    }
}

impl fmt::Debug for Player {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Player")
            .field("model", &self.model)
            .field("path", &self.path)
            .field("replies", &self.lines.len())
            .finish_non_exhaustive()
    }
}
