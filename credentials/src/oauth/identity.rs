use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use abide_base::{clock::Clock, scope::ScopeSet, secret::Redactor};
use abide_net as net;
use abide_net::{Client, Request};
use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use http::{HeaderMap, header::AUTHORIZATION};
use url::Url;

use super::{
    AccessToken, AuthError,
    dpop::{DPOP, Prover},
    grant,
    issuing::Issuing,
    resource,
};
use crate::oauth::config::{Access, OAuth, Proof, ProtectedResource, StepUp};

/// The OAuth 2.1 client of one MCP server. Gets tokens from the pinned issuer, and renews them in time.
pub struct Identity {
    resource: ProtectedResource,
    /// None where the server takes no tokens.
    issuing: Option<Arc<Issuing>>,
    server: Client,
    redactor: Redactor,
    clock: Arc<dyn Clock>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    token: Option<Arc<AccessToken>>,
    flight: Option<InFlight>,
    flights: u64,
    refused: Option<(Duration, AuthError)>,
    /// What tools declare.
    declared: ScopeSet,
    /// What is asked for: with what the server made us ask for on top.
    wanted: ScopeSet,
    step_ups: u32,
    /// When all rejections so far will have been made up for.
    rejections: Duration,
}

/// A request for a token, shared by all callers who wait for it (single-flight). It goes on when no caller waits any more: what an issuer
/// gave once, such as a new refresh token, must not get lost.
#[derive(Clone)]
struct InFlight {
    number: u64,
    result: Shared<BoxFuture<'static, Result<Arc<AccessToken>, AuthError>>>,
}

/// How often a server may make us ask for more scopes. Each time asks for all that were ever asked for, so few are enough.
const MAX_STEP_UPS: u32 = 3;
/// What a rejected token takes to be made up for, and how many may be outstanding.
const REJECTION: Duration = Duration::from_secs(6);
const MAX_REJECTIONS: u32 = 9;
/// How long an issuer's refusal stands before it is asked again: a program with many runs must not lock its own account.
const REFUSAL_STANDS: Duration = Duration::from_secs(5);

impl Identity {
    /// An identity that asks for `scopes`, all of them at once. Connects to no server yet.
    ///
    /// # Errors
    ///
    /// When the certification authorities or a certificate of our own cannot be used, or the server's address may not be spoken to.
    pub fn new(
        resource: ProtectedResource,
        scopes: ScopeSet,
        clock: Arc<dyn Clock>,
        redactor: Redactor,
    ) -> Result<Self, net::Error> {
        net::check_address(&resource.url)?;
        let server = Client::new(&resource.connection.clone().reaching(&resource.url))?;
        let issuing = match &resource.access {
            Access::Open => None,
            Access::OAuth(oauth) => Some(Arc::new(issuing(&resource, oauth, clock.clone(), redactor.clone())?)),
        };
        let state = State { declared: scopes.clone(), wanted: scopes, ..State::default() };
        Ok(Self { resource, issuing, server, redactor, clock, state: Arc::new(Mutex::new(state)) })
    }

    /// A token that is good for a while. A caller who asks while one is being fetched waits for that one, or for its error.
    ///
    /// # Errors
    ///
    /// When the issuer cannot be reached after some retries, refuses, or issues something else than a good token; or when the
    /// server takes no tokens.
    pub async fn token(&self) -> Result<Arc<AccessToken>, AuthError> {
        let issuing = self.issuing.as_ref().ok_or_else(|| AuthError::Open { server: self.resource.url.to_string() })?;
        let flight = {
            let mut state = self.state();
            match &state.token {
                Some(token) if token.is_fresh(&*self.clock) => return Ok(token.clone()),
                _ => {}
            }
            if let Some((until, error)) = &state.refused
                && self.clock.elapsed() < *until
            {
                return Err(error.clone());
            }
            self.flight(issuing, &mut state)
        };
        flight.result.await
    }

    /// Drops a token that the server refused, unless it was replaced already. False when the server refuses tokens so often that it
    /// would make us ask the issuer for ever: more than ten times at once, or once in six seconds after that.
    pub fn reject(&self, token: &AccessToken) -> bool {
        let mut state = self.state();
        if state.token.as_ref().is_none_or(|current| current.generation() != token.generation()) {
            return true;
        }
        let now = self.clock.elapsed();
        let debt = state.rejections.max(now);
        if debt > now + REJECTION * MAX_REJECTIONS {
            return false;
        }
        state.rejections = debt + REJECTION;
        state.token = None;
        true
    }

    /// Asks for more scopes from now on, because the server refused a call for lack of them: for all that were asked for before,
    /// and these. False when the boundary does not let the server have them asked for, when that was done before, or too often.
    pub fn step_up(&self, token: &AccessToken, missing: &ScopeSet) -> bool {
        let allowed = match self.resource.oauth().map(|oauth| &oauth.step_up) {
            None | Some(StepUp::Never) => false,
            Some(StepUp::Within(scopes)) => scopes.covers(missing),
            Some(StepUp::DangerAny) => true,
        };
        let mut state = self.state();
        let replaced = state.token.as_ref().is_none_or(|current| current.generation() != token.generation());
        if replaced && state.wanted.covers(missing) {
            return true;
        }
        if !allowed || missing.is_empty() || state.step_ups >= MAX_STEP_UPS || state.wanted.covers(missing) {
            return false;
        }
        state.step_ups += 1;
        state.wanted = state.wanted.union(missing);
        state.token = None;
        // who asks from now on must not wait for a token with the old scopes
        state.flight = None;
        true
    }

