use std::{collections::BTreeMap, sync::Arc};

use abide_signatures::{CanonicalError, Demo, Digest, ProgramState, SignatureSpec, SlotPath, SlotState};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::Score;

/// The port through which a search runs rollouts. The runtime implements it; a search sees nothing else of the world.
#[async_trait]
pub trait Subject: Send + Sync {
    /// The tunable leaves of the program, in the order of their paths.
    fn slots(&self) -> &[SlotInfo];

    /// How many examples each split has.
    fn sizes(&self) -> SplitSizes;

    /// The demonstration that a labelled training example makes for a slot; `None` if label and slot do not fit.
    fn labeled(&self, slot: &SlotPath, example: usize) -> Option<Demo>;

    /// Runs and scores one example. Never fails: what could not be scored says so.
    /// Any number may be asked for at once; the subject decides how many run.
    async fn rollout(&self, trial: Trial) -> Rollout;

    /// Asks the proposer model.
    async fn ask(&self, prompt: &str, seed: u64) -> Result<String, AskError>;
}

/// One tunable leaf, as a search sees it.
#[derive(Clone, Debug)]
pub struct SlotInfo {
    /// Where it is in the program.
    pub path: SlotPath,
    /// Its signature.
    pub spec: Arc<SignatureSpec>,
    /// The state it has before the search.
    pub state: SlotState,
}

/// The part of the data an example belongs to. A search never sees the test split.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// Where demonstrations and feedback come from.
    Train,
    /// Where candidates are compared.
    Val,
}

/// How many examples each split has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SplitSizes {
    /// Training examples.
    pub train: usize,
    /// Validation examples.
    pub val: usize,
}

/// A program state and its digest.
#[derive(Clone, Debug)]
pub struct Candidate {
    state: Arc<ProgramState>,
    digest: Digest,
}

/// Which program runs a trial.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The program that is compiled.
    #[default]
    Student,
    /// The program or model that shows how; the student itself where there is no other.
    Teacher,
}

/// One run to be scored.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The state to run.
    pub candidate: Candidate,
    /// Which program runs it.
    pub role: Role,
    /// Which split the example is from.
    pub split: Split,
    /// Which example of the split, from 0.
    pub example: usize,
    /// Seed of everything random in the run; sent to the model as its sampling seed.
    pub seed: u64,
}

/// The redacted view of one run: no tool text, no secret, no label.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Rollout {
    /// The score, or why there is none.
    pub outcome: Outcome,
    /// Exchanges that may serve as demonstrations, in the order of the run. Empty for runs that must not teach.
    pub traces: Vec<SlotTrace>,
    /// How often each kind of security event happened, by its code.
    pub events: BTreeMap<String, u32>,
    /// What the run cost.
    pub spent: Spent,
}

/// The score of a run, or why there is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The run was scored.
    Scored(Score),
    /// The infrastructure failed, not the program: never counts as a score of 0.
    NotScored {
        /// What failed.
        reason: String,
    },
}

/// One exchange of a run that may serve as a demonstration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SlotTrace {
    /// The slot that made it.
    pub slot: SlotPath,
    /// The demonstration, tool replies kept as their shapes.
    pub demo: Demo,
}

/// What runs cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// Calls of a model, cached ones not counted.
    pub model_calls: u64,
    /// Calls of a tool.
    pub tool_calls: u64,
    /// Tokens in prompts and replies.
    pub tokens: u64,
    /// Money, in millionths of a US dollar.
    pub micro_dollars: u64,
}

/// The proposer model gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the proposer model gave no answer: {0}")]
pub struct AskError(pub String);

impl Split {
    /// The name, as in reports: `train` or `val`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Val => "val",
        }
    }
}

impl Candidate {
    /// A candidate out of a state.
    ///
    /// # Errors
    /// The state has no canonical form: it holds an integer beyond 2^53.
    pub fn new(state: ProgramState) -> Result<Self, CanonicalError> {
        Ok(Self { digest: state.digest()?, state: Arc::new(state) })
    }

    /// The state.
    pub fn state(&self) -> &Arc<ProgramState> {
        &self.state
    }

    /// The digest of the state.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }
}

impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl Rollout {
    /// A run with this outcome, which teaches nothing and cost nothing.
    pub fn new(outcome: Outcome) -> Self {
        Self { outcome, ..Self::default() }
    }

    /// With exchanges that may serve as demonstrations.
    #[must_use]
    pub fn traces(mut self, traces: Vec<SlotTrace>) -> Self {
        self.traces = traces;
        self
    }

    /// With how often each kind of security event happened, by its code.
    #[must_use]
    pub fn events(mut self, events: BTreeMap<String, u32>) -> Self {
        self.events = events;
        self
    }

    /// With what it cost.
    #[must_use]
    pub fn spent(mut self, spent: Spent) -> Self {
        self.spent = spent;
        self
    }

    /// The score, when there is one.
    pub fn score(&self) -> Option<&Score> {
        self.outcome.score()
    }
}

impl Outcome {
    /// The score, when there is one that can be compared: a value that is not finite says as little as none.
    pub fn score(&self) -> Option<&Score> {
        match self {
            Self::Scored(score) if score.value.is_finite() => Some(score),
            Self::Scored(_) | Self::NotScored { .. } => None,
        }
    }
}

impl Default for Outcome {
    fn default() -> Self {
        Self::NotScored { reason: "not run".into() }
    }
}

impl std::ops::AddAssign for Spent {
    fn add_assign(&mut self, other: Self) {
        self.model_calls = self.model_calls.saturating_add(other.model_calls);
        self.tool_calls = self.tool_calls.saturating_add(other.tool_calls);
        self.tokens = self.tokens.saturating_add(other.tokens);
        self.micro_dollars = self.micro_dollars.saturating_add(other.micro_dollars);
    }
}
