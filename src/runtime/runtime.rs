use std::{collections::BTreeSet, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use abide::lm::Lm;
use abide_base::{clock::Clock, event::SecurityEvent, id::RunId};
use abide_guard::{Caller, Denied, Guard, Labels, Mode, Oversight, Session, policy::Registry};
use abide_mcp::Boundary;
use futures_util::FutureExt;

use super::{
    cx::Cx,
    error::{CallError, Infrastructure},
    limits::Limits,
    shared::Shared,
};
use crate::{
    Fields,
    episode::{Episode, Recorder},
    module::Module,
};

/// Everything that runs share: model, adapter, guard, limits, clock. Cheap to clone.
///
/// There is none without a boundary:
///
/// ```compile_fail,E0599
/// fn unbounded(model: std::sync::Arc<dyn abide::lm::Lm>) -> abide::Runtime {
///     abide::Runtime::builder().lm(model).build()
/// }
/// ```
#[derive(Clone)]
pub struct Runtime {
    shared: Arc<Shared>,
}

/// The outcome of one run and its whole record.
#[derive(Clone, Debug)]
pub struct Run<O> {
    /// What the program returned.
    pub outcome: Result<O, CallError>,
    /// What happened.
    pub episode: Episode,
}

/// How one run differs from another over the same runtime.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RunOptions {
    /// Seed of everything random in the run; sent to the model as its sampling seed.
    pub seed: u64,
    /// Whether calls that change something are made, or stood in for.
    pub mode: Mode,
    /// Whether the runtime's approver may be asked about calls of the run.
    pub oversight: Oversight,
    /// What audit rows say the run belongs to.
    pub labels: Labels,
    /// Lists that arguments may come from, such as the payees of the user whom the run serves; beside those of the boundary, which
    /// says which arguments they are good for.
    pub registry: Registry,
    /// On whose behalf the run is made: what the boundary's `[limits.caller]` counts by.
    pub caller: Option<Caller>,
    /// Wall time of the run, where it is shorter than [`Limits::deadline`].
    pub deadline: Option<Duration>,
}

impl RunOptions {
    /// Seed of everything random in the run.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Whether calls that change something are made, or stood in for.
    #[must_use]
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// Whether the runtime's approver may be asked.
    #[must_use]
    pub fn oversight(mut self, oversight: Oversight) -> Self {
        self.oversight = oversight;
        self
    }

    /// What audit rows say the run belongs to.
    #[must_use]
    pub fn labels(mut self, labels: Labels) -> Self {
        self.labels = labels;
        self
    }

    /// Lists that arguments may come from, beside those of the boundary.
    #[must_use]
    pub fn registry(mut self, registry: Registry) -> Self {
        self.registry = registry;
        self
    }

    /// On whose behalf the run is made.
    #[must_use]
    pub fn caller(mut self, caller: Caller) -> Self {
        self.caller = Some(caller);
        self
    }

    /// Wall time of the run, where it is shorter than [`Limits::deadline`].
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }
}

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            seed: 0,
            mode: Mode::Live,
            oversight: Oversight::default(),
            labels: Labels::new(),
            registry: Registry::new(),
            caller: None,
            deadline: None,
        }
    }
}

impl Runtime {
    /// Runs a module once, live, with seed 0.
    pub async fn run<M: Module>(&self, module: &M, input: M::Input) -> Run<M::Output> {
        self.run_with(module, input, RunOptions::default()).await
    }

    /// Runs a module once. A module that panics fails alone: its run ends as [`CallError::Panicked`].
    pub async fn run_with<M: Module>(&self, module: &M, input: M::Input, options: RunOptions) -> Run<M::Output> {
        let run = RunId::random();
        let recorder = Recorder::new(run, options.seed, self.shared.redactor.clone());
        // what provenance rules call `input`
        let trusted = module.user_input(&input);
        let session = Session::new(run, options.mode, &trusted)
            .overseen(options.oversight)
            .labelled(options.labels)
            .with_registry(options.registry)
            .called_by(options.caller);
        let cx = Cx::new(self.shared.clone(), session, recorder.clone(), options.seed);
        let start = self.shared.clock.elapsed();
        let limit = options.deadline.map_or(self.shared.limits.deadline, |own| own.min(self.shared.limits.deadline));
        let forward = AssertUnwindSafe(async { module.forward(&cx, input).await }).catch_unwind();
        let outcome = tokio::select! {
            outcome = forward => outcome.unwrap_or_else(|_| Err(CallError::Panicked)),
            () = self.shared.clock.sleep(limit) => Err(Infrastructure::Deadline(limit).into()),
        };
        let outcome = outcome.and_then(|output| self.judge(&cx, module.visible_output(&output)).map(|()| output));
        let elapsed = self.shared.clock.elapsed().saturating_sub(start);
        Run { outcome, episode: recorder.finish(elapsed) }
    }

    /// Whether an answer may be given.
    fn judge(&self, cx: &Cx, shown: Option<Fields>) -> Result<(), CallError> {
        let released = match shown {
            Some(shown) => cx.guard().release(cx.session(), &shown),
            None => cx.guard().release_unseen(),
        };
        released.map_err(|denial| {
            let event = |denied: &Denied| SecurityEvent::new(denied.kind, None, denied.detail.clone());
            // one answer breaks a kind of rule once
            let mut kinds = BTreeSet::new();
            denial
                .all()
                .filter(|denied| kinds.insert(denied.kind))
                .for_each(|denied| cx.recorder().event(event(denied)));
            CallError::AnswerDenied(denial.first.detail)
        })
    }

    /// The same runtime with another model, for teachers and comparisons.
    #[must_use]
    pub fn with_lm(&self, lm: Arc<dyn Lm>) -> Self {
        Self { shared: Arc::new(Shared { lm, ..(*self.shared).clone() }) }
    }

    /// The model.
    pub fn lm(&self) -> &Arc<dyn Lm> {
        &self.shared.lm
    }

    pub(crate) fn guard(&self) -> &Guard {
        &self.shared.guard
    }

    /// The boundary.
    pub fn boundary(&self) -> &Boundary {
        &self.shared.boundary
    }

    /// The limits of one run.
    pub fn limits(&self) -> &Limits {
        &self.shared.limits
    }

    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.shared.clock
    }

    pub(crate) fn from_shared(shared: Shared) -> Self {
        Self { shared: Arc::new(shared) }
    }
}
