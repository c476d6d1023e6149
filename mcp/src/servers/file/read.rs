use abide_base::call::ServerId;
use abide_guard::policy::Table;

use super::{
    LoadContext,
    server_table::{self, Server},
};
use crate::servers::Servers;

/// What the tables `[servers]` of a file say.
pub(crate) fn read(root: &Table<'_>, context: &LoadContext<'_>) -> Servers {
    let mut servers = Servers::default();
    for (id, table) in root.table("servers").iter().flat_map(Table::tables) {
        match ServerId::try_from(id) {
            Ok(id) => match server_table::server(id, table, context) {
                Some(Server::Http(config)) => drop(servers.http.insert(config.id.clone(), *config)),
                Some(Server::Command(config)) => drop(servers.commands.insert(config.id.clone(), config)),
                None => {}
            },
            Err(error) => table.problem_here(error.to_string()),
        }
    }
    servers
}
