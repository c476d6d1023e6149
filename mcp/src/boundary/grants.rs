use std::sync::Arc;

use abide_base::call::ServerId;
use abide_guard::{GrantError, GrantedScopes, Grants};
use abide_net as net;
use async_trait::async_trait;

use super::Boundary;
use crate::{Connection, servers::ServerConfig};

impl Boundary {
    /// The connection to a server. One for all copies of the boundary, so that a token is asked for once.
    ///
    /// # Errors
    /// There is no such server over HTTP, its certification authorities cannot be used, or its address may not be spoken to.
    pub fn connection(&self, server: &ServerId) -> Result<Arc<Connection>, net::Error> {
        let unknown = || net::Error::Setup(format!("the boundary has no server `{server}` over HTTP"));
        self.open(self.server(server).ok_or_else(unknown)?)
    }

    fn open(&self, config: &ServerConfig) -> Result<Arc<Connection>, net::Error> {
        self.connections().to(config, || self.policy().scopes_for(&config.id))
    }
}

#[async_trait]
impl Grants for Boundary {
    async fn granted(&self, server: &ServerId) -> Result<Option<GrantedScopes>, GrantError> {
        if self.commands().any(|command| command.id == *server) {
            return Ok(None);
        }
        let Some(config) = self.server(server) else {
            let reason =
                format!("the boundary has no server of that id over HTTP: add `[servers.{server}]` with a `url`");
            return Err(GrantError::new(server.clone(), reason));
        };
        let connection = self.open(config).map_err(|error| GrantError::new(server.clone(), error))?;
        connection.granted(server).await
    }
}
