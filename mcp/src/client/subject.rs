//! What a server was asked for when it sent too much or took too long, and what an operator can do then.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What an answer is about, as far as its limits are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Subject {
    /// A call of a tool, whose limits are keys of the tool.
    Call,
    /// The list of tools.
    List,
    /// The answer to `initialize` or `server/discover`.
    Start,
    /// Anything else, and what answers no request.
    Other,
}

impl Subject {
    /// Why an answer of more bytes cannot be used.
    pub(super) fn too_long(self, limit: usize) -> String {
        match self {
            Self::Call => {
                format!("it is longer than {limit} bytes: ask for less, or raise `reply.receive_bytes` of the tool")
            }
            Self::List => format!(
                "its list of tools is longer than {limit} bytes: have the server list fewer tools on a page, or shorter definitions"
            ),
            Self::Start => format!(
                "its answer to `initialize` or `server/discover` is longer than {limit} bytes: have the server say less there"
            ),
            Self::Other => format!("it sends a message that is longer than {limit} bytes: have the server send less"),
        }
    }

    /// Why an answer that does not come in this time is not waited for.
    pub(super) fn too_late(self, limit: Duration) -> String {
        match self {
            Self::Call => {
                format!("nothing came within {limit:?}: see whether the server is up, or raise `timeout` of the tool")
            }
            Self::List => format!("its list of tools did not come within {limit:?}: see whether the server is up"),
            Self::Start => {
                format!(
                    "it did not answer `initialize` or `server/discover` within {limit:?}: see whether the server is up"
                )
            }
            Self::Other => format!("nothing came within {limit:?}: see whether the server is up"),
        }
    }
}

#[cfg(test)]
mod tests;
