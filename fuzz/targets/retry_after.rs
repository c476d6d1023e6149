#![no_main]
//! `Retry-After`, read at any time.

use std::time::{Duration, SystemTime};

use abide::net::{MAX_RETRY_AFTER, retry_after};
use http::{HeaderMap, HeaderValue, header::RETRY_AFTER};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u32, &[u8])| {
    let (seconds, text) = input;
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.into());
    let Some(wait) = read(text, now) else { return };
    assert!(wait <= MAX_RETRY_AFTER);
    assert_eq!(read(wait.as_secs().to_string().as_bytes(), now), Some(wait), "as seconds");
    assert_eq!(read(httpdate::fmt_http_date(now + wait).as_bytes(), now), Some(wait), "as a date");
});

fn read(text: &[u8], now: SystemTime) -> Option<Duration> {
    let mut headers = HeaderMap::new();
    headers.insert(RETRY_AFTER, HeaderValue::from_bytes(text).ok()?);
    retry_after(&headers, now)
}
