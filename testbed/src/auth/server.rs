use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};

use axum::{
    Router, middleware,
    routing::{get, post},
};

use super::{Algorithm, Client, Desk, Error, Fault, Key, Options, Trust, code, metadata, state::State, token};
use crate::{
    serve::{self, Serving, lock},
    tls::Identity,
    wire::Wire,
};

/// What the server has been asked for since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// Requests of any kind, refused ones included.
    pub requests: u64,
    /// Tokens issued.
    pub tokens: u64,
    /// Fetches of the key set.
    pub key_sets: u64,
}

/// A running authorization server. It stops when this handle is dropped.
#[derive(Debug)]
pub struct Server {
    state: Arc<State>,
    serving: Serving,
}

impl Server {
    /// Starts on a loopback port picked by the system. It issues tokens for no resource until one
    /// is added.
    ///
    /// # Errors
    /// When no port can be opened or no key can be made.
    pub async fn start(options: Options, identity: &Identity) -> Result<Self, Error> {
        let (listener, address) = serve::bind().await.map_err(Error::Bind)?;
        let state = Arc::new(State {
            issuer: options.scheme.base_url(address),
            lifetime: options.token_lifetime.as_secs().max(1),
            algorithm: options.algorithm,
            key: Mutex::new(Arc::new(Key::generate(options.algorithm)?)),
            unpublished: Key::generate(Algorithm::Es256)?,
            clients: Mutex::default(),
            resources: Mutex::default(),
            faults: Mutex::default(),
            requests: AtomicU64::new(0),
            tokens: AtomicU64::new(0),
            key_sets: AtomicU64::new(0),
            desk: Desk::default(),
        });
        let serving = serve::spawn(listener, routes(&state), options.scheme, identity);
        let server = Self { state, serving };
        for client in options.clients {
            server.register(client);
        }
        Ok(server)
    }

    /// The issuer identifier: the base URL, without a trailing slash.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.state.issuer
    }

    /// Registers a client, replacing one with the same id.
    pub fn register(&self, client: Client) {
        lock(&self.state.clients).insert(client.id().to_owned(), client);
    }

    /// Allows tokens for the resource `url` (compared as a plain string).
    pub fn add_resource(&self, url: impl Into<String>) {
        lock(&self.state.resources).insert(url.into());
    }

    /// Replaces the signing key and withdraws the old one at once: tokens signed by it are no
    /// longer accepted.
    ///
    /// # Errors
    /// When no key can be made; the old key then stays.
    pub fn rotate(&self) -> Result<(), Error> {
        let next = Key::generate(self.state.algorithm)?;
        *lock(&self.state.key) = Arc::new(next);
        Ok(())
    }

    /// Makes `fault` active until [`Server::heal`].
    pub fn inject(&self, fault: Fault) {
        lock(&self.state.faults).insert(fault);
    }

    /// Ends every fault.
    pub fn heal(&self) {
        lock(&self.state.faults).clear();
    }

    /// Where persons consent.
    #[must_use]
    pub fn desk(&self) -> &Desk {
        &self.state.desk
    }

    /// Ends one fault, if it is active.
    pub fn end(&self, fault: Fault) {
        lock(&self.state.faults).remove(&fault);
    }

    /// The connections to this server, and what goes wrong with them. [`Server::heal`] leaves it alone.
    #[must_use]
    pub fn wire(&self) -> &Wire {
        self.serving.wire()
    }

    /// What has been asked for so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        Counters {
            requests: self.state.requests.load(Ordering::Relaxed),
            tokens: self.state.tokens.load(Ordering::Relaxed),
            key_sets: self.state.key_sets.load(Ordering::Relaxed),
        }
    }

    /// What a resource server needs to check this server's tokens.
    pub(crate) fn trust(&self) -> Trust {
        Trust(Arc::clone(&self.state))
    }
}

fn routes(state: &Arc<State>) -> Router {
    Router::new()
        .route("/.well-known/oauth-authorization-server", get(metadata::document))
        .route("/.well-known/openid-configuration", get(metadata::document))
        .route("/jwks", get(metadata::key_set))
        .route("/token", post(token::endpoint))
        .merge(code::routes())
        .layer(middleware::from_fn_with_state(Arc::clone(state), metadata::count))
        .with_state(Arc::clone(state))
}
