#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use abide_base::{clock::ManualClock, id::ModelId};
use async_trait::async_trait;
use futures_util::{FutureExt, future::join_all};

use crate::{
    Lm, LmError, LmReply, LmRequest, Paced, Retry,
    testing::{Scripted, ask},
};

const SECOND: Duration = Duration::from_secs(1);

/// Takes a second for each request, and refuses those above its limit.
struct Narrow {
    model: ModelId,
    bears: usize,
    under_way: AtomicUsize,
    most: AtomicUsize,
    refused: AtomicUsize,
}

impl Narrow {
    fn new(bears: usize) -> Arc<Self> {
        let zero = AtomicUsize::default;
        Arc::new(Self {
            model: ModelId("test/narrow".to_owned()),
            bears,
            under_way: zero(),
            most: zero(),
            refused: zero(),
        })
    }
}

#[async_trait]
impl Lm for Narrow {
    fn model(&self) -> &ModelId {
        &self.model
    }

    async fn complete(&self, _: &LmRequest) -> Result<LmReply, LmError> {
        let under_way = self.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(under_way, Ordering::SeqCst);
        let refused = under_way > self.bears;
        tokio::time::sleep(if refused { SECOND / 100 } else { SECOND }).await;
        self.under_way.fetch_sub(1, Ordering::SeqCst);
        if refused {
            self.refused.fetch_add(1, Ordering::SeqCst);
            return Err(LmError::RateLimited { retry_after: None });
        }
        Ok(LmReply::new("fine"))
    }
}

#[tokio::test(start_paused = true)]
async fn the_limit_finds_what_the_server_bears() {
    let model = Narrow::new(5);
    let paced = Paced::new(Arc::clone(&model) as Arc<dyn Lm>).most(32);
    let retry = Retry::new(Arc::new(paced.clone())).repetitions(20);
    let request = ask("a");
    let replies = join_all((0..300).map(|_| retry.complete(&request))).await;
    assert!(replies.iter().all(Result::is_ok));
    assert_eq!(model.most.load(Ordering::SeqCst), 32, "it begins with all");
    assert!((2..=8).contains(&paced.limit()), "{}", paced.limit());
    let early = model.refused.load(Ordering::SeqCst);
    model.most.store(0, Ordering::SeqCst);
    let replies = join_all((0..300).map(|_| retry.complete(&request))).await;
    assert!(replies.iter().all(Result::is_ok));
    let (late, most) = (model.refused.load(Ordering::SeqCst) - early, model.most.load(Ordering::SeqCst));
    assert!(most <= 8, "{most} side by side");
    assert!(late < 100, "{late} of 300 refused");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_bears_all_is_asked_by_all() {
    let model = Narrow::new(100);
    let paced = Paced::new(Arc::clone(&model) as Arc<dyn Lm>).most(10);
    let request = ask("a");
    let start = tokio::time::Instant::now();
    join_all((0..100).map(|_| paced.complete(&request))).await;
    assert_eq!((model.most.load(Ordering::SeqCst), start.elapsed(), paced.limit()), (10, 10 * SECOND, 10));
}

fn limited(seconds: u64) -> Result<LmReply, LmError> {
    Err(LmError::RateLimited { retry_after: Some(Duration::from_secs(seconds)) }.told("slow down".to_owned()))
}

#[tokio::test]
async fn a_burst_of_refusals_halves_once_and_pauses_all() {
    let clock = Arc::new(ManualClock::at(SystemTime::UNIX_EPOCH));
    let model = Arc::new(Scripted::new((0..8).map(|_| limited(20))).closed());
    let paced = Paced::new(Arc::clone(&model) as Arc<dyn Lm>).most(8).clock(clock.clone());
    let request = ask("a");
    let mut burst = Box::pin(join_all((0..8).map(|_| paced.complete(&request))));
    assert!(burst.as_mut().now_or_never().is_none());
    model.gate.add_permits(10);
    burst.await;
    assert_eq!((paced.limit(), model.calls()), (4, 8));
    let next = paced.complete(&request).shared();
    assert!(next.clone().now_or_never().is_none());
    clock.advance(19 * SECOND);
    assert!(next.clone().now_or_never().is_none());
    assert_eq!(model.calls(), 8, "nothing is sent before the server wants it");
    clock.advance(SECOND);
    assert!(next.now_or_never().unwrap().is_ok());
    clock.advance(SECOND);
    assert!(paced.complete(&request).now_or_never().unwrap().is_ok());
}

#[tokio::test]
async fn a_reply_that_leaves_nothing_of_the_rate_pauses_too() {
    let clock = Arc::new(ManualClock::at(SystemTime::UNIX_EPOCH));
    let mut last = LmReply::new("last");
    last.pause = Some(500 * SECOND);
    let model = Arc::new(Scripted::new([Ok(last)]));
    let paced = Paced::new(Arc::clone(&model) as Arc<dyn Lm>).clock(clock.clone()).longest_pause(3 * SECOND);
    let request = ask("a");
    assert!(paced.complete(&request).await.is_ok());
    let next = paced.complete(&request).shared();
    assert!(next.clone().now_or_never().is_none());
    clock.advance(3 * SECOND);
    assert!(next.now_or_never().unwrap().is_ok(), "no pause is longer than the longest");
    assert_eq!(paced.limit(), 64, "nothing was refused");
}

#[tokio::test]
async fn a_dropped_request_gives_its_place_away() {
    let model = Arc::new(Scripted::new([]).closed());
    let paced = Paced::new(Arc::clone(&model) as Arc<dyn Lm>).most(1);
    let request = ask("a");
    let mut first = Box::pin(paced.complete(&request));
    assert!(first.as_mut().now_or_never().is_none());
    let mut second = Box::pin(paced.complete(&request));
    assert!(second.as_mut().now_or_never().is_none());
    assert_eq!(model.calls(), 1);
    drop(first);
    model.gate.add_permits(1);
    assert!(second.await.is_ok());
    assert_eq!(model.calls(), 2);
}

#[tokio::test]
async fn other_failures_change_nothing() {
    let broken = LmError::Server { status: 503, retry_after: Some(SECOND) };
    let paced = Paced::new(Arc::new(Scripted::new([Err(broken)]))).most(2);
    assert!(paced.complete(&ask("a")).await.is_err());
    assert!(paced.complete(&ask("a")).now_or_never().unwrap().is_ok());
    assert_eq!(paced.limit(), 2);
}
