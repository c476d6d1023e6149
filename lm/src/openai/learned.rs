use std::sync::{Arc, PoisonError, RwLock};

use abide_base::id::ModelId;
use serde::{Serialize, de::DeserializeOwned};

use super::{Compat, detect::Parameter};
use crate::{
    LmError, LmReply, LmRequest,
    endpoint::{Dialect, Endpoint, Failed},
};

/// What a client knows of its server's ways, and finds out; clones learn together.
#[derive(Clone, Debug)]
pub(crate) struct Learned(Arc<RwLock<Known>>);

/// A request in the words of an API.
pub(crate) trait Body: Serialize + Sync {
    /// Whether a parameter is in it.
    fn sends(&self, parameter: Parameter) -> bool;
}

/// A reply in the words of an API.
pub(crate) trait Readable: DeserializeOwned {
    /// The reply, or what it lacks.
    fn read(self, endpoint: &Endpoint) -> Result<LmReply, LmError>;
}

#[derive(Clone, Copy, Debug)]
struct Known {
    compat: Compat,
    limit_renamed: bool,
}

impl Learned {
    pub(crate) fn new(compat: Compat) -> Self {
        Self(Arc::new(RwLock::new(Known { compat, limit_renamed: false })))
    }

    pub(crate) fn compat(&self) -> Compat {
        self.0.read().unwrap_or_else(PoisonError::into_inner).compat
    }

    /// Sends a request and reads its reply. One that is refused for a parameter is sent again at once without it, and counts as an attempt.
    pub(crate) async fn exchange<B: Body, R: Readable>(
        &self,
        endpoint: &Endpoint,
        request: &LmRequest,
        dialect: impl Fn() -> Dialect,
        body: impl Fn(&Compat) -> B,
    ) -> Result<LmReply, LmError> {
        let mut attempts = 0_u32;
        loop {
            attempts += 1;
            let compat = self.compat();
            let body = body(&compat);
            let failed = match endpoint.post::<R>(&body, dialect()).await {
                Ok(answer) => {
                    let reply = answer.reply(|body| body.read(endpoint));
                    return reply.map(|reply| reply.attempts(attempts)).map_err(|error| error.after(attempts));
                }
                Err(failed) => failed,
            };
            if !self.learn(&endpoint.id, &failed, request, compat, |parameter| body.sends(parameter)) {
                return Err(failed.error.after(attempts));
            }
        }
    }

    /// Leaves out from now on what the server refused of a request that was sent with `sent` and had some parameters in it. Whether
    /// another request can be tried.
    fn learn(
        &self,
        id: &ModelId,
        failed: &Failed,
        request: &LmRequest,
        sent: Compat,
        sends: impl Fn(Parameter) -> bool,
    ) -> bool {
        let refused = failed.said.as_ref().and_then(Parameter::refused);
        let Some(parameter) = refused.filter(|parameter| sends(*parameter)) else { return false };
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if !known.compat.agrees(&sent, parameter) {
            // another request found it out in the meantime
            return true;
        }
        if parameter == Parameter::TokenLimit && std::mem::replace(&mut known.limit_renamed, true) {
            return false;
        }
        known.compat = known.compat.without(parameter, &request.format);
        let settings = known.compat.settings().join(", ");
        tracing::warn!(
            model = %id, parameter = parameter.name(), settings,
            "the model server refuses a parameter; requests do without it from now on"
        );
        true
    }
}
