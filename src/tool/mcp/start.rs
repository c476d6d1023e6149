//! The beginning of a conversation with a program: which era it speaks, however long it takes to start.
//!
//! The newer era is asked for first. Programs of the older era refuse that, or do not answer at all: then they are asked in the words of
//! the older one too, and whatever comes late is told apart by its id.

use std::time::Duration;

use rmcp::{
    model::{
        ClientConfig, ClientJsonRpcMessage, ClientNotification, ClientRequest, DiscoverRequest, DiscoverRequestParams,
        ErrorData, InitializeRequest, InitializedNotification, ProtocolVersion, RequestId, RequestMetaObject,
        ServerJsonRpcMessage, ServerPeerInfo, ServerResult,
    },
    service::ServiceError,
    transport::Transport,
};
use tokio::time::timeout;

use super::{error::Fault, link::is_of_older_era, pipes::Pipes};
use crate::{secret::Redactor, security::boundary::Protocol};

/// What a program is asked at the beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// `server/discover`, of the newer era.
    Discover,
    /// `initialize`, of the older one.
    Initialize,
}

/// The question that was answered, and by whom.
pub(super) type Greeted = (Question, ServerPeerInfo);

struct Greeting<'a> {
    pipes: &'a mut Pipes,
    us: ClientConfig,
    redactor: &'a Redactor,
}

/// One that is silent for so long may be of the older era, and ignore what it does not know.
const PATIENCE: Duration = Duration::from_secs(3);
/// So long is the answer to one question waited for once the other one is answered.
const SECOND: Duration = Duration::from_secs(2);

/// Says who we are, and learns who the program is. Sets no time limit.
pub(super) async fn greet(
    pipes: &mut Pipes,
    us: ClientConfig,
    protocol: Protocol,
    redactor: &Redactor,
) -> Result<Greeted, Fault> {
    let mut greeting = Greeting { pipes, us, redactor };
    let greeted = match protocol {
        Protocol::Initialize => {
            greeting.ask(Question::Initialize).await?;
            greeting.answer().await?.1?
        }
        Protocol::Auto => greeting.in_both_eras().await?,
    };
    if greeted.0 == Question::Initialize {
        greeting.initialized().await?;
    }
    Ok(greeted)
}

impl Greeting<'_> {
    async fn in_both_eras(&mut self) -> Result<Greeted, Fault> {
        self.ask(Question::Discover).await?;
        let discovered = timeout(PATIENCE, self.answer()).await;
        match discovered {
            Ok(answer) => match answer?.1 {
                Err(Fault::OlderEra) => {}
                greeted => return greeted,
            },
            Err(_) => {
                self.ask(Question::Initialize).await?;
                return self.either().await;
            }
        }
        self.ask(Question::Initialize).await?;
        self.answer().await?.1
    }

    /// Both questions are open. A program that starts slowly answers both, one that ignores what it does not know one of them.
    async fn either(&mut self) -> Result<Greeted, Fault> {
        let greeted = match self.answer().await? {
            (Question::Initialize, Ok(greeted)) => Ok(greeted),
            (Question::Discover, Err(_)) => self.answer().await?.1,
            (_, first) => match timeout(SECOND, self.answer()).await {
                // where both are answered, the program goes by what it was asked last
                Ok(Ok((_, Ok(greeted)))) => Ok(greeted),
                _ => first,
            },
        };
        self.pipes.forget(&Question::Discover.id());
        self.pipes.forget(&Question::Initialize.id());
        greeted
    }

    async fn ask(&mut self, question: Question) -> Result<(), Fault> {
        let request = match question {
            Question::Discover => {
                let version = ProtocolVersion::V_2026_07_28;
                let (us, can) = (self.us.client_info.clone(), self.us.capabilities.clone());
                let mut discover = DiscoverRequest::new(DiscoverRequestParams {});
                discover.extensions.insert(RequestMetaObject::with_client_context(version, us, can));
                ClientRequest::DiscoverRequest(discover)
            }
            Question::Initialize => ClientRequest::InitializeRequest(InitializeRequest::new(self.us.clone())),
        };
        self.pipes.send(ClientJsonRpcMessage::request(request, question.id())).await
    }

    async fn initialized(&mut self) -> Result<(), Fault> {
        let initialized = InitializedNotification::default();
        let notification = ClientNotification::InitializedNotification(initialized);
        self.pipes.send(ClientJsonRpcMessage::notification(notification)).await
    }

    /// The next answer to one of the questions.
    async fn answer(&mut self) -> Result<(Question, Result<Greeted, Fault>), Fault> {
        loop {
            let (id, answer) = match self.pipes.receive().await.ok_or(Fault::Closed)? {
                ServerJsonRpcMessage::Response(answer) => (Some(answer.id), Ok(answer.result)),
                ServerJsonRpcMessage::Error(answer) => (answer.id, Err(answer.error)),
                _ => continue,
            };
            let Some(id) = id else { continue };
            if id == Question::Discover.id() {
                return Ok((Question::Discover, of_discovery(answer, self.redactor)));
            }
            if id == Question::Initialize.id() {
                return Ok((Question::Initialize, of_initialization(answer, self.redactor)));
            }
        }
    }
}

impl Question {
    /// Far from those of later requests, which are counted from 0.
    fn id(self) -> RequestId {
        RequestId::Number(match self {
            Self::Discover => 1_000_000_000,
            Self::Initialize => 1_000_000_001,
        })
    }
}

fn of_discovery(answer: Result<ServerResult, ErrorData>, redactor: &Redactor) -> Result<Greeted, Fault> {
    let version = ProtocolVersion::V_2026_07_28;
    match answer {
        Ok(ServerResult::DiscoverResult(found)) if found.supported_versions.contains(&version) => {
            Ok((Question::Discover, ServerPeerInfo::from_discover_result(version, found)))
        }
        Err(error) if !is_of_older_era(&error) => Err(Fault::of_service(ServiceError::McpError(error), redactor)),
        Ok(_) | Err(_) => Err(Fault::OlderEra),
    }
}

fn of_initialization(answer: Result<ServerResult, ErrorData>, redactor: &Redactor) -> Result<Greeted, Fault> {
    match answer {
        Ok(ServerResult::InitializeResult(found)) => Ok((Question::Initialize, found.into())),
        Ok(_) => Err(Fault::of_service(ServiceError::UnexpectedResponse, redactor)),
        Err(error) => Err(Fault::of_service(ServiceError::McpError(error), redactor)),
    }
}
