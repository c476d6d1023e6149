//! Few-shot demonstrations from labels.

use async_trait::async_trait;
use serde::Serialize;

use crate::{
    Candidate, Optimizer, Plan, SearchError, Split, SplitSizes, Study,
    teach::{Labels, Selected, compose, shuffled},
};

/// Shows every slot labelled training examples, drawn at random. Runs nothing.
///
/// Demonstrations that a person wrote stay; others are replaced. Labels that do not fit a slot are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LabeledFewShot {
    /// At most this many demonstrations for a slot.
    pub k: usize,
}

impl Default for LabeledFewShot {
    fn default() -> Self {
        Self { k: 16 }
    }
}

impl LabeledFewShot {
    /// With at most this many demonstrations for a slot.
    #[must_use]
    pub fn k(mut self, k: usize) -> Self {
        self.k = k;
        self
    }

    fn pick(&self, study: &Study<'_>) -> Result<Candidate, SearchError> {
        let examples = study.subject().sizes().train;
        if examples == 0 {
            return Err(SearchError::EmptySplit(Split::Train));
        }
        let labels = Labels::of(study);
        if labels.is_empty() {
            return Err(labels.nothing(study));
        }
        let order = shuffled(study, "labels", examples);
        compose(study, &labels, &Selected { lessons: Vec::new(), labeled: &order, places: self.k })
    }
}

#[async_trait]
impl Optimizer for LabeledFewShot {
    fn name(&self) -> &'static str {
        "labeled_few_shot"
    }

    fn config(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    fn plan(&self, _sizes: SplitSizes) -> Plan {
        Plan::default()
    }

    async fn search(&self, study: &mut Study<'_>) -> Result<Candidate, SearchError> {
        self.pick(study)
    }
}
