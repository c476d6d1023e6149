//! Where demonstrations come from: labels and teacher runs; and how they are put into a state.

use std::collections::{BTreeMap, BTreeSet};

use abide_signatures::{Demo, FieldError, Origin, ProgramState, SlotPath};
use rand::seq::SliceRandom;

use crate::{BootstrapFewShot, Candidate, Role, Rollout, SearchError, SlotInfo, Split, Study, Trial};

/// Texts of at most this many characters are names of something (a tool, a category), not prose.
const SHORT_TEXT: usize = 40;

/// The demonstrations that labels make, by slot and training example. None that does not fit its slot.
pub(crate) struct Labels {
    demos: BTreeMap<SlotPath, BTreeMap<usize, Demo>>,
    /// What does not fit in the first that does not.
    misfit: Option<FieldError>,
}

/// A teacher run that may teach: all its steps, in order.
pub(crate) struct TeacherTrace {
    example: usize,
    value: f64,
    steps: Vec<(SlotPath, Demo)>,
    /// Slot, output field and value of every short text the run put out: what kind of run it was.
    shows: BTreeSet<(SlotPath, String, String)>,
}

/// What teacher runs gave.
#[derive(Default)]
pub(crate) struct TracePool {
    /// At most one lesson for an example, in the order of trials.
    pub(crate) lessons: Vec<TeacherTrace>,
    ran: usize,
    scored: usize,
    inadmissible: usize,
    best: Option<f64>,
}

/// What goes into one candidate.
pub(crate) struct Selected<'l> {
    /// Runs whose steps become demonstrations.
    pub(crate) lessons: Vec<&'l TeacherTrace>,
    /// Labelled examples in the order of preference.
    pub(crate) labeled: &'l [usize],
    /// A slot gets labelled demonstrations until runs and labels together are this many.
    pub(crate) places: usize,
}

impl Labels {
    pub(crate) fn of(study: &Study<'_>) -> Self {
        let subject = study.subject();
        let mut labels = Self { demos: BTreeMap::new(), misfit: None };
        for slot in subject.slots() {
            let demos = labels.demos.entry(slot.path.clone()).or_default();
            for example in 0..subject.sizes().train {
                let Some(demo) = subject.labeled(&slot.path, example) else { continue };
                match slot.spec.check_demo(&demo.inputs, &demo.outputs).into_iter().next() {
                    None => _ = demos.insert(example, demo),
                    Some(misfit) => _ = labels.misfit.get_or_insert(misfit),
                }
            }
        }
        labels
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.demos.values().all(BTreeMap::is_empty)
    }

    /// Why there is no demonstration.
    pub(crate) fn nothing(&self, study: &Study<'_>) -> SearchError {
        SearchError::NothingLabeled { examples: study.subject().sizes().train, misfit: self.misfit.clone() }
    }
}

impl TracePool {
    /// Runs the teacher over shuffled training examples, in waves, until there are lessons enough or `most` runs are used.
    /// Every further round goes over the examples that gave no lesson, with other seeds.
    pub(crate) async fn gather(
        study: &mut Study<'_>,
        bootstrap: &BootstrapFewShot,
        most: u64,
    ) -> Result<Self, SearchError> {
        if bootstrap.labels_only() {
            return Ok(Self::default());
        }
        let teacher = study.baseline()?;
        let wanted = bootstrap.pool.max(bootstrap.max_bootstrapped);
        let mut order = shuffled(study, "teacher order", study.subject().sizes().train);
        let mut harvest = Self::default();
        for round in 0..bootstrap.max_rounds {
            for wave in order.chunks(wanted.max(1)) {
                let left = usize::try_from(most).unwrap_or(usize::MAX).saturating_sub(harvest.ran);
                if harvest.lessons.len() >= wanted || left == 0 {
                    return Ok(harvest);
                }
                let trials = wave.iter().take(left).map(|example| Trial {
                    candidate: teacher.clone(),
                    role: Role::Teacher,
                    split: Split::Train,
                    example: *example,
                    seed: study.seed_in_round(Split::Train, *example, round),
                });
                let rollouts = study.run(trials.collect()).await;
                for (example, rollout) in wave.iter().zip(rollouts) {
                    let Some(rollout) = rollout else { return Ok(harvest) };
                    harvest.take(study, *example, &rollout, bootstrap.threshold);
                }
            }
            order.retain(|example| harvest.lessons.iter().all(|lesson| lesson.example != *example));
        }
        Ok(harvest)
    }

