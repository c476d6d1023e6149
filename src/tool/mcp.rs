//! Tools of MCP servers, over streamable HTTP, in both eras of the protocol (2026-07-28, and 2025-11-25 and older).
//!
//! The only place that knows `rmcp`. Tokens are attached below it, so a call cannot carry any other token than that of its own server.

mod call;
mod error;
mod exchange;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod http;
mod reply;
mod spec;
mod sse;

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use jsonschema::Validator;
use rmcp::{
    RoleClient,
    model::{
        CallToolRequest, CallToolRequestParams, ClientCapabilities, ClientConfig, ClientRequest, Implementation,
        PaginatedRequestParams, ProtocolVersion, RequestMetaObject, ServerResult, Tool,
    },
    service::{
        ClientCacheConfig, ClientLifecycleMode, ClientServiceExt, PeerRequestOptions, RunningService, ServiceError,
    },
    transport::streamable_http_client::{StreamableHttpClientTransport, StreamableHttpClientTransportConfig},
};
use serde_json::{Map, Value};

pub use self::{
    call::CallContext,
    error::{ConnectError, ToolError},
};
use self::{call::Ticket, error::Fault, http::Http};
use crate::{
    call::{ToolName, ToolReply, ToolSpec},
    clock::Clock,
    security::{Permitted, boundary::Protocol, oauth::Identity},
};

/// A connected MCP server. Dropping it closes the connection.
pub struct McpServer {
    service: RunningService<RoleClient, ClientConfig>,
    http: Http,
    identity: Arc<Identity>,
    tools: Vec<ToolSpec>,
    outputs: BTreeMap<ToolName, Validator>,
}

/// The longest a call may take, waits and repetitions included.
const CALL_TIMEOUT: Duration = Duration::from_secs(180);
/// How many calls may be under way at once.
const MAX_IN_FLIGHT: usize = 4_096;
const MAX_PAGES: usize = 64;
const MAX_TOOLS: usize = 1_024;

impl McpServer {
    /// Authenticates, connects, and asks for the tools.
    ///
    /// # Errors
    ///
    /// When there is no token, the server takes tokens of other issuers only, cannot be reached, refuses, or does not speak MCP.
    pub async fn connect(identity: Arc<Identity>, clock: Arc<dyn Clock>) -> Result<Self, ConnectError> {
        let mode = match identity.config().protocol {
            Protocol::Initialize => ClientLifecycleMode::Initialize,
            _ => ClientLifecycleMode::Auto {
                preferred_versions: vec![ProtocolVersion::V_2026_07_28],
                legacy_version: Some(ProtocolVersion::V_2025_11_25),
            },
        };
        Self::connect_as(identity, clock, mode).await
    }

    /// The tools that the server showed when it was connected to, in its order. Names and schemas are its own words: untrusted.
    pub fn tools(&self) -> &[ToolSpec] {
        &self.tools
    }

    /// The version of the protocol that is spoken, such as `2026-07-28`.
    pub fn protocol_version(&self) -> String {
        self.service.peer_info().map_or_else(String::new, |info| info.protocol_version.to_string())
    }

    /// Makes a permitted call.
    ///
    /// Every 429, and every refusal for lack of a scope or for reasons of the server's own, is an event of the call's recorder.
    ///
    /// # Errors
    ///
    /// When the tool is another server's, the server refuses, limits the rate beyond patience, is down, or answers with something
    /// unusable. A tool that says by itself that it failed is no error, but a reply.
    pub async fn call(&self, permitted: Permitted, context: CallContext<'_>) -> Result<ToolReply, ToolError> {
        if permitted.tool().server() != Some(self.identity.config().id.as_str()) {
            return Err(ToolError::UnknownTool);
        }
        let (ticket, _abandoned_when_dropped) = Ticket::new(&permitted, context);
        let call = permitted.into_call();
        let (tool, arguments) = (call.tool.local(), call.arguments);
        let result = loop {
            match self.send(tool, arguments.clone(), &ticket).await {
                // some servers limit the rate with a JSON-RPC error, and say no time to wait
                Err(ServiceError::McpError(error)) if reply::is_rate_limit(&error) => {
                    if !self.http.wait(None, ticket.rate_limited(None)).await {
                        break Err(ToolError::RateLimited);
                    }
                }
                Err(_) if ticket.is_too_long() => {
                    let limit = http::MAX_REPLY;
                    break Err(ToolError::BadReply(format!("it is longer than {limit} bytes")));
                }
                Err(ServiceError::McpError(error)) => break reply::of_protocol_error(&error, tool),
                Err(error) => break Err(Fault::of_service(error).into_tool_error()),
                Ok(result) => break reply::of_result(result, tool),
            }
        };
        if let Err(error) = &result {
            ticket.record(error);
        }
        let mut reply = result?;
        self.check_output(&ticket.tool, &reply)?;
        // a server may send back what it was sent
        context.recorder.redactor().scrub_json(&mut reply.content);
        Ok(reply)
    }

