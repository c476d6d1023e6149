//! The way to a server, in both eras of the protocol and over both transports.

use std::{collections::VecDeque, future::Future, sync::Arc, time::Duration};

use abide_base::{call::ServerId, clock::Clock};
use abide_net::Backoff;
use rmcp::{
    ClientHandler, RoleClient,
    model::{CallToolRequest, ClientRequest, ProtocolVersion, RequestMetaObject, ServerResult},
    service::{
        ClientCacheConfig, ClientInitializeError, ClientLifecycleMode, ClientServiceExt, Peer, PeerRequestOptions,
        RequestHandle, RunningService, ServiceError, serve_directly,
    },
    transport::{
        IntoTransport,
        streamable_http_client::{StreamableHttpClientTransport, StreamableHttpClientTransportConfig},
    },
};
use tokio::{runtime, sync::Mutex};

use super::{
    era::{Handshake, is_of_older_era},
    error::Fault,
    freshness::Freshness,
    handler::Handler,
    http::{self, Http},
    limit,
    oddity::Oddities,
    process::{Process, Program},
    start,
    subject::Subject,
};
use crate::servers::{InputPolicy, Protocol};

/// Leads to one server; is made anew when it has broken off, but not for ever.
pub(super) struct Link {
    server: ServerId,
    way: Transport,
    input: InputPolicy,
    clock: Arc<dyn Clock>,
    freshness: Arc<Freshness>,
    current: Mutex<Current>,
}

/// How a server is reached.
pub(super) enum Transport {
    /// Over streamable HTTP.
    Http(Http),
    /// As a child process.
    Program(Box<Program>),
}

/// One connection. Dropping it closes the connection, and ends the process behind it.
pub(super) struct Session {
    // before the process: its input is closed first, so that it may end by itself
    service: RunningService<RoleClient, Handler>,
    process: Option<Process>,
}

#[derive(Default)]
struct Current {
    session: Option<Arc<Session>>,
    starts: VecDeque<Duration>,
}

/// Tells the server that no caller waits any more, unless the reply has come.
struct Pending(Option<RequestHandle<RoleClient>>);

/// How many calls may be under way at once.
const MAX_IN_FLIGHT: usize = 4_096;
/// How often one call waits because a program limits the rate.
const MAX_WAITS: u32 = 8;
/// So often may a program be started within the span below: one that falls at every call must not be started for ever.
pub(super) const MAX_STARTS: usize = 5;
pub(super) const STARTS_WITHIN: Duration = Duration::from_secs(60);
/// The longest a handshake over HTTP may take, waits that the server asks for included.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(90);

impl Link {
    pub(super) fn new(server: ServerId, way: Transport, input: InputPolicy, clock: Arc<dyn Clock>) -> Self {
        let freshness = match &way {
            Transport::Http(http) => http.freshness().clone(),
            Transport::Program(program) => program.freshness().clone(),
        };
        Self { server, way, input, clock, freshness, current: Mutex::default() }
    }

    pub(super) fn server(&self) -> &ServerId {
        &self.server
    }

    pub(super) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    pub(super) fn input(&self) -> &InputPolicy {
        &self.input
    }

    /// What of the server's messages could not be used.
    pub(super) fn oddities(&self) -> &Oddities {
        match &self.way {
            Transport::Http(http) => http.oddities(),
            Transport::Program(program) => program.oddities(),
        }
    }

    pub(super) fn freshness(&self) -> &Freshness {
        &self.freshness
    }

    /// The connection; a new one where there is none, or none any more.
    pub(super) async fn session(&self) -> Result<Arc<Session>, Fault> {
        let mut current = self.current.lock().await;
        if let Some(session) = current.session.as_ref().filter(|session| session.is_open()) {
            return Ok(session.clone());
        }
        if current.session.take().is_some() {
            // the server that answers next, now or at a later try, may be another program
            self.freshness.invalidate();
        }
        let opened = match self.way {
            Transport::Http(_) => self.open().await,
            Transport::Program(_) => {
                current.admit(self.clock.elapsed())?;
                let opened = self.open().await;
                current.starts.push_back(self.clock.elapsed());
                opened
            }
        };
        let session = Arc::new(opened?);
        current.session = Some(session.clone());
        Ok(session)
    }

