use abide_base::id::ModelId;
use futures_util::future::BoxFuture;

use crate::{
    error::LmError,
    types::{LmReply, LmRequest},
};

/// A language model. Implementations neither retry nor cache by themselves unless that is what they are for, so that every call is counted.
pub trait Lm: Send + Sync {
    /// Which model this is; part of cache keys and provenance. Holds no secret.
    fn model(&self) -> &ModelId;

    /// Asks the model.
    fn complete<'a>(&'a self, request: &'a LmRequest) -> BoxFuture<'a, Result<LmReply, LmError>>;
}
