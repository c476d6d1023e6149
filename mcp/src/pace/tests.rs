#![expect(clippy::unwrap_used, reason = "tests")]

use std::{num::NonZeroU32, time::SystemTime};

use abide_base::clock::ManualClock;
use futures_util::FutureExt;

use crate::pace::*;

const SECOND: Duration = Duration::from_secs(1);
const MILLISECOND: Duration = Duration::from_millis(1);

fn pace(rate: Option<Rate>) -> (Pace, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(SystemTime::UNIX_EPOCH));
    (Pace::new(rate, clock.clone()), clock)
}

#[test]
fn each_refusal_makes_the_gap_longer_up_to_the_longest() {
    let (pace, clock) = pace(None);
    for micros in [25_000, 37_500, 56_250, 84_375] {
        pace.refused(Duration::ZERO, 0);
        let gap = pace.state().gap;
        assert_eq!(gap, Duration::from_micros(micros));
        clock.advance(gap);
    }
    for _ in 0..20 {
        pace.refused(Duration::ZERO, 0);
        clock.advance(LONGEST_GAP);
    }
    assert_eq!(pace.state().gap, LONGEST_GAP);
}

#[test]
fn refusals_of_requests_that_were_under_way_together_count_once() {
    let (pace, clock) = pace(None);
    for _ in 0..8 {
        pace.refused(SECOND, 0);
    }
    clock.advance(SECOND - MILLISECOND);
    pace.refused(SECOND, 0);
    assert_eq!(pace.state().gap, FIRST_GAP);
    clock.advance(MILLISECOND);
    pace.refused(SECOND, 0);
    assert_eq!(pace.state().gap, FIRST_GAP.mul_f64(1.5));
}

#[test]
fn the_gap_goes_away_while_the_server_takes_requests() {
    let (pace, clock) = pace(None);
    pace.refused(Duration::ZERO, 0);
    // 25 ms * 0.96^61 > 2 ms > 25 ms * 0.96^62
    let mut before = FIRST_GAP;
    for _ in 0..61 {
        pace.taken();
        let gap = pace.state().gap;
        assert!(SHORTEST_GAP <= gap && gap < before, "{gap:?} after {before:?}");
        before = gap;
    }
    pace.taken();
    assert_eq!(pace.state().gap, Duration::ZERO);
    let now = clock.elapsed();
    assert_eq!((pace.book(now, 0), pace.book(now, 0), pace.book(now, 0)), (None, None, None));
}

fn refused_all(pace: &Pace, wait: Duration) {
    for _ in 0..REFUSED_FOR_ALL {
        pace.refused(wait, 0);
    }
}

#[test]
fn a_refusal_between_requests_that_are_taken_stops_nobody_else() {
    let (pace, clock) = pace(None);
    for _ in 0..20 {
        refused_all(&pace, Duration::ZERO);
        pace.taken();
        for _ in 1..REFUSED_FOR_ALL {
            pace.refused(SECOND, 0);
        }
        assert_eq!(pace.book(clock.elapsed(), 0), None);
        clock.advance(LONGEST_GAP);
        pace.taken();
    }
    refused_all(&pace, SECOND);
    assert!(pace.book(clock.elapsed(), 0).unwrap() >= SECOND);
}

#[test]
fn one_request_that_is_refused_again_and_again_stops_nobody_else() {
    let (pace, clock) = pace(None);
    for before in 0..8 {
        pace.refused(SECOND, before);
        assert_eq!(pace.book(clock.elapsed(), 0), None);
        clock.advance(LONGEST_GAP);
    }
}

#[test]
fn refusals_of_long_ago_do_not_count() {
    let (pace, clock) = pace(None);
    for _ in 0..8 {
        pace.refused(SECOND, 0);
        clock.advance(LONGEST_GAP);
        assert_eq!(pace.book(clock.elapsed(), 0), None);
        clock.advance(LONGEST_GAP);
    }
}

#[test]
fn nobody_has_a_turn_before_the_wait_is_over_or_within_the_gap() {
    let (pace, _) = pace(None);
    refused_all(&pace, SECOND);
    pace.refused(MILLISECOND, 0);
    let wait = pace.book(SECOND - MILLISECOND, 0).unwrap();
    assert!(MILLISECOND <= wait && wait <= MILLISECOND + FIRST_GAP, "{wait:?}");
    assert_eq!(pace.book(SECOND, 0), None);
    let wait = pace.book(SECOND, 0).unwrap();
    assert!(FIRST_GAP <= wait && wait <= 2 * FIRST_GAP, "{wait:?}");
    assert_eq!(pace.book(SECOND + FIRST_GAP, 0), None);
}

#[test]
fn who_waits_for_a_turn_sleeps_until_then() {
    let (pace, clock) = pace(None);
    refused_all(&pace, SECOND);
    let mut turn = Box::pin(pace.turn(0));
    assert_eq!(turn.as_mut().now_or_never(), None);
    clock.advance(SECOND - MILLISECOND);
    assert_eq!(turn.as_mut().now_or_never(), None);
    clock.advance(MILLISECOND + FIRST_GAP);
    assert_eq!(turn.as_mut().now_or_never(), Some(()));
}

#[test]
fn the_rate_of_the_operator_holds_where_the_server_refuses_nothing() {
    let rate = Rate { burst: NonZeroU32::MIN, .."2/s".parse().unwrap() };
    let (pace, clock) = pace(Some(rate));
    assert_eq!(pace.turn(0).now_or_never(), Some(()));
    let mut turn = Box::pin(pace.turn(0));
    assert_eq!(turn.as_mut().now_or_never(), None);
    clock.advance(SECOND / 2 - MILLISECOND);
    assert_eq!(turn.as_mut().now_or_never(), None);
    clock.advance(MILLISECOND);
    assert_eq!(turn.as_mut().now_or_never(), Some(()));
}

#[test]
fn a_request_that_was_refused_more_often_goes_first() {
    let (pace, clock) = pace(None);
    refused_all(&pace, SECOND);
    let [mut first, mut young, mut old] = [0, 0, 2].map(|before| Box::pin(pace.turn(before)));
    for turn in [&mut first, &mut young, &mut old] {
        assert_eq!(turn.as_mut().now_or_never(), None);
    }
    clock.advance(SECOND + FIRST_GAP);
    assert_eq!(first.as_mut().now_or_never(), None);
    assert_eq!(pace.turn(1).now_or_never(), None);
    assert_eq!(old.as_mut().now_or_never(), Some(()));
    clock.advance(2 * FIRST_GAP);
    assert_eq!(first.as_mut().now_or_never(), Some(()));
    // a caller who gives up holds back no other
    {
        let mut gone = Box::pin(pace.turn(3));
        pace.state().next = clock.elapsed() + MILLISECOND;
        assert_eq!(gone.as_mut().now_or_never(), None);
    }
    clock.advance(2 * FIRST_GAP);
    assert_eq!(young.as_mut().now_or_never(), Some(()));
    assert!(pace.state().waiting.is_empty());
}
