//! A customer-service MCP server over streamable HTTP: a real resource server (RFC 9728, RFC 6750)
//! that checks tokens, scopes, rates and arguments, and logs what it did.
//!
//! It speaks both the stateless protocol (2026-07-28) and those that start with `initialize`.

mod execute;
mod gate;
mod limit;
mod service;
mod tool;
mod verify;

#[cfg(test)]
mod tests;

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{Json, Router, middleware, routing::get};
use rmcp::transport::streamable_http_server::{
    StreamableHttpServerConfig, StreamableHttpService, session::never::NeverSessionManager,
};
use serde_json::json;

use self::{gate::Gate, service::CustomerService, tool::Catalog};
pub use self::{
    tool::{SCOPES, scope_of},
    verify::{Checking, Passed, Refused, TokenCheck},
};
use crate::{
    auth,
    log::Log,
    serve::{self, Scheme, Serving},
    task,
    tls::Identity,
    trace::TraceId,
    wire::Wire,
};

/// Why the MCP server cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No loopback port could be opened.
    #[error("cannot open a loopback port for the mcp server: {0}")]
    Bind(#[source] io::Error),
    /// A tool's own schema is broken.
    #[error("the input schema of tool `{0}` is invalid: {1}")]
    Schema(String, String),
}

/// How the server answers a call instead of executing it, or of telling what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// 500.
    InternalError,
    /// 503.
    Unavailable,
    /// The call is executed, and its reply lost behind a gateway: 502.
    BadGateway,
    /// 429 without `Retry-After`.
    TooMany,
    /// 429 with `Retry-After: 1`.
    TooManyForSeconds,
    /// 429 with `Retry-After` as an HTTP-date, one to two seconds ahead.
    TooManyUntilDate,
}

/// How a refusal for too many calls says when to come back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RetryAfter {
    /// `Retry-After: 1`.
    #[default]
    Seconds,
    /// `Retry-After` as an HTTP-date, one to two seconds ahead.
    Date,
    /// Not at all.
    Absent,
    /// `Retry-After: soon`, which means nothing.
    Nonsense,
    /// The status is 200, and the body a JSON-RPC error (-32000) that names no time.
    InBody,
}

/// How the MCP server is started.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// Calls that one run may make at once. Default: 4.
    pub burst: u32,
    /// Calls per second of all runs together. Default: 20,000.
    pub calls_per_second: u32,
    /// Default: https.
    pub scheme: Scheme,
}

impl Default for Options {
    fn default() -> Self {
        Self { burst: 4, calls_per_second: 20_000, scheme: Scheme::Https }
    }
}

impl Options {
    /// Sets how many calls one run may make at once; each further call is answered once with 429.
    #[must_use]
    pub fn burst(mut self, calls: u32) -> Self {
        self.burst = calls;
        self
    }

    /// Sets how many calls per second all runs together may make.
    #[must_use]
    pub fn calls_per_second(mut self, calls: u32) -> Self {
        self.calls_per_second = calls;
        self
    }

    /// Sets how the server is spoken to.
    #[must_use]
    pub fn scheme(mut self, scheme: Scheme) -> Self {
        self.scheme = scheme;
        self
    }
}

/// A running MCP server. It stops when this handle is dropped.
#[derive(Debug)]
pub struct Server {
    url: String,
    gate: Arc<Gate>,
    serving: Serving,
}

impl Server {
    /// Starts on a loopback port picked by the system, and makes `issuer` issue tokens for it.
    ///
    /// # Errors
    /// When no port can be opened.
    pub async fn start(options: Options, issuer: &auth::Server, identity: &Identity) -> Result<Self, Error> {
        let (listener, address) = serve::bind().await.map_err(Error::Bind)?;
        let base = options.scheme.base_url(address);
        let url = format!("{base}/mcp");
        issuer.add_resource(&url);
        let gate = Arc::new(Gate::new(&options, &base, &url, issuer.trust()));
        let catalog = Arc::new(Catalog::new()?);
        let router = router(&gate, catalog, &url, issuer.issuer());
        let serving = serve::spawn(listener, router, options.scheme, identity);
        Ok(Self { url, gate, serving })
    }

    /// The MCP endpoint, which is also the resource identifier (RFC 8707) that tokens must name.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Every call, executed or refused.
    #[must_use]
    pub fn log(&self) -> &Log {
        &self.gate.log
    }

    /// What one run has changed so far.
    #[must_use]
    pub fn state(&self, trace: TraceId) -> task::State {
        self.gate.log.state(trace)
    }

    /// Answers the next `calls` calls that are authorized with `fault`, after those that were
    /// asked for before. They do not count against a burst.
    pub fn fail_next(&self, calls: usize, fault: Fault) {
        self.gate.fail_next(calls, fault);
    }

    /// Ends all faults still to come; the wire stays as it is.
    pub fn heal(&self) {
        self.gate.heal();
    }

    /// Leaves it to `check` from now on which tokens are valid here and what they grant.
    pub fn check_tokens_with(&self, check: Arc<dyn TokenCheck>) {
        self.gate.check_tokens_with(check);
    }

    /// From now on all runs together may make `calls_per_second`, in bursts of as many; whoever is refused for a rate is told
    /// so in the manner of `says`.
    pub fn limit(&self, calls_per_second: u32, says: RetryAfter) {
        self.gate.limit(calls_per_second, says);
    }

    /// The connections to this server, and what goes wrong with them.
    #[must_use]
    pub fn wire(&self) -> &Wire {
        self.serving.wire()
    }

    /// Sets the clock of the rate limits ahead, so that nobody has to wait for `Retry-After`.
    pub fn advance(&self, by: Duration) {
        self.gate.clock.advance(by);
    }
}

/// The time that rate limits go by.
#[derive(Debug, Default)]
struct Clock {
    ahead_ms: AtomicU64,
}

impl Clock {
    fn now(&self) -> Instant {
        let ahead = Duration::from_millis(self.ahead_ms.load(Ordering::Relaxed));
        let now = Instant::now();
        now.checked_add(ahead).unwrap_or(now)
    }

    fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.ahead_ms.fetch_add(by, Ordering::Relaxed);
    }
}

fn router(gate: &Arc<Gate>, catalog: Arc<Catalog>, url: &str, issuer: &str) -> Router {
    let service = CustomerService::new(catalog, gate.log.clone());
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_max_request_body_bytes(gate::MAX_BODY)
        .with_allowed_origins([
            "http://localhost:*",
            "http://127.0.0.1:*",
            "https://localhost:*",
            "https://127.0.0.1:*",
        ]);
    let mcp = StreamableHttpService::new(move || Ok(service.clone()), Arc::new(NeverSessionManager::default()), config);
    let metadata = json!({
        "resource": url,
        "authorization_servers": [issuer],
        "scopes_supported": SCOPES,
        "bearer_methods_supported": ["header"],
        "resource_name": "Abide testbed customer service",
    });
    let document = get(move || async move { Json(metadata) });
    Router::new()
        .route_service("/mcp", mcp)
        .route_layer(middleware::from_fn_with_state(Arc::clone(gate), gate::check))
        .route("/.well-known/oauth-protected-resource/mcp", document.clone())
        .route("/.well-known/oauth-protected-resource", document)
}
