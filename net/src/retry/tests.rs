#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderValue};

use crate::retry::*;

fn now() -> SystemTime {
    httpdate::parse_http_date("Fri, 31 Dec 1999 23:59:00 GMT").unwrap()
}

fn parsed(value: &[u8]) -> Option<Duration> {
    let mut headers = HeaderMap::new();
    headers.insert(RETRY_AFTER, HeaderValue::from_bytes(value).unwrap());
    retry_after(&headers, now())
}

#[test]
fn reads_seconds_and_dates() {
    let seconds = |s| Some(Duration::from_secs(s));
    assert_eq!(parsed(b"7"), seconds(7));
    assert_eq!(parsed(b" 0 "), seconds(0));
    assert_eq!(parsed(b"Fri, 31 Dec 1999 23:59:59 GMT"), seconds(59));
    assert_eq!(parsed(b"Friday, 31-Dec-99 23:59:59 GMT"), seconds(59));
    assert_eq!(parsed(b"Fri Dec 31 23:59:59 1999"), seconds(59));
    assert_eq!(parsed(b"Fri, 31 Dec 1999 23:58:00 GMT"), seconds(0), "past");
}

#[test]
fn dates_count_from_that_of_the_server() {
    let mut headers = HeaderMap::new();
    headers.insert(RETRY_AFTER, HeaderValue::from_static("Fri, 31 Dec 1999 23:59:09 GMT"));
    headers.insert(DATE, HeaderValue::from_static("Fri, 31 Dec 1999 23:59:02 GMT"));
    let wrong = Duration::from_secs(600);
    for here in [now(), now() + wrong, now() - wrong] {
        assert_eq!(retry_after(&headers, here), Some(Duration::from_secs(7)));
    }
    headers.insert(DATE, HeaderValue::from_static("yesterday"));
    assert_eq!(retry_after(&headers, now()), Some(Duration::from_secs(9)));
}

#[test]
fn caps_long_waits() {
    assert_eq!(parsed(b"86400"), Some(MAX_RETRY_AFTER));
    assert_eq!(parsed(b"Tue, 31 Dec 2999 23:59:59 GMT"), Some(MAX_RETRY_AFTER));
}

#[test]
fn nonsense_is_none() {
    for nonsense in
        [&b""[..], b"soon", b"-1", b"1.5", b"99999999999999999999999", b"\xff\xfe", b"Fri, 31 Foo 1999 23:59:59 GMT"]
    {
        assert_eq!(parsed(nonsense), None, "{nonsense:?}");
    }
    assert_eq!(retry_after(&HeaderMap::new(), now()), None);
}

#[test]
fn backoff_doubles_up_to_its_cap_and_stays_below_the_ceiling() {
    let backoff = Backoff { base: Duration::from_millis(100), cap: Duration::from_secs(1) };
    let ceilings: Vec<_> = (0..6).map(|n| backoff.ceiling(n).as_millis()).collect();
    assert_eq!(ceilings, [100, 200, 400, 800, 1_000, 1_000]);
    assert_eq!(backoff.ceiling(u32::MAX), backoff.cap);
    let delays: Vec<_> = (0..200).map(|_| backoff.delay(1)).collect();
    assert!(delays.iter().all(|d| *d <= Duration::from_millis(200)));
    assert!(delays.iter().any(|d| *d != delays[0]), "no jitter at all");
}
