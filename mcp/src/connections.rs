//! What is open to the servers of a boundary: one connection to each, shared by everything that talks to it.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use abide_base::{
    call::ServerId,
    clock::{Clock, SystemClock},
    scope::ScopeSet,
    secret::Redactor,
};
use abide_net as net;

use crate::{connection::Connection, servers::ServerConfig};

/// What copies of one boundary share: clock, known secrets, and a connection to each server over HTTP, made when it is first asked for.
#[derive(Clone)]
pub struct Connections {
    clock: Arc<dyn Clock>,
    redactor: Redactor,
    open: Arc<Mutex<BTreeMap<ServerId, Arc<Connection>>>>,
}

impl Connections {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, redactor: Redactor::new(), open: Arc::default() }
    }

    /// The clock that tokens live by.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Takes out the secrets and tokens of this boundary.
    pub fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// The connection to a server, made with these scopes when it is first asked for.
    ///
    /// # Errors
    /// As [`Connection::new`].
    pub(crate) fn to(
        &self,
        server: &ServerConfig,
        scopes: impl FnOnce() -> ScopeSet,
    ) -> Result<Arc<Connection>, net::Error> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = open.get(&server.id) {
            return Ok(known.clone());
        }
        let connection = Connection::new(server.clone(), scopes(), self.clock.clone(), self.redactor.clone())?;
        let connection = Arc::new(connection);
        open.insert(server.id.clone(), connection.clone());
        Ok(connection)
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