    async fn connect_as(
        identity: Arc<Identity>,
        clock: Arc<dyn Clock>,
        mode: ClientLifecycleMode,
    ) -> Result<Self, ConnectError> {
        let server = identity.config().id.clone();
        let unauthenticated = |source| ConnectError::Auth { server: server.clone(), source };
        if identity.config().oauth().is_some() {
            identity.token().await.map_err(unauthenticated)?;
            identity.check_server(None).await.map_err(unauthenticated)?;
        }
        let http = Http::new(identity.clone(), clock);
        let transport =
            StreamableHttpClientTransport::with_client(http.clone(), transport_config(identity.config().url.as_str()));
        let service = client_config()
            .serve_with_lifecycle(transport, mode)
            .await
            .map_err(|e| Fault::of_start(e).into_connect_error(&server))?;
        service.set_response_cache_config(ClientCacheConfig::disabled()).await;
        let listed = list_tools(&service).await.map_err(|e| Fault::of_service(e).into_connect_error(&server))?;
        let tools = spec::of_tools(listed, &server);
        Ok(Self { outputs: spec::validators(&tools), service, http, identity, tools })
    }

    async fn send(
        &self,
        tool: &str,
        arguments: Map<String, Value>,
        ticket: &Arc<Ticket>,
    ) -> Result<ServerResult, ServiceError> {
        let params = CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments);
        let mut request = CallToolRequest::new(params);
        request.extensions.insert(ticket.clone());
        let mut meta = RequestMetaObject::default();
        meta.set_traceparent(&ticket.traceparent);
        let options = PeerRequestOptions::with_timeout(CALL_TIMEOUT).with_meta(meta);
        self.service
            .send_request_with_option(ClientRequest::CallToolRequest(request), options)
            .await?
            .await_response()
            .await
    }

    fn check_output(&self, tool: &ToolName, reply: &ToolReply) -> Result<(), ToolError> {
        match self.outputs.get(tool) {
            Some(validator) => reply::check(validator, reply),
            None => Ok(()),
        }
    }
}

/// No capabilities: a server must not ask for what a program without a human cannot give.
fn client_config() -> ClientConfig {
    ClientConfig::new(ClientCapabilities::default(), Implementation::new("abide", env!("CARGO_PKG_VERSION")))
        .with_protocol_version(ProtocolVersion::V_2025_11_25)
}

fn transport_config(url: &str) -> StreamableHttpClientTransportConfig {
    let mut config = StreamableHttpClientTransportConfig::with_uri(url).max_concurrent_requests(MAX_IN_FLIGHT);
    config.max_sse_event_size = http::MAX_REPLY;
    config.max_json_response_size = http::MAX_REPLY;
    config.retry_config = Arc::new(http::reconnect());
    config
}

/// Follows the pages, but not for ever.
async fn list_tools(service: &RunningService<RoleClient, ClientConfig>) -> Result<Vec<Tool>, ServiceError> {
    let mut tools = Vec::new();
    let mut cursor = None;
    for _ in 0..MAX_PAGES {
        let params = PaginatedRequestParams::default().with_cursor(cursor);
        let page = service.list_tools(Some(params)).await?;
        tools.extend(page.tools);
        cursor = page.next_cursor;
        if cursor.is_none() || tools.len() >= MAX_TOOLS {
            break;
        }
    }
    if cursor.is_some() || tools.len() > MAX_TOOLS {
        tracing::warn!("the server lists more than {MAX_TOOLS} tools: the rest is left out");
        tools.truncate(MAX_TOOLS);
    }
    Ok(tools)
}

impl fmt::Debug for McpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "McpServer({}, {} tools)", self.identity.config().id, self.tools.len())
    }
}

#[cfg(test)]
mod tests;
