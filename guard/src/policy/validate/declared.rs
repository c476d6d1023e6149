use std::collections::BTreeSet;

use abide_base::call::ServerId;

use crate::policy::{PolicySpec, reader::Table};

/// The names that a boundary declares, also those whose tables have problems of their own.
pub struct Declared {
    pub(crate) servers: BTreeSet<String>,
    pub(crate) tools: BTreeSet<String>,
    pub(crate) lists: BTreeSet<String>,
    pub(crate) classes: BTreeSet<String>,
}

impl Declared {
    /// What a policy declares that was made in code.
    pub fn by(spec: &PolicySpec) -> Self {
        Self {
            servers: spec.servers.iter().map(ToString::to_string).collect(),
            tools: spec.tools.keys().map(ToString::to_string).collect(),
            lists: spec.registry.names().map(str::to_owned).collect(),
            classes: spec.sensitive.keys().cloned().collect(),
        }
    }

    /// What a file declares.
    pub fn in_file(root: &Table<'_>) -> Self {
        let names = |key| root.table(key).iter().flat_map(Table::keys).collect();
        Self { servers: names("servers"), tools: names("tools"), lists: names("registry"), classes: names("sensitive") }
    }

    /// With the servers of all tools: where a file has none, tools may be of any.
    pub fn with_servers_of(mut self, spec: &PolicySpec) -> Self {
        self.servers.extend(spec.tools.keys().filter_map(|tool| tool.server().map(str::to_owned)));
        self
    }

    /// The servers whose names can be ids.
    pub(crate) fn server_ids(&self) -> impl Iterator<Item = ServerId> {
        self.servers.iter().filter_map(|name| ServerId::try_from(name.clone()).ok())
    }
}
