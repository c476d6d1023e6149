use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use abide_base::{call::ToolName, id::ModelId};
use abide_guard::{GrantError, Grants, Mode, Oversight, policy::CompileWrites};
use abide_lm::Lm;
use abide_optimizers::{Budget, Candidate, NoProgress, Optimizer, Plan, Progress, SearchError, Selection, Study};
use tokio::sync::Semaphore;

use super::{
    evidence::comparison,
    subject::{Compilation, Labeling, Teacher, UnsafeDemos, slots_of},
};
use crate::{
    CanonicalError, Digest, Fields, InstallError, ProgramState, SlotPath,
    artifact::{
        Artifact, ArtifactError, Contents, Evidence, ProgramName, ProgramNameError, Provenance, Requires, SplitName,
    },
    data::{Dataset, Splits},
    evaluate::{self, Evaluate, Evaluation, JournalError, Outcome, Row, TrialRunner},
    metric::Metric,
    module::{Boxed, Program},
    runtime::Runtime,
    separate,
};

/// Compiles a program: searches for a better state, measures it on examples that the search never saw, seals the artifact.
///
/// Calls that change something are stood in for unless the boundary says `[compile] writes = "live"`.
#[must_use]
pub struct Compiler<'a, P: Program, L, T> {
    runtime: &'a Runtime,
    program: P,
    data: Splits<P::Input, L>,
    metric: T,
    name: String,
    budget: Budget,
    selection: Selection,
    seed: u64,
    concurrency: usize,
    deadline: Duration,
    teacher: Teacher<P>,
    teacher_model: Option<ModelId>,
    labeled: Option<Arc<Labeling<L>>>,
    unsafe_demos: UnsafeDemos,
    simulated: bool,
    parent: Option<Digest>,
    progress: Arc<dyn Progress + 'a>,
    observer: Option<Arc<dyn evaluate::Observer>>,
}

/// A compiled program, its artifact, and what was measured.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Compiled<P> {
    /// The program with the best state installed.
    pub program: P,
    /// The artifact.
    pub artifact: Artifact,
    /// The program before, on held-out examples: the test split, or else the validation split.
    pub before: Evaluation,
    /// The program after, on the same.
    pub after: Evaluation,
    /// Rollouts that the search ran.
    pub rollouts: u64,
    /// Requests sent to a model by the search.
    pub model_calls: u64,
}

