//! What is open to one server over HTTP, shared by everything that talks to it.

use std::{fmt, sync::Arc};

use abide_base::{call::ServerId, clock::Clock, scope::ScopeSet, secret::Redactor};
use abide_credentials::oauth::Identity;
use abide_guard::{GrantError, GrantedScopes, Grants};
use abide_net as net;
use async_trait::async_trait;

use crate::{pace::Pace, servers::ServerConfig};

/// Who we are at one server, and how fast it is spoken to.
pub struct Connection {
    config: ServerConfig,
    identity: Identity,
    pace: Pace,
    clock: Arc<dyn Clock>,
}

impl Connection {
    /// A connection whose tokens have `scopes`, all of them at once. Nothing is sent yet.
    ///
    /// # Errors
    /// As [`Identity::new`].
    pub fn new(
        config: ServerConfig,
        scopes: ScopeSet,
        clock: Arc<dyn Clock>,
        redactor: Redactor,
    ) -> Result<Self, net::Error> {
        let identity = Identity::new(config.protected_resource(), scopes, clock.clone(), redactor)?;
        let pace = Pace::new(config.rate, clock.clone());
        Ok(Self { config, identity, pace, clock })
    }

    /// The server, and how it is connected to.
    pub fn config(&self) -> &ServerConfig {
        &self.config
    }

    /// Who we are there.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    pub(crate) fn pace(&self) -> &Pace {
        &self.pace
    }

    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }
}

#[async_trait]
impl Grants for Connection {
    async fn granted(&self, server: &ServerId) -> Result<Option<GrantedScopes>, GrantError> {
        if *server != self.config.id {
            return Err(GrantError::new(
                server.clone(),
                format!("this is the connection to `{}`: give the guard that to `{server}`", self.config.id),
            ));
        }
        if self.config.oauth().is_none() {
            return Ok(None);
        }
        let token = self.identity.token().await.map_err(|error| GrantError::new(server.clone(), error))?;
        Ok(Some(GrantedScopes {
            scopes: token.granted.clone(),
            token_hash: token.hash.clone(),
            jti_hash: token.jti_hash.clone(),
        }))
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connection({})", self.config.id)
    }
}
