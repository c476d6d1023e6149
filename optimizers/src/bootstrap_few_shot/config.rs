use serde::Serialize;

use crate::SplitSizes;

/// Shows the program what good runs look like: runs the teacher over training examples and turns the steps of its
/// successful runs into demonstrations for the slots that made them
/// (after BootstrapFewShot of [DSPy](https://arxiv.org/abs/2310.03714)).
///
/// - A run teaches only if it is *admissible*, its value reaches [`threshold`](Self::threshold), and all its steps fit
///   their slots. At most one run for an example. The steps of a run stay together, in order.
/// - The teacher goes over shuffled examples in waves of [`pool`](Self::pool) until it has that many such runs; further rounds
///   go over the examples that gave none, with other seeds.
/// - Of those, [`max_bootstrapped`](Self::max_bootstrapped) are chosen to differ: each next one is the run with the most
///   short output texts (names of tools, categories) that no chosen run has put out, then the one of higher value, then
///   the earlier. So four demonstrations are not four of a kind.
/// - Labelled examples fill what is left of [`max_labeled`](Self::max_labeled) places of a slot; never from an example that
///   a chosen run is from.
/// - Demonstrations that a person wrote stay and take no place; others that the program had are replaced.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct BootstrapFewShot {
    /// Steps of at most this many runs become demonstrations.
    pub max_bootstrapped: usize,
    /// Labelled examples fill a slot until runs and labels together are this many.
    pub max_labeled: usize,
    /// How often an example may be tried.
    pub max_rounds: u32,
    /// The least value of a run that teaches. Below 1, for a successful run may lose a little for its cost.
    pub threshold: f64,
    /// How many good runs to gather before choosing among them; at least as many as are chosen.
    pub pool: usize,
}

impl Default for BootstrapFewShot {
    fn default() -> Self {
        Self { max_bootstrapped: 4, max_labeled: 4, max_rounds: 1, threshold: 0.9, pool: 8 }
    }
}

impl BootstrapFewShot {
    /// With demonstrations from at most this many runs.
    #[must_use]
    pub fn max_bootstrapped(mut self, runs: usize) -> Self {
        self.max_bootstrapped = runs;
        self
    }

    /// With labelled demonstrations until runs and labels together are this many.
    #[must_use]
    pub fn max_labeled(mut self, places: usize) -> Self {
        self.max_labeled = places;
        self
    }

    /// With at most this many tries of an example.
    #[must_use]
    pub fn max_rounds(mut self, rounds: u32) -> Self {
        self.max_rounds = rounds;
        self
    }

    /// With another least value of a run that teaches.
    #[must_use]
    pub fn threshold(mut self, value: f64) -> Self {
        self.threshold = value;
        self
    }

    /// With another number of good runs to choose from.
    #[must_use]
    pub fn pool(mut self, runs: usize) -> Self {
        self.pool = runs;
        self
    }

    pub(crate) fn teacher_runs(&self, sizes: SplitSizes) -> u64 {
        if self.max_bootstrapped == 0 { 0 } else { (sizes.train as u64).saturating_mul(self.max_rounds.into()) }
    }

    /// Whether labels alone are wanted.
    pub(crate) fn labels_only(&self) -> bool {
        self.max_bootstrapped == 0 || self.max_rounds == 0
    }
}
