use std::time::Duration;

/// How many requests may be under way. It halves when the server limits the rate, and grows by one for each round of that many successes:
/// additive increase, multiplicative decrease, as TCP does it (RFC 5681).
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    most: f64,
    now: f64,
    under_way: usize,
    /// Nothing is sent before then.
    paused_until: Duration,
    /// When it last halved: what was sent before that had the old limit, and does not halve it again.
    halved: Option<Duration>,
}

/// Whether a request may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Now; it counts as under way.
    Now,
    /// When another one is done.
    Full,
    /// Not before so much time has passed.
    In(Duration),
}

impl Limit {
    pub(super) fn new(most: usize) -> Self {
        let most = most.max(1) as f64;
        Self { most, now: most, under_way: 0, paused_until: Duration::ZERO, halved: None }
    }

    pub(super) fn now(&self) -> usize {
        self.now as usize
    }

    pub(super) fn ask(&mut self, time: Duration) -> Turn {
        if self.paused_until > time {
            Turn::In(self.paused_until.saturating_sub(time))
        } else if self.under_way >= self.now() {
            Turn::Full
        } else {
            self.under_way += 1;
            Turn::Now
        }
    }

    pub(super) fn done(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
    }

    pub(super) fn succeeded(&mut self) {
        self.now = (self.now + 1.0 / self.now).min(self.most);
    }

    /// The server limited the rate of a request that was sent at `sent`.
    pub(super) fn limited(&mut self, sent: Duration, time: Duration) {
        if self.halved.is_none_or(|halved| sent > halved) {
            self.now = (self.now / 2.0).max(1.0);
            self.halved = Some(time);
        }
    }

    pub(super) fn pause(&mut self, until: Duration) {
        self.paused_until = self.paused_until.max(until);
    }
}
