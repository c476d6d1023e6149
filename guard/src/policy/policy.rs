use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use abide_base::{
    call::{ServerId, ToolName},
    scope::ScopeSet,
};
use abide_signatures::{CanonicalError, Digest};
use serde_json::json;

use super::{
    Answer, BoundaryError, Class, CompileWrites, Kept, Limits, PolicySpec, Problem, Registry, Source, ToolLock,
    ToolRule,
    concern::{NoEgressFields, Watched},
    file, read_text, validate,
};

/// The largest boundary file, in bytes.
pub const MAX_BYTES: u64 = 1024 * 1024;

/// What the operator allows. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Policy(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    spec: PolicySpec,
    digest: Digest,
    /// Tools that rules of sequence look for, or that have such rules, and the fields of replies that these rules ask for.
    watched: BTreeMap<ToolName, BTreeSet<String>>,
    /// Tools whose replies hold what must not leave.
    kept_in: BTreeMap<ToolName, NoEgressFields>,
}

impl Policy {
    /// Reads the rules of a boundary file (TOML), and leaves its servers alone: no secret is looked for, and tools may be those of servers
    /// that have no entry.
    ///
    /// # Errors
    /// The file cannot be read or is larger than [`MAX_BYTES`]; or anything in the rules is unknown, missing or wrong, all reported at
    /// once.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, BoundaryError> {
        let path = path.as_ref();
        let (name, text) = text_of(path)?;
        Self::read(&name, &text, path.parent().unwrap_or(Path::new("")))
    }

    /// Reads the rules in the text of a boundary file. Relative paths start at `base_dir`.
    ///
    /// # Errors
    /// As [`Policy::load`].
    pub fn parse(text: &str, base_dir: impl AsRef<Path>) -> Result<Self, BoundaryError> {
        Self::read("boundary.toml", text, base_dir.as_ref())
    }

    /// A policy made in code; the same rules hold as for a file.
    ///
    /// # Errors
    /// Anything that is wrong, all at once.
    pub fn new(spec: PolicySpec) -> Result<Self, BoundaryError> {
        let problems = validate::validate(&spec, &validate::Declared::by(&spec));
        if problems.is_empty() { Self::of(spec) } else { Err(invalid("in code", problems)) }
    }

    /// Its digest: of the tools with their rules, limits, what compiling may write, and the servers' ids. Addresses, client ids and
    /// credentials are not part of it, so that one policy has one digest in staging and in production.
    pub fn digest(&self) -> &Digest {
        &self.0.digest
    }

    /// What it is made of.
    pub fn spec(&self) -> &PolicySpec {
        &self.0.spec
    }

    /// The rule of a tool; `None` if it must not be called.
    pub fn tool(&self, name: &ToolName) -> Option<&ToolRule> {
        self.0.spec.tools.get(name)
    }

    /// Every tool that may be called, in the order of names.
    pub fn catalogue(&self) -> impl Iterator<Item = (&ToolName, &ToolRule)> {
        self.0.spec.tools.iter()
    }

    /// The scopes that tools of a server need, all together: the most that a token should ever ask for.
    pub fn scopes_for(&self, server: &ServerId) -> ScopeSet {
        self.catalogue()
            .filter(|(name, _)| name.server() == Some(server.as_str()))
            .fold(ScopeSet::new(), |all, (_, rule)| all.union(&rule.scopes))
    }

    /// Limits over all tools.
    pub fn limits(&self) -> &Limits {
        &self.0.spec.limits
    }

    /// Lists that arguments may come from.
    pub fn registry(&self) -> &Registry {
        &self.0.spec.registry
    }

    /// A class of values that must not leave.
    pub fn class(&self, name: &str) -> Option<&Class> {
        self.0.spec.sensitive.get(name)
    }

    /// What programs may answer.
    pub fn answer(&self) -> &Answer {
        &self.0.spec.answer
    }

    /// Values that the operator has planted.
    pub fn canaries(&self) -> &[String] {
        &self.0.spec.canaries
    }

    /// The definitions of tools that were approved.
    pub fn lock(&self) -> Option<&ToolLock> {
        self.0.spec.lock.as_ref()
    }

    /// The server of a tool; none for functions.
    pub fn server_of(&self, tool: &ToolName) -> Option<&ServerId> {
        let id = tool.server()?;
        self.0.spec.servers.iter().find(|known| known.as_str() == id)
    }

    /// Whether tools may be of a server with this id.
    pub(crate) fn has_server(&self, id: &str) -> bool {
        self.0.spec.servers.iter().any(|known| known.as_str() == id)
    }

    /// Whether rules of sequence look for calls of this tool.
    pub(crate) fn watches(&self, tool: &ToolName) -> Watched {
        if self.0.watched.contains_key(tool) { Watched::Yes } else { Watched::No }
    }

    /// The fields of this tool's replies that rules of sequence ask for.
    pub(crate) fn asked_fields(&self, tool: &ToolName) -> impl Iterator<Item = &str> {
        self.0.watched.get(tool).into_iter().flatten().map(String::as_str)
    }

    /// What of that which this tool says must not leave; `None` if nothing is said of it.
    pub(crate) fn keeps_in(&self, tool: &ToolName) -> Option<&NoEgressFields> {
        self.0.kept_in.get(tool)
    }

    /// What becomes of writes while compiling.
    pub fn compile_writes(&self) -> CompileWrites {
        self.0.spec.compile_writes
    }

    /// A policy without servers and tools: every call is refused.
    #[expect(clippy::expect_used, reason = "an empty policy has no number that JSON could not hold")]
    pub fn empty() -> Self {
        Self::of(PolicySpec::default()).expect("an empty policy has a digest")
    }

    /// A policy of a spec whose other parts were read with it: `declared` says which names they declare.
    ///
    /// # Errors
    /// Anything that is wrong, all at once.
    #[doc(hidden)]
    pub fn checked(spec: PolicySpec, declared: &super::Declared) -> Result<Self, BoundaryError> {
        let problems = super::validate::validate(&spec, declared);
        if problems.is_empty() { Self::of(spec) } else { Err(invalid("policy", problems)) }
    }

    fn of(spec: PolicySpec) -> Result<Self, BoundaryError> {
        let digest =
            digest(&spec).map_err(|error| invalid("policy", vec![Problem::new("tools", error.to_string())]))?;
        let (watched, kept_in) = (watched(&spec), kept_in(&spec));
        Ok(Self(Arc::new(Inner { spec, digest, watched, kept_in })))
    }

    fn read(name: &str, text: &str, base_dir: &Path) -> Result<Self, BoundaryError> {
        check_size(name, text)?;
        let (spec, _) = file::read_policy(text, base_dir).map_err(|problems| invalid(name, problems))?;
        Self::of(spec)
    }
}

