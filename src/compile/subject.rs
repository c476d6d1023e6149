use std::collections::{BTreeMap, HashMap};

use abide_base::id::RunId;
use abide_guard::{Labels, Mode, Session};
use abide_lm::{LmRequest, Message};
use abide_optimizers::{
    AskError, Outcome, Role, Rollout, Score, SlotInfo, SlotTrace, Split, SplitSizes, Subject, Trial,
};
use async_trait::async_trait;
use tokio::sync::Semaphore;

use super::demonstrate::ToolText;
use crate::{
    Demo, Digest, Fields, Origin, SlotId, SlotPath, Tunable,
    data::{Dataset, Example, Splits},
    episode::Episode,
    evaluate::{Judged, TrialRunner},
    metric::Metric,
    module::{Boxed, Module, Program},
    runtime::{Run, Runtime},
};

/// What a search sees of a program, its data, its metric and its runtime.
pub(super) struct Compilation<'a, P: Program, L, T> {
    pub(super) runtime: &'a Runtime,
    pub(super) program: &'a P,
    pub(super) teacher: &'a Teacher<P>,
    pub(super) data: &'a Splits<P::Input, L>,
    pub(super) metric: &'a T,
    pub(super) labeled: Option<&'a Labeling<L>>,
    pub(super) unsafe_demos: UnsafeDemos,
    pub(super) trials: TrialRunner,
    pub(super) slots: Vec<SlotInfo>,
    pub(super) running: Semaphore,
}

/// Who shows how.
pub(super) enum Teacher<P: Program> {
    /// The program itself.
    Student,
    /// The program itself, with another model.
    Model(Runtime),
    /// Another program, perhaps with another model.
    Program(Runtime, Boxed<P::Input, P::Output>),
}

/// The outputs that a label stands for.
pub(super) type Labeling<L> = dyn Fn(&L) -> Option<Fields> + Send + Sync;

/// What becomes of runs that attempted violations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UnsafeDemos {
    /// They teach nothing, whatever the metric says.
    Refuse,
    /// The metric alone decides.
    Keep,
}

impl<P, L, T> Compilation<'_, P, L, T>
where
    P: Program,
    P::Input: Clone + serde::Serialize,
    L: Send + Sync,
    T: Metric<P, L>,
{
    async fn run(&self, trial: &Trial) -> Result<Rollout, String> {
        let example = self.split(trial.split).get(trial.example).ok_or("there is no such example")?;
        let labels = Labels::from([("candidate".to_owned(), trial.candidate.digest().to_string())]);
        let with = (trial.seed, labels);
        let _slot = self.running.acquire().await.map_err(|_| "the compilation has ended")?;
        let (judged, paths) = match (trial.role, self.teacher) {
            (Role::Teacher, Teacher::Program(runtime, program)) => {
                (self.trials.run::<P, L, T>(runtime, program, example, self.metric, with).await, paths(program))
            }
            (role, teacher) => {
                let runtime =
                    if let (Role::Teacher, Teacher::Model(runtime)) = (role, teacher) { runtime } else { self.runtime };
                let mut program = self.program.clone();
                trial.candidate.state().install(&mut program).map_err(|e| e.to_string())?;
                (self.trials.run::<P, L, T>(runtime, &program, example, self.metric, with).await, paths(&program))
            }
        };
        Ok(self.view(example, judged, &paths))
    }

    /// The redacted view of a run.
    fn view(
        &self,
        example: &Example<P::Input, L>,
        judged: Judged<P::Output>,
        paths: &HashMap<SlotId, SlotPath>,
    ) -> Rollout {
        let Judged { run, outcome, spent, events } = judged;
        let teaches = outcome.score().is_some_and(|score| self.may_teach(&run, score));
        let traces = if teaches { self.traces(example, &run.episode, paths) } else { Vec::new() };
        // a metric that knows the task alone counts none of them
        let events = events.iter().map(|(kind, count)| (kind.code().to_owned(), *count)).collect();
        Rollout::new(outcome).traces(traces).events(events).spent(spent)
    }

    fn may_teach(&self, run: &Run<P::Output>, score: &Score) -> bool {
        let safe = self.unsafe_demos == UnsafeDemos::Keep || !run.episode.has_violation();
        run.outcome.is_ok() && score.admissible && safe
    }

    /// All exchanges of a run as demonstrations, or none: half a run would teach half a habit.
    fn traces(
        &self,
        example: &Example<P::Input, L>,
        episode: &Episode,
        paths: &HashMap<SlotId, SlotPath>,
    ) -> Vec<SlotTrace> {
        let input = Fields::of(&example.input).unwrap_or_default();
        let heard = ToolText::of(episode, &input);
        let trace = |(step, exchange): (usize, &crate::episode::Exchange)| {
            let slot = paths.get(&exchange.slot)?.clone();
            let step = u32::try_from(step).unwrap_or(u32::MAX);
            let demo = heard.demo(exchange, Origin::Bootstrapped { example: example.id.clone(), step })?;
            let known = self.slots.iter().find(|info| info.path == slot)?;
            known.spec.check_demo(&demo.inputs, &demo.outputs).is_empty().then_some(SlotTrace { slot, demo })
        };
        episode.exchanges.iter().enumerate().map(trace).collect::<Option<Vec<_>>>().unwrap_or_default()
    }

    fn split(&self, split: Split) -> &Dataset<P::Input, L> {
        match split {
            Split::Train => &self.data.train,
            Split::Val => &self.data.val,
        }
    }
}

