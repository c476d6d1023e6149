use std::{sync::Arc, time::Duration};

use abide_base::{clock::Clock, id::ModelId, secret::Secret};
use abide_net as net;
use async_trait::async_trait;
use http::{HeaderName, header};
use url::Url;

use super::{Compat, TokenLimit, learned::Learned, server::KeyHeader, wire::Reply};
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
///
/// Compatible servers differ in what they take ([`Compat`]). Where a 400 or 422 names a parameter that the server refuses, the client
/// leaves it out from then on, warns once, and sends the request again at once; that counts as an attempt. So a request is sent more
/// than once only for this, and at most once for each parameter.
#[derive(Clone, Debug)]
pub struct OpenAi {
    endpoint: Endpoint,
    model: String,
    learned: Learned,
}

impl OpenAi {
    /// A client for `model`, known as `openai/…`, at `base_url`: the address up to the version, such as
    /// `https://models.example.com/v1`. It may have the query `api-version`, as Azure wants it; such an address, and one of Azure, gets
    /// the key as `api-key`. Plain http is for this machine, and for [private hosts](net::Options::private_hosts). No key for servers that want none. 120 s for a call, no prices, and
    /// what is known of the server ([`Compat::of_address`]).
    ///
    /// # Errors
    /// [`LmError::Config`] where the address has another query or a fragment, or the key cannot be sent. What else is wrong with the
    /// address shows in the first call.
    pub fn new(
        client: net::Client,
        base_url: Url,
        model: impl Into<String>,
        key: Option<Secret<String>>,
    ) -> Result<Self, LmError> {
        let model = model.into();
        let id = ModelId(format!("openai/{model}"));
        let header = KeyHeader::of(&base_url);
        Self::with_key(client, &base_url, model, id, key.map(|key| (header, key)))
    }

    pub(crate) fn with_key(
        client: net::Client,
        base_url: &Url,
        model: String,
        id: ModelId,
        key: Option<(KeyHeader, Secret<String>)>,
    ) -> Result<Self, LmError> {
        let mut endpoint = Endpoint::new(client, base_url, "chat/completions", id)?;
        if let Some((header, key)) = key {
            let (name, scheme) = match header {
                KeyHeader::Bearer => (header::AUTHORIZATION, "Bearer "),
                KeyHeader::ApiKey => (HeaderName::from_static("api-key"), ""),
            };
            endpoint.authenticate(name, scheme, &key)?;
        }
        Ok(Self { endpoint, model, learned: Learned::new(Compat::of_address(base_url)) })
    }

    /// What the server takes; by default what [`Compat::of_address`] knows.
    #[must_use]
    pub fn with_compat(mut self, compat: Compat) -> Self {
        self.learned = Learned::new(compat);
        self
    }

    /// What the server takes, as far as it is known by now; clones of a client learn together.
    pub fn compat(&self) -> Compat {
        self.learned.compat()
    }

    /// How the reply's length is limited; by default as [`Compat::of_address`] knows.
    #[must_use]
    pub fn token_limit(self, limit: TokenLimit) -> Self {
        let compat = Compat { token_limit: limit, ..self.compat() };
        self.with_compat(compat)
    }

    /// The time for one call, connecting included.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.endpoint.timeout = timeout;
        self
    }

    /// What tokens cost; where it is not said, money is unknown and counted as 0.
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
        let dialect = || Dialect {
            request_id: HeaderName::from_static("x-request-id"),
            out_of_credit: Some("insufficient_quota"),
        };
        let body = |compat: &Compat| super::wire::Request::new(&self.model, compat, request);
        self.learned.exchange::<_, Reply>(&self.endpoint, request, dialect, body).await
    }
}

#[async_trait]
impl Lm for OpenAi {
    fn model(&self) -> &ModelId {
        &self.endpoint.id
    }

    fn settings(&self) -> Vec<String> {
        self.compat().settings()
    }

    async fn complete(&self, request: &LmRequest) -> Result<LmReply, LmError> {
        self.ask(request).await
    }
}

#[cfg(test)]
mod tests;
