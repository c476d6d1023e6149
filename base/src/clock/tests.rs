use futures_util::FutureExt;

use crate::clock::*;

const MILLISECOND: Duration = Duration::from_millis(1);

#[tokio::test]
async fn a_sleep_of_many_naps_ends_at_its_end_and_not_before() {
    let end = Instant::now() + MILLISECOND * 25;
    sleep_until(Some(end), MILLISECOND * 10).await;
    assert!(Instant::now() >= end);
    SystemClock::new().sleep(Duration::ZERO).await;
}

#[tokio::test]
async fn a_sleep_without_end_goes_on_after_its_naps() {
    let sleep = sleep_until(None, MILLISECOND);
    assert!(tokio::time::timeout(MILLISECOND * 20, sleep).await.is_err());
    assert_eq!(SystemClock::new().sleep(Duration::MAX).now_or_never(), None);
}
