//! Faults of servers, network and clock, with many runs in flight.
//!
//! Whatever goes wrong, every run ends in time, with success or with an honest error; the server executes no call without a valid
//! token and no write twice; and once it is over, everything works again. `scripts/faults.sh` drives each fault for 20 s with 64
//! runs in flight; here all of them are driven for a moment with a few.

mod drive;

use std::time::Duration;

use abide_testbed::{
    Options,
    auth::Fault as Auth,
    mcp::{Fault as Mcp, RetryAfter},
    wire::Fault as Wire,
};

use self::drive::{Outcome, Scale, World};

const FULL: Scale = Scale {
    time: Duration::from_secs(20),
    in_flight: 64,
    deadline: Duration::from_secs(5),
    think: Duration::from_millis(250),
};
const SHORT: Scale = Scale {
    time: Duration::from_secs(2),
    in_flight: 8,
    deadline: Duration::from_secs(1),
    think: Duration::from_millis(20),
};

/// From the end of a fault, until every run succeeds.
const RECOVERY: Duration = Duration::from_secs(5);
const MAX_GROWTH_KIB: i64 = 64 * 1_024;

async fn issuer_down(scale: Scale) -> Outcome {
    let world = World::new(short_tokens(scale), scale).await;
    let outcome = world.drive(async |world| {
        let auth = world.testbed.auth();
        world.wait(0.2).await;
        auth.wire().inject(Wire::Down);
        world.wait(0.4).await;
        auth.inject(Auth::Unavailable);
        auth.wire().heal();
        world.wait(0.2).await;
        auth.heal();
    });
    let outcome = outcome.await;
    assert!(outcome.infra + outcome.deadline > 0, "it was felt");
    assert_eq!(outcome.refused_tokens, 0);
    outcome
}

async fn issuer_silent(scale: Scale) -> Outcome {
    let world = World::new(short_tokens(scale), scale).await;
    let outcome = world.drive(async |world| {
        let wire = world.testbed.auth().wire();
        world.wait(0.1).await;
        wire.inject(Wire::Silent);
        world.wait(0.4).await;
        wire.inject(Wire::HeadOnly);
        world.wait(0.3).await;
        wire.heal();
    });
    let outcome = outcome.await;
    assert!(outcome.infra + outcome.deadline > 0, "it was felt");
    assert_eq!(outcome.refused_tokens, 0);
    outcome
}

/// A key is withdrawn at once, and with it every token: the worst way to rotate. No call fails for it.
async fn keys_rotate(scale: Scale) -> Outcome {
    let world = World::new(Options::default(), scale).await;
    let outcome = world.drive(async |world| {
        for _ in 0..2 {
            world.wait(0.2).await;
            // unknown keys are asked for every ten seconds at most
            world.clock.pass(11);
            world.testbed.auth().rotate().unwrap();
            world.wait(0.2).await;
        }
    });
    let outcome = outcome.await;
    all_well(&outcome);
    assert_eq!(outcome.tokens, 3);
    outcome
}

async fn keys_gone(scale: Scale) -> Outcome {
    let world = World::new(short_tokens(scale), scale).await;
    let outcome = world.drive(async |world| {
        let auth = world.testbed.auth();
        // keys that are known stay good
        auth.inject(Auth::KeySetUnavailable);
        world.wait(0.4).await;
        world.clock.pass(11);
        auth.rotate().unwrap();
        world.wait(0.3).await;
        world.clock.pass(11);
        auth.end(Auth::KeySetUnavailable);
    });
    let outcome = outcome.await;
    assert!(outcome.infra + outcome.deadline > 0, "it was felt");
    outcome
}

async fn storm(scale: Scale, says: RetryAfter) -> Outcome {
    let world = World::new(Options::default(), scale).await;
    let outcome = world.drive(async |world| {
        world.testbed.mcp().limit(10, says);
        world.wait(1.0).await;
        world.testbed.mcp().limit(20_000, says);
    });
    let outcome = outcome.await;
    assert_eq!(outcome.tokens, 1);
    assert!(outcome.infra == 0, "a limited rate is no failure of the infrastructure");
    outcome
}

async fn resets(scale: Scale) -> Outcome {
    let world = World::new(short_tokens(scale), scale).await;
    let outcome = world.drive(async |world| {
        world.testbed.auth().wire().inject_every(2, Wire::Reset);
        world.testbed.mcp().wire().inject_every(3, Wire::Reset);
        world.wait(0.9).await;
        world.testbed.auth().wire().heal();
        world.testbed.mcp().wire().heal();
    });
    let outcome = outcome.await;
    assert!(outcome.infra > 0, "it was felt");
    outcome
}

async fn silence(scale: Scale) -> Outcome {
    let world = World::new(Options::default(), scale).await;
    let outcome = world.drive(async |world| {
        let wire = world.testbed.mcp().wire();
        for fault in [Wire::Silent, Wire::HeadOnly] {
            world.wait(0.1).await;
            wire.inject(fault);
            world.wait(0.3).await;
            wire.heal();
        }
    });
    let outcome = outcome.await;
    assert!(outcome.infra + outcome.deadline > 0, "it was felt");
    outcome
}

