#![expect(clippy::unwrap_used, reason = "tests")]

use std::{collections::BTreeSet, num::NonZeroU32, time::UNIX_EPOCH};

use abide_base::{call::ToolCall, clock::ManualClock};
use abide_signatures::Digest;
use serde_json::json;

use super::super::window::*;
use crate::{
    policy::Watched,
    session::{Attempt, Wanted},
};

fn limit(calls: u32, distinct: u32, bytes: u32) -> WindowLimit {
    let mut limit = WindowLimit::new(Duration::from_secs(640));
    (limit.calls, limit.distinct) = (NonZeroU32::new(calls), NonZeroU32::new(distinct));
    limit.outgoing_bytes = NonZeroU32::new(bytes);
    limit
}

struct Bench {
    windows: Windows,
    clock: Arc<ManualClock>,
}

impl Bench {
    fn new(caller: Option<WindowLimit>, all: Option<WindowLimit>) -> Self {
        let clock = Arc::new(ManualClock::at(UNIX_EPOCH));
        let mut limits = Limits::default();
        (limits.caller, limits.all) = (caller, all);
        Self { windows: Windows::new(&limits, clock.clone()).unwrap(), clock }
    }

    fn take(&self, caller: &str, value: &str, bytes: u64) -> Result<(), Denied> {
        let call = ToolCall { tool: "crm.lookup".try_into().unwrap(), arguments: Default::default() };
        let digest = Digest::of(&json!({})).unwrap();
        let wanted = Wanted { call: &call, arguments_digest: &digest, attempt: Attempt(0) };
        let values = BTreeSet::from([value.to_owned()]);
        self.windows.take(Some(&Caller::new(caller)), &Reserved::of(wanted, values, bytes, Watched::No, Vec::new()))
    }
}

#[test]
fn callers_are_counted_apart_and_all_of_them_together() {
    let bench = Bench::new(Some(limit(2, 0, 0)), Some(limit(3, 0, 0)));
    assert!(bench.take("ann", "1", 0).is_ok() && bench.take("ann", "1", 0).is_ok());
    let denied = bench.take("ann", "1", 0).unwrap_err();
    assert_eq!((denied.kind, denied.rule), (EventKind::RateLimited, Some(RuleId::CallerLimits)));
    assert!(bench.take("bob", "1", 0).is_ok());
    assert_eq!(bench.take("cyd", "1", 0).unwrap_err().rule, Some(RuleId::AllLimits));
    bench.clock.advance(Duration::from_secs(640));
    assert!(bench.take("ann", "1", 0).is_err(), "the oldest call is just within the window");
    bench.clock.advance(Duration::from_secs(11));
    assert!(bench.take("ann", "1", 0).is_ok());
}

#[test]
fn values_and_bytes_are_counted_over_runs_and_what_is_refused_is_not() {
    let bench = Bench::new(Some(limit(0, 2, 100)), None);
    for value in ["1", "2", "1", "2"] {
        assert!(bench.take("ann", value, 10).is_ok(), "{value}");
    }
    assert!(bench.take("ann", "3", 0).is_err(), "a third value");
    assert!(bench.take("ann", "1", 61).is_err(), "101 bytes");
    assert!(bench.take("ann", "1", 60).is_ok(), "100 bytes");
    assert!(bench.take("ann", "1", 0).is_ok(), "what sends nothing is not held up");
    bench.clock.advance(Duration::from_secs(651));
    assert!(bench.take("ann", "3", 100).is_ok());
}

#[test]
fn a_flood_of_callers_and_values_fills_no_memory() {
    let bench = Bench::new(Some(limit(1, 1, 0)), None);
    for caller in 0..MAX_CALLERS {
        assert!(bench.take(&caller.to_string(), "1", 0).is_ok());
    }
    assert!(bench.take("one more", "1", 0).is_err());
    bench.clock.advance(Duration::from_secs(651));
    assert!(bench.take("one more", "1", 0).is_ok());
    assert_eq!(bench.windows.used.lock().unwrap().callers.len(), 1);
}
