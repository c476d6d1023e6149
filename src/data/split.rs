use std::collections::HashSet;

use abide_optimizers::SplitSizes;

use super::{data::Dataset, example::Row};
use crate::Digest;

/// The parts of the data, each for its own use.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Splits<I, L> {
    /// Demonstrations and feedback come from here.
    pub train: Dataset<I, L>,
    /// Candidates are compared on this.
    pub val: Dataset<I, L>,
    /// No search ever sees this; the numbers of the artifact come from here.
    pub test: Option<Dataset<I, L>>,
}

impl<I, L> Splits<I, L> {
    /// Training and validation examples, without a test split.
    pub fn new(train: Dataset<I, L>, val: Dataset<I, L>) -> Self {
        Self { train, val, test: None }
    }

    /// With held-out examples.
    #[must_use]
    pub fn with_test(mut self, test: Dataset<I, L>) -> Self {
        self.test = Some(test);
        self
    }

    /// How many examples the splits have that a search may see.
    pub fn sizes(&self) -> SplitSizes {
        SplitSizes { train: self.train.len(), val: self.val.len() }
    }

    /// Ids that stand in more than one part, in order: a result on such an example says little.
    pub fn shared_ids(&self) -> Vec<&str> {
        let mut seen = HashSet::new();
        let mut shared: Vec<&str> = [Some(&self.train), Some(&self.val), self.test.as_ref()]
            .into_iter()
            .flatten()
            .flatten()
            .map(|example| example.id.as_str())
            .filter(|id| !seen.insert(*id))
            .collect();
        shared.sort_unstable();
        shared.dedup();
        shared
    }
}

pub(super) fn by_rank<I, L>(data: Dataset<I, L>, share: f64, seed: u64) -> Splits<I, L> {
    let ranks = data.iter().map(|example| rank(&example.id, seed)).collect();
    let chosen = first(ranks, share);
    let (train, val): (Vec<_>, Vec<_>) =
        data.rows.into_iter().enumerate().partition(|(index, _)| chosen.contains(index));
    let part = |rows: Vec<(usize, Row<I, L>)>| Dataset {
        rows: rows.into_iter().map(|(_, row)| row).collect(),
        source: data.source.clone(),
    };
    Splits::new(part(train), part(val))
}

fn rank(id: &str, seed: u64) -> Digest {
    Digest::of_bytes(format!("{seed}/{id}").as_bytes())
}

/// Where the first `share` of the ranks stand.
fn first(ranks: Vec<Digest>, share: f64) -> HashSet<usize> {
    let most = count(ranks.len(), share);
    let mut ranks: Vec<(Digest, usize)> = ranks.into_iter().zip(0..).collect();
    ranks.sort_unstable();
    ranks.into_iter().take(most).map(|(_, index)| index).collect()
}

fn count(total: usize, share: f64) -> usize {
    // the cast saturates and takes NaN for 0
    let wanted = (total as f64 * share.clamp(0.0, 1.0)).round() as usize;
    match total {
        0 | 1 => total,
        _ => wanted.clamp(1, total - 1),
    }
}

impl<I, L> Dataset<I, L> {
    /// Divides into training and validation examples.
    ///
    /// Every id has a rank by the SHA-256 of seed and id; the first `share` of the ranks, rounded, are training examples.
    /// So the same ids and seed always divide in the same way, in whatever order they stand. `share` is clamped to \[0, 1\];
    /// of two or more examples each half gets one at least.
    pub fn split(self, share: f64, seed: u64) -> Splits<I, L> {
        by_rank(self, share, seed)
    }
}
