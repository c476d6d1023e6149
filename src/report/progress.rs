use std::sync::Mutex;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::{
    evaluate::{self, Row},
    optimizers::{self, Rollout, Trial},
};

/// A line on standard error that shows how far an evaluation or a search is; nothing where standard error is no terminal.
pub struct Bar {
    bar: ProgressBar,
    seen: Mutex<(u64, u64)>,
}

impl Bar {
    /// A bar with a title. `total` is how many runs there will be at most.
    pub fn new(title: impl Into<String>, total: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{prefix:<22} {bar:30} {pos}/{len} runs {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_prefix(title.into());
        Self { bar, seen: Mutex::new((0, 0)) }
    }

    fn tick(&self, violated: Option<bool>) {
        let mut seen = self.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(violated) = violated {
            seen.0 += 1;
            seen.1 += u64::from(violated);
        }
        let share = if seen.0 == 0 { 0.0 } else { seen.1 as f64 / seen.0 as f64 };
        self.bar.set_message(format!("{:.0} % pushed against the boundary", share * 100.0));
        self.bar.inc(1);
    }
}

impl evaluate::Progress for Bar {
    fn row(&self, row: &Row, _done: usize, total: usize) {
        self.bar.set_length(total as u64);
        self.tick(row.score().map(|score| score.has_violation()));
    }
}

impl optimizers::Progress for Bar {
    fn on_rollout(&self, _trial: &Trial, rollout: &Rollout) {
        self.tick(rollout.scored().map(|scored| scored.security == 0.0));
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
