use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, PoisonError},
};

use abide_base::{
    call::{ReplyStatus, ToolCall, ToolName, ToolReply},
    id::RunId,
};
use abide_signatures::{Digest, Fields};
use serde::{Deserialize, Serialize};

use super::{
    counts::{Attempt, Counts, Reserved},
    memory::Memory,
    structure::Structure,
};
use crate::policy::{Policy, Registry};

/// What one run has done so far: calls and values are counted, and what was said to it is remembered by who said it.
/// Belongs to one run; may be shared by its concurrent calls.
pub struct Session {
    run: RunId,
    mode: Mode,
    oversight: Oversight,
    labels: Labels,
    caller: Option<Caller>,
    caller_hash: Option<Digest>,
    registry: Registry,
    counts: Mutex<Counts>,
    memory: Mutex<Memory>,
}

/// What a run is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Calls are made.
    Live,
    /// Calls that change something are stood in for.
    DryRun,
}

/// Whether an approver may be asked about calls of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Oversight {
    /// Yes, where the runtime has one.
    #[default]
    Attended,
    /// No: a call that needs an approval is refused.
    Unattended,
}

/// What a run belongs to, by names of your own; compiling writes `candidate` and `example`. For joining audit rows.
pub type Labels = BTreeMap<String, String>;

/// On whose behalf a run is made: a user, a tenant. Your own word for it, such as a user id; a boundary can limit what all runs of one
/// caller do in a time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Caller(String);

/// A counted call that was not permitted yet; dropped, it counts no more.
pub(crate) struct Reservation<'s> {
    session: &'s Session,
    reserved: Option<Reserved>,
}

impl Oversight {
    /// As it is written in audits.
    pub fn name(self) -> &'static str {
        match self {
            Self::Attended => "attended",
            Self::Unattended => "unattended",
        }
    }

    pub(crate) fn is_attended(&self) -> bool {
        *self == Self::Attended
    }
}

impl Mode {
    /// As it is written in audits.
    pub fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::DryRun => "dry_run",
        }
    }
}

impl Session {
    /// A run that has done nothing yet. The texts and numbers of `input` are what the run was asked: values in them count as given by
    /// the user.
    pub fn new(run: RunId, mode: Mode, input: &Fields) -> Self {
        let registry = Registry::new();
        Self {
            run,
            mode,
            oversight: Oversight::default(),
            labels: Labels::new(),
            caller: None,
            caller_hash: None,
            registry,
            counts: Mutex::default(),
            memory: Mutex::new(Memory::of(input)),
        }
    }

    /// With or without an approver who may be asked.
    #[must_use]
    pub fn overseen(mut self, oversight: Oversight) -> Self {
        self.oversight = oversight;
        self
    }

    /// With labels for its audit rows.
    #[must_use]
    pub fn labelled(mut self, labels: Labels) -> Self {
        self.labels = labels;
        self
    }

    /// With lists of its own, such as the payees of the user whom the run serves, beside those of the boundary.
    #[must_use]
    pub fn with_registry(mut self, registry: Registry) -> Self {
        self.registry = registry;
        self
    }

    /// On whose behalf it is made.
    #[must_use]
    pub fn called_by(mut self, caller: Option<Caller>) -> Self {
        self.caller_hash = caller.as_ref().map(|caller| Digest::of_bytes(caller.as_str().as_bytes()));
        self.caller = caller;
        self
    }

    /// Remembers a tool's reply: its fields, as values that came from that tool, and its prose, as text that the boundary does not vouch
    /// for. A reply that is JSON as text has the fields of that JSON.
    pub fn observe(&self, tool: &ToolName, reply: &ToolReply) {
        let structure = Structure::of(&reply.content);
        self.memory().observe(tool, &structure, reply.status);
    }

    /// Which run.
    pub fn run(&self) -> RunId {
        self.run
    }

    /// What the run is for.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Whether an approver may be asked about its calls.
    pub fn oversight(&self) -> Oversight {
        self.oversight
    }

    /// On whose behalf it is made.
    pub fn caller(&self) -> Option<&Caller> {
        self.caller.as_ref()
    }

    /// What stands in audit rows for the caller.
    pub(crate) fn caller_hash(&self) -> Option<&Digest> {
        self.caller_hash.as_ref()
    }

    /// What the run belongs to.
    pub fn labels(&self) -> &Labels {
        &self.labels
    }

    /// Permitted calls of a tool so far.
    pub fn calls_of(&self, tool: &ToolName) -> u32 {
        self.counts().calls.get(tool).copied().unwrap_or_default()
    }

    /// Calls that the run has asked for so far, with those that were refused and the one that is being decided.
    pub fn asked(&self) -> u32 {
        self.counts().asked()
    }

    /// Lists of its own that arguments may come from.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Numbers a wanted call; each number is given once.
    pub(crate) fn attempt(&self) -> Attempt {
        self.counts().attempt()
    }

    /// A call was answered: its reply is remembered, for rules of provenance and of sequence.
    pub(crate) fn answered(&self, policy: &Policy, call: &ToolCall, reply: &ToolReply) {
        let structure = Structure::of(&reply.content);
        self.memory().observe(&call.tool, &structure, reply.status);
        self.keep(policy, &call.tool, reply);
        let reply = (reply.status == ReplyStatus::Done).then_some(&structure);
        self.counts().ended(call, reply, policy.asked_fields(&call.tool));
    }

    /// A call was answered, and the program must not know what.
    pub(crate) fn withheld(&self, call: &ToolCall) {
        self.counts().ended(call, None, std::iter::empty());
    }

    /// Remembers what of a reply must not leave, where the boundary says so of the tool.
    pub(crate) fn keep(&self, policy: &Policy, tool: &ToolName, reply: &ToolReply) {
        if let Some(fields) = policy.keeps_in(tool) {
            self.memory().keep(tool, fields, reply);
        }
    }

    /// As if a boundary said so of a field.
    #[cfg(fuzzing)]
    pub(crate) fn keep_field(&self, tool: &ToolName, field: &str, reply: &ToolReply) {
        self.memory().keep(tool, &crate::policy::NoEgressFields::Only([field.to_owned()].into()), reply);
    }

    /// A call failed, so to repeat it is no waste. Others like it were made all the same.
    pub(crate) fn forget_made(&self, call: &ToolCall) {
        self.counts().forget_made(call);
    }

    /// Looks at what the run has seen so far.
    #[doc(hidden)]
    pub fn with_memory<T>(&self, ask: impl FnOnce(&Memory) -> T) -> T {
        ask(&self.memory())
    }

    pub(crate) fn counts(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn memory(&self) -> std::sync::MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Caller {
    /// A caller.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The text form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'s> Reservation<'s> {
    pub(crate) fn new(session: &'s Session, reserved: Reserved) -> Self {
        Self { session, reserved: Some(reserved) }
    }

    /// What it holds.
    pub(crate) fn reserved(&self) -> Option<&Reserved> {
        self.reserved.as_ref()
    }

    /// The call was permitted: it stays counted.
    pub(crate) fn keep(mut self) {
        self.reserved = None;
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        if let Some(reserved) = self.reserved.take() {
            self.session.counts().give_back(&reserved);
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("run", &self.run)
            .field("mode", &self.mode)
            .field("labels", &self.labels)
            .finish_non_exhaustive()
    }
}
