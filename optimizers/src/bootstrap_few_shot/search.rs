use async_trait::async_trait;

use super::BootstrapFewShot;
use crate::{
    Candidate, Optimizer, Plan, SearchError, Split, SplitSizes, Study,
    teach::{Labels, Selected, TracePool, compose, diverse, shuffled},
};

impl BootstrapFewShot {
    async fn bootstrap(&self, study: &mut Study<'_>) -> Result<Candidate, SearchError> {
        let sizes = study.subject().sizes();
        if sizes.train == 0 {
            return Err(SearchError::EmptySplit(Split::Train));
        }
        let needed = self.teacher_runs(sizes).min(self.max_bootstrapped as u64);
        if study.rollouts_left() < needed {
            return Err(SearchError::BudgetTooSmall { needed, left: study.rollouts_left() });
        }
        let harvest = TracePool::gather(study, self, u64::MAX).await?;
        let labels = Labels::of(study);
        let lessons = diverse(&harvest.lessons, self.max_bootstrapped);
        if lessons.is_empty() && (!self.labels_only() || labels.is_empty()) {
            return Err(harvest.nothing(study, self, &labels));
        }
        let labeled = shuffled(study, "labels", sizes.train);
        compose(study, &labels, &Selected { lessons, labeled: &labeled, places: self.max_labeled })
    }
}

#[async_trait]
impl Optimizer for BootstrapFewShot {
    fn name(&self) -> &'static str {
        "bootstrap_few_shot"
    }

    fn config(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    fn plan(&self, sizes: SplitSizes) -> Plan {
        Plan { rollouts: self.teacher_runs(sizes), asks: 0 }
    }

    async fn search(&self, study: &mut Study<'_>) -> Result<Candidate, SearchError> {
        self.bootstrap(study).await
    }
}
