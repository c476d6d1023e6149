use std::{collections::BTreeMap, fmt, num::NonZeroU32, str::FromStr, time::Duration};

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::{
    Pattern,
    call::{Effect, NameError, ToolName},
    security::ScopeSet,
};

/// What the operator says of one tool. A tool without a rule cannot be called.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ToolRule {
    /// What a call does to the world.
    pub effect: Effect,
    /// Scopes that the token must have.
    pub scopes: ScopeSet,
    /// Rules of arguments, by the argument's name.
    pub arguments: BTreeMap<String, ArgumentRule>,
    /// The bulk-extraction brake.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distinct: Option<Distinct>,
    /// Most permitted calls in one run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_calls: Option<NonZeroU32>,
    /// What the program is shown instead of a reply where a write is only a dry run; see [`CompileWrites`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<Value>,
}

/// What the values of one argument must be. Every part that is present must hold, for each item where the value is a list;
/// an argument that is absent or null breaks no rule, because the tool's schema says whether it may be.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ArgumentRule {
    /// The whole text must match. Takes time linear in the length of the text, whatever the pattern.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<Pattern>,
    /// The only values allowed.
    #[serde(rename = "enum", skip_serializing_if = "Option::is_none")]
    pub one_of: Option<Vec<Value>>,
    /// The smallest number allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// The largest number allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// Most characters (Unicode scalar values) of a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_chars: Option<u32>,
    /// Where the values must come from: any of these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Vec<Source>>,
}

/// Where an argument's value may come from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Source {
    /// The run's input, as a whole token of its text. Written `input`, or `input:FIELD` where only that field of the input counts:
    /// a program's input often holds both what its user wrote and what others did.
    Input {
        /// The only field that counts; any when absent.
        field: Option<String>,
    },
    /// A list that the operator keeps: an entry of the boundary's `[registry]` of this name. Written `registry:NAME`.
    Registry(String),
    /// A field of a reply of this tool that has exactly this value. Written `server.tool`, or `server.tool:field` where only fields
    /// of that name count: a reply often holds both what its server knows and what outsiders wrote.
    Reply {
        /// The tool.
        tool: ToolName,
        /// The only field that counts; any when absent.
        field: Option<String>,
    },
}

/// At most so many distinct values of one argument in one run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Distinct {
    /// The argument; a call without it is refused, since leaving it out often means all.
    pub argument: String,
    /// Most distinct values; items of a list count one by one.
    pub max: NonZeroU32,
}

/// Limits over all tools.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Limits {
    /// Most calls that one run may ask for; refused ones count, so that a loop ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_calls: Option<NonZeroU32>,
    /// Permitted calls in a time, over all runs together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
}

/// Calls in a time: `10/s` or `600/m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Rate {
    /// Calls in one `per`.
    pub calls: NonZeroU32,
    /// One second or one minute.
    pub per: Duration,
    /// Calls that may come at once after a pause.
    pub burst: NonZeroU32,
}

/// A text that is no rate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a rate: write calls in a second or a minute, such as `10/s` or `600/m`")]
pub struct RateError(String);

/// What becomes of calls with the effect `write` or `external` while a program is compiled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CompileWrites {
    /// They are checked, counted and audited, but not made; the rule's `dry_run` value stands in for the reply.
    #[default]
    DryRun,
    /// They are made. For sandboxes only.
    Live,
}

impl ToolRule {
    /// A rule with an effect and scopes, without limits.
    pub fn new(effect: Effect, scopes: ScopeSet) -> Self {
        Self { effect, scopes, arguments: BTreeMap::new(), distinct: None, max_calls: None, dry_run: None }
    }
}

impl FromStr for Source {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let (place, part) = match text.split_once(':') {
            Some((place, part)) => (place, Some(part.to_owned())),
            None => (text, None),
        };
        Ok(match (place, part) {
            ("input", field) => Self::Input { field },
            ("registry", name) => Self::Registry(name.unwrap_or_default()),
            (tool, field) => Self::Reply { tool: ToolName::try_from(tool)?, field },
        })
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input { field: None } => f.write_str("input"),
            Self::Input { field: Some(field) } => write!(f, "input:{field}"),
            Self::Registry(name) => write!(f, "registry:{name}"),
            Self::Reply { tool, field: None } => write!(f, "{tool}"),
            Self::Reply { tool, field: Some(field) } => write!(f, "{tool}:{field}"),
        }
    }
}

impl Serialize for Source {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        let error = || RateError(text.chars().take(40).collect());
        let (calls, per) = text.split_once('/').ok_or_else(error)?;
        let per = match per {
            "s" => Duration::from_secs(1),
            "m" => Duration::from_secs(60),
            _ => return Err(error()),
        };
        let calls: NonZeroU32 = calls.parse().map_err(|_| error())?;
        Ok(Self { calls, per, burst: calls })
    }
}
