//! Faults of servers, network and clock, with many runs in flight.
//!
//! Whatever goes wrong, every run ends in time, with success or with an honest error; the server executes no call without a valid
//! token and no write twice; and once it is over, everything works again. `scripts/faults.sh` drives each fault for 20 s with 64
//! runs in flight; here all of them are driven for a moment with a few.

mod drive;
mod economy;

use std::time::Duration;

use abide_testbed::{
    Options,
    auth::Fault as Auth,
    mcp::{Fault as Mcp, RetryAfter},
    wire::Fault as Wire,
};

use self::drive::{Outcome, PATIENCE, Scale, World};

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
    think: Duration::from_millis(150),
};

/// From the end of a fault, until every run succeeds: who asked an issuer that is silent asks again after 10 s.
const RECOVERY: Duration = Duration::from_secs(12);
const MAX_GROWTH_KIB: i64 = 64 * 1_024;

async fn issuer_down(scale: Scale) -> Outcome {
    let world = World::new(Options::default(), scale).await;
    let outcome = world.drive(async |world| {
        let auth = world.testbed.auth();
        world.wait(0.1).await;
        auth.wire().inject(Wire::Down);
        world.outlive_token();
        world.wait_until_felt(0.4).await;
        auth.inject(Auth::Unavailable);
        auth.wire().heal();
        world.wait(0.3).await;
        auth.heal();
    });
    let outcome = outcome.await;
    felt(&outcome);
    assert_eq!(outcome.refused_tokens, 0);
    outcome
}

async fn issuer_silent(scale: Scale) -> Outcome {
    let world = World::new(Options::default(), scale).await;
    let outcome = world.drive(async |world| {
        let wire = world.testbed.auth().wire();
        world.wait(0.1).await;
        for fault in [Wire::Silent, Wire::HeadOnly] {
            wire.inject(fault);
            world.outlive_token();
            world.wait_until_felt(0.35).await;
        }
        wire.heal();
    });
    let outcome = outcome.await;
    felt(&outcome);
    assert_eq!(outcome.refused_tokens, 0);
    outcome
}

/// A key is withdrawn at once, and with it every token: the worst way to rotate. No call fails for it.
async fn keys_rotate(scale: Scale) -> Outcome {
    // a call that meets two of them is refused, so they are some seconds apart
    let rotations = scale.time.as_secs().div_ceil(10);
    let world = World::new(Options::default(), Scale { deadline: PATIENCE, ..scale }).await;
    let outcome = world.drive(async |world| {
        for _ in 0..rotations {
            world.wait(0.2).await;
            // unknown keys are asked for every ten seconds at most
            world.clock.pass(11);
            world.testbed.auth().rotate().unwrap();
            world.wait(0.2).await;
        }
    });
    let outcome = outcome.await;
    all_well(&outcome);
    assert_eq!(outcome.tokens, 1 + rotations);
    outcome
}

async fn keys_gone(scale: Scale) -> Outcome {
    let world = World::new(Options::default(), scale).await;
    let outcome = world.drive(async |world| {
        let auth = world.testbed.auth();
        // keys that are known stay good, also for new tokens
        auth.inject(Auth::KeySetUnavailable);
        world.outlive_token();
        world.wait(0.4).await;
        world.outlive_token();
        auth.rotate().unwrap();
        world.wait_until_felt(0.3).await;
        world.clock.pass(11);
        auth.end(Auth::KeySetUnavailable);
    });
    let outcome = outcome.await;
    felt(&outcome);
    outcome
}

/// Far more calls than the server takes: all runs slow down together, and each gets its turn.
async fn storm(scale: Scale, says: RetryAfter) -> Outcome {
    let per_second = u32::try_from(scale.in_flight / 6).unwrap();
    let world = World::new(Options::default(), Scale { deadline: PATIENCE, ..scale }).await;
    let outcome = world.drive(async |world| {
        world.testbed.mcp().limit(per_second, says);
        world.wait(1.0).await;
        world.testbed.mcp().limit(20_000, says);
    });
    let outcome = outcome.await;
    all_well(&outcome);
    assert!(outcome.refused_rates > 0, "nobody felt it: {outcome:?}");
    assert_eq!(outcome.tokens, 1);
    outcome
}

async fn resets(scale: Scale) -> Outcome {
    let world = World::new(Options::default(), scale).await;
    let outcome = world.drive(async |world| {
        world.testbed.auth().wire().inject_every(2, Wire::Reset);
        world.testbed.mcp().wire().inject_every(3, Wire::Reset);
        for _ in 0..3 {
            world.outlive_token();
            world.wait(0.3).await;
        }
        world.wait_until_felt(0.0).await;
        world.testbed.auth().wire().heal();
        world.testbed.mcp().wire().heal();
    });
    let outcome = outcome.await;
    felt(&outcome);
    outcome
}

