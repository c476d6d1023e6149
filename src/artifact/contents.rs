use std::{collections::BTreeMap, fmt};

use abide_base::{call::ToolName, id::ModelId, scope::ScopeSet};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ArtifactError, ProgramName};
use crate::{Digest, ProgramState, SlotPath};

/// Everything in an artifact but its format and its digest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contents {
    /// Which program this is.
    pub program: Program,
    /// What compiling found.
    pub state: ProgramState,
    /// What the program may not run without.
    pub requires: Requires,
    /// The boundary it was compiled under.
    pub boundary_digest: Digest,
    /// Where it came from.
    pub provenance: Provenance,
    /// How well it did.
    pub evidence: Evidence,
}

/// Which program an artifact is of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Program {
    /// Its name.
    pub name: ProgramName,
    /// The shape of each slot's signature ([`crate::SignatureSpec::shape`]); the same slots as in the state.
    pub slots: BTreeMap<SlotPath, Digest>,
}

/// What a program needs from the operator who runs it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requires {
    /// The scopes of its tools.
    pub scopes: ScopeSet,
    /// Its tools, each with the digest of the definition it was compiled with.
    pub tools: BTreeMap<ToolName, Digest>,
}

/// How an artifact came to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// The search.
    pub optimizer: String,
    /// The search's settings.
    pub config: Value,
    /// Seed of everything random. Written as a string: JSON readers lose digits beyond 2^53.
    #[serde(with = "decimal")]
    pub seed: u64,
    /// The examples ([`crate::data::Dataset::digest`]).
    pub data_digest: Digest,
    /// Models by what they did, such as `student` or `proposer`.
    pub models: BTreeMap<String, ModelId>,
    /// The artifact that the search started from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Digest>,
    /// The version of abide that compiled it.
    pub abide_version: String,
}

/// How well a program did, before and after compiling. No times and no durations: the same search gives the same numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Whether the model was a simulation: then the numbers say nothing about a real one.
    pub simulated: bool,
    /// The numbers by split.
    pub splits: BTreeMap<SplitName, Comparison>,
}

/// Which examples were measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SplitName {
    /// Those that the search compared candidates on: its numbers flatter.
    Val,
    /// Those that the search never saw.
    Test,
}

/// The same examples with the state before and after compiling.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// Before.
    pub before: Measured,
    /// After.
    pub after: Measured,
}

/// What was measured over a split.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// Examples in the split.
    pub examples: u64,
    /// Runs that have a score.
    pub scored: u64,
    /// Runs that have none because the infrastructure failed; in no mean.
    pub not_scored: u64,
    /// Task success alone, in \[0, 1\].
    pub task: Estimate,
    /// Share of the runs that attempted a violation, in \[0, 1\]; of the scored runs, and of those that attempted one before they
    /// could not be scored.
    pub violation_rate: Estimate,
    /// Mean of what the search climbed.
    pub value: Fixed,
    /// Security events by code.
    pub events: BTreeMap<String, u64>,
    /// Calls of a model.
    pub model_calls: u64,
    /// Calls of a tool.
    pub tool_calls: u64,
    /// Tokens in prompts and replies.
    pub tokens: u64,
}

/// A mean with its confidence interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Estimate {
    /// The mean.
    pub mean: Fixed,
    /// Lower end.
    pub low: Fixed,
    /// Upper end.
    pub high: Fixed,
}

/// A number rounded to six decimals, so that it is written in the same way everywhere. Not finite: refused by
/// [`super::Artifact::seal`].
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(from = "f64", into = "f64")]
pub struct Fixed(f64);

impl Estimate {
    /// A mean and the ends of its interval, each rounded.
    pub fn new(mean: f64, low: f64, high: f64) -> Self {
        Self { mean: mean.into(), low: low.into(), high: high.into() }
    }
}

impl Fixed {
    /// The number.
    pub fn value(self) -> f64 {
        self.0
    }
}

impl From<f64> for Fixed {
    fn from(number: f64) -> Self {
        let rounded = if number.abs() < 1e9 { (number * 1e6).round() / 1e6 } else { number };
        // there is one zero
        Self(rounded + 0.0)
    }
}

impl From<Fixed> for f64 {
    fn from(number: Fixed) -> Self {
        number.0
    }
}

impl fmt::Display for Fixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Display for SplitName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Val => "val",
            Self::Test => "test",
        })
    }
}

/// The contents of a document without its digest, checked.
pub(super) fn read(mut document: Value) -> Result<Contents, ArtifactError> {
    if let Value::Object(map) = &mut document {
        map.remove("format");
    }
    let contents: Contents = serde_path_to_error::deserialize(document).map_err(|e| field(e.path(), e.inner()))?;
    check_slots(&contents)?;
    for (split, comparison) in &contents.evidence.splits {
        for (side, measured) in [("before", &comparison.before), ("after", &comparison.after)] {
            measured.check().map_err(|(name, reason)| ArtifactError::Field {
                field: format!("evidence.splits.{split}.{side}.{name}"),
                reason: reason.to_owned(),
            })?;
        }
    }
    Ok(contents)
}

impl Measured {
    fn check(&self) -> Result<(), (&'static str, &'static str)> {
        if self.scored.checked_add(self.not_scored) != Some(self.examples) {
            return Err(("examples", "must be the sum of `scored` and `not_scored`"));
        }
        for (name, estimate) in [("task", self.task), ("violation_rate", self.violation_rate)] {
            let in_order = 0.0 <= estimate.low.0
                && estimate.low <= estimate.mean
                && estimate.mean <= estimate.high
                && estimate.high.0 <= 1.0;
            if !in_order {
                return Err((name, "must have 0 <= `low` <= `mean` <= `high` <= 1"));
            }
        }
        Ok(())
    }
}

fn check_slots(contents: &Contents) -> Result<(), ArtifactError> {
    let (shapes, states) = (&contents.program.slots, &contents.state.0);
    let odd = |field: String, reason: &str| {
        let reason = reason.to_owned();
        Err(ArtifactError::Field { field, reason })
    };
    if let Some(path) = shapes.keys().find(|path| !states.contains_key(*path)) {
        return odd(format!("program.slots.{path}"), "has no entry in `state`");
    }
    match states.keys().find(|path| !shapes.contains_key(*path)) {
        Some(path) => odd(format!("state.{path}"), "has no entry in `program.slots`"),
        None => Ok(()),
    }
}

fn field(path: &serde_path_to_error::Path, reason: &serde_json::Error) -> ArtifactError {
    ArtifactError::Field { field: path.to_string(), reason: reason.to_string() }
}

mod decimal {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
    pub(super) fn serialize<S: Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(number)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(|_| D::Error::custom("expected a string of decimal digits"))
    }
}