#[async_trait]
impl<P, L, T> Subject for Compilation<'_, P, L, T>
where
    P: Program,
    P::Input: Clone + serde::Serialize,
    L: Send + Sync,
    T: Metric<P, L>,
{
    fn slots(&self) -> &[SlotInfo] {
        &self.slots
    }

    fn sizes(&self) -> SplitSizes {
        self.data.sizes()
    }

    fn labeled(&self, _slot: &SlotPath, example: usize) -> Option<Demo> {
        let example = self.data.train.get(example)?;
        let mut outputs = self.labeled?(&example.label)?;
        let mut inputs = Fields::of(&example.input).ok()?;
        // demonstrations of runs were scrubbed when they were recorded
        let redactor = self.runtime.boundary().connections().redactor();
        redactor.scrub_map(&mut inputs.0);
        redactor.scrub_map(&mut outputs.0);
        // what an answer may not hold, no demonstration holds
        let session = Session::new(RunId::random(), Mode::DryRun, &inputs);
        self.runtime.guard().release(&session, &outputs).ok()?;
        let example = redactor.scrub(&example.id).into_owned();
        Some(Demo { inputs, outputs, origin: Origin::Labeled { example } })
    }

    async fn rollout(&self, trial: Trial) -> Rollout {
        self.run(&trial).await.unwrap_or_else(|reason| Rollout::new(Outcome::NotScored { reason }))
    }

    async fn ask(&self, prompt: &str, seed: u64) -> Result<String, AskError> {
        let prompt = self.runtime.boundary().connections().redactor().scrub(prompt);
        let mut request = LmRequest::new(vec![Message::user(prompt)]);
        request.sampling.seed = Some(seed & 0x7fff_ffff);
        let reply = self.runtime.lm().complete(&request).await.map_err(|e| AskError(e.to_string()))?;
        Ok(reply.text)
    }
}

/// Slots by id. Ids survive cloning, so a program's own paths name the slots of every clone.
fn paths<P: Tunable + ?Sized>(program: &P) -> HashMap<SlotId, SlotPath> {
    let mut paths = HashMap::new();
    program.walk(&SlotPath::root(), &mut |path, slot| {
        paths.insert(slot.id().clone(), path);
    });
    paths
}

/// What a search may know of each slot, and the digest of its shape.
pub(super) fn slots_of<P: Module + Tunable>(program: &P) -> (Vec<SlotInfo>, BTreeMap<SlotPath, Digest>) {
    let mut slots = Vec::new();
    program.walk(&SlotPath::root(), &mut |path, slot| {
        slots.push(SlotInfo { path, spec: slot.spec().clone(), state: (**slot.state()).clone() });
    });
    with_shapes(slots)
}

fn with_shapes(mut slots: Vec<SlotInfo>) -> (Vec<SlotInfo>, BTreeMap<SlotPath, Digest>) {
    slots.sort_by(|a, b| a.path.cmp(&b.path));
    let shapes = slots.iter().map(|info| (info.path.clone(), info.spec.shape())).collect();
    (slots, shapes)
}

#[cfg(test)]
mod tests;
