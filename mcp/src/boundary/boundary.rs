use std::{path::Path, sync::Arc};

use abide_base::{
    call::{ServerId, ToolName},
    clock::Clock,
};
use abide_guard::policy::{
    BoundaryError, Declared, Lines, LoadMode, Policy, PolicySpec, Problem, check_size, invalid, text_of,
};

use super::file;
use crate::{
    Connections,
    servers::{CommandConfig, LoadContext, ServerConfig, Servers},
};

/// What the operator allows, and how it is connected to. Cheap to clone; clones share their connections.
///
/// It never changes: the address of a server can be exchanged in a copy ([`Boundary::with_server`]), rules cannot.
#[derive(Clone, Debug)]
pub struct Boundary {
    policy: Policy,
    servers: Arc<Servers>,
    connections: Connections,
}

impl Boundary {
    /// Reads a boundary file (TOML). Secrets come from the environment or from files that it names.
    ///
    /// # Errors
    /// The file cannot be read or is larger than [`MAX_BYTES`](abide_guard::policy::MAX_BYTES); or anything in it is unknown, missing or
    /// wrong, all reported at once.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, BoundaryError> {
        Self::loaded(path.as_ref(), LoadMode::Work)
    }

    /// As [`Boundary::load`], but for the lock that the file names: to make that lock, or to see what it lacks.
    ///
    /// # Errors
    /// As [`Boundary::load`].
    pub fn load_unlocked(path: impl AsRef<Path>) -> Result<Self, BoundaryError> {
        Self::loaded(path.as_ref(), LoadMode::Lock)
    }

    /// Reads the text of a boundary file. Relative paths start at `base_dir`; `env` stands for the environment.
    ///
    /// # Errors
    /// As [`Boundary::load`].
    pub fn parse(
        text: &str,
        base_dir: impl AsRef<Path>,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, BoundaryError> {
        let context = LoadContext { base_dir: base_dir.as_ref(), env };
        Self::read("boundary.toml", text, context, LoadMode::Work).map(|(boundary, _)| boundary)
    }

    /// A boundary without servers and tools, for programs that call none.
    pub fn empty() -> Self {
        Self { policy: Policy::empty(), servers: Arc::default(), connections: Connections::default() }
    }

    /// A boundary made in code; the same rules hold as for a file. The policy's servers are these.
    ///
    /// # Errors
    /// Anything that is wrong, all at once.
    pub fn new(policy: PolicySpec, servers: Servers) -> Result<Self, BoundaryError> {
        let policy = PolicySpec { servers: servers.ids(), ..policy };
        let declared = Declared::by(&policy);
        let problems = file::problems(&policy, &servers, &declared);
        if problems.is_empty() { Self::checked(policy, servers, &declared) } else { Err(invalid("in code", problems)) }
    }

    /// A copy in which the address or the credentials of one server are others, as staging and test servers need. Rules stay, and
    /// so do the digest and the clock. Its connections are its own.
    ///
    /// # Errors
    /// There is no such server, or what it became breaks a rule of boundaries.
    pub fn with_server(&self, id: &str, change: impl FnOnce(&mut ServerConfig)) -> Result<Self, BoundaryError> {
        let mut servers = Servers::clone(&self.servers);
        match servers.http.values_mut().find(|server| server.id.as_str() == id) {
            Some(server) => change(server),
            None => {
                let problem = Problem::new("servers", format!("there is no server `{id}`"));
                return Err(invalid("in code", vec![problem]));
            }
        }
        let changed = Self::new(self.policy.spec().clone(), servers)?;
        Ok(changed.with_clock(self.connections.clock().clone()))
    }

    /// A copy that lives by another clock, as all do that is made of it: connections, tokens, guard and runtime. Tokens are asked for
    /// anew. For tests.
    #[must_use]
    pub fn with_clock(&self, clock: Arc<dyn Clock>) -> Self {
        Self { connections: Connections::new(clock), ..self.clone() }
    }

    /// What is allowed.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// What copies of this boundary share while it is at work.
    pub fn connections(&self) -> &Connections {
        &self.connections
    }

    /// The servers that are child processes, in the order of ids.
    pub fn commands(&self) -> impl Iterator<Item = &CommandConfig> {
        self.servers.commands.values()
    }

    /// The servers over HTTP, in the order of ids.
    pub fn servers(&self) -> impl Iterator<Item = &ServerConfig> {
        self.servers.http.values()
    }

    /// The ids of all servers: those over HTTP, then the child processes, each in the order of ids.
    pub fn server_ids(&self) -> impl Iterator<Item = &ServerId> {
        self.servers().map(|server| &server.id).chain(self.commands().map(|command| &command.id))
    }

    /// One server over HTTP.
    pub fn server(&self, id: &ServerId) -> Option<&ServerConfig> {
        self.servers.http.get(id)
    }

    /// The server over HTTP of a tool; none for functions and for tools of child processes.
    pub fn server_of(&self, tool: &ToolName) -> Option<&ServerConfig> {
        let id = tool.server()?;
        self.servers().find(|server| server.id.as_str() == id)
    }

    pub(super) fn read(
        name: &str,
        text: &str,
        context: LoadContext<'_>,
        mode: LoadMode,
    ) -> Result<(Self, Lines), BoundaryError> {
        check_size(name, text)?;
        let (policy, servers, declared, lines) =
            file::read(text, context, mode).map_err(|problems| invalid(name, problems))?;
        Ok((Self::checked(policy, servers, &declared)?, lines))
    }

    fn loaded(path: &Path, mode: LoadMode) -> Result<Self, BoundaryError> {
        let (name, text) = text_of(path)?;
        let base_dir = path.parent().unwrap_or(Path::new(""));
        let context = LoadContext { base_dir, env: &|key| std::env::var(key).ok() };
        Self::read(&name, &text, context, mode).map(|(boundary, _)| boundary)
    }

    fn checked(policy: PolicySpec, servers: Servers, declared: &Declared) -> Result<Self, BoundaryError> {
        let (policy, servers) = (Policy::checked(policy, declared)?, Arc::new(servers));
        Ok(Self { policy, servers, connections: Connections::default() })
    }
}
