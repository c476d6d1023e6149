use std::{fmt, pin::pin, sync::Arc, time::Duration};

use abide_base::{
    call::{ServerId, ToolCall, ToolName, ToolReply, ToolSpec},
    clock::Clock,
    secret::Redactor,
};
use abide_guard::{CallFailure, PendingCall};

use futures_util::{FutureExt, TryFutureExt, future::BoxFuture};

use super::{
    call::{CallContext, CallHandle},
    error::{ConnectError, Fault, Sent, ToolError},
    http::Http,
    limit::PATIENCE,
    link::{Link, Transport},
    listing::Listing,
    oddity::Oddity,
    process::Program,
    rounds::Rounds,
    subject::Subject,
};
use crate::{Connection, servers::CommandConfig};

/// A connected MCP server. Dropping it closes the connection, and ends the process behind it.
///
/// Its methods return boxed futures, so that the code of the protocol library is compiled once, in this crate.
pub struct McpServer {
    link: Link,
    listing: Listing,
    protocol: String,
}

impl McpServer {
    /// Authenticates, connects, and asks for the tools.
    ///
    /// # Errors
    ///
    /// When there is no token, the server takes tokens of other issuers only, cannot be reached, refuses, or does not speak MCP.
    pub fn connect(connection: Arc<Connection>) -> BoxFuture<'static, Result<Self, ConnectError>> {
        Self::connect_with_patience(connection, PATIENCE).boxed()
    }

    /// Like [`connect`](Self::connect). A stream is throttled for at most `patience` before it ends.
    pub(super) async fn connect_with_patience(
        connection: Arc<Connection>,
        patience: Duration,
    ) -> Result<Self, ConnectError> {
        let (config, identity, clock) = (connection.config(), connection.identity(), connection.clock().clone());
        let (server, input) = (config.id.clone(), config.input.clone());
        if config.oauth().is_some() {
            let unauthenticated = |source| ConnectError::Auth { server: server.clone(), reason: source };
            identity.token().await.map_err(unauthenticated)?;
            identity.check_server(None).await.map_err(unauthenticated)?;
        }
        let transport = Transport::Http(Http::new(connection, patience));
        Self::of(Link::new(server, transport, input, clock)).await
    }

    /// Starts a server's program, and asks it for its tools.
    ///
    /// The program gets the variables that the configuration names, and no others; a folder of its own that is removed afterwards, unless
    /// the configuration names one; and no token. The redactor learns its secrets. It is ended with all that it started when this
    /// value is dropped, and started again when it ends by itself, up to five times a minute.
    ///
    /// # Errors
    ///
    /// When the program cannot be started, ends, says nothing for as long as it may take to start, or does not speak MCP.
    pub fn spawn(
        config: CommandConfig,
        clock: Arc<dyn Clock>,
        redactor: &Redactor,
    ) -> BoxFuture<'static, Result<Self, ConnectError>> {
        let (server, input) = (config.id.clone(), config.input.clone());
        let transport = Transport::Program(Box::new(Program::new(config, redactor.clone(), clock.clone())));
        async { Self::of(Link::new(server, transport, input, clock)).await }.boxed()
    }

    /// Its id in the boundary file.
    pub fn id(&self) -> &ServerId {
        self.link.server()
    }

    /// The tools that the server showed when it was connected to, in its order. Names and schemas are its own words: untrusted.
    pub fn tools(&self) -> &[ToolSpec] {
        &self.listing.tools
    }

    /// What of its messages was left out so far because it could not be used: tools, parts of tools, fields. At most 64.
    pub fn oddities(&self) -> Vec<Oddity> {
        self.link.oddities().all()
    }

    /// The version of the protocol that was agreed on, such as `2026-07-28`.
    pub fn protocol_version(&self) -> &str {
        &self.protocol
    }

    /// Makes an authorized call.
    ///
    /// Every 429, and every refusal for lack of a scope or for reasons of the server's own, is an event of the call; so is a
    /// tool whose definition has changed. Dropping the returned future sends the server a cancellation.
    ///
    /// # Errors
    ///
    /// When the tool is another server's, the server refuses, limits the rate for longer than calls wait, is down, or answers with
    /// something unusable: the source is a [`ToolError`]. A tool that says by itself that it failed is no error, but a reply.
    pub fn call<'a>(
        &'a self,
        pending: PendingCall<'a>,
        context: CallContext<'a>,
    ) -> BoxFuture<'a, Result<ToolReply, CallFailure>> {
        self.perform(pending, context).boxed()
    }

    async fn perform(&self, pending: PendingCall<'_>, context: CallContext<'_>) -> Result<ToolReply, CallFailure> {
        let (retry, limits) = (pending.effect().into(), pending.limits());
        let redactor = self.link.oddities().redactor();
        let make = |call: ToolCall| async move {
            if call.tool.server() != Some(self.id().as_str()) {
                return Err(ToolError::UnknownTool.into());
            }
            let (handle, _abandoned_when_dropped) =
                CallHandle::new(call.tool.clone(), retry, limits, context, redactor);
            let mut reply = self.send(call, &handle).await?;
            // a server may send back what it was sent
            redactor.scrub_json(&mut reply.content);
            Ok(reply)
        };
        pending.perform(make).await
    }

    async fn send(&self, call: ToolCall, handle: &Arc<CallHandle>) -> Result<ToolReply, ToolError> {
        let made = self.link.with_session(|session| {
            let call = call.clone();
            async move {
                // this is tried again only where the session before was lost before it made the call
                handle.set_sent(Sent::No);
                self.listing.check(&handle.tool, &session, &self.link).await?;
                Rounds::new(&self.link, &session, handle, call).run().await
            }
        });
        let limit = handle.limits.timeout;
        let made = tokio::time::timeout(limit, pin!(made))
            .await
            .unwrap_or(Err(Fault::Timeout { subject: Subject::Call, limit }));
        let result = made.map_err(|fault| fault.into_tool_error(handle.sent()));
        if let Err(error) = &result {
            handle.record(error);
        }
        self.listing.check_output(&handle.tool, result?, &self.link).await
    }

    /// Asks for the tools again, and names those whose definition is not the one of when the server was connected to. They are not called
    /// until the definition is the same again; to take them as they are now, connect again.
    ///
    /// Calls see to this by themselves: when the server says that its list has changed, when the list is as old as the server wants
    /// it to get (at least a minute, and at most an hour), after it was connected to again, and when the token has other scopes.
    ///
    /// # Errors
    ///
    /// When the server cannot be reached, refuses, or answers with something unusable.
    pub fn refresh(&self) -> BoxFuture<'_, Result<Vec<ToolName>, ConnectError>> {
        let refreshed =
            self.link.with_session(move |session| async move { self.listing.refresh(&session, &self.link).await });
        refreshed.map_err(|fault| fault.into_connect_error(self.id())).boxed()
    }

    async fn of(link: Link) -> Result<Self, ConnectError> {
        let connected = async {
            let session = link.session().await?;
            let listing = Listing::new(&session, &link).await?;
            Ok((session.protocol_version(), listing))
        };
        let (protocol, listing) = connected.await.map_err(|fault: Fault| fault.into_connect_error(link.server()))?;
        Ok(Self { link, listing, protocol })
    }
}

impl fmt::Debug for McpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "McpServer({}, {} tools)", self.id(), self.tools().len())
    }
}
