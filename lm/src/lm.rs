use abide_base::id::ModelId;
use async_trait::async_trait;

use crate::{LmError, LmReply, LmRequest};

/// A language model. Implementations neither retry nor cache by themselves unless that is what they are for, so that every call is counted.
#[async_trait]
pub trait Lm: Send + Sync {
    /// Which model this is; part of cache keys and provenance. Holds no secret.
    fn model(&self) -> &ModelId;

    /// What the client leaves out of requests or sends in another way than usual, such as `seed=omit`: part of cache keys, and for
    /// provenance. It may grow while a client learns what its server refuses. Whoever wraps a model passes on what that one says.
    fn settings(&self) -> Vec<String> {
        Vec::new()
    }

    /// Asks the model.
    async fn complete(&self, request: &LmRequest) -> Result<LmReply, LmError>;
}
