#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::super::listen::*;

#[test]
fn a_stream_that_ends_at_once_is_opened_less_and_less_often_and_then_not_at_all() {
    let mut listening = Listening::default();
    let (mut now, mut waits) = (Duration::ZERO, Vec::new());
    while let Some((wait, _)) = listening.admit(now) {
        waits.push(wait.as_secs());
        now += wait;
    }
    assert_eq!(waits[..10], [0, 0, 0, 0, 2, 4, 8, 16, 32, 60]);
    assert_eq!(waits.len(), 21);
    assert_eq!(listening.admit(now + Duration::from_secs(3_600)), None);
}

#[test]
fn one_that_lives_for_a_while_is_opened_for_ever_where_it_was() {
    let mut listening = Listening::default();
    for now in (0..1_000).map(|times| Duration::from_secs(times * 60)) {
        let (wait, last) = listening.admit(now).unwrap();
        assert_eq!(wait, if now.is_zero() { Duration::ZERO } else { Duration::from_secs(7) });
        assert_eq!(last.is_some(), !now.is_zero());
        listening.ended(Some("event".to_owned()), Some(Duration::from_secs(7)));
    }
}

#[test]
fn what_floods_is_not_opened_again() {
    let mut listening = Listening::default();
    listening.admit(Duration::ZERO).unwrap();
    listening.stop();
    assert_eq!(listening.admit(Duration::from_secs(3_600)), None);
}
