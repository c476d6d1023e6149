use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use url::Url;

use super::{
    AccessToken, AuthError,
    discovery::{Metadata, discover},
    grant::{self, Grant},
    resource,
};
use crate::{
    clock::Clock,
    net::{self, AddressFilter, Backoff, Client, Options},
    secret::Redactor,
    security::{
        ScopeSet,
        boundary::ServerConfig,
        jwt::{self, Verifier},
    },
};

/// Who we are to one MCP server. Gets tokens from the pinned issuer, and renews them in time.
pub struct Identity {
    issuing: Arc<Issuing>,
    server: Client,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    token: Option<Arc<AccessToken>>,
    flight: Option<Flight>,
    flights: u64,
}

/// A request for a token, shared by everybody who waits for it. It goes on as long as anybody waits.
#[derive(Clone)]
struct Flight {
    number: u64,
    result: Shared<BoxFuture<'static, Result<Arc<AccessToken>, AuthError>>>,
}

/// All that asking for a token takes.
struct Issuing {
    config: ServerConfig,
    scopes: ScopeSet,
    clock: Arc<dyn Clock>,
    redactor: Redactor,
    client: Client,
    issuer: Mutex<Option<Arc<Issuer>>>,
}

/// The issuer, once it is known.
struct Issuer {
    metadata: Metadata,
    verifier: Option<Verifier>,
}

const RETRIES: u32 = 3;
const MAX_WAIT: Duration = Duration::from_secs(30);
/// For tokens that do not say how long they live.
const DEFAULT_LIFE: Duration = Duration::from_secs(300);
const MAX_LIFE: Duration = Duration::from_secs(24 * 3_600);

impl Identity {
    /// An identity that asks for `scopes`, all of them at once. Connects to nobody yet.
    ///
    /// # Errors
    ///
    /// When the certification authorities cannot be used, or the server's address may not be spoken to.
    pub fn new(
        config: ServerConfig,
        scopes: ScopeSet,
        clock: Arc<dyn Clock>,
        redactor: Redactor,
    ) -> Result<Self, net::Error> {
        net::check_address(&config.url)?;
        let trust = |url: &Url| {
            let addresses = AddressFilter::default();
            let addresses = if net::is_loopback(url) { addresses.loopback() } else { addresses };
            Options::default().ca_bundle(config.ca_bundle.clone()).addresses(addresses)
        };
        let server = Client::new(&trust(&config.url).spki_pins(config.spki_pins.clone()))?;
        let issuer = config.issuer.parse().map_or_else(|_| Options::default(), |issuer| trust(&issuer));
        redactor.learn(&config.client_secret);
        let issuing =
            Issuing { client: Client::new(&issuer)?, config, scopes, clock, redactor, issuer: Mutex::default() };
        Ok(Self { issuing: Arc::new(issuing), server, state: Mutex::default() })
    }

    /// A token that is good for a while. Whoever asks while one is being fetched waits for that one, or for its error.
    ///
    /// # Errors
    ///
    /// When the issuer cannot be reached after some retries, refuses, or issues something else than a good token.
    pub async fn token(&self) -> Result<Arc<AccessToken>, AuthError> {
        let flight = {
            let mut state = self.state();
            match &state.token {
                Some(token) if token.is_fresh(&*self.issuing.clock) => return Ok(token.clone()),
                _ => self.flight(&mut state),
            }
        };
        let result = flight.result.await;
        let mut state = self.state();
        if state.flight.as_ref().is_some_and(|f| f.number == flight.number) {
            state.flight = None;
            if let Ok(token) = &result {
                state.token = Some(token.clone());
            }
        }
        result
    }

    /// Drops a token that the server refused, unless it was replaced already.
    pub fn reject(&self, token: &AccessToken) {
        let mut state = self.state();
        if state.token.as_ref().is_some_and(|current| current.generation() == token.generation()) {
            state.token = None;
        }
    }

    /// Asks the MCP server whose tokens it takes (RFC 9728). A server that does not say passes.
    ///
    /// # Errors
    ///
    /// When it names issuers, and the pinned one is not among them.
    pub async fn check_server(&self, named: Option<&str>) -> Result<(), AuthError> {
        let config = &self.issuing.config;
        resource::check(&self.server, &config.url, &config.issuer, named).await
    }

