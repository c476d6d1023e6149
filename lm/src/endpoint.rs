use std::{sync::Arc, time::Duration};

use abide_base::{
    clock::{Clock, SystemClock},
    id::ModelId,
    secret::{Redactor, Secret},
    usage::Usage,
};
use abide_net as net;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use url::Url;

use crate::{LmError, LmReply, Prices};

/// Where a model is served: what the clients of all vendors have in common.
#[derive(Clone, Debug)]
pub(super) struct Endpoint {
    pub(super) id: ModelId,
    pub(super) timeout: Duration,
    pub(super) prices: Prices,
    pub(super) clock: Arc<dyn Clock>,
    client: net::Client,
    url: Url,
    headers: HeaderMap,
    redactor: Redactor,
}

/// A readable reply and the provider's id for it.
pub(super) struct Answer<T> {
    pub(super) body: T,
    request_id: Option<String>,
}

/// Where a vendor keeps a request's id, and how its error bodies are told apart.
pub(super) struct Dialect {
    pub(super) request_id: HeaderName,
    /// The code in a 429's body that says waiting is no use, if there is one.
    pub(super) out_of_credit: Option<&'static str>,
}

#[derive(serde::Deserialize)]
struct ErrorBody {
    error: ErrorDetail,
}

#[derive(serde::Deserialize)]
#[serde(untagged)]
enum ErrorDetail {
    Object {
        message: String,
        #[serde(default)]
        code: Option<serde_json::Value>,
    },
    Text(String),
}

const TIMEOUT: Duration = Duration::from_secs(120);
const MAX_BODY: usize = 8 << 20;
const MAX_MESSAGE_CHARS: usize = 200;
const MAX_ID_CHARS: usize = 128;

impl Endpoint {
    /// `path` is appended to the path of `base`.
    pub(super) fn new(client: net::Client, base: &Url, path: &str, id: ModelId) -> Result<Self, LmError> {
        let unusable = |reason: &str| LmError::Config { model: id.to_string(), reason: reason.to_owned() };
        if base.query().is_some() || base.fragment().is_some() {
            return Err(unusable("its base address has a `?` or `#` part: leave it out"));
        }
        let mut url = base.clone();
        url.path_segments_mut()
            .map_err(|()| unusable("its base address is not an http address"))?
            .pop_if_empty()
            .extend(path.split('/'));
        Ok(Self {
            id,
            timeout: TIMEOUT,
            prices: Prices::default(),
            clock: Arc::new(SystemClock::new()),
            client,
            url,
            headers: HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))]),
            redactor: Redactor::new(),
        })
    }

    /// Sends a secret in a header with every request, and takes it out of every text that comes back.
    pub(super) fn authenticate(&mut self, name: HeaderName, scheme: &str, key: &Secret<String>) -> Result<(), LmError> {
        let mut value = HeaderValue::from_str(&format!("{scheme}{}", key.expose()))
            .map_err(|_| self.config("its key has characters that no HTTP header may have: look for a line break"))?;
        value.set_sensitive(true);
        self.headers.insert(name, value);
        self.redactor.keep(key);
        Ok(())
    }

    pub(super) fn header(&mut self, name: HeaderName, value: HeaderValue) {
        self.headers.insert(name, value);
    }

    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        body: &impl Serialize,
        dialect: Dialect,
    ) -> Result<Answer<T>, LmError> {
        let body =
            serde_json::to_vec(body).map_err(|error| self.config(&format!("the request has no JSON form: {error}")))?;
        let request = net::Request {
            headers: self.headers.clone(),
            timeout: self.timeout,
            max_body: MAX_BODY,
            ..net::Request::post(self.url.clone(), body)
        };
        let reply = self.client.send(request).await.map_err(|error| self.no_exchange(&error))?;
        if !reply.status.is_success() {
            return Err(self.failure(&reply, &dialect));
        }
        let garbage = |error: serde_json::Error| self.garbage(&error.to_string());
        let mut body: Value = serde_json::from_slice(&reply.body).map_err(garbage)?;
        self.redactor.scrub_json(&mut body);
        let body = serde_json::from_value(body).map_err(garbage)?;
        let request_id = reply
            .headers
            .get(dialect.request_id)
            .and_then(|id| id.to_str().ok())
            .map(|id| self.clean(id, MAX_ID_CHARS));
        Ok(Answer { body, request_id })
    }

    pub(super) fn garbage(&self, what: &str) -> LmError {
        LmError::InvalidResponse(self.clean(what, MAX_MESSAGE_CHARS))
    }

    /// With what the tokens cost.
    pub(super) fn usage(&self, tokens: Usage) -> Usage {
        Usage { micro_dollars: self.prices.cost(tokens.prompt_tokens, tokens.completion_tokens), ..tokens }
    }

    fn config(&self, reason: &str) -> LmError {
        LmError::Config { model: self.id.to_string(), reason: reason.to_owned() }
    }

    fn no_exchange(&self, error: &net::Error) -> LmError {
        match error {
            net::Error::Timeout { after, .. } | net::Error::ConnectTimeout { after, .. } => LmError::Timeout(*after),
            net::Error::TooLarge { .. } => self.garbage(&error.to_string()),
            error if error.is_transient() => LmError::Connection(error.to_string()),
            error => self.config(&error.to_string()),
        }
    }

    fn failure(&self, reply: &net::Reply, dialect: &Dialect) -> LmError {
        let status = reply.status.as_u16();
        let retry_after = net::retry_after(&reply.headers, self.clock.now());
        let (message, code) = explain(&reply.body);
        match status {
            401 | 403 => LmError::Auth { model: self.id.to_string(), status },
            429 if code.is_none() || code.as_deref() != dialect.out_of_credit => LmError::RateLimited { retry_after },
            408 | 500..=599 => LmError::Server { status, retry_after },
            400..=499 if is_too_long(status, code.as_deref(), &message) => {
                LmError::TooLong { message: self.clean(&message, MAX_MESSAGE_CHARS) }
            }
            400..=499 if is_filtered(code.as_deref(), &message) => {
                LmError::Filtered { message: self.clean(&message, MAX_MESSAGE_CHARS) }
            }
            _ => LmError::Refused { status, message: self.clean(&message, MAX_MESSAGE_CHARS) },
        }
    }

    /// Scrubs before it cuts: half a secret would not be found.
    fn clean(&self, text: &str, chars: usize) -> String {
        self.redactor.scrub(text).chars().take(chars).map(|c| if c.is_control() { ' ' } else { c }).collect()
    }
}

impl<T> Answer<T> {
    /// The reply of one attempt, with what the answer's header says.
    pub(super) fn reply(self, build: impl FnOnce(T) -> Result<LmReply, LmError>) -> Result<LmReply, LmError> {
        let mut reply = build(self.body)?;
        reply.request_id = self.request_id;
        Ok(reply)
    }
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
}

fn explain(body: &[u8]) -> (String, Option<String>) {
    match serde_json::from_slice::<ErrorBody>(body).map(|body| body.error) {
        Ok(ErrorDetail::Object { message, code }) => {
            let code = code.and_then(|code| code.as_str().map(str::to_owned));
            (message, code)
        }
        Ok(ErrorDetail::Text(message)) => (message, None),
        Err(_) => (String::from_utf8_lossy(body).into_owned(), None),
    }
}

#[cfg(test)]
mod tests;
