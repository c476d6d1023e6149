use std::{error::Error, time::Duration};

use abide_base::call::ToolName;
use abide_guard::{CallFailure, GrantError};
use abide_lm::LmError;
use abide_mcp::ToolError;

use crate::{FieldError, adapter::join};

/// Why a module returned nothing.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The input does not fit the signature; no model was asked.
    #[error("input of `{signature}` rejected: {}", join(errors))]
    InputRejected {
        /// The signature.
        signature: String,
        /// What does not fit.
        errors: Vec<FieldError>,
    },
    /// The model's output does not fit the signature, also after it was told so.
    #[error("output of `{signature}` rejected: {reason}")]
    OutputRejected {
        /// The signature.
        signature: String,
        /// What does not fit.
        reason: String,
    },
    /// The answer breaks a rule of the boundary, and is withheld.
    #[error("the answer is withheld: {0}")]
    AnswerDenied(String),
    /// The run used up its model calls.
    #[error("the run used up its {0} model calls: raise `limits.model_calls`, or make the program shorter")]
    ModelCalls(u32),
    /// The model cannot answer what the program asked: the prompt does not fit its context, or its provider refuses the content. That is
    /// the program's doing, so the run is scored.
    #[error(transparent)]
    Unanswerable(LmError),
    /// A module's own reason, for modules that users write.
    #[error("{0}")]
    Module(String),
    /// The module panicked. What it said is wherever the process reports panics, and may hold anything, so it is not here.
    #[error("the program panicked: look for the panic's message on standard error, and return an error instead")]
    Panicked,
    /// Not the program's fault: the run is not scored.
    #[error(transparent)]
    Infrastructure(#[from] Infrastructure),
}

/// What failed around the program.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Infrastructure {
    /// The model gave no answer.
    #[error(transparent)]
    Model(#[from] LmError),
    /// There is no token for a tool server.
    #[error(transparent)]
    NoToken(#[from] GrantError),
    /// A tool server could not be reached.
    #[error("`{tool}` could not be reached: {}", reason(failure))]
    Tool {
        /// The tool.
        tool: ToolName,
        /// Where the tool is one of an MCP server, its source is a [`ToolError`](abide_mcp::ToolError).
        failure: CallFailure,
    },
    /// A tool server was sent a call, and its reply did not come: the tool may have done it.
    #[error("`{tool}` may have done it, but its reply did not come: {}", reason(failure))]
    Unconfirmed {
        /// The tool.
        tool: ToolName,
        /// Where the tool is one of an MCP server, its source is a [`ToolError`](abide_mcp::ToolError).
        failure: CallFailure,
    },
    /// A function among the agent's tools has no entry in the boundary, so that no call of it would be permitted. No model was asked.
    #[error(
        "the boundary has no entry for the function `{0}`: add `[tools.{0}]` to it, or take the function out of the toolbox"
    )]
    FunctionNotAllowed(ToolName),
    /// The run took longer than it may.
    #[error("the run was not done after {0:?}: look for what hangs, or raise its deadline")]
    Deadline(Duration),
}

/// Without what the text around it says already.
fn reason(failure: &CallFailure) -> String {
    match (failure.downcast_ref(), failure.source()) {
        (Some(ToolError::Infrastructure(reason) | ToolError::Lost(reason)), _) => reason.clone(),
        (_, Some(source)) => source.to_string(),
        (_, None) => failure.told().to_owned(),
    }
}

impl CallError {
    /// Whether the infrastructure failed, so that the run says nothing about the program.
    pub fn is_infrastructure(&self) -> bool {
        matches!(self, Self::Infrastructure(_))
    }
}
