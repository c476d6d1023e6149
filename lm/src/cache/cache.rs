use std::{fmt, sync::Arc};

use abide_base::id::ModelId;
use async_trait::async_trait;
use serde::Serialize;
use sha2::{Digest, Sha256};
use url::{Position, Url};

use super::store::{CacheStore, Key};
use crate::{Finish, Lm, LmError, LmReply, LmRequest};

/// A model whose complete replies ([`Finish::Complete`]) are kept in a [`CacheStore`] and given again to the same request.
///
/// The key is the SHA-256 of endpoint, model, the client's [settings](Lm::settings) and the whole request: anything that can change the answer changes the key. A request
/// that samples (temperature other than 0, no seed) is cached too, so the same question gets the same answer every time; who wants
/// fresh samples changes the seed or leaves the cache away.
///
/// A reply from the cache has `attempts` 0 and keeps its token counts, but costs 0 micro-dollars. Identical requests at the same time
/// are asked once; those who waited get the reply as if from the cache, or the same error. A store that cannot be read or written
/// slows down but fails no call.
#[derive(Clone)]
pub struct DiskCache {
    inner: Arc<dyn Lm>,
    pub(super) store: CacheStore,
    pub(super) endpoint: String,
}

#[derive(Serialize)]
struct KeyParts<'a> {
    endpoint: &'a str,
    model: &'a ModelId,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    settings: Vec<String>,
    request: &'a LmRequest,
}

impl DiskCache {
    /// Keeps the replies of `inner`, which is served at `endpoint`, in `store`. Of the endpoint only scheme, host, port and path count:
    /// credentials in it never reach the key.
    pub fn new(inner: Arc<dyn Lm>, endpoint: &Url, store: CacheStore) -> Self {
        Self { inner, store, endpoint: place(endpoint) }
    }

    async fn ask(&self, request: &LmRequest) -> Result<LmReply, LmError> {
        let key = self.key(request)?;
        if let Some(known) = self.store.find(&key) {
            return Ok(as_hit(known));
        }
        let flight = self.store.board(key);
        let mut led = false;
        let answer = flight
            .answer(async {
                // another flight may have landed since the first look
                if let Some(known) = self.store.find(&key) {
                    return Ok(known);
                }
                led = true;
                let reply = self.inner.complete(request).await?;
                if reply.finish == Finish::Complete {
                    self.store.keep(key, &reply).await;
                    // the client may have learned what its server refuses, and is found under that from now on
                    let now = self.key(request)?;
                    if now != key {
                        self.store.keep(now, &reply).await;
                    }
                }
                Ok(reply)
            })
            .await;
        if led { answer } else { answer.map(as_hit) }
    }

    pub(super) fn key(&self, request: &LmRequest) -> Result<Key, LmError> {
        let parts =
            KeyParts { endpoint: &self.endpoint, model: self.inner.model(), settings: self.settings(), request };
        // fields in the order of their declaration and exact integers: the same request has the same bytes (JCS would round large seeds)
        let bytes = serde_json::to_vec(&parts).map_err(|error| LmError::Config {
            model: self.model().to_string(),
            reason: format!("the request has no JSON form: {error}"),
        })?;
        Ok(Sha256::digest(bytes).into())
    }
}

#[async_trait]
impl Lm for DiskCache {
    fn model(&self) -> &ModelId {
        self.inner.model()
    }

    fn settings(&self) -> Vec<String> {
        self.inner.settings()
    }

    async fn complete(&self, request: &LmRequest) -> Result<LmReply, LmError> {
        self.ask(request).await
    }
}

impl fmt::Debug for DiskCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DiskCache").field("model", self.model()).field("store", &self.store).finish_non_exhaustive()
    }
}

fn place(endpoint: &Url) -> String {
    endpoint[..Position::BeforeUsername].to_owned() + &endpoint[Position::BeforeHost..Position::AfterPath]
}

fn as_hit(mut reply: LmReply) -> LmReply {
    reply.attempts = 0;
    reply.usage.micro_dollars = 0;
    reply
}
