use std::{sync::Arc, time::Duration};

use axum::{Json, Router, middleware, routing::get};
use rmcp::transport::streamable_http_server::{
    StreamableHttpServerConfig, StreamableHttpService, session::never::NeverSessionManager,
};
use serde_json::json;

use super::{
    Error, Fault, Options, RetryAfter, SCOPES, TokenCheck,
    gate::{self, Gate},
    service::CustomerService,
    tool::Catalog,
};
use crate::{
    auth,
    log::Log,
    serve::{self, Serving},
    task,
    tls::Identity,
    trace::TraceId,
    wire::Wire,
};

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
