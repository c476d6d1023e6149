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
    /// The file of recorded replies cannot be used.
    #[error("the cassette `{path}` cannot be used: {reason}")]
    Cassette {
        /// The file.
        path: String,
        /// Why not, and in which line.
        reason: String,
    },
    /// A cassette has no reply to this request, and nobody else is asked.
    #[error("`{path}` has no reply recorded for this request: {nearest}; record it, or ask as it was asked then")]
    NotRecorded {
        /// The file.
        path: String,
        /// What the nearest recorded request has instead; redacted as the file is.
        nearest: String,
    },
    /// 401: the key is not accepted; or 403: what it is asked for is not permitted.
    #[error("the model server refused {}", refused(*.status, .model))]
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
    /// 5xx, 408 or 409: the server is overloaded, broken, or gave up waiting.
    #[error("the model server failed with status {status}")]
    Server {
        /// The HTTP status, or that which an error within a 200 names; 500 where it names none.
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
    /// 404: nothing is served there.
    #[error("the model server has nothing at `{address}` (status 404): {}{}", words(.message), not_found_hint(.address))]
    NotFound {
        /// The address, without its query.
        address: String,
        /// What the server says, cut short; may be empty.
        message: String,
    },
    /// A redirection, which is never followed.
    #[error(
        "`{address}` redirects to `{location}`, and redirections are not followed: look at scheme, host and path of the base address"
    )]
    Moved {
        /// The address, without its query.
        address: String,
        /// Where it redirects to, without a query.
        location: String,
    },
    /// A failure, and what the server says about it.
    #[error("{failure}; the server says: {words}")]
    Told {
        /// The failure.
        failure: Box<LmError>,
        /// What the server says, scrubbed, at most 300 characters.
        words: String,
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
    /// Requests that were sent.
    pub fn attempts(&self) -> u32 {
        match self {
            Self::Config { .. }
            | Self::Unset { .. }
            | Self::Cache { .. }
            | Self::Cassette { .. }
            | Self::NotRecorded { .. }
            | Self::Budget { .. } => 0,
            Self::GaveUp { attempts, .. } => *attempts,
            Self::Told { failure, .. } => failure.attempts(),
            _ => 1,
        }
    }

    /// The failure itself, without what wraps it: [`LmError::GaveUp`] and [`LmError::Told`].
    pub fn root(&self) -> &Self {
        match self {
            Self::GaveUp { last: inner, .. } | Self::Told { failure: inner, .. } => inner.root(),
            other => other,
        }
    }

    /// Whether the same request may succeed later.
    pub fn is_transient(&self) -> bool {
        matches!(
            self.root(),
            Self::RateLimited { .. }
                | Self::Server { .. }
                | Self::Connection(_)
                | Self::Timeout(_)
                | Self::InvalidResponse(_)
        )
    }

    /// Whether the model works and cannot answer this request: what was asked is at fault.
    pub fn is_unanswerable(&self) -> bool {
        matches!(self.root(), Self::TooLong { .. } | Self::Filtered { .. })
    }

    /// How long the server says to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        match self.root() {
            Self::RateLimited { retry_after } | Self::Server { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// With what the server says, if anything.
    pub(crate) fn told(self, words: String) -> Self {
        if words.is_empty() { self } else { Self::Told { failure: Box::new(self), words } }
    }

    /// As the last of several requests.
    pub(crate) fn after(self, attempts: u32) -> Self {
        match self {
            error if attempts < 2 => error,
            Self::GaveUp { last, .. } => Self::GaveUp { attempts, last },
            error => Self::GaveUp { attempts, last: Box::new(error) },
        }
    }
}

fn wait_hint(retry_after: &Option<Duration>) -> String {
    retry_after.map_or_else(String::new, |wait| format!(": wait {wait:?}"))
}

fn refused(status: u16, model: &str) -> String {
    match status {
        403 => format!("the request with status 403: see whether the key may use `{model}`, and from here"),
        _ => format!("the key with status {status}: check the key of `{model}`"),
    }
}

fn words(message: &str) -> &str {
    if message.is_empty() { "it says nothing" } else { message.trim_end_matches('.') }
}

/// The mistakes that lead there, the likelier one first.
fn not_found_hint(address: &str) -> &'static str {
    let has_version = address.split('/').skip(3).any(|part| {
        part.strip_prefix('v').is_some_and(|version| version.starts_with(|digit: char| digit.is_ascii_digit()))
    });
    if has_version {
        "; check the model's name, and the path of the base address"
    } else {
        "; the base address may lack a `/v1` at its end: add it, or check the model's name"
    }
}

#[cfg(test)]
mod tests;
