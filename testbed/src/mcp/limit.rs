//! Rate limits: a burst per run, and a rate for all runs together.

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

use crate::trace::TraceId;

/// What `Retry-After` says, and how long a refused call has to wait.
pub(super) const RETRY_AFTER: Duration = Duration::from_secs(1);

const MAX_TRACES: usize = 50_000;
const MAX_WAITING: usize = 1_000;

/// The call came too soon.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Limited;

/// A run may make `allowance` calls at once; each call beyond is refused once and passes when the
/// same call (by its fingerprint) comes again [`RETRY_AFTER`] or more after that refusal.
///
/// So whether a call is refused depends on what the run did, never on how fast the machine is.
#[derive(Debug)]
pub(super) struct Bursts {
    allowance: u32,
    runs: HashMap<TraceId, Run>,
    order: VecDeque<TraceId>,
}

#[derive(Debug, Default)]
struct Run {
    passed: u32,
    refused: HashMap<u64, Instant>,
}

impl Bursts {
    pub(super) fn new(allowance: u32) -> Self {
        Self { allowance, runs: HashMap::new(), order: VecDeque::new() }
    }

    pub(super) fn admit(&mut self, trace: TraceId, fingerprint: u64, now: Instant) -> Result<(), Limited> {
        if !self.runs.contains_key(&trace) {
            self.order.push_back(trace);
        }
        let run = self.runs.entry(trace).or_default();
        let admitted = run.admit(self.allowance, fingerprint, now);
        if self.runs.len() > MAX_TRACES
            && let Some(oldest) = self.order.pop_front()
        {
            self.runs.remove(&oldest);
        }
        admitted
    }
}

impl Run {
    fn admit(&mut self, allowance: u32, fingerprint: u64, now: Instant) -> Result<(), Limited> {
        if self.passed < allowance {
            self.passed += 1;
            return Ok(());
        }
        match self.refused.get(&fingerprint) {
            Some(since) if now.saturating_duration_since(*since) >= RETRY_AFTER => {
                self.refused.remove(&fingerprint);
                Ok(())
            }
            Some(_) => Err(Limited),
            None => {
                self.make_room();
                self.refused.insert(fingerprint, now);
                Err(Limited)
            }
        }
    }

    fn make_room(&mut self) {
        if self.refused.len() < MAX_WAITING {
            return;
        }
        let oldest = self.refused.iter().min_by_key(|(_, since)| **since);
        if let Some(fingerprint) = oldest.map(|(fingerprint, _)| *fingerprint) {
            self.refused.remove(&fingerprint);
        }
    }
}

/// A token bucket that holds one second's worth of calls.
#[derive(Debug)]
pub(super) struct Bucket {
    per_second: f64,
    left: f64,
    filled: Instant,
}

impl Bucket {
    pub(super) fn new(per_second: u32, now: Instant) -> Self {
        Self { per_second: f64::from(per_second), left: f64::from(per_second), filled: now }
    }

    pub(super) fn take(&mut self, now: Instant) -> Result<(), Limited> {
        let gained = now.saturating_duration_since(self.filled).as_secs_f64() * self.per_second;
        self.left = (self.left + gained).min(self.per_second);
        self.filled = self.filled.max(now);
        if self.left < 1.0 {
            return Err(Limited);
        }
        self.left -= 1.0;
        Ok(())
    }
}
