//! What the operator allows: servers, scopes, effects, argument rules, limits.
//!
//! A [`Boundary`] is read from a file ([`Boundary::load`]), or made in code ([`Boundary::from_parts`]). Whatever it does not name
//! is not allowed. It never changes: the address of a server can be exchanged in a copy ([`Boundary::with_server`]), rules cannot.

mod draft;
mod error;
mod file;
mod input;
mod lock;
mod oauth;
mod reader;
mod recorded;
mod registry;
mod rule;
mod server;
mod text;
mod token;
mod validate;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use serde_json::json;

pub use draft::Draft;
pub use error::{BoundaryError, Problem};
pub use input::InputPolicy;
pub use lock::{Approved, Drift, LockError, ToolLock};
pub use oauth::{ClientAuth, Code, Endpoints, Enterprise, Grant, OAuth, Proof, Registration, StepUp, TokenSource};
pub(super) use reader::join as key_path;
pub use recorded::Recorded;
pub use registry::Registry;
pub use rule::{
    Answer, AnyOf, Approval, ArgumentRule, Brake, CallLimits, Class, ClassPattern, CompileWrites, Distinct, Earlier,
    EarlierError, Kept, Liftable, Limits, Markup, Others, Rate, RateError, ReadAs, ReplyRule, Same, Source, ToolRule,
    Uses, WrittenAs,
};
pub use server::{Access, CommandConfig, Protocol, ServerConfig};
pub(crate) use text::read_text;
pub use token::{MissingAudience, Pkce, ResourceParameter, TokenRequest, TokenRules};

use super::{
    Live, ScopeSet,
    session::{KeptFields, Watched},
};
use crate::{
    Digest,
    call::{ServerId, ToolName},
    clock::Clock,
};

/// The largest boundary file, in bytes.
pub const MAX_BYTES: u64 = 1024 * 1024;

/// What the operator allows. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Boundary(Arc<Inner>);

/// What a boundary is made of.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    /// The MCP servers over HTTP.
    pub servers: BTreeMap<ServerId, ServerConfig>,
    /// The MCP servers that are child processes.
    pub commands: BTreeMap<ServerId, CommandConfig>,
    /// The tools that may be called.
    pub tools: BTreeMap<ToolName, ToolRule>,
    /// Lists that arguments may come from.
    pub registry: Registry,
    /// Classes of values that must not leave, by name.
    pub sensitive: BTreeMap<String, Class>,
    /// Limits over all tools.
    pub limits: Limits,
    /// What programs may answer.
    pub answer: Answer,
    /// Values that the operator has planted where nobody should look: a call that has one of them obeys somebody else.
    pub canaries: Vec<String>,
    /// What becomes of writes while compiling.
    pub compile_writes: CompileWrites,
    /// The definitions of tools that were approved; any when absent.
    pub lock: Option<ToolLock>,
}

#[derive(Debug)]
struct Inner {
    parts: Parts,
    digest: Digest,
    live: Live,
    /// Tools that rules of sequence look for, or that have such rules, and the fields of replies that these rules ask for.
    watched: BTreeMap<ToolName, BTreeSet<String>>,
    /// Tools whose replies hold what must not leave.
    kept_in: BTreeMap<ToolName, KeptFields>,
}

impl Parts {
    /// Whether there is a server of this name, of either kind.
    pub(super) fn has_server(&self, id: &str) -> bool {
        self.servers.keys().chain(self.commands.keys()).any(|known| known.as_str() == id)
    }
}

