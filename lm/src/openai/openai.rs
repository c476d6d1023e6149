use std::{sync::Arc, time::Duration};

use abide_base::{clock::Clock, id::ModelId, secret::Secret};
use abide_net as net;
use async_trait::async_trait;
use http::{HeaderName, header};
use url::Url;

use super::token_limit::TokenLimit;
use crate::{
    Lm, LmError, LmReply, LmRequest, Prices,
    endpoint::{Dialect, Endpoint},
};

/// A client for one model behind the [chat completions API](https://platform.openai.com/docs/api-reference/chat/create). It sends
/// every request once: for repetition there is [`Retry`](crate::Retry), for a budget [`Budgeted`](crate::Budgeted), for a cache
/// [`DiskCache`](crate::DiskCache).
///
/// A reply that the provider held back comes with [`Finish::Filtered`](crate::Finish::Filtered) and the provider's words, if any; one
/// whose tokens ran out before the first word with [`Finish::Limit`](crate::Finish::Limit) and no text.
#[derive(Clone, Debug)]
pub struct OpenAi {
    endpoint: Endpoint,
    model: String,
    pub(super) limit: TokenLimit,
}

impl OpenAi {
    /// A client for `model`, known as `openai/…`, at `base_url`: the address up to the version, such as
    /// `https://models.example.com/v1`. Plain http is for this machine only. No key for servers that want none. 120 s for a call, no
    /// prices.
    ///
    /// # Errors
    /// [`LmError::Config`] where the address has a query or a fragment, or the key cannot be sent. What else is wrong with the address
    /// shows in the first call.
    pub fn new(
        client: net::Client,
        base_url: Url,
        model: impl Into<String>,
        key: Option<Secret<String>>,
    ) -> Result<Self, LmError> {
        let model = model.into();
        let id = ModelId(format!("openai/{model}"));
        let mut endpoint = Endpoint::new(client, &base_url, "chat/completions", id)?;
        if let Some(key) = key {
            endpoint.authenticate(header::AUTHORIZATION, "Bearer ", &key)?;
        }
        let limit = match base_url.host_str() {
            Some("api.openai.com") => TokenLimit::MaxCompletionTokens,
            _ => TokenLimit::MaxTokens,
        };
        Ok(Self { endpoint, model, limit })
    }

    /// How the reply's length is limited; by default [`TokenLimit::MaxCompletionTokens`] at `api.openai.com` and
    /// [`TokenLimit::MaxTokens`] elsewhere.
    #[must_use]
    pub fn token_limit(mut self, limit: TokenLimit) -> Self {
        self.limit = limit;
        self
    }

    /// The time for one call, connecting included.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.endpoint.timeout = timeout;
        self
    }

    /// What tokens cost.
    #[must_use]
    pub fn prices(mut self, prices: Prices) -> Self {
        self.endpoint.prices = prices;
        self
    }

    /// The clock that dates in `Retry-After` are measured against; the machine's by default.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.endpoint.clock = clock;
        self
    }

    async fn ask(&self, request: &LmRequest) -> Result<LmReply, LmError> {
        let dialect =
            Dialect { request_id: HeaderName::from_static("x-request-id"), out_of_credit: Some("insufficient_quota") };
        let body = super::wire::Request::new(&self.model, self.limit, request);
        let answer = self.endpoint.post::<super::wire::Reply>(&body, dialect).await.map_err(|failed| failed.error)?;
        answer.reply(|body| body.read(&self.endpoint))
    }
}

#[async_trait]
impl Lm for OpenAi {
    fn model(&self) -> &ModelId {
        &self.endpoint.id
    }

    async fn complete(&self, request: &LmRequest) -> Result<LmReply, LmError> {
        self.ask(request).await
    }
}