    /// Does something over the connection; once more over a new one when the server gave up the session, or may have, because it did
    /// nothing then.
    pub(super) async fn with_session<T, F>(&self, act: impl Fn(Arc<Session>) -> F) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        let session = self.session().await?;
        let done = act(session.clone()).await;
        match done {
            Err(Fault::SessionLost | Fault::SessionRefused(_)) => {
                self.forget(session).await;
                act(self.session().await?).await
            }
            done => done,
        }
    }

    /// Waits because the server limits the rate. False when it is not worth it.
    pub(super) async fn wait(&self, before: u32) -> bool {
        match &self.way {
            Transport::Http(http) => http.wait(None, before).await,
            Transport::Program(_) if before < MAX_WAITS => {
                self.pause(before).await;
                true
            }
            Transport::Program(_) => false,
        }
    }

    /// Waits a little, longer each time.
    pub(super) async fn pause(&self, before: u32) {
        self.clock.sleep(Backoff::default().delay(before)).await;
    }

    /// Whether what became of a request stays open when its connection breaks, while the server goes on.
    pub(super) fn is_http(&self) -> bool {
        matches!(self.way, Transport::Http(_))
    }

    /// The next caller who needs a connection makes a new one, unless another did.
    async fn forget(&self, session: Arc<Session>) {
        let mut current = self.current.lock().await;
        if current.session.take_if(|now| Arc::ptr_eq(now, &session)).is_some() {
            self.freshness.invalidate();
        }
    }

    async fn open(&self) -> Result<Session, Fault> {
        let session = match &self.way {
            Transport::Http(http) => {
                let service = tokio::time::timeout(CONNECT_TIMEOUT, self.reach(http))
                    .await
                    .map_err(|_| Fault::Timeout { subject: Subject::Start, limit: CONNECT_TIMEOUT })?
                    .map_err(|error| Fault::of_start(error, self.oddities().redactor()))?;
                Session { service, process: None }
            }
            Transport::Program(program) => self.run(program).await?,
        };
        session.service.set_response_cache_config(ClientCacheConfig::disabled()).await;
        Ok(session)
    }

    async fn reach(&self, http: &Http) -> Result<RunningService<RoleClient, Handler>, ClientInitializeError> {
        let protocol = http.protocol();
        match self.reach_in(http, protocol).await {
            // it spoke the older era, and does not any more
            Err(_) if http.protocol() != protocol => self.reach_in(http, http.protocol()).await,
            reached => reached,
        }
    }

    /// The library's own way of trying both eras gives up the newer one after ten seconds, waits that the server asks for included.
    async fn reach_in(
        &self,
        http: &Http,
        protocol: Protocol,
    ) -> Result<RunningService<RoleClient, Handler>, ClientInitializeError> {
        let transport = || StreamableHttpClientTransport::with_client(http.connection(), transport_config(http));
        if protocol != Protocol::Initialize {
            let mode = ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::V_2026_07_28] };
            match self.serve(transport(), mode).await {
                Err(ClientInitializeError::JsonRpcError(error)) if is_of_older_era(&error) => {}
                served => return served,
            }
        }
        let served = self.serve(transport(), ClientLifecycleMode::Initialize).await;
        match &served {
            Ok(_) => http.era().learn(Handshake::Initialize),
            Err(_) => http.era().forget(),
        }
        served
    }

    async fn run(&self, program: &Program) -> Result<Session, Fault> {
        let protocol = program.protocol();
        match self.start(program, protocol).await {
            // older programs may end at a message that they do not know
            Err(Fault::Ended(_)) if protocol == Protocol::Auto => self.start(program, Protocol::Initialize).await,
            // it spoke the older era, and does not any more
            Err(Fault::InvalidResponse(_)) if program.protocol() != protocol => {
                self.start(program, Protocol::Auto).await
            }
            session => session,
        }
    }

    async fn start(&self, program: &Program, protocol: Protocol) -> Result<Session, Fault> {
        let (process, mut pipes) = program.start()?;
        let limit = program.start_timeout();
        let (us, redactor) = (self.handler().get_info(), self.oddities().redactor());
        let greeted = start::greet(&mut pipes, us, protocol, redactor, self.clock());
        match tokio::time::timeout(limit, greeted).await {
            Ok(Ok((handshake, info))) => {
                program.era().learn(handshake);
                let service = serve_directly(self.handler(), pipes, Some(info));
                Ok(Session { service, process: Some(process) })
            }
            Ok(Err(fault)) => {
                // it may be another program when it is started again
                program.era().forget();
                Err(process.explain(fault).await)
            }
            Err(_) => Err(Fault::Slow(limit)),
        }
    }

    fn handler(&self) -> Handler {
        Handler { input: self.input.clone() }
    }

    async fn serve<T, E, A>(
        &self,
        transport: T,
        mode: ClientLifecycleMode,
    ) -> Result<RunningService<RoleClient, Handler>, ClientInitializeError>
    where
        T: IntoTransport<RoleClient, E, A>,
        E: std::error::Error + Send + Sync + 'static,
    {
        self.handler().serve_with_lifecycle(transport, mode).await
    }
}

