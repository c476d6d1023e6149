use std::num::NonZero;

use async_trait::async_trait;
use rand::{RngExt, rngs::StdRng, seq::SliceRandom};
use serde::Serialize;

use crate::{
    BootstrapFewShot, Candidate, Optimizer, Plan, SearchError, Split, SplitSizes, Study,
    teach::{Labels, Selected, TeacherTrace, TracePool, compose, diverse, shuffled},
};

/// A first look at fewer examples than this says too little to drop a candidate.
const FIRST_LOOK: usize = 6;

/// Candidates that are always there: the program as it is, without demonstrations, with labels only, and bootstrapped.
const FIXED: usize = 4;

/// Draws many sets of demonstrations and keeps the set that scores best on the validation examples
/// (after BootstrapFewShotWithRandomSearch of [DSPy](https://arxiv.org/abs/2310.03714)).
///
/// The teacher runs once over the training examples, and all candidates draw their runs from what it gave. The candidates
/// are, as far as they differ: the program as it is; without demonstrations; with labels only; what
/// [`BootstrapFewShot`] would choose; then random sets of runs and labels, of random size. So the program
/// itself is the result where nothing beats it. All are scored side by side; [`Selection`](crate::Selection) says which is best.
///
/// With [`Halving::On`] every candidate is scored on a third of the validation examples first, and only the better half
/// on the rest ([successive halving](https://arxiv.org/abs/1502.07943)).
///
/// Where the budget does not reach for all, there are fewer candidates, never fewer examples for each.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct BootstrapFewShotWithRandomSearch {
    /// How teacher runs are gathered and how many demonstrations a candidate may have.
    pub bootstrap: BootstrapFewShot,
    /// How many random sets to draw.
    pub candidates: usize,
    /// Whether weak candidates are dropped early.
    pub halving: Halving,
}

/// Whether weak candidates are dropped early.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Halving {
    /// A third of the examples for all, at least 6; the rest for the better half.
    #[default]
    On,
    /// All examples for all.
    Off,
}

impl Default for BootstrapFewShotWithRandomSearch {
    fn default() -> Self {
        Self { bootstrap: BootstrapFewShot::default().pool(16), candidates: 8, halving: Halving::On }
    }
}

impl BootstrapFewShotWithRandomSearch {
    /// With other settings for teacher runs and numbers of demonstrations.
    #[must_use]
    pub fn bootstrap(mut self, bootstrap: BootstrapFewShot) -> Self {
        self.bootstrap = bootstrap;
        self
    }

    /// With another number of random sets.
    #[must_use]
    pub fn candidates(mut self, candidates: usize) -> Self {
        self.candidates = candidates;
        self
    }

    /// With or without an early end for weak candidates.
    #[must_use]
    pub fn halving(mut self, halving: Halving) -> Self {
        self.halving = halving;
        self
    }

    async fn run(&self, study: &mut Study<'_>) -> Result<Candidate, SearchError> {
        let sizes = study.subject().sizes();
        for (split, size) in [(Split::Train, sizes.train), (Split::Val, sizes.val)] {
            if size == 0 {
                return Err(SearchError::EmptySplit(split));
            }
        }
        let teacher_runs = self.teacher_runs(study)?;
        let harvest = TracePool::gather(study, &self.bootstrap, teacher_runs).await?;
        let labels = Labels::of(study);
        if harvest.lessons.is_empty() && labels.is_empty() {
            return Err(harvest.nothing(study, &self.bootstrap, &labels));
        }
        if harvest.lessons.is_empty() && !self.bootstrap.labels_only() {
            tracing::warn!(reason = %harvest.nothing(study, &self.bootstrap, &labels), "searching over labels only");
        }
        let mut candidates = self.draw(study, &labels, &harvest.lessons)?;
        let affordable =
            (2..=candidates.len()).rev().find(|n| self.scoring_cost(*n, sizes.val) <= study.rollouts_left());
        candidates.truncate(affordable.unwrap_or(2));
        self.race(study, candidates).await
    }

    /// How many teacher runs the budget allows: what scoring two candidates leaves, and rather no more than half of all.
    fn teacher_runs(&self, study: &Study<'_>) -> Result<u64, SearchError> {
        let sizes = study.subject().sizes();
        let left = study.rollouts_left();
        let wanted = self.bootstrap.teacher_runs(sizes);
        let pair = self.scoring_cost(2, sizes.val);
        let needed = pair.saturating_add(wanted.min(self.bootstrap.max_bootstrapped as u64));
        if left < needed {
            return Err(SearchError::BudgetTooSmall { needed, left });
        }
        Ok(wanted.min((left - pair).min((left / 2).max(self.bootstrap.pool as u64))))
    }

