use abide_base::{
    call::{ToolCall, ToolName, ToolReply, ToolSpec},
    event::SecurityEvent,
};
use async_trait::async_trait;

use super::denied::Denied;
use crate::Session;

/// A rule of the user's own. Asked after the built-in rules of the boundary and before anything is counted.
#[async_trait]
pub trait Check: Send + Sync {
    /// Its name, for the operator.
    fn name(&self) -> &'static str;

    /// Votes on a call. An error or a panic refuses the call.
    async fn check(&self, call: &ToolCall, tool: &ToolSpec, session: &Session) -> Result<Verdict, CheckError>;

    /// Looks at a reply, and says what it finds.
    fn inspect(&self, _tool: &ToolName, _reply: &ToolReply) -> Vec<SecurityEvent> {
        Vec::new()
    }
}

/// What a check says of a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Looked at it and has no objection. Overrules no other check.
    Permit,
    /// Has nothing to say about calls like this one.
    Abstain,
    /// Refuses it.
    Deny(Denied),
}

/// A check could not decide.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct CheckError(pub String);