    /// The server, and how we prove who we are.
    pub fn config(&self) -> &ServerConfig {
        &self.issuing.config
    }

    /// The client that speaks to the MCP server, and to nobody else.
    pub(crate) fn client(&self) -> &Client {
        &self.server
    }

    fn flight(&self, state: &mut State) -> Flight {
        if let Some(flight) = &state.flight {
            return flight.clone();
        }
        state.flights += 1;
        let (issuing, number) = (self.issuing.clone(), state.flights);
        let result = async move { issuing.obtain(number).await.map(Arc::new) };
        let flight = Flight { number, result: result.boxed().shared() };
        state.flight = Some(flight.clone());
        flight
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Issuing {
    async fn obtain(&self, generation: u64) -> Result<AccessToken, AuthError> {
        let backoff = Backoff::default();
        let mut attempt = 0;
        loop {
            match self.attempt(generation).await {
                Err(error) if error.is_infrastructure() && attempt < RETRIES => {
                    let wait = error.retry_after().unwrap_or_else(|| backoff.delay(attempt)).min(MAX_WAIT);
                    tracing::warn!(?wait, "{error}");
                    self.clock.sleep(wait).await;
                    attempt += 1;
                }
                result => return result,
            }
        }
    }

    async fn attempt(&self, generation: u64) -> Result<AccessToken, AuthError> {
        let issuer = self.issuer().await?;
        let asked = self.clock.elapsed();
        let endpoint = &issuer.metadata.token_endpoint;
        let granted = grant::request(&self.client, endpoint, &self.config, &self.scopes, self.clock.now()).await;
        if matches!(&granted, Err(AuthError::Refused { .. })) {
            // the endpoint may have moved
            *self.lock_issuer() = None;
        }
        let grant = granted?;
        self.redactor.learn(&grant.token);
        // the redactor forgets what it learned long ago
        self.redactor.learn(&self.config.client_secret);
        let underway = self.clock.elapsed().saturating_sub(asked);
        self.accept(grant, &issuer, underway, generation).await
    }

    async fn accept(
        &self,
        grant: Grant,
        issuer: &Issuer,
        underway: Duration,
        generation: u64,
    ) -> Result<AccessToken, AuthError> {
        let mut life = grant.life.unwrap_or(DEFAULT_LIFE).saturating_sub(underway);
        let mut scopes = grant.scopes;
        if jwt::is_jwt(grant.token.expose()) {
            let verifier = issuer.verifier.as_ref().ok_or_else(|| AuthError::Metadata {
                issuer: self.config.issuer.clone(),
                reason: "it issues signed tokens, but names no `jwks_uri`".into(),
            })?;
            let claims = verifier
                .verify(grant.token.expose())
                .await
                .map_err(|reason| AuthError::TokenRejected { issuer: self.config.issuer.clone(), reason })?;
            let left = claims.expires.duration_since(self.clock.now());
            // within the leeway for clocks that differ, a token may look expired and be good for the server
            life = left.map_or(life, |left| if grant.life.is_some() { life.min(left) } else { left });
            scopes = claims.scopes.or(scopes);
        }
        Ok(AccessToken::new(
            grant.token,
            scopes.unwrap_or_else(|| self.scopes.clone()),
            life.min(MAX_LIFE),
            &*self.clock,
            generation,
        ))
    }

    /// Only one flight at a time gets here, so nothing is discovered twice.
    async fn issuer(&self) -> Result<Arc<Issuer>, AuthError> {
        if let Some(known) = &*self.lock_issuer() {
            return Ok(known.clone());
        }
        let metadata = discover(&self.client, &self.config.issuer, self.clock.now()).await?;
        let verifier = metadata.key_set.clone().map(|key_set| {
            Verifier::new(
                self.client.clone(),
                key_set,
                self.config.issuer.clone(),
                grant::resource(&self.config.url),
                self.clock.clone(),
            )
        });
        let issuer = Arc::new(Issuer { metadata, verifier });
        *self.lock_issuer() = Some(issuer.clone());
        Ok(issuer)
    }

    fn lock_issuer(&self) -> MutexGuard<'_, Option<Arc<Issuer>>> {
        self.issuer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({})", self.issuing.config.id)
    }
}
