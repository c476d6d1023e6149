use abide_guard::policy::{Problem, key_path};

use super::server;
use crate::servers::Servers;

/// Every problem of the servers.
pub(crate) fn validate(servers: &Servers) -> Vec<Problem> {
    let mut problems = Vec::new();
    for config in servers.http.values() {
        server::check(config, &mut problems);
    }
    for (id, config) in servers.http.iter().filter(|(id, config)| **id != config.id) {
        let key = key_path("servers", id.as_str());
        problems.push(Problem::new(key, format!("calls itself `{}`: an id cannot change", config.id)));
    }
    for id in servers.commands.keys().filter(|id| servers.http.contains_key(id)) {
        let key = key_path("servers", id.as_str());
        problems.push(Problem::new(key, "is both an address and a command: give one of them another name"));
    }
    problems
}
