//! A boundary at work: one identity for each server, shared by everything that talks to it.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::future::BoxFuture;

use super::{Boundary, GrantError, GrantedScopes, Grants, ScopeSet, boundary::ServerConfig, oauth::Identity};
use crate::{
    call::ServerId,
    clock::{Clock, SystemClock},
    net,
    secret::Redactor,
};

/// What copies of one boundary share: clock, known secrets, and an identity for each server, made when it is first asked for.
#[derive(Clone)]
pub struct Live {
    clock: Arc<dyn Clock>,
    redactor: Redactor,
    identities: Arc<Mutex<BTreeMap<ServerId, Arc<Identity>>>>,
}

impl Live {
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

    fn identity(&self, boundary: &Boundary, server: &ServerConfig) -> Result<Arc<Identity>, net::Error> {
        let mut identities = self.identities.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = identities.get(&server.id) {
            return Ok(known.clone());
        }
        let scopes = boundary.scopes_for(&server.id);
        let identity = Identity::new(server.clone(), scopes, self.clock.clone(), self.redactor.clone())?;
        let identity = Arc::new(identity);
        identities.insert(server.id.clone(), identity.clone());
        Ok(identity)
    }
}

impl Default for Live {
    fn default() -> Self {
        Self::new(Arc::new(SystemClock::new()))
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Live")
    }
}

impl Boundary {
    /// Who we are at a server. One for all copies of the boundary, so that a token is asked for once.
    ///
    /// # Errors
    /// The server's certification authorities cannot be used, or its address may not be spoken to.
    pub fn identity(&self, server: &ServerConfig) -> Result<Arc<Identity>, net::Error> {
        self.live().identity(self, server)
    }
}

impl Grants for Boundary {
    fn granted<'a>(&'a self, server: &'a ServerId) -> BoxFuture<'a, Result<GrantedScopes, GrantError>> {
        Box::pin(async move {
            let failed = |reason: String| GrantError { server: server.clone(), reason };
            if self.commands().any(|command| command.id == *server) {
                return Ok(GrantedScopes { scopes: ScopeSet::new(), token_hash: String::new(), jti_hash: None });
            }
            let config = self.server(server).ok_or_else(|| failed("the boundary has no such server".into()))?;
            let identity = self.identity(config).map_err(|error| failed(error.to_string()))?;
            if config.oauth().is_none() {
                return Ok(GrantedScopes { scopes: ScopeSet::new(), token_hash: String::new(), jti_hash: None });
            }
            let token = identity.token().await.map_err(|error| failed(error.to_string()))?;
            Ok(GrantedScopes {
                scopes: token.granted.clone(),
                token_hash: token.hash.clone(),
                jti_hash: token.jti_hash.clone(),
            })
        })
    }
}