fn digest(spec: &PolicySpec) -> Result<Digest, CanonicalError> {
    let mut policy = json!({
        "servers": spec.servers,
        "tools": spec.tools,
        "limits": spec.limits,
        "compile": { "writes": spec.compile_writes },
    });
    // a boundary that has nothing of a kind keeps the digest that it had before there was that kind
    let later_parts = [
        ("registry", !spec.registry.is_empty(), json!(spec.registry)),
        ("sensitive", !spec.sensitive.is_empty(), json!(spec.sensitive)),
        ("answer", !spec.answer.is_empty(), json!(spec.answer)),
        ("canaries", !spec.canaries.is_empty(), json!(spec.canaries)),
        ("lock", spec.lock.is_some(), json!(spec.lock.as_ref().map(ToolLock::digests))),
    ];
    if let Some(policy) = policy.as_object_mut() {
        for (name, _, value) in later_parts.into_iter().filter(|(_, said, _)| *said) {
            policy.insert(name.to_owned(), value);
        }
    }
    Digest::of(&policy)
}

fn watched(spec: &PolicySpec) -> BTreeMap<ToolName, BTreeSet<String>> {
    let mut watched: BTreeMap<ToolName, BTreeSet<String>> = BTreeMap::new();
    for (name, rule) in &spec.tools {
        for call in rule.sequence() {
            watched.entry(name.clone()).or_default();
            let fields = watched.entry(call.tool.clone()).or_default();
            fields.extend(call.answered.iter().map(|(field, _)| field.clone()));
        }
    }
    watched
}

/// The fields of each tool's replies that `no_egress` or a class names as source.
fn kept_in(spec: &PolicySpec) -> BTreeMap<ToolName, NoEgressFields> {
    let kept_out = spec.tools.values().flat_map(|rule| &rule.no_egress).filter_map(|kept| match kept {
        Kept::From(source) => Some(source),
        Kept::Class(_) => None,
    });
    let mut kept_in = BTreeMap::new();
    for source in kept_out.chain(spec.sensitive.values().flat_map(|class| &class.from)) {
        let Source::Reply { tool, field } = source else { continue };
        let fields = kept_in.entry(tool.clone()).or_insert_with(|| NoEgressFields::Only(BTreeSet::new()));
        match (field, fields) {
            (Some(field), NoEgressFields::Only(names)) => drop(names.insert(field.clone())),
            (_, fields) => *fields = NoEgressFields::All,
        }
    }
    kept_in
}

/// The name of a file, and what stands in it.
pub fn text_of(path: &Path) -> Result<(String, String), BoundaryError> {
    let name = path.display().to_string();
    match read_text(path, MAX_BYTES) {
        Ok(text) => Ok((name, text)),
        Err(error) if error.kind() == std::io::ErrorKind::FileTooLarge => Err(BoundaryError::TooLarge { name }),
        Err(error) => Err(BoundaryError::Unreadable { path: name, reason: error.to_string() }),
    }
}

/// Refuses a text that is larger than [`MAX_BYTES`].
///
/// # Errors
/// It is larger.
pub fn check_size(name: &str, text: &str) -> Result<(), BoundaryError> {
    if text.len() as u64 > MAX_BYTES { Err(BoundaryError::TooLarge { name: name.to_owned() }) } else { Ok(()) }
}

/// The error of a file with these problems.
pub fn invalid(name: &str, problems: Vec<Problem>) -> BoundaryError {
    BoundaryError::Invalid { name: name.to_owned(), problems }
}
