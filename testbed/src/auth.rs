//! An OAuth 2.1 authorization server for machine clients: client-credentials grant (RFC 6749
//! section 4.4), resource indicators (RFC 8707), JWT access tokens (RFC 9068), metadata (RFC 8414
//! and OpenID Connect discovery), key set (RFC 7517).

mod client;
mod code;
mod key;
mod metadata;
mod token;

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    routing::{get, post},
};

pub(crate) use self::key::Key;
pub use self::{
    client::Client,
    code::{Desk, Quirk},
    key::Algorithm,
};
use crate::{
    serve::{self, Scheme, Serving, lock},
    tls::Identity,
    wire::Wire,
};

/// Why the authorization server cannot start or make a key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No loopback port could be opened.
    #[error("cannot open a loopback port for the authorization server: {0}")]
    Bind(#[source] io::Error),
    /// A signing key could not be generated.
    #[error("cannot generate a token-signing key: {0}")]
    Generate(#[from] rcgen::Error),
    /// The JWT library refused a generated key.
    #[error("cannot use the generated token-signing key: {0}")]
    Key(#[from] jsonwebtoken::errors::Error),
    /// The system gave no random bytes.
    #[error("the system gave no random bytes for a secret")]
    Randomness,
}

/// What the authorization server does wrong on purpose. Several may be active at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Fault {
    /// Tokens carry the audience `https://wrong-audience.invalid/mcp`.
    WrongAudience,
    /// Tokens have expired a minute before they are issued; `expires_in` says otherwise.
    Expired,
    /// Tokens are signed by a key that is not in the key set.
    UnknownKey,
    /// Every endpoint answers 503.
    Unavailable,
    /// The key set answers 503; everything else works.
    KeySetUnavailable,
    /// Both metadata documents name the issuer `https://wrong-issuer.invalid`.
    WrongIssuer,
}

/// How the authorization server is started.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// Life of a token, at least one second. Default: 300 s.
    pub token_lifetime: Duration,
    /// Default: ES256.
    pub algorithm: Algorithm,
    /// Default: plain http on loopback.
    pub scheme: Scheme,
    /// Default: none.
    pub clients: Vec<Client>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            token_lifetime: Duration::from_secs(300),
            algorithm: Algorithm::default(),
            scheme: Scheme::Http,
            clients: Vec::new(),
        }
    }
}

impl Options {
    /// Sets the life of a token; fractions of a second are dropped, the least is one second.
    #[must_use]
    pub fn token_lifetime(mut self, lifetime: Duration) -> Self {
        self.token_lifetime = lifetime;
        self
    }

    /// Sets the signature algorithm of tokens.
    #[must_use]
    pub fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// Sets how the server is spoken to.
    #[must_use]
    pub fn scheme(mut self, scheme: Scheme) -> Self {
        self.scheme = scheme;
        self
    }

    /// Adds a client.
    #[must_use]
    pub fn client(mut self, client: Client) -> Self {
        self.clients.push(client);
        self
    }
}

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

/// The published key and the issuer, always as they are now.
#[derive(Clone, Debug)]
pub(crate) struct Trust(Arc<State>);

impl Trust {
    pub(crate) fn issuer(&self) -> &str {
        &self.0.issuer
    }

    pub(crate) fn key(&self) -> Arc<Key> {
        Arc::clone(&lock(&self.0.key))
    }
}

#[derive(Debug)]
struct State {
    issuer: String,
    lifetime: u64,
    algorithm: Algorithm,
    key: Mutex<Arc<Key>>,
    unpublished: Key,
    clients: Mutex<BTreeMap<String, Client>>,
    resources: Mutex<BTreeSet<String>>,
    faults: Mutex<BTreeSet<Fault>>,
    requests: AtomicU64,
    tokens: AtomicU64,
    key_sets: AtomicU64,
    desk: Desk,
}

impl State {
    fn has(&self, fault: Fault) -> bool {
        lock(&self.faults).contains(&fault)
    }
}

fn routes(state: &Arc<State>) -> Router {
    Router::new()
        .route("/.well-known/oauth-authorization-server", get(metadata::document))
        .route("/.well-known/openid-configuration", get(metadata::document))
        .route("/jwks", get(metadata::key_set))
        .route("/token", post(token::endpoint))
        .merge(code::routes())
        .layer(axum::middleware::from_fn_with_state(Arc::clone(state), metadata::count))
        .with_state(Arc::clone(state))
}