    /// Why there is no lesson.
    pub(crate) fn nothing(&self, study: &Study<'_>, bootstrap: &BootstrapFewShot, labels: &Labels) -> SearchError {
        let Self { ran, scored, inadmissible, best, .. } = *self;
        let threshold = bootstrap.threshold;
        match (ran, scored) {
            _ if bootstrap.labels_only() => labels.nothing(study),
            (0, _) => SearchError::BudgetExhausted { rollouts: study.rollouts() },
            (_, 0) => study.nothing_scored(scored, ran),
            _ => SearchError::NothingBootstrapped { scored, inadmissible, threshold, best },
        }
    }

    fn take(&mut self, study: &Study<'_>, example: usize, rollout: &Rollout, threshold: f64) {
        self.ran += 1;
        let Some(score) = rollout.score() else { return };
        self.scored += 1;
        if !score.admissible {
            self.inadmissible += 1;
            return;
        }
        self.best = Some(self.best.map_or(score.value, |best| best.max(score.value)));
        if score.value >= threshold {
            self.lessons.extend(TeacherTrace::of(study.subject().slots(), example, score.value, rollout));
        }
    }
}

impl TeacherTrace {
    /// All steps for slots that can be tuned; nothing if one of them does not fit its slot, or if there is none.
    fn of(slots: &[SlotInfo], example: usize, value: f64, rollout: &Rollout) -> Option<Self> {
        let mut lesson = Self { example, value, steps: Vec::new(), shows: BTreeSet::new() };
        for trace in &rollout.traces {
            let Some(slot) = slots.iter().find(|slot| slot.path == trace.slot) else { continue };
            if !fits(slot, &trace.demo) {
                return None;
            }
            for (field, value) in trace.demo.outputs.iter() {
                if let Some(text) = value.as_str().filter(|text| text.chars().count() <= SHORT_TEXT) {
                    lesson.shows.insert((trace.slot.clone(), field.to_owned(), text.to_owned()));
                }
            }
            lesson.steps.push((trace.slot.clone(), trace.demo.clone()));
        }
        (!lesson.steps.is_empty()).then_some(lesson)
    }
}

/// Up to `k` lessons that differ: each next one shows the most short output texts not shown yet, then has the higher
/// value, then came first.
pub(crate) fn diverse(lessons: &[TeacherTrace], k: usize) -> Vec<&TeacherTrace> {
    let mut rest: Vec<&TeacherTrace> = lessons.iter().collect();
    let mut shown = BTreeSet::new();
    let mut chosen = Vec::new();
    while chosen.len() < k {
        let gain = |lesson: &TeacherTrace| lesson.shows.difference(&shown).count();
        // of equals `min_by` takes the first
        let best =
            rest.iter().enumerate().min_by(|(_, a), (_, b)| gain(b).cmp(&gain(a)).then(b.value.total_cmp(&a.value)));
        let Some((index, _)) = best else { break };
        let lesson = rest.remove(index);
        shown.extend(lesson.shows.iter().cloned());
        chosen.push(lesson);
    }
    chosen
}

/// The baseline with other demonstrations: what a person wrote stays first; then the runs, then labels of other examples.
/// No demonstration stands twice in a slot.
pub(crate) fn compose(study: &Study<'_>, labels: &Labels, selected: &Selected<'_>) -> Result<Candidate, SearchError> {
    let state = |slot: &SlotInfo| {
        let mut state = slot.state.clone();
        state.demos.retain(|demo| demo.origin == Origin::Written);
        let mut used = BTreeSet::new();
        for lesson in &selected.lessons {
            let mut steps = lesson.steps.iter().filter(|(path, _)| *path == slot.path).peekable();
            if steps.peek().is_some() {
                used.insert(lesson.example);
            }
            steps.for_each(|(_, demo)| add(&mut state.demos, demo));
        }
        let mut places = selected.places.saturating_sub(used.len());
        let taught: BTreeSet<usize> = selected.lessons.iter().map(|lesson| lesson.example).collect();
        let fitting = labels.demos.get(&slot.path);
        for example in selected.labeled.iter().filter(|example| !taught.contains(*example)) {
            let Some(demo) = fitting.and_then(|demos| demos.get(example)).filter(|_| places > 0) else { continue };
            let before = state.demos.len();
            add(&mut state.demos, demo);
            places -= state.demos.len() - before;
        }
        (slot.path.clone(), state)
    };
    let state = study.subject().slots().iter().map(state).collect();
    Candidate::new(ProgramState(state)).map_err(SearchError::State)
}

/// The numbers below `n` in an order of the study's.
pub(crate) fn shuffled(study: &Study<'_>, label: &str, n: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    order.shuffle(&mut study.rng(label));
    order
}

fn add(demos: &mut Vec<Demo>, demo: &Demo) {
    if !demos.iter().any(|known| known.inputs == demo.inputs && known.outputs == demo.outputs) {
        demos.push(demo.clone());
    }
}

fn fits(slot: &SlotInfo, demo: &Demo) -> bool {
    slot.spec.check_demo(&demo.inputs, &demo.outputs).is_empty()
}