async fn trickle(scale: Scale) -> Outcome {
    let world = World::new(Options::default(), scale).await;
    let outcome = world.drive(async |world| {
        let wire = world.testbed.mcp().wire();
        wire.inject_every(4, Wire::Slow(Duration::from_millis(2)));
        world.wait(0.5).await;
        wire.inject(Wire::Slow(Duration::from_millis(50)));
        world.wait(0.3).await;
        wire.heal();
    });
    let outcome = outcome.await;
    assert!(outcome.infra + outcome.deadline > 0, "it was felt");
    outcome
}

async fn errors(scale: Scale) -> Outcome {
    let world = World::new(Options::default(), scale).await;
    let outcome = world.drive(async |world| {
        for fault in [Mcp::InternalError, Mcp::Unavailable, Mcp::BadGateway].into_iter().cycle().take(9) {
            world.testbed.mcp().fail_next(scale.in_flight, fault);
            world.wait(0.1).await;
        }
        world.testbed.mcp().heal();
    });
    let outcome = outcome.await;
    assert!(outcome.infra > 0, "it was felt");
    outcome
}

/// While the clock is ten minutes off, nobody can say whether a new token is good: then there are honest errors, and no calls.
async fn steps(scale: Scale) -> Outcome {
    let world = World::new(short_tokens(scale), scale).await;
    let outcome = world.drive(async |world| {
        for seconds in [600, -600] {
            world.wait(0.1).await;
            world.clock.step(seconds);
            world.wait(0.3).await;
            world.clock.step(0);
        }
    });
    let outcome = outcome.await;
    assert_eq!(outcome.refused_tokens, 0);
    outcome
}

/// Half of so short a life is margin, so a token of 8 s serves for 4 s.
async fn short_lives(scale: Scale) -> Outcome {
    let life = short_tokens(scale).auth.token_lifetime;
    let world = World::new(short_tokens(scale), scale).await;
    let outcome = world.drive(async |world| world.wait(1.0).await).await;
    all_well(&outcome);
    assert_eq!(outcome.refused_tokens, 0);
    let usable = life / 2;
    // a last turn may end after the time is over
    let most = 2 + (scale.time + scale.deadline).as_secs() / usable.as_secs().max(1);
    let least = scale.time.as_millis() / life.as_millis();
    assert!((least..=u128::from(most)).contains(&u128::from(outcome.tokens)), "{outcome:?}");
    outcome
}

fn short_tokens(scale: Scale) -> Options {
    Options::default().token_lifetime(if scale.time < FULL.time {
        Duration::from_secs(2)
    } else {
        Duration::from_secs(8)
    })
}

fn all_well(outcome: &Outcome) {
    assert_eq!((outcome.ok, outcome.infra, outcome.deadline, outcome.limited), (outcome.calls, 0, 0, 0), "{outcome:?}");
}

/// Drives a fault in full, and writes a line for the table of `scripts/faults.sh`.
#[expect(clippy::print_stdout, reason = "the script reads it")]
async fn in_full<F: Future<Output = Outcome>>(name: &str, fault: impl FnOnce(Scale) -> F) {
    let outcome = fault(FULL).await;
    let Outcome { runs, calls, ok, infra, deadline, limited, writes, duplicates, tokens, connections, .. } = outcome;
    let (recovery, grown) = (outcome.recovery.as_millis(), outcome.grown_kib);
    println!(
        "\nfault\t{name}\t{runs}\t{calls}\t{ok}\t{infra}\t{deadline}\t{limited}\t{writes}\t{duplicates}\t{tokens}\t{connections}\t{recovery}\t{grown}"
    );
    assert!(outcome.recovery <= RECOVERY, "{outcome:?}");
    assert!(grown <= MAX_GROWTH_KIB, "{outcome:?}");
}

macro_rules! faults {
    ($($name:ident: $fault:expr;)+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            #[ignore = "takes 20 s and more: scripts/faults.sh"]
            async fn $name() {
                in_full(stringify!($name), $fault).await;
            }
        )+

        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn each_for_a_moment() {
            let driven = [$((stringify!($name), tokio::spawn(($fault)(SHORT)))),+];
            let mut failed = Vec::new();
            for (name, fault) in driven {
                if fault.await.is_err() {
                    failed.push(name);
                }
            }
            assert!(failed.is_empty(), "{failed:?}: what went wrong stands above");
        }
    };
}

faults! {
    authorization_server_down: issuer_down;
    authorization_server_silent: issuer_silent;
    key_rotation: keys_rotate;
    key_set_outage: keys_gone;
    storm_that_names_seconds: |scale| storm(scale, RetryAfter::Seconds);
    storm_that_names_a_date: |scale| storm(scale, RetryAfter::Date);
    storm_that_names_nothing: |scale| storm(scale, RetryAfter::Absent);
    storm_that_names_nonsense: |scale| storm(scale, RetryAfter::Nonsense);
    storm_in_the_body: |scale| storm(scale, RetryAfter::InBody);
    connection_resets: resets;
    half_open: silence;
    slow_bodies: trickle;
    error_bursts: errors;
    clock_steps: steps;
    short_lived_tokens: short_lives;
}
