use std::{
    collections::BTreeMap,
    fmt,
    hash::{Hash, Hasher},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

use crate::{Digest, Fields, SignatureSpec};

/// One tunable leaf of a program: a signature, and the state that compiling may change.
#[derive(Clone, Debug)]
pub struct Slot {
    id: SlotId,
    spec: Arc<SignatureSpec>,
    state: Arc<SlotState>,
    tools: Arc<BTreeMap<String, Digest>>,
}

/// Tells slots apart inside one program. A clone of a slot has the same id, so that a trace of a clone names its original.
#[derive(Clone)]
pub struct SlotId(Arc<()>);

/// What compiling may change in one slot.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlotState {
    /// Replaces the signature's own instruction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instruction: Option<String>,
    /// Demonstrations, in the order of the prompt.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub demos: Vec<Demo>,
    /// Descriptions of tools that replace the servers' own, by tool name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tool_docs: BTreeMap<String, String>,
}

/// A demonstration: one exchange that shows the model what a good one looks like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Demo {
    /// Input fields; some may be left out.
    pub inputs: Fields,
    /// All output fields.
    pub outputs: Fields,
    /// Where it came from.
    pub origin: Origin,
}

/// Where a demonstration came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Origin {
    /// A labelled example of the training set.
    Labeled {
        /// The example's id.
        example: String,
    },
    /// One step of an admissible run over a training example.
    Bootstrapped {
        /// The example's id.
        example: String,
        /// Which step of the run, from 0.
        step: u32,
    },
    /// Written by a person.
    Written,
}

/// Where a slot is in a program: field names and indices, joined by dots (`agent.act`, `judges.0`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SlotPath(String);

/// A text that is no slot path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a slot path: expected names or indices joined by dots, such as `agent.act` or `judges.0`")]
pub struct SlotPathError(String);

impl Slot {
    /// A slot with the signature's own instruction and no demonstrations.
    pub fn new(spec: Arc<SignatureSpec>) -> Self {
        Self { id: SlotId(Arc::new(())), spec, state: Arc::default(), tools: Arc::default() }
    }

    /// With the tools that the slot offers its model, by name and digest of the definition.
    #[must_use]
    pub fn offering(mut self, tools: BTreeMap<String, Digest>) -> Self {
        self.tools = Arc::new(tools);
        self
    }

    /// The tools that the slot offers its model, by name and digest of the definition.
    pub fn tools(&self) -> &BTreeMap<String, Digest> {
        &self.tools
    }

    /// Which slot this is.
    pub fn id(&self) -> &SlotId {
        &self.id
    }

    /// The signature.
    pub fn spec(&self) -> &Arc<SignatureSpec> {
        &self.spec
    }

    /// The state.
    pub fn state(&self) -> &Arc<SlotState> {
        &self.state
    }

    /// The instruction in force: the state's, else the signature's own.
    pub fn instruction(&self) -> &str {
        self.state.instruction.as_deref().unwrap_or(&self.spec.instruction)
    }

    /// Replaces the state; clones made before keep theirs. Crate users go through [`crate::ProgramState::install`], which checks it.
    pub(crate) fn put(&mut self, state: Arc<SlotState>) {
        self.state = state;
    }

    pub(crate) fn renew_id(&mut self) {
        self.id = SlotId(Arc::new(()));
    }
}

impl PartialEq for SlotId {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for SlotId {}

impl Hash for SlotId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0).hash(state);
    }
}

impl fmt::Debug for SlotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SlotId({:p})", Arc::as_ptr(&self.0))
    }
}

impl SlotPath {
    /// The whole program. A leaf module that *is* the whole program has the path `self`.
    pub fn root() -> Self {
        Self(String::new())
    }

    /// The path of a field below this one.
    #[must_use]
    pub fn child(&self, name: &str) -> Self {
        if self.0.is_empty() { Self(name.to_owned()) } else { Self(format!("{}.{name}", self.0)) }
    }

    /// The path of an item below this one.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.child(&index.to_string())
    }

    /// The text form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn of_leaf(&self) -> Self {
        if self.0.is_empty() { Self("self".to_owned()) } else { self.clone() }
    }
}

impl TryFrom<String> for SlotPath {
    type Error = SlotPathError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let segment = |s: &str| !s.is_empty() && s.chars().all(|c| c.is_alphanumeric() || c == '_');
        if text.len() <= 512 && text.split('.').all(segment) {
            Ok(Self(text))
        } else {
            Err(SlotPathError(text.chars().take(80).collect()))
        }
    }
}

impl From<SlotPath> for String {
    fn from(path: SlotPath) -> Self {
        path.0
    }
}

impl fmt::Display for SlotPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