    /// Asks the MCP server whose tokens it takes (RFC 9728). A server that does not say passes.
    ///
    /// # Errors
    ///
    /// When it names issuers, and the pinned one is not among them, or speaks for another resource.
    pub async fn check_server(&self, named: Option<&str>) -> Result<(), AuthError> {
        match self.resource.oauth() {
            Some(oauth) => {
                let server = resource::Subject { url: &self.resource.url, resource: oauth.resource.as_deref() };
                resource::check(&self.server, server, &oauth.issuer, named).await
            }
            None => Ok(()),
        }
    }

    /// The server, and how we prove who we are.
    pub fn protected_resource(&self) -> &ProtectedResource {
        &self.resource
    }

    /// The client that speaks to the MCP server, and to no other.
    pub fn client(&self) -> &Client {
        &self.server
    }

    /// Takes out what this server must not get back into what is shown.
    pub fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// Puts a token into a request to the server, and says which; `None` if the server takes no tokens.
    ///
    /// # Errors
    /// As [`Identity::token`], and where the request goes anywhere else.
    pub async fn attach(&self, request: &mut Request) -> Result<Option<Arc<AccessToken>>, AuthError> {
        let Some(issuing) = &self.issuing else {
            return Ok(None);
        };
        if request.url != self.resource.url {
            return Err(AuthError::OtherAddress { server: self.resource.url.to_string() });
        }
        let token = self.token().await?;
        request.headers.insert(AUTHORIZATION, token.authorization().clone());
        if let (Proof::Dpop, Some(prover)) = (token.proof(), &issuing.prover) {
            let proof = prover.proof(&request.method, &request.url, Some(token.expose()), self.clock.now());
            let proof =
                proof.map_err(|source| AuthError::Key { issuer: issuing.oauth.issuer.clone(), reason: source })?;
            request.headers.insert(DPOP, proof);
        }
        Ok(Some(token))
    }

    /// Remembers the nonce that the server wants to see in proofs (RFC 9449, section 9). Says whether there is one.
    pub fn learn_nonce(&self, url: &Url, headers: &HeaderMap) -> bool {
        let prover = self.issuing.as_ref().and_then(|issuing| issuing.prover.as_ref());
        prover.is_some_and(|prover| prover.learn(url, headers))
    }

    fn flight(&self, issuing: &Arc<Issuing>, state: &mut State) -> InFlight {
        if let Some(flight) = &state.flight {
            return flight.clone();
        }
        state.flights += 1;
        let (number, scopes) = (state.flights, issuing.oauth.request.scopes_for(&state.declared, &state.wanted));
        let (issuing, clock, shared) = (issuing.clone(), self.clock.clone(), Arc::downgrade(&self.state));
        let result = async move {
            let result = issuing.obtain(&scopes, number).await.map(Arc::new);
            if let Some(state) = shared.upgrade() {
                lock(&state).complete(number, &result, clock.elapsed());
            }
            result
        };
        let flight = InFlight { number, result: result.boxed().shared() };
        tokio::spawn(flight.result.clone());
        state.flight = Some(flight.clone());
        flight
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl State {
    /// Keeps what came of a flight, unless another one was begun in the meantime.
    fn complete(&mut self, number: u64, result: &Result<Arc<AccessToken>, AuthError>, now: Duration) {
        if self.flight.as_ref().is_none_or(|flight| flight.number != number) {
            return;
        }
        self.flight = None;
        self.refused = None;
        match result {
            Ok(token) => self.token = Some(token.clone()),
            Err(error) if error.is_infrastructure() => {}
            // more than we may have was asked for: what tools declare may still be had
            Err(AuthError::InvalidScope { .. } | AuthError::LoginNeeded { .. }) if self.wanted != self.declared => {
                self.wanted = self.declared.clone();
            }
            Err(error) => self.refused = Some((now + REFUSAL_STANDS, error.clone())),
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn issuing(
    resource: &ProtectedResource,
    oauth: &OAuth,
    clock: Arc<dyn Clock>,
    redactor: Redactor,
) -> Result<Issuing, net::Error> {
    // the pins are those of the MCP server
    let mut connection = resource.connection.clone().spki_pins(Vec::new());
    for url in oauth.addresses() {
        connection = connection.reaching(&url);
    }
    let client = Client::new(&connection)?;
    let prover = match oauth.proof {
        Proof::Bearer => None,
        Proof::Dpop => Some(Prover::new().map_err(|e| net::Error::Setup(e.to_string()))?),
    };
    let resource = grant::resource_of(resource, oauth);
    Ok(Issuing::new(oauth.clone(), resource, client, prover, clock, redactor))
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({})", self.resource.id)
    }
}
