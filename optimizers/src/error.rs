use abide_signatures::{CanonicalError, FieldError};

use crate::Split;

/// Why a search found nothing.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SearchError {
    /// The search needs examples of a split that has none.
    #[error("the `{}` split is empty: add examples, or give it a share of the data", .0.name())]
    EmptySplit(Split),
    /// The budget cannot pay for the least that the search needs.
    #[error(
        "the search needs at least `{needed}` rollouts and the budget leaves `{left}`: raise the budget or use fewer examples"
    )]
    BudgetTooSmall {
        /// Rollouts needed.
        needed: u64,
        /// Rollouts left.
        left: u64,
    },
    /// The budget was used up before there was anything to choose from.
    #[error("the budget was used up after `{rollouts}` rollouts, before there was anything to choose from: raise it")]
    BudgetExhausted {
        /// Rollouts started.
        rollouts: u64,
    },
    /// No label makes a demonstration for any slot.
    #[error("none of `{examples}` labelled examples makes a demonstration for a slot: {}", labels(misfit))]
    NothingLabeled {
        /// Training examples looked at.
        examples: usize,
        /// What does not fit in the first that has the outputs of a slot.
        misfit: Option<FieldError>,
    },
    /// No teacher run was good enough to teach.
    #[error(
        "none of `{scored}` scored teacher runs was admissible, had steps to show and reached the threshold `{threshold}` \
         (`{inadmissible}` inadmissible, best admissible value {}): use a stronger teacher, more examples or a lower threshold",
        number(*.best)
    )]
    NothingBootstrapped {
        /// Teacher runs with a score.
        scored: usize,
        /// Of those, runs that were inadmissible.
        inadmissible: usize,
        /// The value asked for.
        threshold: f64,
        /// The highest value of an admissible run.
        best: Option<f64>,
    },
    /// The infrastructure failed too often to compare anything.
    #[error(
        "only `{scored}` of `{ran}` runs could be scored; the last failed because {reason}: fix that and search again"
    )]
    NothingScored {
        /// Runs with a score.
        scored: usize,
        /// Runs.
        ran: usize,
        /// What failed last.
        reason: String,
    },
    /// A candidate has no canonical form.
    #[error("a candidate cannot be identified: {0}")]
    State(CanonicalError),
}

pub(crate) fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "`none`".to_owned(), |value| format!("`{value:.3}`"))
}

fn labels(misfit: &Option<FieldError>) -> String {
    match misfit {
        Some(misfit) => format!("{misfit}; correct the labels, or what makes outputs of them"),
        None => {
            "label the outputs of a slot, say what makes outputs of a label (`Compiler::labeled`, `Compiler::labels_are_outputs`), or bootstrap instead"
                .to_owned()
        }
    }
}
