use async_trait::async_trait;

use crate::{Candidate, SplitSizes, Study, error::SearchError};

/// A search for a better state of a program.
///
/// Same configuration, same study seed, same data and same replies give the same candidate, at any concurrency.
#[async_trait]
pub trait Optimizer: Send + Sync {
    /// What the search is called in artifacts and reports.
    fn name(&self) -> &'static str;

    /// Its settings, for the artifact's provenance.
    fn config(&self) -> serde_json::Value;

    /// What it will ask for at most, if no budget stops it.
    fn plan(&self, sizes: SplitSizes) -> Plan;

    /// Searches. The candidate is the best one found; the study's board and ledger say what it took.
    async fn search(&self, study: &mut Study<'_>) -> Result<Candidate, SearchError>;
}

/// The most that a search will ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Runs of the program, the teacher's included.
    pub rollouts: u64,
    /// Questions to the proposer model.
    pub asks: u64,
}
