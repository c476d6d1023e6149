use std::time::Duration;

use http::HeaderMap;
use url::{Position, Url};

use super::{Dialect, Endpoint, Failed, Said, wait};
use crate::LmError;

impl Endpoint {
    /// The error of a reply whose status is not a success, or whose body tells of an error.
    pub(super) fn failure(&self, status: u16, headers: &HeaderMap, said: Said, dialect: &Dialect) -> Failed {
        let wait = wait::after_failure(headers, &said, self.clock.now());
        let error = match status {
            300..=399 => self.moved(headers),
            _ => self.error(status, wait, &said, dialect),
        };
        Failed { error, said: matches!(status, 400 | 422).then_some(said) }
    }

    fn error(&self, status: u16, retry_after: Option<Duration>, said: &Said, dialect: &Dialect) -> LmError {
        let message = self.words(&said.words);
        let code = said.code.as_deref();
        let out_of_credit = |word: Option<&str>| word.is_some() && word == dialect.out_of_credit;
        match status {
            429 if out_of_credit(code) || out_of_credit(said.kind.as_deref()) => LmError::Refused { status, message },
            429 => LmError::RateLimited { retry_after }.told(message),
            408 | 409 | 500..=599 => LmError::Server { status, retry_after }.told(message),
            401 => LmError::Auth { model: self.id.to_string(), status }.told(message),
            400..=499 if is_too_long(status, code, &said.words) => LmError::TooLong { message },
            400..=499 if is_filtered(code, &said.words) => LmError::Filtered { message },
            403 => LmError::Auth { model: self.id.to_string(), status }.told(message),
            404 => LmError::NotFound { address: place(&self.url), message },
            _ => LmError::Refused { status, message },
        }
    }

    fn moved(&self, headers: &HeaderMap) -> LmError {
        let location = headers.get("location").and_then(|location| location.to_str().ok());
        let location = location.and_then(|location| self.url.join(location).ok()).filter(Url::has_host);
        LmError::Moved {
            address: place(&self.url),
            location: location.map_or_else(|| "elsewhere".to_owned(), |location| self.words(&place(&location))),
        }
    }
}

/// An address without credentials and query.
fn place(url: &Url) -> String {
    url[..Position::BeforeUsername].to_owned() + &url[Position::BeforeHost..Position::AfterPath]
}

/// Providers have a code for it at best, and words of their own.
fn is_too_long(status: u16, code: Option<&str>, message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    let says = |words: &str| message.contains(words);
    status == 413
        || code == Some("context_length_exceeded")
        || says("context length")
        || says("context window")
        || says("context size")
        || says("maximum context")
        || says("prompt is too long")
        || says("input is too long")
        || says("too many tokens")
        || (says("input token") && says("exceed"))
}

fn is_filtered(code: Option<&str>, message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    matches!(code, Some("content_filter" | "content_policy_violation" | "data_inspection_failed"))
        || message.contains("content management policy")
        || message.contains("content policy")
        || message.contains("safety system")
        || message.contains("requires moderation")
}
