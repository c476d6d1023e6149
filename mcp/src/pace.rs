//! How fast one server is spoken to, by all runs together.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use abide_base::clock::Clock;
use abide_guard::{limit::rate::Limiter, policy::Rate};

/// One server's pace: the operator's rate, and what the server itself has shown that it bears. When it refuses a request, all callers
/// go on at two thirds of the speed, which grows again with every request that it takes. When it refuses several in a row, and
/// takes none in between, it is not one caller who asks too much: all callers wait as long as it says. A request that was refused
/// more often goes first, so that each is taken before its caller gives up.
pub(crate) struct Pace {
    limiter: Option<Limiter>,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// When the next request may go.
    next: Duration,
    /// The time between two requests; none while the server refuses nothing.
    gap: Duration,
    /// Refusals before this are those of requests that were under way together: they slow down once.
    slowed_until: Duration,
    /// How many different requests it refused since then, and since it last took one.
    refused: u32,
    /// How many requests wait for a turn, by how often the server refused them.
    waiting: BTreeMap<u32, usize>,
}

/// A request that waits for a turn.
struct Waiting<'a> {
    pace: &'a Pace,
    before: u32,
}

const FIRST_GAP: Duration = Duration::from_millis(25);
const LONGEST_GAP: Duration = Duration::from_secs(2);
/// So many requests refused in a row are not one caller's.
const REFUSED_FOR_ALL: u32 = 3;
/// A shorter gap is none.
const SHORTEST_GAP: Duration = Duration::from_millis(2);

impl Pace {
    pub(crate) fn new(rate: Option<Rate>, clock: Arc<dyn Clock>) -> Self {
        let limiter = rate.map(|rate| Limiter::new(rate, clock.clone()));
        Self { limiter, clock, state: Mutex::default() }
    }

    /// Waits for a turn, with a request that the server refused `before` times.
    pub(crate) async fn turn(&self, before: u32) {
        if let Some(limiter) = &self.limiter {
            limiter.wait().await;
        }
        let Some(mut wait) = self.book(self.clock.elapsed(), before) else { return };
        let _waiting = Waiting::new(self, before);
        loop {
            self.clock.sleep(wait).await;
            match self.book(self.clock.elapsed(), before) {
                None => return,
                Some(longer) => wait = longer,
            }
        }
    }

    /// Takes the next turn, or says how long to wait before trying. Those who wait together do not come back together.
    fn book(&self, now: Duration, before: u32) -> Option<Duration> {
        let mut state = self.state();
        let goes_first = state.waiting.keys().next_back().is_none_or(|most| *most <= before);
        if state.next <= now && goes_first {
            state.next = now + state.gap;
            return None;
        }
        let wait = state.next.saturating_sub(now) + state.gap.mul_f64(rand::random());
        Some(wait.max(SHORTEST_GAP))
    }

    /// The server took a request.
    pub(crate) fn taken(&self) {
        let mut state = self.state();
        state.refused = 0;
        if !state.gap.is_zero() {
            state.gap = state.gap.mul_f64(0.96);
            if state.gap < SHORTEST_GAP {
                state.gap = Duration::ZERO;
            }
        }
    }

    /// The server refused a request because there are too many, after it had refused the same one `before` times, and wants `wait` to
    /// be waited; zero where it does not say.
    pub(crate) fn refused(&self, wait: Duration, before: u32) {
        let now = self.clock.elapsed();
        let mut state = self.state();
        if now >= state.slowed_until {
            state.gap = state.gap.mul_f64(1.5).clamp(FIRST_GAP, LONGEST_GAP);
            state.slowed_until = now + wait.max(state.gap);
            state.refused = 0;
        }
        if before == 0 {
            state.refused = state.refused.saturating_add(1);
        }
        if state.refused >= REFUSED_FOR_ALL {
            state.next = state.next.max(now + wait);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'a> Waiting<'a> {
    fn new(pace: &'a Pace, before: u32) -> Self {
        *pace.state().waiting.entry(before).or_default() += 1;
        Self { pace, before }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut state = self.pace.state();
        if let Some(waiting) = state.waiting.get_mut(&self.before) {
            *waiting -= 1;
            if *waiting == 0 {
                state.waiting.remove(&self.before);
            }
        }
    }
}

impl fmt::Debug for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pace")
    }
}

#[cfg(test)]
mod tests;