    fn draw(
        &self,
        study: &Study<'_>,
        labels: &Labels,
        lessons: &[TeacherTrace],
    ) -> Result<Vec<Candidate>, SearchError> {
        let BootstrapFewShot { max_bootstrapped, max_labeled, .. } = self.bootstrap;
        let examples = study.subject().sizes().train;
        let labeled = shuffled(study, "labels", examples);
        let with = |lessons, places| compose(study, labels, &Selected { lessons, labeled: &labeled, places });
        let mut candidates = vec![study.baseline()?];
        let mut add = |candidate: Candidate| {
            if !candidates.contains(&candidate) {
                candidates.push(candidate);
            }
            candidates.len()
        };
        add(with(diverse(lessons, max_bootstrapped), max_labeled)?);
        add(with(Vec::new(), max_labeled)?);
        let fixed = add(with(Vec::new(), 0)?);
        // some draws repeat a set; there may be fewer sets than were asked for
        for draw in 0..self.candidates.saturating_mul(4) {
            let mut rng = study.rng(&format!("draw {draw}"));
            let labeled = shuffled(study, &format!("labels {draw}"), examples);
            let lessons = some(lessons, max_bootstrapped, &mut rng);
            let places = rng.random_range(0..=max_labeled);
            if add(compose(study, labels, &Selected { lessons, labeled: &labeled, places })?) >= fixed + self.candidates
            {
                break;
            }
        }
        Ok(candidates)
    }

    async fn race(&self, study: &mut Study<'_>, candidates: Vec<Candidate>) -> Result<Candidate, SearchError> {
        let order = shuffled(study, "validation order", study.subject().sizes().val);
        let (first, rest) = order.split_at(self.first_look(order.len()));
        let standings = study.score_all(&candidates, Split::Val, first).await;
        let mut ranked = study.ranked(&standings)?;
        if !rest.is_empty() {
            // in the order of the candidates again, which breaks the last ties
            let better = ranked.get(..kept(candidates.len()).min(ranked.len())).unwrap_or_default();
            let finalists: Vec<Candidate> = candidates.into_iter().filter(|c| better.contains(c)).collect();
            let standings = study.score_all(&finalists, Split::Val, rest).await;
            ranked = study.ranked(&standings)?;
        }
        ranked.into_iter().next().ok_or(SearchError::BudgetExhausted { rollouts: study.rollouts() })
    }

    fn first_look(&self, val: usize) -> usize {
        match self.halving {
            Halving::On => val.div_ceil(3).max(FIRST_LOOK).min(val),
            Halving::Off => val,
        }
    }

    fn scoring_cost(&self, candidates: usize, val: usize) -> u64 {
        let first = self.first_look(val);
        (candidates as u64) * (first as u64) + (kept(candidates) as u64) * ((val - first) as u64)
    }
}

fn kept(candidates: usize) -> usize {
    candidates.div_ceil(2)
}

/// A random number of random lessons: at least one, at most `most`; `None` if there are none.
fn some<'l>(lessons: &'l [TeacherTrace], most: usize, rng: &mut StdRng) -> Vec<&'l TeacherTrace> {
    let Some(most) = NonZero::new(most.min(lessons.len())) else { return Vec::new() };
    let mut drawn: Vec<&TeacherTrace> = lessons.iter().collect();
    drawn.shuffle(rng);
    drawn.truncate(rng.random_range(1..=most.get()));
    drawn
}

#[async_trait]
impl Optimizer for BootstrapFewShotWithRandomSearch {
    fn name(&self) -> &'static str {
        "bootstrap_few_shot_with_random_search"
    }

    fn config(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    fn plan(&self, sizes: SplitSizes) -> Plan {
        let scoring = self.scoring_cost(self.candidates.saturating_add(FIXED), sizes.val);
        Plan { rollouts: self.bootstrap.teacher_runs(sizes).saturating_add(scoring), asks: 0 }
    }

    async fn search(&self, study: &mut Study<'_>) -> Result<Candidate, SearchError> {
        self.run(study).await
    }
}
