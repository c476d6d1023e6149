use std::{fmt, str::FromStr};

use abide_base::call::{NameError, ToolName};
use serde::{Serialize, Serializer};

/// Where an argument's value may come from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
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

impl Source {
    /// Whether every value of the other source is one of this.
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Input { field: None }, Self::Input { .. }) => true,
            (Self::Reply { tool, field: None }, Self::Reply { tool: of, .. }) => tool == of,
            _ => self == other,
        }
    }
}
