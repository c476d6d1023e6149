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

use super::{Failed, Said, html, wait};
use crate::{LmError, LmReply, Prices};

/// Where a model is served: what the clients of all vendors have in common.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    pub(crate) id: ModelId,
    pub(crate) timeout: Duration,
    pub(crate) prices: Prices,
    pub(crate) clock: Arc<dyn Clock>,
    client: net::Client,
    pub(super) url: Url,
    headers: HeaderMap,
    redactor: Redactor,
}

/// A readable reply and the provider's id for it.
pub(crate) struct Answer<T> {
    pub(crate) body: T,
    request_id: Option<String>,
    pause: Option<Duration>,
}

/// Where a vendor keeps a request's id, and how its error bodies are told apart.
pub(crate) struct Dialect {
    pub(crate) request_id: HeaderName,
    /// The code or type in a 429's body that says that waiting does not help; `None` if the vendor has none.
    pub(crate) out_of_credit: Option<&'static str>,
}

pub(super) const TIMEOUT: Duration = Duration::from_secs(120);
pub(super) const MAX_BODY: usize = 8 << 20;
const MAX_MESSAGE_CHARS: usize = 300;
const MAX_ID_CHARS: usize = 128;

impl Endpoint {
    /// `path` is appended to the path of `base`.
    pub(crate) fn new(client: net::Client, base: &Url, path: &str, id: ModelId) -> Result<Self, LmError> {
        let unusable = |reason: &str| LmError::Config { model: id.to_string(), reason: reason.to_owned() };
        if base.fragment().is_some()
            || base.query_pairs().any(|(name, _)| name != "api-version")
            || base.query() == Some("")
        {
            return Err(unusable(
                "its base address has a `?` or `#` part: leave it out; only `?api-version=…` may stand there",
            ));
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

    /// Sends a secret in a header with every request, and takes it out of every text that comes back, unless it is an ordinary word.
    pub(crate) fn authenticate(&mut self, name: HeaderName, scheme: &str, key: &Secret<String>) -> Result<(), LmError> {
        let mut value = HeaderValue::from_str(&format!("{scheme}{}", key.expose()))
            .map_err(|_| self.config("its key has characters that no HTTP header may have: look for a line break"))?;
        value.set_sensitive(true);
        self.headers.insert(name, value);
        if is_word(key.expose()) {
            tracing::warn!(
                model = %self.id,
                "the key looks like an ordinary word, so it is not taken out of what the server says: use a real key where there is one"
            );
        } else {
            self.redactor.keep(key);
        }
        Ok(())
    }

    pub(crate) fn header(&mut self, name: HeaderName, value: HeaderValue) {
        self.headers.insert(name, value);
    }

    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        body: &impl Serialize,
        dialect: Dialect,
    ) -> Result<Answer<T>, Failed> {
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
            return Err(self.failure(reply.status.as_u16(), &reply.headers, Said::of(&reply.body), &dialect));
        }
        let garbage = |error: serde_json::Error| self.garbage(&error.to_string());
        let mut body: Value = serde_json::from_slice(&reply.body).map_err(|error| {
            match html::text(&String::from_utf8_lossy(&reply.body)) {
                Some(page) => self.garbage(&format!("it is a page, not JSON: {page}")),
                None => garbage(error),
            }
        })?;
        if let Some(said) = Said::in_success(&body) {
            return Err(self.failure(said.status(), &reply.headers, said, &dialect));
        }
        self.redactor.scrub_json(&mut body);
        let body = serde_json::from_value(body).map_err(garbage)?;
        let request_id = reply
            .headers
            .get(dialect.request_id)
            .and_then(|id| id.to_str().ok())
            .map(|id| self.clean(id, MAX_ID_CHARS));
        Ok(Answer { body, request_id, pause: wait::until_more(&reply.headers, self.clock.now()) })
    }

    pub(crate) fn garbage(&self, what: &str) -> LmError {
        LmError::InvalidResponse(self.clean(what, MAX_MESSAGE_CHARS))
    }

    /// With what the tokens cost.
    pub(crate) fn usage(&self, tokens: Usage) -> Usage {
        Usage { micro_dollars: self.prices.cost_of(&tokens), ..tokens }
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

    /// What the server says, as an error may show it.
    pub(super) fn words(&self, text: &str) -> String {
        self.clean(text, MAX_MESSAGE_CHARS)
    }

    /// Scrubs before it cuts: half a secret would not be found.
    fn clean(&self, text: &str, chars: usize) -> String {
        let scrubbed = self.redactor.scrub(text);
        let visible: String =
            scrubbed.chars().filter(|c| !is_invisible(*c)).map(|c| if c.is_control() { ' ' } else { c }).collect();
        let words = visible.split_whitespace().collect::<Vec<_>>().join(" ");
        words.chars().take(chars).collect()
    }
}

impl<T> Answer<T> {
    /// The reply of one attempt, with what the answer's header says.
    pub(crate) fn reply(self, build: impl FnOnce(T) -> Result<LmReply, LmError>) -> Result<LmReply, LmError> {
        let mut reply = build(self.body)?;
        reply.request_id = self.request_id;
        reply.pause = self.pause;
        Ok(reply)
    }
}

/// Whether a key is one of those that servers without keys are given, such as `none` or `lm-studio`. A text of replies must not lose it.
fn is_word(key: &str) -> bool {
    key.len() < 8 || (key.len() < 24 && !key.bytes().any(|byte| byte.is_ascii_digit()))
}

/// Marks that do not show: of zero width, or of the direction of writing.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}
