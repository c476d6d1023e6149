use std::time::Duration;

/// Why a model gave no answer. Never holds a key; texts of the provider are cut short and scrubbed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LmError {
    /// The endpoint, the key or the model name is missing or unusable.
    #[error("model `{model}` cannot be used: {reason}")]
    Config {
        /// The model as named.
        model: String,
        /// What is wrong and what to set.
        reason: String,
    },
    /// An environment variable that names the model is missing.
    #[error("`{variable}` is not set: {hint}")]
    Unset {
        /// The variable.
        variable: &'static str,
        /// What to set it to.
        hint: String,
    },
    /// The file of cached replies cannot be used.
    #[error("the cache `{path}` cannot be opened: {reason}; close the other program, delete the file, or name another")]
    Cache {
        /// The file.
        path: String,
        /// Why not.
        reason: String,
    },
    /// 401 or 403: the key is not accepted.
    #[error("the model server refused the key with status {status}: check the key of `{model}`")]
    Auth {
        /// The model.
        model: String,
        /// The HTTP status.
        status: u16,
    },
    /// 429: too many requests.
    #[error("the model server limits the rate{}", wait_hint(.retry_after))]
    RateLimited {
        /// How long the server says to wait.
        retry_after: Option<Duration>,
    },
    /// 5xx or 408: the server is overloaded, broken, or gave up waiting.
    #[error("the model server failed with status {status}")]
    Server {
        /// The HTTP status.
        status: u16,
        /// How long the server says to wait.
        retry_after: Option<Duration>,
    },
    /// The prompt, with the reply that it leaves room for, is longer than the model's context.
    #[error(
        "the prompt does not fit the model's context: shorten it, or use fewer demonstrations. The server says: {message}"
    )]
    TooLong {
        /// What the server says, cut short.
        message: String,
    },
    /// The provider refuses to answer this content.
    #[error("the model's provider refuses the content of the prompt: {message}")]
    Filtered {
        /// What the server says, cut short.
        message: String,
    },
    /// Any other status but 2xx: the request cannot be answered, so repeating it is no use.
    #[error("the model server refused the request with status {status}: {message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What the server says, cut short.
        message: String,
    },
    /// No connection, or it broke.
    #[error("no connection to the model server: {0}")]
    Connection(String),
    /// The deadline of the call passed.
    #[error("the model did not answer within {0:?}")]
    Timeout(Duration),
    /// The reply is not what the API promises.
    #[error("the model server's reply cannot be read: {0}")]
    InvalidResponse(String),
    /// The budget for calls, tokens or money would be exceeded; nothing was sent.
    #[error("the budget of {limit} {what} is used up: raise it, or ask for less")]
    Budget {
        /// `model calls`, `tokens` or `micro-dollars`.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
    /// The same request failed several times.
    #[error("{last} (after {attempts} attempts)")]
    GaveUp {
        /// Requests that were sent.
        attempts: u32,
        /// What the last of them came to.
        last: Box<LmError>,
    },
}

impl LmError {
    /// Requests that were sent: `None` if nothing may be sent.
    pub fn attempts(&self) -> u32 {
        match self {
            Self::Config { .. } | Self::Unset { .. } | Self::Cache { .. } | Self::Budget { .. } => 0,
            Self::GaveUp { attempts, .. } => *attempts,
            _ => 1,
        }
    }

    /// Whether the same request may succeed later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::RateLimited { .. }
            | Self::Server { .. }
            | Self::Connection(_)
            | Self::Timeout(_)
            | Self::InvalidResponse(_) => true,
            Self::GaveUp { last, .. } => last.is_transient(),
            _ => false,
        }
    }

    /// Whether the model works and cannot answer this request: what was asked is at fault.
    pub fn is_unanswerable(&self) -> bool {
        match self {
            Self::TooLong { .. } | Self::Filtered { .. } => true,
            Self::GaveUp { last, .. } => last.is_unanswerable(),
            _ => false,
        }
    }

    /// How long the server says to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after } | Self::Server { retry_after, .. } => *retry_after,
            Self::GaveUp { last, .. } => last.retry_after(),
            _ => None,
        }
    }
}

fn wait_hint(retry_after: &Option<Duration>) -> String {
    retry_after.map_or_else(String::new, |wait| format!(": wait {} s", wait.as_secs()))
}
