use std::collections::BTreeMap;

use serde::Serialize;

use crate::{Candidate, Outcome, Rollout, Split};

/// The share of a candidate's runs that must be scored for it to be compared with others.
const COMPARABLE: f64 = 0.8;

/// Which candidate is better. **Admissibility first, then score.**
///
/// 1. A candidate is *comparable* when at least 80 % as many of its runs were scored as the candidate with the most runs
///    has runs. Others are left out: neither an infrastructure failure nor a run that never started is a score of 0.
/// 2. Of those, a candidate is *eligible* when the share of its scored runs that are inadmissible is at most
///    [`Selection::max_inadmissible`]. Eligible ones come first, the others in the order of that share; so where none is
///    eligible, the least inadmissible wins.
/// 3. Then the higher mean value, then the candidate that was first on the board. Fewer tokens do not break a tie: on a small
///    validation split that would mostly pick the candidate with the fewest demonstrations.
///
/// The share is taken as counted, without regard to noise: certifying a winner is not the search's work. Where every run is
/// admissible, as with a metric that looks at the task alone, the order is that of the values.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Selection {
    /// The largest share of inadmissible runs that an eligible candidate may have, in [0, 1].
    pub max_inadmissible: f64,
}

/// The candidates of a study with their scores, in the order in which they were first scored.
#[derive(Clone, Debug, Default)]
pub struct Board {
    evaluations: Vec<Evaluation>,
}

/// The runs of one candidate over examples of one split.
#[derive(Clone, Debug)]
pub struct Evaluation {
    candidate: Candidate,
    split: Split,
    runs: BTreeMap<usize, Option<ExampleScore>>,
}

/// The score of one run, without its texts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ExampleScore {
    /// What the search climbs; at most 1.
    pub value: f64,
    /// Task success alone, in [0, 1].
    pub task: f64,
    /// 1 minus what the run did to its boundary, in [0, 1].
    pub security: f64,
    /// Whether the run may serve as an example to others.
    pub admissible: bool,
    /// Tokens in prompts and replies.
    pub tokens: u64,
}

impl Default for Selection {
    fn default() -> Self {
        Self { max_inadmissible: 0.05 }
    }
}

impl Selection {
    /// With another largest share of inadmissible runs, in [0, 1].
    #[must_use]
    pub fn max_inadmissible(mut self, share: f64) -> Self {
        self.max_inadmissible = share;
        self
    }

    /// The comparable ones, best first. Give them in the order of the board: that is what breaks the last ties.
    pub fn rank<'e>(&self, evaluations: impl IntoIterator<Item = &'e Evaluation>) -> Vec<&'e Evaluation> {
        let all: Vec<&Evaluation> = evaluations.into_iter().collect();
        let most = all.iter().map(|e| e.ran()).max().unwrap_or_default();
        let mut keyed: Vec<(Key, &Evaluation)> = all
            .into_iter()
            .filter(|e| e.scored() as f64 >= COMPARABLE * most as f64)
            .filter_map(|e| Some((self.key(e)?, e)))
            .collect();
        keyed.sort_by(|(a, _), (b, _)| a.cmp(b));
        keyed.into_iter().map(|(_, e)| e).collect()
    }

    fn key(&self, evaluation: &Evaluation) -> Option<Key> {
        let inadmissible = evaluation.inadmissible()?;
        Some(Key {
            excess: if inadmissible <= self.max_inadmissible { 0.0 } else { inadmissible },
            value: evaluation.value()?,
        })
    }
}

/// What candidates are ordered by; less is better.
struct Key {
    excess: f64,
    value: f64,
}

impl Key {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.excess.total_cmp(&other.excess).then(other.value.total_cmp(&self.value))
    }
}

impl Board {
    /// All evaluations, in the order in which they began.
    pub fn evaluations(&self) -> impl Iterator<Item = &Evaluation> {
        self.evaluations.iter()
    }

    /// What is known of a candidate on a split.
    pub fn evaluation(&self, candidate: &Candidate, split: Split) -> Option<&Evaluation> {
        self.evaluations.iter().find(|e| e.split == split && e.candidate == *candidate)
    }

    /// The comparable candidates of a split, best first.
    pub fn ranked(&self, split: Split, selection: &Selection) -> Vec<&Evaluation> {
        selection.rank(self.evaluations.iter().filter(|e| e.split == split))
    }

    pub(crate) fn record(&mut self, candidate: &Candidate, split: Split, example: usize, rollout: &Rollout) {
        let known = self.evaluations.iter().position(|e| e.split == split && e.candidate == *candidate);
        let index = known.unwrap_or_else(|| {
            self.evaluations.push(Evaluation::none(candidate.clone(), split));
            self.evaluations.len() - 1
        });
        if let Some(evaluation) = self.evaluations.get_mut(index) {
            evaluation.runs.insert(example, ExampleScore::of(rollout));
        }
    }
}

impl Evaluation {
    pub(crate) fn none(candidate: Candidate, split: Split) -> Self {
        Self { candidate, split, runs: BTreeMap::new() }
    }

    /// The candidate.
    pub fn candidate(&self) -> &Candidate {
        &self.candidate
    }

    /// Where the examples are from.
    pub fn split(&self) -> Split {
        self.split
    }

    /// The runs by example; nothing where the run could not be scored.
    pub fn runs(&self) -> &BTreeMap<usize, Option<ExampleScore>> {
        &self.runs
    }

    /// How many examples were run.
    pub fn ran(&self) -> usize {
        self.runs.len()
    }

    /// How many of them were scored.
    pub fn scored(&self) -> usize {
        self.scores().count()
    }

    /// Mean value of the scored runs; `None` if nothing was scored.
    pub fn value(&self) -> Option<f64> {
        self.mean(|score| score.value)
    }

    /// Mean task success of the scored runs, in [0, 1].
    pub fn task(&self) -> Option<f64> {
        self.mean(|score| score.task)
    }

    /// Mean security of the scored runs, in [0, 1].
    pub fn security(&self) -> Option<f64> {
        self.mean(|score| score.security)
    }

    /// The share of scored runs that are inadmissible, in [0, 1].
    pub fn inadmissible(&self) -> Option<f64> {
        self.mean(|score| if score.admissible { 0.0 } else { 1.0 })
    }

    /// Mean tokens of the scored runs.
    pub fn tokens(&self) -> Option<f64> {
        self.mean(|score| score.tokens as f64)
    }

    fn scores(&self) -> impl Iterator<Item = &ExampleScore> {
        self.runs.values().flatten()
    }

    fn mean(&self, of: impl Fn(&ExampleScore) -> f64) -> Option<f64> {
        let scored = self.scored();
        (scored > 0).then(|| self.scores().map(of).sum::<f64>() / scored as f64)
    }
}

impl ExampleScore {
    /// The score of a rollout. A value that is not a number says as little as no score.
    fn of(rollout: &Rollout) -> Option<Self> {
        let Outcome::Scored(scored) = &rollout.outcome else { return None };
        scored.value.is_finite().then_some(Self {
            value: scored.value,
            task: scored.task,
            security: scored.security,
            admissible: scored.admissible,
            tokens: rollout.spent.tokens,
        })
    }
}
