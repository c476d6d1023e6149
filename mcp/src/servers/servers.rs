use std::collections::{BTreeMap, BTreeSet};

use abide_base::call::ServerId;

use super::{CommandConfig, ServerConfig};

/// How to connect to the servers of a boundary.
#[derive(Clone, Debug, Default)]
pub struct Servers {
    /// The MCP servers over HTTP.
    pub http: BTreeMap<ServerId, ServerConfig>,
    /// The MCP servers that are child processes.
    pub commands: BTreeMap<ServerId, CommandConfig>,
}

impl Servers {
    /// The ids of all servers, in order.
    pub fn ids(&self) -> BTreeSet<ServerId> {
        self.http.keys().chain(self.commands.keys()).cloned().collect()
    }

    /// Whether a server takes no tokens, so that its tools can need no scopes.
    pub(crate) fn takes_no_tokens(&self, id: &str) -> bool {
        self.http.iter().any(|(known, config)| known.as_str() == id && config.oauth().is_none())
            || self.commands.keys().any(|known| known.as_str() == id)
    }
}
