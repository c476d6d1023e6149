use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde::Serialize;

use crate::{Candidate, Rollout, Score, Split};

/// The share of a candidate's runs that must be scored for it to be compared with others.
const COMPARABLE: f64 = 0.8;

/// Which candidate is better. **Admissibility first, then score.**
///
/// 1. A candidate is *comparable* when at least 80 % as many of its runs were scored as the candidate with the most runs
///    has runs. Others are left out: a run that never started is no score of 0.
/// 2. Of those, a candidate is *eligible* when the share of its scored runs that are inadmissible is at most
///    [`Selection::max_inadmissible`]. Eligible ones come first, the others in the order of that share; so where none is
///    eligible, the least inadmissible wins.
/// 3. Then the higher mean value. A run that could not be scored where another candidate's could counts 0 in it: what fails one
///    candidate again and again, such as prompts that the model's server gives up on, is that candidate's doing. Where no
///    candidate could be scored, the example counts for none.
/// 4. Then the candidate that was first on the board. Fewer tokens do not break a tie: on a small
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
    standings: Vec<Standing>,
}

/// The runs of one candidate over examples of one split.
#[derive(Clone, Debug)]
pub struct Standing {
    candidate: Candidate,
    split: Split,
    runs: BTreeMap<usize, Arc<Rollout>>,
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
    pub fn rank<'e>(&self, standings: impl IntoIterator<Item = &'e Standing>) -> Vec<&'e Standing> {
        let all: Vec<&Standing> = standings.into_iter().collect();
        let most = all.iter().map(|e| e.ran()).max().unwrap_or_default();
        let scorable: BTreeSet<usize> = all.iter().flat_map(|e| e.scores().map(|(example, _)| example)).collect();
        let mut keyed: Vec<(Key, &Standing)> = all
            .into_iter()
            .filter(|e| e.scored() as f64 >= COMPARABLE * most as f64)
            .filter_map(|e| Some((self.key(e, &scorable)?, e)))
            .collect();
        keyed.sort_by(|(a, _), (b, _)| a.cmp(b));
        keyed.into_iter().map(|(_, e)| e).collect()
    }

    fn key(&self, standing: &Standing, scorable: &BTreeSet<usize>) -> Option<Key> {
        let inadmissible = standing.inadmissible()?;
        let counted = standing.runs.keys().filter(|example| scorable.contains(example)).count();
        Some(Key {
            excess: if inadmissible <= self.max_inadmissible { 0.0 } else { inadmissible },
            value: standing.value()? * standing.scored() as f64 / counted as f64,
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
    /// All standings, in the order in which they began.
    pub fn standings(&self) -> impl Iterator<Item = &Standing> {
        self.standings.iter()
    }

    /// What is known of a candidate on a split.
    pub fn standing(&self, candidate: &Candidate, split: Split) -> Option<&Standing> {
        self.standings.iter().find(|e| e.split == split && e.candidate == *candidate)
    }

    /// The comparable candidates of a split, best first.
    pub fn ranked(&self, split: Split, selection: &Selection) -> Vec<&Standing> {
        selection.rank(self.standings.iter().filter(|e| e.split == split))
    }

    pub(crate) fn record(&mut self, candidate: &Candidate, split: Split, example: usize, rollout: Arc<Rollout>) {
        let known = self.standings.iter().position(|e| e.split == split && e.candidate == *candidate);
        let index = known.unwrap_or_else(|| {
            self.standings.push(Standing::none(candidate.clone(), split));
            self.standings.len() - 1
        });
        if let Some(standing) = self.standings.get_mut(index) {
            standing.runs.insert(example, rollout);
        }
    }
}

impl Standing {
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

    /// The runs by example.
    pub fn runs(&self) -> &BTreeMap<usize, Arc<Rollout>> {
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
        self.mean(|_, score| score.value)
    }

    /// Mean task success of the scored runs, in [0, 1].
    pub fn task(&self) -> Option<f64> {
        self.mean(|_, score| score.task)
    }

    /// Mean security of the scored runs, in [0, 1].
    pub fn security(&self) -> Option<f64> {
        self.mean(|_, score| score.security)
    }

    /// The share of scored runs that are inadmissible, in [0, 1].
    pub fn inadmissible(&self) -> Option<f64> {
        self.mean(|_, score| if score.admissible { 0.0 } else { 1.0 })
    }

    /// Mean tokens of the scored runs.
    pub fn tokens(&self) -> Option<f64> {
        self.mean(|run, _| run.spent.tokens as f64)
    }

    /// The scores there are, with their examples.
    fn scores(&self) -> impl Iterator<Item = (usize, &Score)> {
        self.runs.iter().filter_map(|(example, run)| Some((*example, run.score()?)))
    }

    fn mean(&self, of: impl Fn(&Rollout, &Score) -> f64) -> Option<f64> {
        let scored = self.scored();
        let sum = self.runs.values().filter_map(|run| Some(of(run, run.score()?))).sum::<f64>();
        (scored > 0).then(|| sum / scored as f64)
    }
}