impl Session {
    pub(super) fn peer(&self) -> &Peer<RoleClient> {
        self.service.peer()
    }

    pub(super) fn protocol_version(&self) -> String {
        self.service.peer_info().map_or_else(String::new, |info| info.protocol_version.to_string())
    }

    /// Why its program is not listened to any more, where that is the program's own doing.
    pub(super) fn cut(&self) -> Option<Fault> {
        self.process.as_ref().and_then(Process::cut)
    }

    /// Sends a call. The server is told when the reply is not waited for.
    pub(super) async fn call(
        &self,
        request: CallToolRequest,
        meta: RequestMetaObject,
    ) -> Result<ServerResult, ServiceError> {
        let options = PeerRequestOptions::no_options().with_meta(meta);
        let request = ClientRequest::CallToolRequest(request);
        let mut pending = Pending(Some(self.service.send_request_with_option(request, options).await?));
        pending.reply().await
    }

    fn is_open(&self) -> bool {
        !self.service.is_transport_closed()
    }
}

impl Current {
    fn admit(&mut self, now: Duration) -> Result<(), Fault> {
        self.starts.retain(|start| now.saturating_sub(*start) < STARTS_WITHIN);
        if self.starts.len() >= MAX_STARTS {
            return Err(Fault::Start(format!("it broke off {MAX_STARTS} times within {STARTS_WITHIN:?}")));
        }
        Ok(())
    }
}

impl Pending {
    async fn reply(&mut self) -> Result<ServerResult, ServiceError> {
        let Some(handle) = &mut self.0 else { return Err(ServiceError::TransportClosed) };
        let reply = (&mut handle.rx).await;
        self.0 = None;
        reply.unwrap_or(Err(ServiceError::TransportClosed))
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if let (Some(handle), Ok(runtime)) = (self.0.take(), runtime::Handle::try_current()) {
            runtime.spawn(handle.cancel(Some("no caller waits for the reply any more".to_owned())));
        }
    }
}

fn transport_config(http: &Http) -> StreamableHttpClientTransportConfig {
    let url = http.url();
    let mut config = StreamableHttpClientTransportConfig::with_uri(url.as_str()).max_concurrent_requests(MAX_IN_FLIGHT);
    config.max_sse_event_size = limit::MAX_REPLY;
    config.max_json_response_size = limit::MAX_REPLY;
    // the library would send a call again before the tools of the server that begins the new session were looked at
    config.reinit_on_expired_session = false;
    config.retry_config = Arc::new(http::reconnect());
    config
}
