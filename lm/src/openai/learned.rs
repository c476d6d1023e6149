use std::sync::{Arc, PoisonError, RwLock};

use abide_base::id::ModelId;

use super::{Compat, detect::Parameter};
use crate::{LmRequest, endpoint::Failed};

/// What a client knows of its server's ways, and finds out; clones learn together.
#[derive(Clone, Debug)]
pub(crate) struct Learned(Arc<RwLock<Known>>);

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

    /// Leaves out from now on what the server refused of a request that was sent with `sent` and had some parameters in it. Whether
    /// another request can be tried.
    pub(crate) fn learn(
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
