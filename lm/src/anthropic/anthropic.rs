use std::{sync::Arc, time::Duration};

use abide_base::{clock::Clock, id::ModelId, secret::Secret};
use abide_net as net;
use async_trait::async_trait;
use http::{HeaderName, HeaderValue};
use url::Url;

use super::wire::Reply;
use crate::{
    Lm, LmError, LmReply, LmRequest, Prices,
    endpoint::{Dialect, Endpoint},
    openai::{Compat, Learned},
};

/// A client for one model behind the [messages API](https://docs.anthropic.com/en/api/messages). It sends every request once: for
/// repetition there is [`Retry`](crate::Retry), for a budget [`Budgeted`](crate::Budgeted), for a cache [`DiskCache`](crate::DiskCache).
///
/// The API differs from a chat in three things: system messages, wherever they stand, go in front, separated by an empty line; there
/// is no seed, so that of a request is left out; and the API has no JSON mode without a schema, so
/// [`ReplyFormat::Json`](crate::ReplyFormat::Json) has to be asked for in the messages. Its temperatures end at 1.
///
/// Newer models have no temperature, and no share of words beside it. Where a 400 names a parameter that the model refuses, the client
/// leaves it out from then on, as [`OpenAi`](crate::OpenAi) does.
#[derive(Clone, Debug)]
pub struct Anthropic {
    endpoint: Endpoint,
    model: String,
    learned: Learned,
}

/// The version of the API that is spoken.
const VERSION: &str = "2023-06-01";

impl Anthropic {
    /// A client for `model`, known as `anthropic/…`, at `base_url`: the address up to the version, such as
    /// `https://models.example.com/v1`. Plain http is for this machine, and for [private hosts](net::Options::private_hosts). No key for servers that want none. 120 s for a call, no
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
        let id = ModelId(format!("anthropic/{model}"));
        let mut endpoint = Endpoint::new(client, &base_url, "messages", id)?;
        endpoint.header(HeaderName::from_static("anthropic-version"), HeaderValue::from_static(VERSION));
        if let Some(key) = key {
            endpoint.authenticate(HeaderName::from_static("x-api-key"), "", &key)?;
        }
        Ok(Self { endpoint, model, learned: Learned::new(Compat::default()) })
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

    /// What the API takes; by default everything that it has.
    #[must_use]
    pub fn with_compat(mut self, compat: Compat) -> Self {
        self.learned = Learned::new(compat);
        self
    }

    /// What the API takes, as far as it is known by now; clones of a client learn together.
    pub fn compat(&self) -> Compat {
        self.learned.compat()
    }

    async fn ask(&self, request: &LmRequest) -> Result<LmReply, LmError> {
        let dialect = || Dialect { request_id: HeaderName::from_static("request-id"), out_of_credit: None };
        let body = |compat: &Compat| super::wire::Request::new(&self.model, &self.endpoint.id, compat, request);
        self.learned.exchange::<_, Reply>(&self.endpoint, request, dialect, body).await
    }
}

#[async_trait]
impl Lm for Anthropic {
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
