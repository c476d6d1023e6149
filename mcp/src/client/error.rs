use std::time::Duration;

use abide_base::{call::ServerId, event::EventKind, scope::ScopeSet, secret::Redactor};
use abide_credentials::oauth::AuthError;
use abide_guard::{CallFailure, FailureKind};
use abide_net as net;
use rmcp::{
    model::{ErrorData, ProtocolVersion},
    service::{ClientInitializeError, ServiceError},
    transport::{DynamicTransportError, streamable_http_client::StreamableHttpError},
};

use super::{
    flood::Flood,
    message::{what_is_too_long, why_unusable},
    oddity::quoted,
    sse,
    subject::Subject,
};

/// Why an MCP server cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// There is no token for it.
    #[error("cannot authenticate to server `{server}`: {reason}")]
    Auth {
        /// The server.
        server: ServerId,
        /// Why.
        reason: AuthError,
    },
    /// It cannot be reached.
    #[error("cannot reach server `{server}`: {reason}")]
    Unreachable {
        /// The server.
        server: ServerId,
        /// Why.
        reason: net::Error,
    },
    /// It refuses us, although we have a token.
    #[error("server `{server}` refused to be connected to: {reason}")]
    Refused {
        /// The server.
        server: ServerId,
        /// What it refused for.
        reason: String,
    },
    /// It is overloaded or broken.
    #[error("server `{server}` cannot be used now: {reason}; try again later")]
    Unavailable {
        /// The server.
        server: ServerId,
        /// What it says.
        reason: String,
    },
    /// Its program cannot be started.
    #[error(
        "cannot start server `{server}`: {reason}; what it wrote to its error output is in the log, at level debug (`ABIDE_LOG=debug` for the command)"
    )]
    Start {
        /// The server.
        server: ServerId,
        /// What went wrong.
        reason: String,
    },
    /// An answer of it is longer than is read.
    #[error("server `{server}` cannot be used: {reason}")]
    TooLong {
        /// The server.
        server: ServerId,
        /// Which answer, how long it may be, and what to do.
        reason: String,
    },
    /// It does not speak a version of MCP that we speak.
    #[error("server `{server}` does not speak MCP as expected: {reason}; check `url` or `command`")]
    Protocol {
        /// The server.
        server: ServerId,
        /// What went wrong.
        reason: String,
    },
}

/// Why a call has no reply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ToolError {
    /// The server wants scopes that the token lacks.
    #[error("the token lacks `{missing}`: declare it, if the program may have it")]
    ScopeMissing {
        /// The scopes.
        missing: ScopeSet,
    },
    /// The server refused for reasons of its own.
    #[error("the server refused the call with status {status}")]
    Refused {
        /// The HTTP status.
        status: u16,
    },
    /// The server limits the rate, and waiting did not help.
    #[error("the server limits the rate: make fewer calls at once")]
    RateLimited,
    /// The server, the issuer or the network is down, and the call did not reach the tool, or only reads and failed with a status of 5xx.
    #[error("the tool could not be reached: {0}")]
    Infrastructure(String),
    /// The call was sent, and the connection broke, the time was over before the reply came, or a status of 5xx came for a call that
    /// changes something: the tool may have done it.
    #[error("the tool may have done it, but its reply did not come: {0}")]
    Lost(String),
    /// The server answered, and not as the protocol or the tool's own schema promises: the tool may have done it.
    #[error("the tool may have done it, but its reply cannot be used: {0}")]
    BadReply(String),
    /// The server does not take the call, for reasons of the protocol.
    #[error("the server rejects the call with the JSON-RPC error {code}: `{message}`; check that it offers tools")]
    Rejected {
        /// The number of the error.
        code: i32,
        /// The server's words, cut.
        message: String,
    },
    /// The server knows no such tool, or hides it.
    #[error("the server knows no such tool")]
    UnknownTool,
    /// The server has changed the tool's definition, or taken it back, since it was connected to.
    #[error("the tool's definition is not what it was: look at it, and connect again if it may be used")]
    Drifted,
    /// The server asks for something in the middle of the call that the operator's policy does not answer.
    #[error("the server asks for {wanted}, which `input` does not allow: see `input`, or do not use the tool")]
    InputRequired {
        /// What it asks for.
        wanted: &'static str,
    },
}