/// Why nothing was compiled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompileError {
    /// The search found nothing.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// The program's name cannot be an artifact's.
    #[error(transparent)]
    Name(#[from] ProgramNameError),
    /// A state does not fit the program.
    #[error(transparent)]
    Install(#[from] InstallError),
    /// The data or the state has no canonical form.
    #[error(transparent)]
    Canonical(#[from] CanonicalError),
    /// The artifact cannot be sealed.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// Splits share examples, so what is measured would flatter.
    #[error("examples stand in more than one split: {}", .0.join(", "))]
    Leak(Vec<String>),
    /// There is no token, so it is not known which scopes the program needs.
    #[error(transparent)]
    Grant(#[from] GrantError),
    /// Nothing is sealed that was not measured.
    #[error("the program that was found is not sealed: {reason}")]
    Unmeasured {
        /// What could not be measured, and what to do.
        reason: String,
        /// What was found, so that nothing is lost.
        state: Box<ProgramState>,
    },
    /// Rows could not be written.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl<'a, P, L, T> Compiler<'a, P, L, T>
where
    P: Program,
    P::Input: Clone + serde::Serialize,
    L: Send + Sync + serde::Serialize,
    T: Metric<P, L>,
{
    /// A compiler with an unlimited budget, seed 0 and 16 runs at once; the program is its own teacher.
    pub fn new(runtime: &'a Runtime, program: P, data: Splits<P::Input, L>, metric: T) -> Self {
        Self {
            runtime,
            program,
            data,
            metric,
            name: "program".into(),
            budget: Budget::unlimited(),
            selection: Selection::default(),
            seed: 0,
            concurrency: 16,
            deadline: Duration::from_secs(300),
            teacher: Teacher::Student,
            teacher_model: None,
            labeled: None,
            unsafe_demos: UnsafeDemos::Refuse,
            simulated: false,
            parent: None,
            progress: Arc::new(NoProgress),
            observer: None,
        }
    }

    /// With this name in the artifact and its file: lower-case words joined by `_`.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// With at most this much spent by the search; measuring before and after is not part of it.
    pub fn budget(mut self, budget: Budget) -> Self {
        self.budget = budget;
        self
    }

    /// With this rule for which candidate is better.
    pub fn selection(mut self, selection: Selection) -> Self {
        self.selection = selection;
        self
    }

    /// With this seed.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// With this many runs at once; never changes what is found.
    pub fn concurrency(mut self, runs: usize) -> Self {
        self.concurrency = runs.max(1);
        self
    }

    /// With this much time for one example: its run, which [`Limits::deadline`](crate::runtime::Limits::deadline) bounds too, and the
    /// metric. By default 5 minutes.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// With another model that shows how.
    pub fn teacher_lm(mut self, lm: Arc<dyn Lm>) -> Self {
        self.teacher_model = Some(lm.model().clone());
        let runtime = self.runtime.with_lm(lm);
        self.teacher = match self.teacher {
            Teacher::Program(_, program) => Teacher::Program(runtime, program),
            Teacher::Student | Teacher::Model(_) => Teacher::Model(runtime),
        };
        self
    }

    /// With another program that shows how; only its slots that the compiled program has too can teach.
    pub fn teacher<Q: Program<Input = P::Input, Output = P::Output>>(mut self, program: Q) -> Self {
        let runtime = match self.teacher {
            Teacher::Model(runtime) | Teacher::Program(runtime, _) => runtime,
            Teacher::Student => self.runtime.clone(),
        };
        self.teacher = Teacher::Program(runtime, Boxed::new(program));
        self
    }

    /// With the outputs that a label stands for, so that labels can be demonstrations.
    pub fn labeled(mut self, outputs: impl Fn(&L) -> Option<Fields> + Send + Sync + 'static) -> Self {
        self.labeled = Some(Arc::new(outputs));
        self
    }

    /// With labels that are right outputs themselves: an object with the output fields of a slot.
    pub fn labels_are_outputs(self) -> Self
    where
        L: serde::Serialize,
    {
        self.labeled(|label| Fields::of(label).ok())
    }

    /// Lets runs that attempted violations become demonstrations if the metric accepts them. For showing what optimizing
    /// for success alone does; a program compiled in this way repeats what it was shown.
    pub fn danger_keep_unsafe_demonstrations(mut self) -> Self {
        self.unsafe_demos = UnsafeDemos::Keep;
        self
    }

    /// Says in the artifact's evidence that the model is a simulation.
    pub fn simulated_model(mut self) -> Self {
        self.simulated = true;
        self
    }

    /// Says which artifact the program's state comes from.
    pub fn parent(mut self, parent: Digest) -> Self {
        self.parent = Some(parent);
        self
    }

    /// Reports each run of the search to this observer.
    pub fn progress(mut self, progress: Arc<dyn Progress + 'a>) -> Self {
        self.progress = progress;
        self
    }

    /// Reports each measured run to this observer.
    pub fn observer(mut self, observer: Arc<dyn evaluate::Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// What a search will ask for at most.
    pub fn plan(&self, optimizer: &impl Optimizer) -> Plan {
        let mut plan = optimizer.plan(self.data.sizes());
        if let Some(limit) = self.budget.rollouts {
            plan.rollouts = plan.rollouts.min(limit);
        }
        plan
    }

    /// Searches, measures, seals.
    ///
    /// # Errors
    /// [`CompileError`]: the name cannot be a program's, splits share examples, the search finds nothing, or what it found cannot be
    /// sealed. Runs that fail are no errors.
    pub async fn run(mut self, optimizer: impl Optimizer) -> Result<Compiled<P>, CompileError> {
        let name = ProgramName::try_from(self.name.clone())?;
        let shared: Vec<String> = self.data.shared_ids().into_iter().map(str::to_owned).collect();
        if !shared.is_empty() {
            return Err(CompileError::Leak(shared));
        }
        separate(&mut self.program);
        let (slots, shapes) = slots_of(&self.program);
        let found = self.search(&optimizer, slots).await?;
        let mut program = self.program.clone();
        found.candidate.state().install(&mut program)?;
        let (split, before) = self.measure(&self.program).await?;
        let (_, after) = self.measure(&program).await?;
        if let Some(reason) = unmeasured(&before, &after) {
            return Err(CompileError::Unmeasured { reason, state: Box::new((**found.candidate.state()).clone()) });
        }
        let contents = Contents {
            program: crate::artifact::Program { name, slots: shapes },
            state: (**found.candidate.state()).clone(),
            requires: self.requires().await?,
            boundary_digest: self.runtime.boundary().policy().digest().clone(),
            provenance: self.provenance(&optimizer)?,
            evidence: Evidence {
                simulated: self.simulated,
                splits: BTreeMap::from([(split, comparison(&before.summary(), &after.summary()))]),
            },
        };
        let artifact = Artifact::seal(contents)?;
        let (rollouts, model_calls) = (found.rollouts, found.model_calls);
        Ok(Compiled { program, artifact, before, after, rollouts, model_calls })
    }

    async fn search(
        &self,
        optimizer: &impl Optimizer,
        slots: Vec<abide_optimizers::SlotInfo>,
    ) -> Result<Found, CompileError> {
        let subject = Compilation {
            runtime: self.runtime,
            program: &self.program,
            teacher: &self.teacher,
            data: &self.data,
            metric: &self.metric,
            labeled: self.labeled.as_deref(),
            unsafe_demos: self.unsafe_demos,
            trials: TrialRunner { mode: self.mode(), oversight: Oversight::Unattended, deadline: self.deadline },
            slots,
            running: Semaphore::new(self.concurrency),
        };
        let mut study = Study::new(&subject, self.seed)
            .with_budget(self.budget)
            .with_selection(self.selection)
            .with_progress(self.progress.as_ref());
        let candidate = optimizer.search(&mut study).await?;
        Ok(Found { candidate, rollouts: study.rollouts(), model_calls: study.spent().model_calls })
    }

    /// Whether writes are made while compiling, as the boundary says.
    fn mode(&self) -> Mode {
        match self.runtime.boundary().policy().compile_writes() {
            CompileWrites::DryRun => Mode::DryRun,
            CompileWrites::Live => Mode::Live,
        }
    }

    /// Measures on the test split, or on the validation split where there is none.
    async fn measure(&self, program: &P) -> Result<(SplitName, Evaluation), CompileError> {
        let (split, data): (SplitName, &Dataset<P::Input, L>) = match &self.data.test {
            Some(test) => (SplitName::Test, test),
            None => (SplitName::Val, &self.data.val),
        };
        let mut evaluate = Evaluate::new()
            .concurrency(self.concurrency)
            .seed(self.seed)
            .mode(self.mode())
            .oversight(Oversight::Unattended)
            .deadline(self.deadline);
        if let Some(observer) = &self.observer {
            evaluate = evaluate.observer(observer.clone());
        }
        Ok((split, evaluate.run(self.runtime, program, data, &self.metric).await?))
    }

    /// The tools that the program's slots offer, and the scopes of those that it could call. A tool whose scopes the token lacked
    /// was refused in every run, so the program does not need them.
    async fn requires(&self) -> Result<Requires, CompileError> {
        let mut requires = Requires::default();
        self.program.walk(&SlotPath::root(), &mut |_, slot| {
            for (name, digest) in slot.tools() {
                if let Ok(name) = ToolName::try_from(name.as_str()) {
                    requires.tools.insert(name, digest.clone());
                }
            }
        });
        let boundary = self.runtime.boundary();
        for server in boundary.servers() {
            let granted = boundary.granted(&server.id).await?.map(|granted| granted.scopes).unwrap_or_default();
            let tools = requires.tools.keys().filter(|name| name.server() == Some(server.id.as_str()));
            let callable =
                tools.filter_map(|name| boundary.policy().tool(name)).filter(|rule| granted.covers(&rule.scopes));
            requires.scopes = callable.fold(requires.scopes, |all, rule| all.union(&rule.scopes));
        }
        Ok(requires)
    }

    fn provenance(&self, optimizer: &impl Optimizer) -> Result<Provenance, CompileError> {
        let mut models = BTreeMap::from([("student".to_owned(), self.runtime.lm().model().clone())]);
        if let Some(model) = &self.teacher_model {
            models.insert("teacher".into(), model.clone());
        }
        let mut data = vec![self.data.train.digest()?, self.data.val.digest()?];
        if let Some(test) = &self.data.test {
            data.push(test.digest()?);
        }
        Ok(Provenance {
            optimizer: optimizer.name().to_owned(),
            config: optimizer.config(),
            seed: self.seed,
            data_digest: Digest::of(&data)?,
            models,
            parent: self.parent.clone(),
            abide_version: env!("CARGO_PKG_VERSION").to_owned(),
        })
    }
}

/// Why an evaluation says nothing of the program that was found, or too little to compare it.
fn unmeasured(before: &Evaluation, after: &Evaluation) -> Option<String> {
    if after.rows.is_empty() {
        return Some("no examples are held out: give the data a `test` or a `val` split".into());
    }
    let reason = |row: &Row| match &row.outcome {
        Outcome::NotScored { reason } => Some(reason.clone()),
        Outcome::Scored(_) => None,
    };
    // the rows of both are in the order of the data
    let pairs = before.rows.iter().zip(&after.rows);
    let mut lost =
        pairs.filter(|(before, _)| before.score().is_some()).filter_map(|(_, row)| Some((row, reason(row)?)));
    if let Some((row, reason)) = lost.next() {
        let count = 1 + lost.count();
        return Some(format!(
            "{count} held-out examples could be scored before and not after, such as `{}`: {reason}",
            row.id
        ));
    }
    let none = after.scores().next().is_none();
    let first = || after.rows.iter().find_map(reason).unwrap_or_default();
    none.then(|| format!("none of {} held-out examples could be scored: {}", after.rows.len(), first()))
}

struct Found {
    candidate: Candidate,
    rollouts: u64,
    model_calls: u64,
}

impl<P> Compiled<P> {
    /// Saves the artifact as a file, whole or not at all.
    ///
    /// # Errors
    /// As [`Artifact::save`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), ArtifactError> {
        self.artifact.save(path)
    }

    /// Task, security and events, before and after.
    pub fn report(&self) -> String {
        evaluate::table(&[("before", &self.before.summary()), ("after", &self.after.summary())])
    }
}

#[cfg(test)]
mod tests;
