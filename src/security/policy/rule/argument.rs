use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize, Serializer};
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
    /// In which other ways of people the input may write a value of it.
    #[serde(rename = "as", skip_serializing_if = "Option::is_none")]
    pub read_as: Option<ReadAs>,
    /// Rules of the fields of an object, by the field's name. Where there are any, the value must be an object or a list of objects, and
    /// fields without an entry are treated as arguments without one are.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, ArgumentRule>,
}

/// How people write what tools take in one form. A value of the input that can be read as the argument's value counts as it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ReadAs {
    /// A date: `May 26` for `2024-05-26`.
    Date,
    /// A date with a time, both of which the input has: `May 26 at 5 pm` for `2024-05-26T17:00`.
    DateTime,
    /// A time of day: `5 pm` for `17:00`.
    Time,
    /// A number in words: `two hundred` for 200.
    Number,
    /// The number of a phone: `+49 (0)30 123-456` for `+4930123456`.
    Phone,
}

/// How the input wrote a value that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WrittenAs {
    /// A date as `2024-05-26`.
    YearMonthDay,
    /// A date as `26 May 2024` or `26.05.2024`.
    DayMonthYear,
    /// A date as `May 26, 2024` or `5/26/2024`.
    MonthDayYear,
    /// A date without its year.
    MonthDay,
    /// A time as `17:00` or `5:00 pm`.
    HourMinute,
    /// A time as `5 pm`.
    Hour,
    /// A time as `noon`.
    Named,
    /// A number as `two hundred`.
    Words,
    /// A number as `2 million` or `5k`.
    Scaled,
    /// The figures of a phone's number, in other groups.
    Figures,
}

impl ReadAs {
    /// The words of the boundary file.
    pub(in crate::security) const WORDS: [(&'static str, Self); 5] = [
        ("date", Self::Date),
        ("date_time", Self::DateTime),
        ("time", Self::Time),
        ("number", Self::Number),
        ("phone", Self::Phone),
    ];
}

impl ArgumentRule {
    /// The rule and all rules of fields in it, each with the names of the fields that lead to it.
    pub(in crate::security) fn all(&self) -> Vec<(Vec<&str>, &Self)> {
        let mut all = Vec::new();
        self.add_to(&mut Vec::new(), &mut all);
        all
    }

    fn add_to<'r>(&'r self, path: &mut Vec<&'r str>, all: &mut Vec<(Vec<&'r str>, &'r Self)>) {
        all.push((path.clone(), self));
        for (name, rule) in &self.fields {
            path.push(name);
            rule.add_to(path, all);
            path.pop();
        }
    }
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
