use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use abide_base::clock::Clock;
use abide_net::{Client, Request};
use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use url::Url;

use super::{
    Algorithm, Error,
    key::{self, Candidates, Key},
};

/// Keys are read again when they are this old.
pub(super) const REFRESH: Duration = Duration::from_secs(3_600);
/// Where reading them again fails, the next attempt comes this much later.
pub(super) const REFRESH_PAUSE: Duration = Duration::from_secs(60);
/// Keys older than this are forgotten, whatever happens to the issuer.
pub(super) const MAX_AGE: Duration = Duration::from_secs(24 * 3_600);
/// How many unknown keys in a row are looked up at once, and how long it takes until one more may be.
pub(super) const BURST: u32 = 4;
pub(super) const PAUSE: Duration = Duration::from_secs(10);
const MAX_KEY_SET: usize = 256 * 1024;

/// The issuer's keys, as last seen.
pub(super) struct Cache {
    client: Client,
    key_set: Url,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

struct State {
    known: Arc<[Arc<Key>]>,
    fetched: Option<Duration>,
    tried: Option<Duration>,
    failed: Option<Error>,
    flight: Option<InFlight>,
    budget: Budget,
}

/// A fetch, shared by all callers who wait for it (single-flight).
pub(super) type InFlight = Shared<BoxFuture<'static, Result<(), Error>>>;

/// Which keys are good enough to be found among.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// Those that are known, and only if none fits those that are published now.
    Known,
    /// Those that are published now.
    Published,
}

/// A token bucket, as the moment at which it will be full again.
#[derive(Default)]
struct Budget {
    full_at: Duration,
}

impl Cache {
    pub(super) fn new(client: Client, key_set: Url, clock: Arc<dyn Clock>) -> Self {
        let state = State {
            known: Arc::default(),
            fetched: None,
            tried: None,
            failed: None,
            flight: None,
            budget: Budget::default(),
        };
        Self { client, key_set, clock, state: Mutex::new(state) }
    }

    /// The published keys that may have signed a token ([`key::candidates`]). An id that is not known is looked up by a fetch that began
    /// after it was seen: one that was under way already may have missed a rotation.
    pub(super) async fn candidates(
        self: &Arc<Self>,
        kid: Option<&str>,
        algorithm: Algorithm,
        look: Look,
    ) -> Result<Candidates<Arc<Key>>, Error> {
        let (mut joined, mut looked_up, mut paid) = (false, false, false);
        loop {
            let flight = {
                let mut state = self.state();
                let now = self.clock.elapsed();
                match state.find(kid, algorithm, now) {
                    Err(Error::UnknownKey(_) | Error::NoKey(_)) if !looked_up => {}
                    Ok(_) if look == Look::Published && !looked_up => {}
                    Err(error) => return Err(error),
                    Ok(found) => {
                        if paid && look == Look::Known {
                            state.budget.refund();
                        }
                        if state.wants_refresh(now) {
                            drop(self.start(&mut state, now));
                        }
                        return Ok(found);
                    }
                }
                match state.flight.clone() {
                    Some(flight) => {
                        // the second one that we wait for began after the first one ended
                        looked_up = joined;
                        joined = true;
                        flight
                    }
                    None if state.budget.take(now) => {
                        (looked_up, paid) = (true, true);
                        self.start(&mut state, now)
                    }
                    None => return Err(state.failed.clone().unwrap_or_else(|| key::unknown(kid, algorithm))),
                }
            };
            flight.await?;
        }
    }

    /// The fetch goes on even if no caller waits for it.
    fn start(self: &Arc<Self>, state: &mut State, now: Duration) -> InFlight {
        let cache = self.clone();
        let fetch = async move {
            let fetched = cache.fetch().await;
            let mut state = cache.state();
            state.flight = None;
            state.failed = fetched.as_ref().err().cloned();
            let keys = fetched.inspect_err(|error| tracing::warn!("keeping the known keys: {error}"))?;
            state.known = keys.into_iter().map(Arc::new).collect();
            state.fetched = Some(now);
            Ok(())
        };
        let flight = fetch.boxed().shared();
        state.tried = Some(now);
        state.flight = Some(flight.clone());
        tokio::spawn(flight.clone());
        flight
    }

    async fn fetch(&self) -> Result<Vec<Key>, Error> {
        let mut request = Request::get(self.key_set.clone());
        request.max_body = MAX_KEY_SET;
        let reply = self.client.send(request).await.map_err(Error::KeySet)?;
        if !reply.status.is_success() {
            return Err(Error::KeySetStatus(reply.status.as_u16()));
        }
        key::parse(&reply.body)
    }

    #[cfg(test)]
    pub(super) fn flight(&self) -> Option<InFlight> {
        self.state().flight.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn find(&self, kid: Option<&str>, algorithm: Algorithm, now: Duration) -> Result<Candidates<Arc<Key>>, Error> {
        let usable = self.age(now).is_some_and(|age| age < MAX_AGE);
        key::candidates(if usable { &self.known } else { &[] }, kid, algorithm)
    }

    fn wants_refresh(&self, now: Duration) -> bool {
        let rested = self.tried.is_none_or(|tried| now.saturating_sub(tried) >= REFRESH_PAUSE);
        self.flight.is_none() && rested && self.age(now).is_some_and(|age| age >= REFRESH)
    }

    fn age(&self, now: Duration) -> Option<Duration> {
        self.fetched.map(|fetched| now.saturating_sub(fetched))
    }
}

impl Budget {
    fn take(&mut self, now: Duration) -> bool {
        let full_at = self.full_at.max(now) + PAUSE;
        let affordable = full_at <= now + PAUSE * BURST;
        if affordable {
            self.full_at = full_at;
        }
        affordable
    }

    fn refund(&mut self) {
        self.full_at = self.full_at.saturating_sub(PAUSE);
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cache({})", self.key_set)
    }
}
