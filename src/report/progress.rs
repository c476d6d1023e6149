use std::sync::Mutex;

use abide_base::event::EventKind;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::{
    evaluate::{self, Row},
    optimizers::{self, Rollout, Trial},
};

/// A line on standard error that shows how far an evaluation or a search is; nothing where standard error is no terminal.
pub struct Bar {
    bar: ProgressBar,
    counted: Mutex<Counted>,
}

#[derive(Default)]
struct Counted {
    scored: u64,
    violated: u64,
}

/// A scored run.
struct Seen {
    violated: bool,
}

impl Bar {
    /// A bar with a title. `total` is how many runs there will be at most.
    pub fn new(title: impl Into<String>, total: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{prefix:<22} {bar:30} {pos}/{len} runs {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_prefix(title.into());
        Self { bar, counted: Mutex::default() }
    }

    /// One more run is done, and was scored or not.
    fn tick(&self, scored: Option<Seen>) {
        let mut counted = self.counted.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(seen) = scored {
            counted.scored += 1;
            counted.violated += u64::from(seen.violated);
        }
        let share = counted.violated as f64 / counted.scored.max(1) as f64;
        self.bar.set_message(format!("{:.0} % pushed against the boundary", share * 100.0));
        self.bar.inc(1);
    }
}

impl evaluate::Observer for Bar {
    fn row(&self, row: &Row, _done: usize, total: usize) {
        self.bar.set_length(total as u64);
        self.tick(row.score().map(|_| Seen { violated: row.has_violation() }));
    }
}

impl optimizers::Progress for Bar {
    fn on_rollout(&self, _trial: &Trial, rollout: &Rollout) {
        let violated =
            EventKind::ALL.iter().any(|kind| kind.is_violation() && rollout.events.contains_key(kind.code()));
        self.tick(rollout.score().map(|_| Seen { violated }));
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
