use std::sync::Arc;

use super::{Key, state::State};
use crate::serve::lock;

/// The published key and the issuer, always as they are now.
#[derive(Clone, Debug)]
pub(crate) struct Trust(pub(super) Arc<State>);

impl Trust {
    pub(crate) fn issuer(&self) -> &str {
        &self.0.issuer
    }

    pub(crate) fn key(&self) -> Arc<Key> {
        Arc::clone(&lock(&self.0.key))
    }
}
