use std::{
    fs::{File, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use abide_guard::{Labels, Mode, Oversight};
use futures_util::{StreamExt, stream};

use super::{
    evaluation::{Evaluation, Row},
    trial::TrialRunner,
};
use crate::{
    data::{Dataset, Example},
    metric::Metric,
    module::Module,
    runtime::Runtime,
};

/// Runs a program over a data set and scores it. A failed example never fails the evaluation; an infrastructure failure is
/// never a score.
#[derive(Clone)]
#[non_exhaustive]
pub struct Evaluate {
    concurrency: usize,
    seed: u64,
    mode: Mode,
    oversight: Oversight,
    deadline: Duration,
    journal: Option<PathBuf>,
    observer: Option<Arc<dyn Observer>>,
}

/// Is told of each row as it is done.
pub trait Observer: Send + Sync {
    /// An example is done; `done` of `total` are.
    fn row(&self, row: &Row, done: usize, total: usize);
}

/// Why an evaluation could not begin.
#[derive(Debug, thiserror::Error)]
#[error("cannot write rows to `{path}`: {reason}")]
pub struct JournalError {
    path: String,
    reason: std::io::Error,
}

impl Evaluate {
    /// 16 runs at once, seed 0, 2 minutes for an example, calls that change something are made.
    pub fn new() -> Self {
        Self {
            concurrency: 16,
            seed: 0,
            mode: Mode::Live,
            oversight: Oversight::default(),
            deadline: Duration::from_secs(120),
            journal: None,
            observer: None,
        }
    }

    /// With this many runs at once; at least 1.
    #[must_use]
    pub fn concurrency(mut self, runs: usize) -> Self {
        self.concurrency = runs.max(1);
        self
    }

    /// With this seed. Each example has a seed of its own that depends on this one and on its id.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// With calls that change something made, or stood in for.
    #[must_use]
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// Whether the runtime's approver may be asked about calls of the runs; by default it may.
    #[must_use]
    pub fn oversight(mut self, oversight: Oversight) -> Self {
        self.oversight = oversight;
        self
    }

    /// With this much time for one example: its run, which [`Limits::deadline`](crate::runtime::Limits::deadline) bounds too, and the
    /// metric.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Appends each row to a file as one line of JSON when it is done, so that nothing is lost when the process ends.
    #[must_use]
    pub fn journal(mut self, path: impl AsRef<Path>) -> Self {
        self.journal = Some(path.as_ref().to_owned());
        self
    }

    /// Reports each row to this observer.
    #[must_use]
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Runs the program over the data. Rows come back in the order of the data.
    ///
    /// # Errors
    /// The [journal](Self::journal) cannot be opened; nothing was run.
    pub async fn run<M, L, T>(
        &self,
        runtime: &Runtime,
        program: &M,
        data: &Dataset<M::Input, L>,
        metric: &T,
    ) -> Result<Evaluation, JournalError>
    where
        M: Module,
        M::Input: Clone,
        L: Send + Sync,
        T: Metric<M, L>,
    {
        let journal = self.journal.as_deref().map(open).transpose()?.map(Mutex::new);
        let total = data.len();
        let mut rows: Vec<(usize, Row)> = Vec::with_capacity(total);
        let runs = data
            .iter()
            .enumerate()
            .map(|(index, example)| async move { (index, self.one(runtime, program, example, metric).await) });
        let mut done = stream::iter(runs).buffer_unordered(self.concurrency);
        while let Some((index, row)) = done.next().await {
            if let Some(file) = &journal {
                append(file, &row);
            }
            rows.push((index, row));
            if let (Some(observer), Some((_, row))) = (&self.observer, rows.last()) {
                observer.row(row, rows.len(), total);
            }
        }
        rows.sort_by_key(|(index, _)| *index);
        Ok(Evaluation { rows: rows.into_iter().map(|(_, row)| row).collect() })
    }

    async fn one<M, L, T>(&self, runtime: &Runtime, program: &M, example: &Example<M::Input, L>, metric: &T) -> Row
    where
        M: Module,
        M::Input: Clone,
        L: Send + Sync,
        T: Metric<M, L>,
    {
        let trial = TrialRunner { mode: self.mode, oversight: self.oversight, deadline: self.deadline };
        let seed = seed_of(self.seed, &example.id);
        let judged = trial.run::<M, L, T>(runtime, program, example, metric, (seed, Labels::new())).await;
        Row::new(example.id.clone(), example.kind.clone(), judged)
    }
}

/// The seed of an example: the same for every program, so that programs are compared on common random numbers.
fn seed_of(seed: u64, id: &str) -> u64 {
    let digest = crate::Digest::of_bytes(format!("{seed}\u{1f}{id}").as_bytes());
    u64::from_str_radix(digest.as_str().get(7..23).unwrap_or_default(), 16).unwrap_or(seed)
}

fn open(path: &Path) -> Result<File, JournalError> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .map_err(|source| JournalError { path: path.display().to_string(), reason: source })
}

fn append(file: &Mutex<File>, row: &Row) {
    let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
    let written = serde_json::to_string(row).map_err(std::io::Error::other).and_then(|line| writeln!(file, "{line}"));
    if let Err(error) = written {
        tracing::warn!("a row could not be written down: {error}");
    }
}

impl Default for Evaluate {
    fn default() -> Self {
        Self::new()
    }
}
