//! What is open to one server over HTTP, shared by everything that talks to it.

use std::{fmt, sync::Arc};

use abide_base::{clock::Clock, scope::ScopeSet, secret::Redactor};
use abide_credentials::oauth::Identity;
use abide_net as net;

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
        let identity = Identity::new(config.resource_server(), scopes, clock.clone(), redactor)?;
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

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connection({})", self.config.id)
    }
}
