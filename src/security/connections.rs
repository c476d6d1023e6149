//! What is open to the servers of a boundary: one identity for each, shared by everything that talks to it.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use super::{ScopeSet, oauth::Identity, servers::ServerConfig};
use crate::{
    call::ServerId,
    clock::{Clock, SystemClock},
    net,
    secret::Redactor,
};

/// What copies of one boundary share: clock, known secrets, and an identity for each server, made when it is first asked for.
#[derive(Clone)]
pub struct Connections {
    clock: Arc<dyn Clock>,
    redactor: Redactor,
    identities: Arc<Mutex<BTreeMap<ServerId, Arc<Identity>>>>,
}

impl Connections {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, redactor: Redactor::new(), identities: Arc::default() }
    }

    /// The clock that tokens live by.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Takes out the secrets and tokens of this boundary.
    pub fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// The identity at a server, made with these scopes when it is first asked for.
    pub(super) fn identity(&self, server: &ServerConfig, scopes: ScopeSet) -> Result<Arc<Identity>, net::Error> {
        let mut identities = self.identities.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = identities.get(&server.id) {
            return Ok(known.clone());
        }
        let identity = Identity::new(server.clone(), scopes, self.clock.clone(), self.redactor.clone())?;
        let identity = Arc::new(identity);
        identities.insert(server.id.clone(), identity.clone());
        Ok(identity)
    }
}

impl Default for Connections {
    fn default() -> Self {
        Self::new(Arc::new(SystemClock::new()))
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connections")
    }
}
