use std::io;

use abide::{
    artifact::ArtifactError,
    call::{NameError, ToolName},
    credentials::oauth::AuthError,
    guard::{BoundaryError, audit::VerifyError, policy::LockError},
    mcp::ConnectError,
    net,
    review::infer::InferError,
    tool::ToolboxError,
};

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum CliError {
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    #[error("cannot write the output: {0}")]
    Output(io::Error),
    #[error(transparent)]
    Boundary(#[from] BoundaryError),
    #[error(transparent)]
    Auth(#[from] AuthError),
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error(transparent)]
    Net(#[from] net::Error),
    #[error(transparent)]
    Audit(#[from] VerifyError),
    #[error("the episodes in `{file}` cannot be read: {reason}")]
    Episodes { file: String, reason: String },
    #[error("`{file}` cannot be written: {error}; name a new file")]
    File { file: String, error: io::Error },
    #[error("`{text}` is not a tool: {error}")]
    Tool { text: String, error: NameError },
    #[error(transparent)]
    Infer(#[from] InferError),
    #[error(transparent)]
    Toolbox(Box<ToolboxError>),
    #[error("the lock `{file}` cannot be read: {error}")]
    LockFile { file: String, error: io::Error },
    #[error("the file `{file}` {error}")]
    Lock { file: String, error: LockError },
    #[error(
        "`{tool}` is a tool of no server in the boundary: write SERVER.TOOL with one of its servers, which are {known}"
    )]
    NoServer { tool: ToolName, known: String },
    #[error("the signature `{text}` cannot be read: {reason}")]
    Signature { text: String, reason: String },
    #[error("line {line} of the replies: {reason}")]
    Replies { line: usize, reason: String },
    #[error("{0}")]
    Login(String),
    #[error("{0}")]
    Testbed(String),
}

impl From<ToolboxError> for CliError {
    fn from(error: ToolboxError) -> Self {
        Self::Toolbox(Box::new(error))
    }
}

/// The exit code of every mistake in the arguments: `EX_USAGE` of sysexits.h. Other codes say what a command found.
pub(super) const USAGE: u8 = 64;

impl From<io::Error> for CliError {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}
