use std::time::SystemTime;

use abide_base::clock::ManualClock;
use futures_util::{FutureExt, join};

use crate::{
    retry::*,
    testing::{Scripted, ask},
};

fn limited(seconds: u64) -> Result<LmReply, LmError> {
    Err(LmError::RateLimited { retry_after: Some(Duration::from_secs(seconds)) })
}

fn broken() -> Result<LmReply, LmError> {
    Err(LmError::Server { status: 503, retry_after: None })
}

/// Without waiting.
fn impatient(inner: &Arc<Scripted>) -> Retry {
    Retry::new(Arc::clone(inner) as Arc<dyn Lm>).longest_wait(Duration::ZERO)
}

#[tokio::test]
async fn every_attempt_is_counted() {
    let model = Arc::new(Scripted::new([broken(), broken(), broken()]));
    let reply = impatient(&model).complete(&ask("a")).await;
    assert_eq!(reply.map(|reply| reply.attempts), Ok(4));
    assert_eq!(model.calls(), 4);
}

#[tokio::test]
async fn repetition_ends() {
    let model = Arc::new(Scripted::new(std::iter::repeat_with(broken).take(9)));
    let reply = impatient(&model).complete(&ask("a")).await;
    let last = Box::new(LmError::Server { status: 503, retry_after: None });
    assert_eq!(reply, Err(LmError::GaveUp { attempts: 4, last }));
    assert_eq!(model.calls(), 4);
}

#[tokio::test]
async fn only_transient_failures_are_repeated() {
    let refused = || Err(LmError::Refused { status: 400, message: "no".to_owned() });
    let model = Arc::new(Scripted::new([refused()]));
    assert_eq!(impatient(&model).complete(&ask("a")).await, refused());
    assert_eq!(model.calls(), 1);
}

#[tokio::test]
async fn the_server_says_how_long_to_wait() {
    let clock = Arc::new(ManualClock::at(SystemTime::UNIX_EPOCH));
    let model = Arc::new(Scripted::new([limited(20), limited(9_999)]));
    let retry = Retry::new(Arc::clone(&model) as Arc<dyn Lm>)
        .backoff(Backoff { base: Duration::ZERO, cap: Duration::ZERO })
        .clock(clock.clone());
    let request = ask("a");
    let call = retry.complete(&request).shared();
    assert!(call.clone().now_or_never().is_none());
    clock.advance(Duration::from_secs(19));
    assert!(call.clone().now_or_never().is_none());
    assert_eq!(model.calls(), 1);
    clock.advance(Duration::from_secs(1));
    assert!(call.clone().now_or_never().is_none());
    assert_eq!(model.calls(), 2);
    let (reply, ()) = join!(call, async {
        clock.advance(Duration::from_secs(30));
    });
    assert_eq!(reply.map(|reply| reply.attempts), Ok(3));
}

#[test]
fn waits_are_bounded() {
    let retry = Retry::new(Arc::new(Scripted::new([]))).longest_wait(Duration::from_secs(2));
    for failed in [0, 1, 5, u32::MAX] {
        for asked in [None, Some(Duration::MAX)] {
            assert!(retry.wait(failed, asked) <= Duration::from_secs(2));
        }
    }
    let asked = Duration::from_millis(1_500);
    assert!(retry.wait(0, Some(asked)) >= asked);
}
