//! The beginning of a conversation with a program: which era it speaks, however long it takes to start.
//!
//! The newer era is asked for first. Programs of the older era refuse that, or do not answer at all: then they are asked in the words of
//! the older one too, and whatever comes late is told apart by its id.

use std::time::Duration;

use abide_base::{clock::Clock, secret::Redactor};
use rmcp::{
    model::{
        ClientConfig, ClientJsonRpcMessage, ClientNotification, ClientRequest, DiscoverRequest, DiscoverRequestParams,
        ErrorData, InitializeRequest, InitializedNotification, ProtocolVersion, RequestMetaObject,
        ServerJsonRpcMessage, ServerPeerInfo, ServerResult,
    },
    service::ServiceError,
    transport::Transport,
};

use super::{
    era::{Handshake, is_of_older_era},
    error::Fault,
    pipes::Pipes,
};
use crate::servers::Protocol;

/// The request that was answered, and by whom.
pub(super) type Greeted = (Handshake, ServerPeerInfo);

/// An answer to one of the two requests.
struct HandshakeReply {
    to: Handshake,
    info: Result<ServerPeerInfo, Fault>,
}

struct Greeting<'a> {
    pipes: &'a mut Pipes,
    us: ClientConfig,
    redactor: &'a Redactor,
    clock: &'a dyn Clock,
}

/// One that is silent for so long may be of the older era, and ignore what it does not know.
pub(super) const DISCOVER_TIMEOUT: Duration = Duration::from_secs(3);
/// So long is the answer to one request waited for once the other one is answered.
const OTHER_ANSWER_TIMEOUT: Duration = Duration::from_secs(2);

/// Says who we are, and learns who the program is. The caller sets the limit for all of it.
pub(super) async fn greet(
    pipes: &mut Pipes,
    us: ClientConfig,
    protocol: Protocol,
    redactor: &Redactor,
    clock: &dyn Clock,
) -> Result<Greeted, Fault> {
    let mut greeting = Greeting { pipes, us, redactor, clock };
    let greeted = match protocol {
        Protocol::Initialize => {
            greeting.ask(Handshake::Initialize).await?;
            greeting.answer().await?.greeted()?
        }
        Protocol::Auto => greeting.in_both_eras().await?,
    };
    if greeted.0 == Handshake::Initialize {
        greeting.initialized().await?;
    }
    Ok(greeted)
}

impl Greeting<'_> {
    async fn in_both_eras(&mut self) -> Result<Greeted, Fault> {
        self.ask(Handshake::Discover).await?;
        match self.answer_within(DISCOVER_TIMEOUT).await {
            Some(reply) => match reply?.greeted() {
                Err(Fault::OlderEra) => {}
                greeted => return greeted,
            },
            None => {
                self.ask(Handshake::Initialize).await?;
                return self.either().await;
            }
        }
        self.ask(Handshake::Initialize).await?;
        self.answer().await?.greeted()
    }

    /// Both requests are open. A program that starts slowly answers both, one that ignores what it does not know one of them.
    async fn either(&mut self) -> Result<Greeted, Fault> {
        let first = self.answer().await?;
        let greeted = match (first.to, &first.info) {
            (Handshake::Initialize, Ok(_)) => first.greeted(),
            (Handshake::Discover, Err(_)) => self.answer().await?.greeted(),
            _ => match self.answer_within(OTHER_ANSWER_TIMEOUT).await {
                // where both are answered, the program goes by what it was asked last
                Some(Ok(second)) if second.info.is_ok() => second.greeted(),
                _ => first.greeted(),
            },
        };
        self.pipes.forget(&Handshake::Discover.id());
        self.pipes.forget(&Handshake::Initialize.id());
        greeted
    }

    async fn ask(&mut self, handshake: Handshake) -> Result<(), Fault> {
        let request = match handshake {
            Handshake::Discover => {
                let version = ProtocolVersion::V_2026_07_28;
                let (us, can) = (self.us.client_info.clone(), self.us.capabilities.clone());
                let mut discover = DiscoverRequest::new(DiscoverRequestParams {});
                discover.extensions.insert(RequestMetaObject::with_client_context(version, us, can));
                ClientRequest::DiscoverRequest(discover)
            }
            Handshake::Initialize => ClientRequest::InitializeRequest(InitializeRequest::new(self.us.clone())),
        };
        self.pipes.send(ClientJsonRpcMessage::request(request, handshake.id())).await
    }

    async fn initialized(&mut self) -> Result<(), Fault> {
        let initialized = InitializedNotification::default();
        let notification = ClientNotification::InitializedNotification(initialized);
        self.pipes.send(ClientJsonRpcMessage::notification(notification)).await
    }

    /// The next answer; `None` if it takes longer.
    async fn answer_within(&mut self, limit: Duration) -> Option<Result<HandshakeReply, Fault>> {
        let late = self.clock.sleep(limit);
        tokio::select! {
            biased;
            answer = self.answer() => Some(answer),
            () = late => None,
        }
    }

    /// The next answer to one of the requests.
    async fn answer(&mut self) -> Result<HandshakeReply, Fault> {
        loop {
            let (id, answer) = match self.pipes.receive().await.ok_or(Fault::Closed)? {
                ServerJsonRpcMessage::Response(answer) => (Some(answer.id), Ok(answer.result)),
                ServerJsonRpcMessage::Error(answer) => (answer.id, Err(answer.error)),
                _ => continue,
            };
            let Some(id) = id else { continue };
            if id == Handshake::Discover.id() {
                return Ok(HandshakeReply { to: Handshake::Discover, info: of_discovery(answer, self.redactor) });
            }
            if id == Handshake::Initialize.id() {
                return Ok(HandshakeReply {
                    to: Handshake::Initialize,
                    info: of_initialization(answer, self.redactor),
                });
            }
        }
    }
}

impl HandshakeReply {
    fn greeted(self) -> Result<Greeted, Fault> {
        Ok((self.to, self.info?))
    }
}

fn of_discovery(answer: Result<ServerResult, ErrorData>, redactor: &Redactor) -> Result<ServerPeerInfo, Fault> {
    let version = ProtocolVersion::V_2026_07_28;
    match answer {
        Ok(ServerResult::DiscoverResult(found)) if found.supported_versions.contains(&version) => {
            Ok(ServerPeerInfo::from_discover_result(version, found))
        }
        Err(error) if !is_of_older_era(&error) => Err(Fault::of_service(ServiceError::McpError(error), redactor)),
        Ok(_) | Err(_) => Err(Fault::OlderEra),
    }
}

fn of_initialization(answer: Result<ServerResult, ErrorData>, redactor: &Redactor) -> Result<ServerPeerInfo, Fault> {
    match answer {
        Ok(ServerResult::InitializeResult(found)) => Ok(found.into()),
        Ok(_) => Err(Fault::of_service(ServiceError::UnexpectedResponse, redactor)),
        Err(error) => Err(Fault::of_service(ServiceError::McpError(error), redactor)),
    }
}
