use std::{fmt, str::FromStr};

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::{
    Pattern,
    call::{NameError, ToolName},
};

/// What the values of one argument must be. Every part that is present must hold, for each item where the value is a list;
/// an argument that is absent or null breaks no rule, because the tool's schema says whether it may be.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ArgumentRule {
    /// The whole text must match. Takes time linear in the length of the text, whatever the pattern.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<Pattern>,
    /// The only values allowed. A list must be a subset of them.
    #[serde(rename = "enum", skip_serializing_if = "Option::is_none")]
    pub one_of: Option<Vec<Value>>,
    /// The smallest number allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// The largest number allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// Fewest characters (Unicode scalar values) of a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_chars: Option<u32>,
    /// Most characters (Unicode scalar values) of a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_chars: Option<u32>,
    /// Most items of a list; a list that is written as one text (`a@x.example, b@x.example`) counts as what it lists, any other value
    /// as one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_items: Option<u32>,
    /// The text must begin with one of these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<Vec<String>>,
    /// The text must be an `https` address at one of these hosts, without user name and password, and without `..` in its path.
    /// `corp.example` stands for `www.corp.example` too, and `*.corp.example` for every host below `corp.example`, and not for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hosts: Option<Vec<String>>,
    /// Every link in the text must lead to one of these hosts, written as for `hosts`; an empty list allows no link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub links: Option<Vec<String>>,
    /// The text must be this folder or a path below it; without `..`, links on disk are not looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_root: Option<String>,
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