async fn silence(scale: Scale) -> Outcome {
    let world = World::new(Options::default(), scale).await;
    let outcome = world.drive(async |world| {
        let wire = world.testbed.mcp().wire();
        for fault in [Wire::Silent, Wire::HeadOnly] {
            world.wait(0.1).await;
            wire.inject(fault);
            world.wait_until_felt(0.3).await;
            wire.heal();
        }
    });
    let outcome = outcome.await;
    felt(&outcome);
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
    felt(&outcome);
    outcome
}

async fn errors(scale: Scale) -> Outcome {
    let world = World::new(Options::default(), scale).await;
    let outcome = world.drive(async |world| {
        for fault in [Mcp::InternalError, Mcp::Unavailable, Mcp::BadGateway].into_iter().cycle().take(9) {
            world.testbed.mcp().fail_next(scale.in_flight, fault);
            world.wait(0.1).await;
        }
        world.wait_until_felt(0.0).await;
        world.testbed.mcp().heal();
    });
    let outcome = outcome.await;
    felt(&outcome);
    outcome
}

/// While the clock is ten minutes off, nobody can say whether a new token is good: then there are honest errors, and no calls.
async fn steps(scale: Scale) -> Outcome {
    let world = World::new(Options::default(), scale).await;
    let outcome = world.drive(async |world| {
        for seconds in [600, -600] {
            world.wait(0.1).await;
            world.clock.step(seconds);
            world.outlive_token();
            world.wait_until_felt(0.3).await;
            world.clock.step(0);
        }
    });
    let outcome = outcome.await;
    felt(&outcome);
    assert_eq!(outcome.refused_tokens, 0);
    outcome
}

/// Half of so short a life is margin, so a token of 8 s serves for 4 s.
async fn short_lives(scale: Scale) -> Outcome {
    let life = Duration::from_secs(8);
    let world = World::new(Options::default().token_lifetime(life), Scale { deadline: PATIENCE, ..scale }).await;
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

fn felt(outcome: &Outcome) {
    assert!(outcome.infra + outcome.deadline > 0, "nobody felt it: {outcome:?}");
}

fn all_well(outcome: &Outcome) {
    assert_eq!((outcome.ok, outcome.infra, outcome.deadline, outcome.limited), (outcome.calls, 0, 0, 0), "{outcome:?}");
}

/// Drives a fault in full, and writes a line for the table of `scripts/faults.sh`.
#[expect(clippy::print_stdout, reason = "the script reads it")]
async fn in_full<F: Future<Output = Outcome>>(name: &str, fault: impl FnOnce(Scale) -> F) {
    let outcome = fault(FULL).await;
    let Outcome { runs, calls, ok, infra, deadline, limited, writes, duplicates, tokens, connections, .. } = outcome;
    let (recovery, grown, slower) = (outcome.recovery.as_millis(), outcome.grown_kib, outcome.refused_rates);
    println!(
        "\nfault\t{name}\t{runs}\t{calls}\t{ok}\t{infra}\t{deadline}\t{limited}\t{slower}\t{writes}\t{duplicates}\t{tokens}\t{connections}\t{recovery}\t{grown}"
    );
    assert!(outcome.recovery <= RECOVERY, "{outcome:?}");
    assert!(grown <= MAX_GROWTH_KIB, "{outcome:?}");
}

macro_rules! faults {
    (for_a_moment { $($name:ident: $fault:expr;)+ } in_full_only { $($long:ident: $rest:expr;)+ }) => {
        $(faults!(in_full: $name, $fault);)+
        $(faults!(in_full: $long, $rest);)+

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
    (in_full: $name:ident, $fault:expr) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        #[ignore = "takes 20 s and more: scripts/faults.sh"]
        async fn $name() {
            in_full(stringify!($name), $fault).await;
        }
    };
}

faults! {
    for_a_moment {
    authorization_server_down: issuer_down;
    key_rotation: keys_rotate;
    key_set_outage: keys_gone;
    storm_that_names_nonsense: |scale| storm(scale, RetryAfter::Nonsense);
    connection_resets: resets;
    half_open: silence;
    error_bursts: errors;
    clock_steps: steps;
    }
    in_full_only {
    authorization_server_silent: issuer_silent;
    storm_that_names_seconds: |scale| storm(scale, RetryAfter::Seconds);
    storm_that_names_a_date: |scale| storm(scale, RetryAfter::Date);
    storm_that_names_nothing: |scale| storm(scale, RetryAfter::Absent);
    storm_in_the_body: |scale| storm(scale, RetryAfter::InBody);
    slow_bodies: trickle;
    short_lived_tokens: short_lives;
    }
}
