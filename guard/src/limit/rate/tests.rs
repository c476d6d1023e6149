#![expect(clippy::unwrap_used, reason = "tests")]

use std::{num::NonZeroU32, sync::Mutex as Log, time::UNIX_EPOCH};

use abide_base::clock::ManualClock;

use super::super::rate::*;

fn limiter(calls: u32) -> (Arc<Limiter>, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(UNIX_EPOCH));
    let one = NonZeroU32::new(1).unwrap();
    let rate = Rate { calls: NonZeroU32::new(calls).unwrap(), per: Duration::from_secs(1), burst: one };
    (Arc::new(Limiter::new(rate, clock.clone())), clock)
}

/// Lets everything that can go on go on.
async fn settle() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_run_with_many_calls_takes_turns_with_the_others() {
    let (limiter, clock) = limiter(10);
    let order: Arc<Log<Vec<char>>> = Arc::default();
    let spawn = |name: char, run: RunId| {
        let (limiter, order) = (Arc::clone(&limiter), Arc::clone(&order));
        tokio::spawn(async move {
            if limiter.pass(run).await.is_ok() {
                order.lock().unwrap().push(name);
            }
        });
    };
    let (greedy, modest) = (RunId::random(), RunId::random());
    for _ in 0..20 {
        spawn('g', greedy);
    }
    settle().await;
    for _ in 0..3 {
        spawn('m', modest);
    }
    for _ in 0..12 {
        settle().await;
        clock.advance(Duration::from_millis(100));
    }
    settle().await;
    let order: String = order.lock().unwrap().iter().collect();
    let last_of_the_modest = order.rfind('m').unwrap();
    assert_eq!(order.matches('m').count(), 3, "{order}");
    assert!(last_of_the_modest <= 7, "the three calls of one run waited for the twenty of another: {order}");
}

#[tokio::test]
async fn nobody_waits_longer_than_five_seconds() {
    let (limiter, clock) = limiter(1);
    assert!(limiter.pass(RunId::random()).await.is_ok());
    let waiting: Vec<_> = (0..9)
        .map(|_| {
            let limiter = Arc::clone(&limiter);
            tokio::spawn(async move { limiter.pass(RunId::random()).await.is_ok() })
        })
        .collect();
    for _ in 0..9 {
        settle().await;
        clock.advance(Duration::from_secs(1));
    }
    let mut passed = 0;
    for one in waiting {
        passed += u32::from(one.await.unwrap());
    }
    assert!((4..=5).contains(&passed), "{passed} of nine passed");
    assert_eq!(limiter.queue.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_that_wait_no_more_are_forgotten() {
    let (limiter, _clock) = limiter(1);
    for _ in 0..200 {
        let run = RunId::random();
        let waiting: Vec<_> = (0..4)
            .map(|_| {
                let limiter = Arc::clone(&limiter);
                tokio::spawn(async move { drop(limiter.queue.enter(run)) })
            })
            .collect();
        for one in waiting {
            one.await.unwrap();
        }
    }
    assert_eq!(limiter.queue.len(), 0);
}
