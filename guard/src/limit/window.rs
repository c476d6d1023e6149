//! What many runs may do in a time: those of one caller, and all of them.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use abide_base::{clock::Clock, event::EventKind};

use crate::{
    check::Denied,
    policy::{Limits, RuleId, WindowLimit},
    session::{Caller, Reserved},
};

/// A window is counted in so many parts: what is in a part counts until all of it is over.
const PARTS: u32 = 64;

/// So many callers are told apart. When there are more, and none has been quiet for its window, new ones are refused.
const MAX_CALLERS: usize = 65_536;

/// The windows of a guard. Kept in memory: another process has its own.
pub(crate) struct Windows {
    caller: Option<WindowLimit>,
    all: Option<WindowLimit>,
    clock: Arc<dyn Clock>,
    used: Mutex<Used>,
}

#[derive(Default)]
struct Used {
    callers: HashMap<Option<Caller>, Window>,
    all: Window,
    /// When callers that are quiet were last looked for.
    swept: Option<u64>,
}

/// What was done in one window.
#[derive(Default)]
struct Window {
    parts: VecDeque<Part>,
    /// Values, by when they were last used.
    values: HashMap<String, u64>,
}

struct Part {
    number: u64,
    calls: u64,
    outgoing: u64,
}

impl Windows {
    /// None where the boundary has no limit.
    pub(crate) fn new(limits: &Limits, clock: Arc<dyn Clock>) -> Option<Self> {
        let Limits { caller, all, .. } = *limits;
        (caller.is_some() || all.is_some()).then(|| Self { caller, all, clock, used: Mutex::default() })
    }

    /// Counts a call in both windows, or refuses it and counts nothing. What was counted stays counted, also when the call is not made
    /// after all.
    pub(crate) fn take(&self, caller: Option<&Caller>, reserved: &Reserved) -> Result<(), Denied> {
        let now = self.clock.elapsed();
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let Used { callers, all, swept } = &mut *used;
        let (tool, _) = &reserved.fingerprint;
        let values: BTreeSet<String> = reserved.values.iter().map(|value| format!("{tool} {value}")).collect();
        let adds = Adds { values: &values, outgoing: reserved.outgoing };
        if let Some(limit) = &self.all {
            all.forget(limit, now);
            all.has_room(limit, adds).map_err(|what| denied("all runs together", RuleId::AllLimits, what, limit))?;
        }
        if let Some(limit) = &self.caller {
            let part = part_of(limit, now);
            if callers.len() >= MAX_CALLERS && *swept != Some(part) {
                *swept = Some(part);
                callers.values_mut().for_each(|window| window.forget(limit, now));
                callers.retain(|_, window| !window.is_empty());
            }
            if callers.len() >= MAX_CALLERS && !callers.contains_key(&caller.cloned()) {
                let detail =
                    format!("there were {MAX_CALLERS} callers in the last {:?}, and no more are counted", limit.window);
                return Err(Denied { rule: Some(RuleId::CallerLimits), ..Denied::new(EventKind::RateLimited, detail) });
            }
            let window = callers.entry(caller.cloned()).or_default();
            window.forget(limit, now);
            window
                .has_room(limit, adds)
                .map_err(|what| denied("the runs of this caller", RuleId::CallerLimits, what, limit))?;
            window.add(limit, now, adds);
        }
        if let Some(limit) = &self.all {
            all.add(limit, now, adds);
        }
        Ok(())
    }
}

#[derive(Clone, Copy)]
struct Adds<'a> {
    values: &'a BTreeSet<String>,
    outgoing: u64,
}

impl Window {
    fn has_room(&self, limit: &WindowLimit, adds: Adds<'_>) -> Result<(), &'static str> {
        let calls: u64 = self.parts.iter().map(|part| part.calls).sum();
        let outgoing: u64 = self.parts.iter().map(|part| part.outgoing).sum();
        let new = adds.values.iter().filter(|value| !self.values.contains_key(*value)).count();
        let exceeds =
            |max: Option<std::num::NonZeroU32>, total: u64| max.is_some_and(|max| total > u64::from(max.get()));
        if exceeds(limit.calls, calls + 1) {
            Err("calls")
        } else if new > 0 && exceeds(limit.distinct, (self.values.len() + new) as u64) {
            Err("distinct values")
        } else if adds.outgoing > 0 && exceeds(limit.outgoing_bytes, outgoing.saturating_add(adds.outgoing)) {
            Err("bytes sent to others")
        } else {
            Ok(())
        }
    }

    fn add(&mut self, limit: &WindowLimit, now: Duration, adds: Adds<'_>) {
        let number = part_of(limit, now);
        if self.parts.back().is_none_or(|last| last.number < number) {
            self.parts.push_back(Part { number, calls: 0, outgoing: 0 });
        }
        if let Some(last) = self.parts.back_mut() {
            last.calls += 1;
            last.outgoing = last.outgoing.saturating_add(adds.outgoing);
        }
        // where no limit counts values, none are kept
        if limit.distinct.is_some() {
            self.values.extend(adds.values.iter().map(|value| (value.clone(), number)));
        }
    }

    fn forget(&mut self, limit: &WindowLimit, now: Duration) {
        let oldest = part_of(limit, now).saturating_sub(u64::from(PARTS));
        let before = self.parts.len();
        while self.parts.front().is_some_and(|part| part.number < oldest) {
            self.parts.pop_front();
        }
        if self.parts.len() < before {
            self.values.retain(|_, number| *number >= oldest);
        }
    }

    fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }
}

fn part_of(limit: &WindowLimit, now: Duration) -> u64 {
    let part = (limit.window / PARTS).max(Duration::from_nanos(1));
    u64::try_from(now.as_nanos() / part.as_nanos()).unwrap_or(u64::MAX)
}

fn denied(who: &str, rule: RuleId, what: &str, limit: &WindowLimit) -> Denied {
    let detail = format!("{who} have had all {what} of the last {:?}", limit.window);
    Denied { rule: Some(rule), ..Denied::new(EventKind::RateLimited, detail) }
}

impl fmt::Debug for Windows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Windows")
    }
}

#[cfg(test)]
mod tests;
