#![expect(clippy::unwrap_used, reason = "tests")]

use crate::endpoint::wait::*;

fn headers(all: &[(&'static str, &str)]) -> HeaderMap {
    all.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
}

fn wait(all: &[(&'static str, &str)], words: &str) -> Option<Duration> {
    let said = Said { words: words.to_owned(), ..Said::default() };
    after_failure(&headers(all), &said, SystemTime::UNIX_EPOCH)
}

#[test]
fn durations_are_read_as_servers_write_them() {
    let cases = [
        ("1s", Some(1_000)),
        ("6m0s", Some(360_000)),
        ("14m24s", Some(864_000)),
        ("350ms", Some(350)),
        ("34.5s", Some(34_500)),
        ("1h2m3s", Some(3_723_000)),
        ("20 seconds", Some(20_000)),
        ("2", Some(2_000)),
        ("0.25", Some(250)),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("1e30", None),
        ("1x", None),
        ("1s and more", None),
        ("..s", None),
        ("NaN", None),
    ];
    for (text, expected) in cases {
        assert_eq!(duration(text), expected.map(Duration::from_millis), "{text}");
    }
}

#[test]
fn a_message_says_when_to_try_again() {
    let cases = [
        ("Rate limit reached … Please try again in 14m24s. Need more tokens?", Some(864_000)),
        ("Please try again in 20s.", Some(20_000)),
        ("Try again in 350ms, or later", Some(350)),
        ("Please retry in 34.25s.", Some(34_250)),
        ("retry after 20 seconds", Some(20_000)),
        ("try again in a while", None),
        ("try again in 20", None),
    ];
    for (words, expected) in cases {
        assert_eq!(wait(&[], words), expected.map(Duration::from_millis), "{words}");
    }
}

#[test]
fn the_finest_hint_counts() {
    let reset = ("x-ratelimit-reset-requests", "6m0s");
    assert_eq!(wait(&[reset], ""), Some(Duration::from_secs(360)));
    assert_eq!(wait(&[reset], "try again in 3s"), Some(Duration::from_secs(3)));
    assert_eq!(wait(&[reset, ("retry-after", "2")], "try again in 3s"), Some(Duration::from_secs(2)));
    let all = [reset, ("retry-after", "2"), ("retry-after-ms", "1500")];
    assert_eq!(wait(&all, "try again in 3s"), Some(Duration::from_millis(1_500)));
    assert_eq!(wait(&[("retry-after-ms", "soon"), ("retry-after", "2")], ""), Some(Duration::from_secs(2)));
    assert_eq!(wait(&[("retry-after-ms", "1e300")], ""), None);
    assert_eq!(wait(&[], "try again in 900h"), Some(MAX_RETRY_AFTER));
}

#[test]
fn a_limit_with_something_left_asks_for_no_wait() {
    let left = |requests, tokens| {
        [
            ("x-ratelimit-remaining-requests", requests),
            ("x-ratelimit-reset-requests", "1s"),
            ("x-ratelimit-remaining-tokens", tokens),
            ("x-ratelimit-reset-tokens", "2s"),
        ]
    };
    for (requests, tokens, expected) in
        [("0", "7", Some(1)), ("5", "0", Some(2)), ("0", "0", Some(2)), ("5", "7", None)]
    {
        let expected = expected.map(Duration::from_secs);
        assert_eq!(wait(&left(requests, tokens), ""), expected);
        assert_eq!(until_more(&headers(&left(requests, tokens)), SystemTime::UNIX_EPOCH), expected);
    }
    assert_eq!(until_more(&headers(&[("x-ratelimit-reset-requests", "1s")]), SystemTime::UNIX_EPOCH), None);
}

#[test]
fn anthropic_says_when_a_limit_is_reset() {
    let at = |time| {
        let all = [("anthropic-ratelimit-requests-remaining", "0"), ("anthropic-ratelimit-requests-reset", time)];
        until_more(&headers(&all), SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777))
    };
    assert_eq!(at("1994-11-06T08:49:49Z"), Some(Duration::from_secs(12)));
    assert_eq!(at("1994-11-06T08:00:00Z"), Some(Duration::ZERO), "it is over");
    assert_eq!(at("2994-11-06T08:00:00Z"), Some(MAX_RETRY_AFTER));
    assert_eq!(at("soon"), None);
}
