#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::SystemTime;

use abide_base::clock::ManualClock;

use super::super::limit::*;

fn meter() -> (Meter, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(SystemTime::UNIX_EPOCH));
    (Meter::new("s".to_owned().try_into().unwrap(), clock.clone(), 0, PATIENCE), clock)
}

/// The waits that so many requests cost, one after the other, as long as they are admitted.
fn waits(meter: &Meter, clock: &ManualClock, requests: usize, calls: usize) -> Result<Vec<Duration>, Flood> {
    let wait = |_| {
        let wait = meter.take(&[(Kind::Requests, 1.0)], calls)?;
        clock.advance(wait);
        Ok(wait)
    };
    (0..requests).map(wait).collect()
}

#[test]
fn what_comes_at_once_is_free_and_more_is_slowed_down_and_then_refused() {
    let (meter, clock) = meter();
    let free = usize::try_from(REQUESTS.at_once).unwrap();
    assert!(waits(&meter, &clock, free, 1).unwrap().iter().all(Duration::is_zero));
    let slow = waits(&meter, &clock, 59, 1).unwrap();
    assert!(slow.iter().all(|wait| wait.abs_diff(Duration::from_millis(50)) < Duration::from_millis(1)), "{slow:?}");
    assert_eq!(meter.flood(), None);
    let flood = waits(&meter, &clock, 2, 1).unwrap_err();
    let said = "server `s` sends too many requests on its own: at most 100 at once and then 20 a second are read";
    assert_eq!(flood.to_string(), said);
    clock.advance(Duration::from_secs(3_600));
    assert_eq!(waits(&meter, &clock, 1, 1).unwrap_err(), flood, "what is over is over");
}

#[test]
fn a_steady_server_is_never_slowed_down() {
    for (kind, each_second) in [(Kind::Requests, 20.0), (Kind::Messages, 2_000.0), (Kind::Bytes, 1_000_000.0)] {
        let (meter, clock) = meter();
        for _ in 0..3_600 {
            assert_eq!(meter.take(&[(kind, each_second)], 1).unwrap(), Duration::ZERO);
            clock.advance(Duration::from_secs(1));
        }
    }
}

#[test]
fn patience_comes_back_with_a_rest() {
    let (meter, clock) = meter();
    for _ in 0..10 {
        waits(&meter, &clock, 150, 1).unwrap();
        clock.advance(Duration::from_secs(5));
    }
    waits(&meter, &clock, 150, 1).unwrap();
    clock.advance(Duration::from_secs(1));
    waits(&meter, &clock, 150, 1).unwrap_err();
}

#[test]
fn who_has_more_calls_under_way_may_get_more() {
    let (meter, clock) = meter();
    waits(&meter, &clock, 100 + 59 * 8, 8).unwrap();
    waits(&meter, &clock, 100, 1).unwrap_err();
}

#[test]
fn one_chunk_with_all_of_it_is_refused_at_once() {
    let (meter, _clock) = meter();
    meter.take(&[(Kind::Messages, 1.0), (Kind::Bytes, 1e9)], 1).unwrap_err();
    assert_eq!(meter.flood().unwrap().kind, Kind::Bytes);
}

#[test]
fn comments_and_the_ends_of_events_count_and_long_replies_hardly() {
    let weigh = |chunks: &[&str]| {
        let mut lines = Lines::default();
        let weights = chunks.iter().map(|chunk| lines.weigh(&Bytes::copy_from_slice(chunk.as_bytes())));
        // sixteenths
        (weights.sum::<f64>() * 16.0).round()
    };
    for end in ["\n", "\r\n", "\r"] {
        let text = |text: &str| text.replace('\n', end);
        assert_eq!(weigh(&[&text("data: a\n\n")]), 16.0 + 2.0);
        assert_eq!(weigh(&[&text(": ping\n\n")]), 32.0 + 2.0);
        assert_eq!(weigh(&[&text("\n\n\n")]), 48.0 + 3.0);
        assert_eq!(weigh(&[&text("data: a\ndata: : b\n"), &text("data: c\n\n")]), 16.0 + 4.0);
        assert_eq!(weigh(&[&text(":\n:\n"), &text(":\n")]), 48.0 + 3.0);
    }
    assert_eq!(weigh(&["data: a\r", "\n\r", "\n"]), 16.0 + 2.0);
}
