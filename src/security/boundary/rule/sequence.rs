use std::{fmt, str::FromStr};

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::call::ToolName;

/// A call of the same run that a rule of sequence looks for: of this tool, with these arguments in common, answered like this.
/// Written `crm.verify`, `crm.verify(id)`, `crm.verify(customer=id)`, and for `only_if` `crm.verify(id):verified=true`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Earlier {
    /// Its tool.
    pub tool: ToolName,
    /// Arguments that must have the same value in both calls.
    pub same: Vec<Same>,
    /// A field at the top of its reply, and the value that it must have.
    pub answered: Option<(String, Value)>,
}

/// Two arguments that must have the same value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Same {
    /// That of the call that is looked for.
    pub theirs: String,
    /// That of the call that the rule is about.
    pub ours: String,
}

/// A text that names no call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` names no call: write a tool, the arguments that must be the same, and what its reply must say, such as \
     `crm.verify(id):verified=true`"
)]
pub struct EarlierError(String);

impl FromStr for Earlier {
    type Err = EarlierError;

    fn from_str(text: &str) -> Result<Self, EarlierError> {
        let error = || EarlierError(text.chars().take(80).collect());
        let (call, answered) = match text.split_once(':') {
            None => (text, None),
            Some((call, answer)) => {
                let (field, value) = answer.split_once('=').ok_or_else(error)?;
                let value = serde_json::from_str(value).map_err(|_| error())?;
                (call, Some((named(field).ok_or_else(error)?, value)))
            }
        };
        let (tool, same) = match call.split_once('(') {
            None => (call, Vec::new()),
            Some((tool, rest)) => {
                let names = rest.strip_suffix(')').ok_or_else(error)?;
                let same = names.split(',').map(|pair| {
                    let (theirs, ours) = pair.split_once('=').unwrap_or((pair, pair));
                    Some(Same { theirs: named(theirs)?, ours: named(ours)? })
                });
                (tool, same.collect::<Option<_>>().ok_or_else(error)?)
            }
        };
        let tool = ToolName::try_from(tool.trim()).map_err(|_| error())?;
        Ok(Self { tool, same, answered })
    }
}

fn named(text: &str) -> Option<String> {
    let name = text.trim();
    (!name.is_empty() && !name.contains(['(', ')', ',', '=', ':'])).then(|| name.to_owned())
}

impl fmt::Display for Earlier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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

impl fmt::Display for Same {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.theirs == self.ours { f.write_str(&self.ours) } else { write!(f, "{}={}", self.theirs, self.ours) }
    }
}

impl Serialize for Earlier {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