impl Boundary {
    /// Reads a boundary file (TOML). Secrets come from the environment or from files that it names.
    ///
    /// # Errors
    /// The file cannot be read or is larger than [`MAX_BYTES`]; or anything in it is unknown, missing or wrong, all reported at once.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, BoundaryError> {
        Self::loaded(path.as_ref(), file::Purpose::Work)
    }

    /// As [`Boundary::load`], but for the lock that the file names: to make that lock, or to see what it lacks.
    ///
    /// # Errors
    /// As [`Boundary::load`].
    pub fn load_unlocked(path: impl AsRef<Path>) -> Result<Self, BoundaryError> {
        Self::loaded(path.as_ref(), file::Purpose::Lock)
    }

    /// Reads the rules of a boundary file, and leaves its servers alone: no secret is looked for, and tools may be those of servers that
    /// have no entry. For deciding offline; nothing can be connected to with it.
    ///
    /// # Errors
    /// As [`Boundary::load`].
    pub fn load_rules(path: impl AsRef<Path>) -> Result<Self, BoundaryError> {
        let path = path.as_ref();
        let (name, text) = text_of(path)?;
        let extent = file::Extent::Rules(path.parent().unwrap_or(Path::new("")));
        file::read(&text, extent)
            .map_err(|problems| invalid(&name, problems))
            .and_then(|(parts, _)| Self::checked(parts))
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
        let around = file::Surroundings { base_dir: base_dir.as_ref(), env, purpose: file::Purpose::Work };
        Self::read("boundary.toml", text, around).map(|(boundary, _)| boundary)
    }

    /// A boundary made in code; the same rules hold as for a file.
    ///
    /// # Errors
    /// Anything that is wrong, all at once.
    pub fn from_parts(parts: Parts) -> Result<Self, BoundaryError> {
        let problems = validate::check(&parts, &validate::Declared::by(&parts));
        if problems.is_empty() { Self::checked(parts) } else { Err(invalid("in code", problems)) }
    }

    /// A copy in which the address or the credentials of one server are others, as staging and test servers need. Rules stay, and
    /// so does the digest.
    ///
    /// # Errors
    /// There is no such server, or what it became breaks a rule of boundaries.
    pub fn with_server(&self, id: &str, change: impl FnOnce(&mut ServerConfig)) -> Result<Self, BoundaryError> {
        let mut parts = self.0.parts.clone();
        match parts.servers.values_mut().find(|server| server.id.as_str() == id) {
            Some(server) => change(server),
            None => {
                let problem = Problem::new("servers", format!("there is no server `{id}`"));
                return Err(invalid("in code", vec![problem]));
            }
        }
        Self::from_parts(parts)
    }

    /// A copy that lives by another clock; for tests. Tokens are asked for anew.
    #[must_use]
    pub fn with_clock(&self, clock: Arc<dyn Clock>) -> Self {
        let Inner { parts, digest, watched, kept_in, .. } = &*self.0;
        let (parts, digest) = (parts.clone(), digest.clone());
        let (watched, kept_in) = (watched.clone(), kept_in.clone());
        Self(Arc::new(Inner { parts, digest, watched, kept_in, live: Live::new(clock) }))
    }

    /// What copies of this boundary share while it is at work.
    pub fn live(&self) -> &Live {
        &self.0.live
    }

    /// The digest of the policy: tools with their rules, limits, what compiling may write, and the servers' ids. Addresses, client ids and
    /// credentials are not part of it, so that one policy has one digest in staging and in production.
    pub fn digest(&self) -> &Digest {
        &self.0.digest
    }

    /// The rule of a tool. None: it must not be called.
    pub fn tool(&self, name: &ToolName) -> Option<&ToolRule> {
        self.0.parts.tools.get(name)
    }

    /// Every tool that may be called, in the order of names.
    pub fn catalogue(&self) -> impl Iterator<Item = (&ToolName, &ToolRule)> {
        self.0.parts.tools.iter()
    }

    /// The servers that are child processes, in the order of ids.
    pub fn commands(&self) -> impl Iterator<Item = &CommandConfig> {
        self.0.parts.commands.values()
    }

    /// The servers over HTTP, in the order of ids.
    pub fn servers(&self) -> impl Iterator<Item = &ServerConfig> {
        self.0.parts.servers.values()
    }

    /// The ids of all servers: those over HTTP, then the child processes, each in the order of ids.
    pub fn server_ids(&self) -> impl Iterator<Item = &ServerId> {
        self.servers().map(|server| &server.id).chain(self.commands().map(|command| &command.id))
    }

    /// One server over HTTP.
    pub fn server(&self, id: &ServerId) -> Option<&ServerConfig> {
        self.0.parts.servers.get(id)
    }

    /// The server over HTTP of a tool; none for functions and for tools of child processes.
    pub fn server_of(&self, tool: &ToolName) -> Option<&ServerConfig> {
        let id = tool.server()?;
        self.servers().find(|server| server.id.as_str() == id)
    }

    /// The scopes that tools of a server need, all together: the most that a token should ever ask for.
    pub fn scopes_for(&self, server: &ServerId) -> ScopeSet {
        self.catalogue()
            .filter(|(name, _)| name.server() == Some(server.as_str()))
            .fold(ScopeSet::new(), |all, (_, rule)| all.union(&rule.scopes))
    }

    /// Limits over all tools.
    pub fn limits(&self) -> &Limits {
        &self.0.parts.limits
    }

    /// Lists that arguments may come from.
    pub fn registry(&self) -> &Registry {
        &self.0.parts.registry
    }

    /// A class of values that must not leave.
    pub fn class(&self, name: &str) -> Option<&Class> {
        self.0.parts.sensitive.get(name)
    }

    /// What programs may answer.
    pub fn answer(&self) -> &Answer {
        &self.0.parts.answer
    }

    /// Values that the operator has planted.
    pub fn canaries(&self) -> &[String] {
        &self.0.parts.canaries
    }

    /// The definitions of tools that were approved.
    pub fn lock(&self) -> Option<&ToolLock> {
        self.0.parts.lock.as_ref()
    }

    /// What it is made of.
    pub fn parts(&self) -> &Parts {
        &self.0.parts
    }

    /// Whether rules of sequence look for calls of this tool.
    pub(super) fn watches(&self, tool: &ToolName) -> Watched {
        if self.0.watched.contains_key(tool) { Watched::Yes } else { Watched::No }
    }

    /// The fields of this tool's replies that rules of sequence ask for.
    pub(super) fn asked_fields(&self, tool: &ToolName) -> impl Iterator<Item = &str> {
        self.0.watched.get(tool).into_iter().flatten().map(String::as_str)
    }

    /// What of that which this tool says must not leave; none: nothing.
    pub(super) fn keeps_in(&self, tool: &ToolName) -> Option<&KeptFields> {
        self.0.kept_in.get(tool)
    }

    /// What becomes of writes while compiling.
    pub fn compile_writes(&self) -> CompileWrites {
        self.0.parts.compile_writes
    }

    fn loaded(path: &Path, purpose: file::Purpose) -> Result<Self, BoundaryError> {
        let (name, text) = text_of(path)?;
        let base_dir = path.parent().unwrap_or(Path::new(""));
        let around = file::Surroundings { base_dir, env: &|key| std::env::var(key).ok(), purpose };
        Self::read(&name, &text, around).map(|(boundary, _)| boundary)
    }

    fn read(name: &str, text: &str, around: file::Surroundings<'_>) -> Result<(Self, reader::Lines), BoundaryError> {
        check_size(name, text)?;
        let read = file::read(text, file::Extent::Whole(around));
        let (parts, lines) = read.map_err(|problems| invalid(name, problems))?;
        Ok((Self::checked(parts)?, lines))
    }

    fn checked(parts: Parts) -> Result<Self, BoundaryError> {
        let mut policy = json!({
            "servers": parts.servers.keys().chain(parts.commands.keys()).collect::<std::collections::BTreeSet<_>>(),
            "tools": parts.tools,
            "limits": parts.limits,
            "compile": { "writes": parts.compile_writes },
        });
        // a boundary that has nothing of a kind keeps the digest that it had before there was that kind
        let parts_of_late = [
            ("registry", !parts.registry.is_empty(), json!(parts.registry)),
            ("sensitive", !parts.sensitive.is_empty(), json!(parts.sensitive)),
            ("answer", !parts.answer.is_empty(), json!(parts.answer)),
            ("canaries", !parts.canaries.is_empty(), json!(parts.canaries)),
            ("lock", parts.lock.is_some(), json!(parts.lock.as_ref().map(ToolLock::digests))),
        ];
        if let Some(policy) = policy.as_object_mut() {
            for (name, _, value) in parts_of_late.into_iter().filter(|(_, said, _)| *said) {
                policy.insert(name.to_owned(), value);
            }
        }
        let digest =
            Digest::of(&policy).map_err(|error| invalid("policy", vec![Problem::new("tools", error.to_string())]))?;
        let live = Live::default();
        let watched = watched(&parts);
        let kept_in = kept_in(&parts);
        Ok(Self(Arc::new(Inner { parts, digest, live, watched, kept_in })))
    }
}

