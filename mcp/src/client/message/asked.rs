use std::sync::Arc;

use abide_base::call::ToolName;
use rmcp::model::{ClientRequest, GetExtensions};
use serde_json::Value;

use super::super::{call::CallHandle, subject::Subject};

/// What a request asks for, which decides how its answer is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::client) enum Asked {
    /// Who the server is, in the words of the older era.
    Initialize,
    /// Who the server is, in the words of the newer era.
    Discover,
    /// The tools.
    Tools,
    /// A call of this tool; without one, of a tool that is not known here.
    Call(Option<ToolName>),
    /// Nothing that is known here.
    Other,
}

impl Asked {
    pub(in crate::client) fn of(request: &ClientRequest) -> Self {
        match request {
            ClientRequest::InitializeRequest(_) => Self::Initialize,
            ClientRequest::DiscoverRequest(_) => Self::Discover,
            ClientRequest::ListToolsRequest(_) => Self::Tools,
            ClientRequest::CallToolRequest(_) => {
                let handle = request.extensions().get::<Arc<CallHandle>>();
                Self::Call(handle.map(|handle| handle.tool.clone()))
            }
            _ => Self::Other,
        }
    }

    /// What an answer to an unknown request is probably about. A wrong guess makes it an answer that no caller waits for.
    pub(super) fn guess(result: &Value) -> Self {
        let has = |names: &[&str]| names.iter().any(|name| result.get(name).is_some());
        if has(&["content", "structuredContent", "isError"]) {
            Self::Call(None)
        } else if has(&["tools"]) {
            Self::Tools
        } else if has(&["supportedVersions"]) {
            Self::Discover
        } else if has(&["protocolVersion"]) {
            Self::Initialize
        } else {
            Self::Other
        }
    }
}

impl Subject {
    pub(crate) fn of(asked: &Asked) -> Self {
        match asked {
            Asked::Call(_) => Self::Call,
            Asked::Tools => Self::List,
            Asked::Initialize | Asked::Discover => Self::Start,
            Asked::Other => Self::Other,
        }
    }
}
