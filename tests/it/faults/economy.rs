//! What is done once and not for every call: verifying a token, and shaking hands.

use std::time::Duration;

use abide_testbed::Options;

use super::{
    all_well,
    drive::{Scale, World},
};

const ONE_AFTER_THE_OTHER: Scale =
    Scale { time: Duration::ZERO, in_flight: 1, deadline: Duration::from_secs(60), think: Duration::ZERO };

/// A verifier would say of a token from ten minutes ahead that it is not valid yet, and ask nobody.
#[tokio::test]
async fn a_token_is_verified_once_and_not_for_every_call() {
    let world = World::new(Options::default(), ONE_AFTER_THE_OTHER).await;
    let auth = world.testbed.auth();
    let before = (auth.counters(), auth.wire().counters());
    world.clock.step(-600);
    world.rounds(70).await;
    all_well(&world.outcome());
    assert_eq!((auth.counters(), auth.wire().counters()), before, "the issuer is not asked again");
    assert_eq!((before.0.tokens, before.0.key_sets), (1, 1));
}

#[tokio::test]
async fn calls_one_after_the_other_share_a_connection() {
    let world = World::new(Options::default(), ONE_AFTER_THE_OTHER).await;
    world.rounds(70).await;
    let outcome = world.outcome();
    all_well(&outcome);
    assert_eq!(outcome.calls, 210);
    let wire = world.testbed.mcp().wire().counters();
    assert!((1..=2).contains(&wire.handshakes), "{wire:?}");
    assert!(wire.requests >= 210);
}

#[tokio::test]
async fn calls_at_once_have_a_connection_each_and_keep_it() {
    let world = World::new(Options::default(), Scale { in_flight: 64, ..ONE_AFTER_THE_OTHER }).await;
    world.rounds(4).await;
    let outcome = world.outcome();
    all_well(&outcome);
    assert_eq!(outcome.calls, 4 * 64 * 3);
    let wire = world.testbed.mcp().wire().counters();
    assert!(wire.handshakes <= 64, "{wire:?}");
}