fn watched(parts: &Parts) -> BTreeMap<ToolName, BTreeSet<String>> {
    let mut watched: BTreeMap<ToolName, BTreeSet<String>> = BTreeMap::new();
    for (name, rule) in &parts.tools {
        for call in rule.sequence() {
            watched.entry(name.clone()).or_default();
            let fields = watched.entry(call.tool.clone()).or_default();
            fields.extend(call.answered.iter().map(|(field, _)| field.clone()));
        }
    }
    watched
}

/// The fields of each tool's replies that `keep_out` or a class names as source.
fn kept_in(parts: &Parts) -> BTreeMap<ToolName, KeptFields> {
    let kept_out = parts.tools.values().flat_map(|rule| &rule.keep_out).filter_map(|kept| match kept {
        Kept::From(source) => Some(source),
        Kept::Class(_) => None,
    });
    let mut kept_in = BTreeMap::new();
    for source in kept_out.chain(parts.sensitive.values().flat_map(|class| &class.from)) {
        let Source::Reply { tool, field } = source else { continue };
        let fields = kept_in.entry(tool.clone()).or_insert_with(|| KeptFields::Only(BTreeSet::new()));
        match (field, fields) {
            (Some(field), KeptFields::Only(names)) => drop(names.insert(field.clone())),
            (_, fields) => *fields = KeptFields::All,
        }
    }
    kept_in
}

/// The name of a file, and what stands in it.
fn text_of(path: &Path) -> Result<(String, String), BoundaryError> {
    let name = path.display().to_string();
    match read_text(path, MAX_BYTES) {
        Ok(text) => Ok((name, text)),
        Err(error) if error.kind() == std::io::ErrorKind::FileTooLarge => Err(BoundaryError::TooLarge { name }),
        Err(error) => Err(BoundaryError::Unreadable { path: name, reason: error.to_string() }),
    }
}

fn check_size(name: &str, text: &str) -> Result<(), BoundaryError> {
    if text.len() as u64 > MAX_BYTES { Err(BoundaryError::TooLarge { name: name.to_owned() }) } else { Ok(()) }
}

/// The place of a rule of a field, `path` being the names that lead to it. A field that is named like a key of rules stands under `fields`.
pub(super) fn field_path(argument: &str, path: &[&str]) -> String {
    path.iter().fold(argument.to_owned(), |place, name| {
        let is_key = file::ARGUMENT_KEYS.contains(name);
        key_path(&if is_key { key_path(&place, "fields") } else { place }, name)
    })
}

fn invalid(name: &str, problems: Vec<Problem>) -> BoundaryError {
    BoundaryError::Invalid { name: name.to_owned(), problems }
}

#[cfg(test)]
mod tests;