/// What comes out of the HTTP client below the protocol library.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error(transparent)]
    Auth(#[from] AuthError),
    #[error(transparent)]
    Net(#[from] net::Error),
    /// The connection broke after the reply had begun.
    #[error("{0}")]
    BrokenOff(net::Error),
    #[error("the token lacks `{0}`")]
    ScopeMissing(ScopeSet),
    #[error("the server refused with status {0}")]
    Refused(u16),
    #[error("the server limits the rate")]
    RateLimited,
    #[error("the server failed with status {0}")]
    Unavailable(u16),
    #[error("{}", subject.too_late(*limit))]
    Timeout { subject: Subject, limit: Duration },
    #[error("{}", subject.too_long(*limit))]
    TooLong { subject: Subject, limit: usize },
    #[error("the caller dropped the call")]
    Abandoned,
    #[error(transparent)]
    Flood(Flood),
    #[error("{0}")]
    InvalidResponse(String),
    #[error("the server closed the connection before it answered")]
    Closed,
    #[error("the server gave up the session")]
    SessionLost,
    #[error("the server refused with status {0}, also in a fresh session")]
    SessionRefused(u16),
    #[error("its program did not say who it is within {0:?}: if it needs longer to start, set `start_timeout`")]
    Slow(std::time::Duration),
    #[error("the server speaks the older era only")]
    OlderEra,
    #[error("{0}")]
    Start(String),
    #[error("{0}")]
    Ended(String),
    #[error("the tool's definition is not what it was")]
    Drifted,
    #[error(transparent)]
    Tool(#[from] ToolError),
}

impl ConnectError {
    /// Whether the same may succeed later without a change.
    pub fn is_infrastructure(&self) -> bool {
        match self {
            Self::Auth { reason: source, .. } => source.is_infrastructure(),
            Self::Unreachable { reason: source, .. } => source.is_transient(),
            Self::Unavailable { .. } => true,
            Self::Refused { .. } | Self::TooLong { .. } | Self::Protocol { .. } | Self::Start { .. } => false,
        }
    }
}

impl ToolError {
    /// What the model is told: no address, no status, nothing of the server's own words.
    pub fn model_text(&self) -> String {
        match self {
            // a server may call a scope whatever it likes
            Self::ScopeMissing { .. } => "the server wants a scope that the token lacks".to_owned(),
            Self::Refused { .. } => "the server refused".to_owned(),
            Self::RateLimited => "the server limits the rate".to_owned(),
            Self::Infrastructure(_) => "the tool could not be reached".to_owned(),
            Self::Lost(_) => "the tool may have done it; its reply did not come".to_owned(),
            Self::BadReply(_) => "the tool may have done it; its reply cannot be used".to_owned(),
            Self::Rejected { .. } => "the server does not take the call".to_owned(),
            Self::UnknownTool => "there is no such tool".to_owned(),
            Self::Drifted => "the tool was changed".to_owned(),
            Self::InputRequired { .. } => "the tool asks for input that cannot be given".to_owned(),
        }
    }

    /// Whether the infrastructure failed, which says nothing about the program.
    pub fn is_infrastructure(&self) -> bool {
        matches!(self.kind(), FailureKind::Unreachable | FailureKind::Lost)
    }

    /// Whether the call was sent and nothing is known of what came of it: the tool may have done it.
    pub fn is_unconfirmed(&self) -> bool {
        matches!(self.kind(), FailureKind::Unconfirmed | FailureKind::Lost)
    }

    /// Whether the tool did what was wanted, as far as that is known.
    fn kind(&self) -> FailureKind {
        match self {
            Self::ScopeMissing { .. }
            | Self::Refused { .. }
            | Self::RateLimited
            | Self::UnknownTool
            | Self::Drifted => FailureKind::Refused,
            // says so, and may have done it all the same
            Self::Rejected { .. } | Self::InputRequired { .. } => FailureKind::Rejected,
            Self::BadReply(_) => FailureKind::Unconfirmed,
            Self::Infrastructure(_) => FailureKind::Unreachable,
            Self::Lost(_) => FailureKind::Lost,
        }
    }

    /// What is recorded.
    fn code(&self) -> EventKind {
        match self {
            Self::ScopeMissing { .. } => EventKind::ScopeMissing,
            Self::Refused { .. } => EventKind::ServerRefused,
            Self::RateLimited => EventKind::RateLimited,
            Self::Drifted => EventKind::ToolDrift,
            Self::UnknownTool => EventKind::UnknownTool,
            Self::BadReply(_) | Self::Rejected { .. } | Self::InputRequired { .. } => EventKind::ToolFailed,
            Self::Infrastructure(_) | Self::Lost(_) => EventKind::ServerUnavailable,
        }
    }
}

impl From<ToolError> for CallFailure {
    fn from(error: ToolError) -> Self {
        let failure = Self::new(error.kind(), error.code(), error.model_text());
        let is_recorded = !matches!(failure.code(), EventKind::ToolFailed | EventKind::UnknownTool);
        if is_recorded { failure.recorded().because(error) } else { failure.because(error) }
    }
}

impl Fault {
    pub(super) fn of_service(error: ServiceError, redactor: &Redactor) -> Self {
        match error {
            ServiceError::TransportSend(error) => Self::of_transport(error),
            ServiceError::TransportClosed => Self::Closed,
            ServiceError::McpError(error) => Self::of_rpc(&error, redactor),
            ServiceError::UnexpectedResponse => {
                Self::InvalidResponse("it answers with a result of another kind than was asked for".into())
            }
            _ => Self::InvalidResponse("the exchange was cancelled".into()),
        }
    }

    pub(super) fn of_start(error: ClientInitializeError, redactor: &Redactor) -> Self {
        match error {
            ClientInitializeError::TransportError { error, .. } => Self::of_transport(error),
            ClientInitializeError::LegacyFallbackFailed { fallback, .. } => Self::of_start(*fallback, redactor),
            ClientInitializeError::NoCompatibleProtocolVersion { client_supported, server_supported } => {
                let names = |versions: &[ProtocolVersion]| {
                    let names = versions.iter().take(8).map(|version| format!("`{}`", quoted(version.as_str())));
                    names.collect::<Vec<_>>().join(", ")
                };
                let (ours, theirs) = (names(&client_supported), names(&server_supported));
                Self::InvalidResponse(format!(
                    "it speaks only the versions {theirs} of the protocol, and not {ours} or an older one"
                ))
            }
            ClientInitializeError::JsonRpcError(error) => Self::of_rpc(&error, redactor),
            ClientInitializeError::ConnectionClosed(_) => Self::Closed,
            ClientInitializeError::ConflictInitResponseId(..)
            | ClientInitializeError::UncorrelatedErrorResponse { .. } => {
                Self::InvalidResponse("it answers another request than the one that it was sent".into())
            }
            ClientInitializeError::ExpectedInitResult(_) | ClientInitializeError::ExpectedInitResponse(_) => {
                Self::InvalidResponse("it answers `initialize` with something else".into())
            }
            _ => Self::InvalidResponse("the exchange was cancelled".into()),
        }
    }

    /// What became of a call. Whether it was sent decides whether the tool may have done it.
    pub(super) fn into_tool_error(self, sent: Sent) -> ToolError {
        match self {
            Self::ScopeMissing(missing) => ToolError::ScopeMissing { missing },
            Self::Refused(status) | Self::SessionRefused(status) => ToolError::Refused { status },
            Self::RateLimited => ToolError::RateLimited,
            Self::Drifted => ToolError::Drifted,
            Self::Tool(error) => error,
            long @ Self::TooLong { .. } if sent == Sent::Perhaps => ToolError::BadReply(long.to_string()),
            Self::InvalidResponse(reason) if sent == Sent::Perhaps => ToolError::BadReply(reason),
            Self::Flood(flood) if sent == Sent::Perhaps => ToolError::BadReply(flood.to_string()),
            lost @ (Self::Net(_)
            | Self::BrokenOff(_)
            | Self::Unavailable(_)
            | Self::Timeout { .. }
            | Self::Abandoned
            | Self::Closed
            | Self::Ended(_))
                if sent == Sent::Perhaps =>
            {
                ToolError::Lost(lost.to_string())
            }
            infrastructure => ToolError::Infrastructure(infrastructure.to_string()),
        }
    }

    pub(super) fn into_connect_error(self, server: &ServerId) -> ConnectError {
        let server = server.clone();
        match self {
            Self::Auth(source) => ConnectError::Auth { server, reason: source },
            Self::Net(source) | Self::BrokenOff(source) => ConnectError::Unreachable { server, reason: source },
            Self::ScopeMissing(_) | Self::Refused(_) | Self::SessionRefused(_) => {
                ConnectError::Refused { server, reason: self.to_string() }
            }
            Self::RateLimited
            | Self::Unavailable(_)
            | Self::Timeout { .. }
            | Self::Slow(_)
            | Self::Abandoned
            | Self::SessionLost => ConnectError::Unavailable { server, reason: self.to_string() },
            Self::Start(reason) | Self::Ended(reason) => ConnectError::Start { server, reason },
            Self::TooLong { .. } => ConnectError::TooLong { server, reason: self.to_string() },
            Self::InvalidResponse(_)
            | Self::Flood(_)
            | Self::Closed
            | Self::OlderEra
            | Self::Drifted
            | Self::Tool(_) => ConnectError::Protocol { server, reason: self.to_string() },
        }
    }

    fn of_rpc(error: &ErrorData, redactor: &Redactor) -> Self {
        if let Some((subject, limit)) = what_is_too_long(error) {
            return Self::TooLong { subject, limit };
        }
        if let Some(reason) = why_unusable(error) {
            return Self::InvalidResponse(reason.to_owned());
        }
        // before it is cut: half a secret is not found any more
        let words = quoted(&redactor.scrub(&error.message));
        Self::InvalidResponse(format!("it answers with the JSON-RPC error {}: `{words}`", error.code.0))
    }

    fn of_transport(error: DynamicTransportError) -> Self {
        let Ok(error) = error.error.downcast::<StreamableHttpError<Self>>() else { return Self::Closed };
        match *error {
            StreamableHttpError::Client(fault) => fault,
            StreamableHttpError::TransportChannelClosed => Self::Closed,
            StreamableHttpError::SessionExpired
            | StreamableHttpError::SessionRecoveryTimeout
            | StreamableHttpError::ReinitializationFailed(_) => Self::SessionLost,
            StreamableHttpError::Sse(error) => match sse::cause(&error) {
                Some(error) => Self::Net(error.clone()),
                None => Self::InvalidResponse("its event stream has an event that is too long".into()),
            },
            StreamableHttpError::UnexpectedEndOfStream | StreamableHttpError::UnexpectedServerResponse(_) => {
                Self::InvalidResponse("its event stream ended without an answer".into())
            }
            StreamableHttpError::Deserialize(_) => {
                Self::InvalidResponse("its event stream has an answer that cannot be read".into())
            }
            _ => Self::InvalidResponse("the exchange broke off".into()),
        }
    }
}

/// Whether a call was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// It was not, or the server refused it before the tool: the tool did not do it.
    No,
    /// It may have been: the tool may have done it.
    Perhaps,
}

impl From<Fault> for StreamableHttpError<Fault> {
    fn from(fault: Fault) -> Self {
        Self::Client(fault)
    }
}
