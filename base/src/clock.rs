//! Injected time, so that a test can move it.

use std::{
    fmt::Debug,
    sync::Mutex,
    time::{Duration, SystemTime},
};

use futures_util::future::BoxFuture;
use tokio::{sync::watch, time::Instant};

/// The time of day and the passing of time.
pub trait Clock: Send + Sync + Debug {
    /// The time of day; may jump.
    fn now(&self) -> SystemTime;

    /// Time since some fixed moment; never goes back.
    fn elapsed(&self) -> Duration;

    /// Waits.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
}

/// The machine's clock.
#[derive(Debug)]
pub struct SystemClock {
    start: Instant,
}

/// A clock that stands still until it is told to move; for tests.
#[derive(Debug)]
pub struct ManualClock {
    origin: Mutex<SystemTime>,
    elapsed: watch::Sender<Duration>,
}

/// Long sleeps go in pieces. Tokio wakes up its driver for each new timer that is nearer than all others, so beside a run that slept to
/// its own far limit, each request's nearer one would cost two system calls. The price is one wake-up of a sleeper in 5 s.
const MAX_TIMER_SLICE: Duration = Duration::from_secs(5);

impl SystemClock {
    /// The machine's clock.
    pub fn new() -> Self {
        Self { start: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(sleep_until(Instant::now().checked_add(duration), MAX_TIMER_SLICE))
    }
}

impl ManualClock {
    /// A clock that shows `now`.
    pub fn at(now: SystemTime) -> Self {
        Self { origin: Mutex::new(now), elapsed: watch::Sender::new(Duration::ZERO) }
    }

    /// Lets time pass; sleepers whose time has come wake up.
    pub fn advance(&self, by: Duration) {
        self.elapsed.send_modify(|elapsed| *elapsed = elapsed.saturating_add(by));
    }

    /// Makes the time of day jump, as an administrator or NTP would; no sleeper wakes up.
    pub fn set_origin(&self, origin: SystemTime) {
        *self.origin.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = origin;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> SystemTime {
        let origin = *self.origin.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        origin + *self.elapsed.borrow()
    }

    fn elapsed(&self) -> Duration {
        *self.elapsed.borrow()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let mut elapsed = self.elapsed.subscribe();
        let until = self.elapsed().saturating_add(duration);
        Box::pin(async move {
            // a dropped clock can no longer move, so its sleepers stop waiting
            let _ = elapsed.wait_for(|now| *now >= until).await;
        })
    }
}

/// Sleeps in naps, for ever where there is no end.
async fn sleep_until(end: Option<Instant>, nap: Duration) {
    loop {
        let next = Instant::now() + nap;
        match end {
            Some(end) if end <= next => return tokio::time::sleep_until(end).await,
            _ => tokio::time::sleep_until(next).await,
        }
    }
}

#[cfg(test)]
mod tests;
