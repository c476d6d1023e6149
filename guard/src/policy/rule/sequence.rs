use std::{fmt, str::FromStr};

use abide_base::call::ToolName;
use serde::{Serialize, Serializer};
use serde_json::Value;

/// A call of the same run that a rule of sequence looks for: of this tool, with these arguments in common, answered like this.
/// Written `crm.verify`, `crm.verify(id)`, `crm.verify(customer=id)`, and for `only_if` `crm.verify(id):verified=true`; with `once` before
/// it, each such call is good for one call only.
#[derive(Clone, Debug, PartialEq)]
pub struct PriorCall {
    /// Its tool.
    pub tool: ToolName,
    /// Arguments that must have the same value in both calls. Of a list every item is looked for by itself, and may stand in a list.
    pub same: Vec<ArgumentMatch>,
    /// A field of its reply, below others where it has dots (`profile.tier`), and the value that it must have wherever it stands.
    pub answered: Option<(String, Value)>,
    /// For how many calls it is good.
    pub uses: Uses,
}

/// Two arguments that must have the same value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArgumentMatch {
    /// That of the call that is looked for.
    pub theirs: String,
    /// That of the call that the rule is about.
    pub ours: String,
}

/// For how many calls an earlier one is good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Uses {
    /// For all that follow it.
    #[default]
    Any,
    /// For one: so many calls need as many earlier ones. A call that fails has used it up.
    Once,
}

/// Calls of which one must have been made before: an entry of `after` or `only_if`. Written as the call, or as a list of calls.
#[derive(Clone, Debug, PartialEq)]
pub struct AnyOf(pub Vec<PriorCall>);

/// A text that names no call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` names no call: write a tool, the arguments that must be the same, and what its reply must say, such as \
     `crm.verify(id):verified=true`, and `once` before it where each is good for one call"
)]
pub struct PriorCallError(String);

impl PriorCall {
    /// Any call of a tool.
    pub fn of(tool: ToolName) -> Self {
        Self { tool, same: Vec::new(), answered: None, uses: Uses::Any }
    }

    /// Whether whatever meets this meets the other one too.
    pub fn implies(&self, other: &Self) -> bool {
        self == other || self.uses == Uses::Once && Self { uses: Uses::Any, ..self.clone() } == *other
    }
}

impl AnyOf {
    /// Whether whatever meets this meets the other one too.
    pub fn implies(&self, other: &Self) -> bool {
        self.0.iter().all(|call| other.0.iter().any(|one| call.implies(one)))
    }
}

impl From<PriorCall> for AnyOf {
    fn from(call: PriorCall) -> Self {
        Self(vec![call])
    }
}

impl FromStr for PriorCall {
    type Err = PriorCallError;

    fn from_str(text: &str) -> Result<Self, PriorCallError> {
        let error = || PriorCallError(text.chars().take(80).collect());
        let (uses, text) = match text.trim_start().strip_prefix("once ") {
            Some(rest) => (Uses::Once, rest),
            None => (Uses::Any, text),
        };
        let (call, answered) = match text.split_once(':') {
            None => (text, None),
            Some((call, answer)) => {
                let (field, value) = answer.split_once('=').ok_or_else(error)?;
                let field = named(field).filter(|field| field.split('.').all(|part| !part.is_empty()));
                (call, Some((field.ok_or_else(error)?, answer_of(value).ok_or_else(error)?)))
            }
        };
        let (tool, same) = match call.split_once('(') {
            None => (call, Vec::new()),
            Some((tool, rest)) => {
                let names = rest.trim_end().strip_suffix(')').ok_or_else(error)?;
                let same = names.split(',').map(|pair| {
                    let (theirs, ours) = pair.split_once('=').unwrap_or((pair, pair));
                    Some(ArgumentMatch { theirs: named(theirs)?, ours: named(ours)? })
                });
                (tool, same.collect::<Option<_>>().ok_or_else(error)?)
            }
        };
        let tool = ToolName::try_from(tool.trim()).map_err(|_| error())?;
        Ok(Self { tool, same, answered, uses })
    }
}

fn named(text: &str) -> Option<String> {
    let name = text.trim();
    (!name.is_empty() && !name.contains(['(', ')', ',', '=', ':'])).then(|| name.to_owned())
}

/// A JSON value, or a word that is a text without quotation marks. `True` is neither: it could mean both.
fn answer_of(text: &str) -> Option<Value> {
    let is_literal = |word: &str| ["true", "false", "null"].iter().any(|literal| literal.eq_ignore_ascii_case(word));
    let is_word = |word: &str| {
        word.starts_with(|c: char| c.is_alphabetic())
            && word.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-')
            && !is_literal(word)
    };
    serde_json::from_str(text).ok().or_else(|| is_word(text.trim()).then(|| text.trim().into()))
}

impl fmt::Display for PriorCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.uses == Uses::Once {
            f.write_str("once ")?;
        }
        write!(f, "{}", self.tool)?;
        if !self.same.is_empty() {
            let pairs: Vec<String> = self.same.iter().map(ToString::to_string).collect();
            write!(f, "({})", pairs.join(", "))?;
        }
        match &self.answered {
            Some((field, value)) => write!(f, ":{field}={value}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for AnyOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let calls: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&calls.join(" or "))
    }
}

impl fmt::Display for ArgumentMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.theirs == self.ours { f.write_str(&self.ours) } else { write!(f, "{}={}", self.theirs, self.ours) }
    }
}

impl Serialize for PriorCall {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for AnyOf {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [one] => one.serialize(serializer),
            calls => calls.serialize(serializer),
        }
    }
}
