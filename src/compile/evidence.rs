use crate::{
    artifact::{Comparison, Estimate, Measured},
    evaluate::Summary,
    metric::Interval,
};

/// An evaluation as artifacts keep it.
pub(super) fn measured(summary: &Summary) -> Measured {
    Measured {
        examples: summary.examples as u64,
        scored: summary.scored as u64,
        not_scored: summary.not_scored() as u64,
        task: estimate(summary.task),
        violation_rate: estimate(summary.violation_rate),
        value: summary.value.into(),
        events: summary.events.iter().map(|(code, count)| ((*code).to_owned(), *count)).collect(),
        model_calls: summary.model_calls,
        tool_calls: summary.tool_calls,
        tokens: summary.tokens,
    }
}

pub(super) fn comparison(before: &Summary, after: &Summary) -> Comparison {
    Comparison { before: measured(before), after: measured(after) }
}

fn estimate(interval: Interval) -> Estimate {
    Estimate::new(interval.mean, interval.low, interval.high)
}
