//! What may flow where: out in arguments, in through replies, on into the answer.

use std::{fmt, str::FromStr};

use abide_base::call::NameError;
use abide_signatures::PatternError;
use regex::Regex;
use serde::{Serialize, Serializer};

use super::Source;

/// A class of values that must not leave, such as account numbers. A value belongs to it by its shape or by where it came from.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Class {
    /// What stands anywhere in a text and matches this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<ClassPattern>,
    /// Values of these fields of the input or of replies.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<Source>,
}

/// A regular expression that is looked for anywhere in a text. Takes time linear in the length of the text, whatever the pattern.
#[derive(Clone, Debug)]
pub struct ClassPattern(Regex);

/// What no argument of a tool may carry: a class of the boundary (`sensitive:NAME`), or what came from a source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kept {
    /// A class.
    Class(String),
    /// Values of the input or of replies.
    From(Source),
}

/// What the program may see of a tool's reply.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ReplyRule {
    /// Most bytes, as JSON; a longer reply is withheld.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_bytes: Option<u32>,
    /// The longest reply that is read, in bytes as they come; without one as in [`CallLimits::default`](super::CallLimits::default).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receive_bytes: Option<u32>,
    /// The most that the program is shown, in bytes of JSON; a longer reply is cut. Without one as in
    /// [`CallLimits::default`](super::CallLimits::default).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shown_bytes: Option<u32>,
    /// What becomes of markup in its texts.
    #[serde(skip_serializing_if = "Markup::is_kept")]
    pub markup: Markup,
    /// Classes whose values are masked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hide: Vec<String>,
}

/// What the program may answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Answer {
    /// Most characters of any text of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_chars: Option<u32>,
    /// What becomes of an answer with markup; it is never changed, so `strip` is not for answers.
    #[serde(skip_serializing_if = "Markup::is_kept")]
    pub markup: Markup,
    /// Classes whose values it must not have.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub never: Vec<String>,
}

/// What becomes of a text with markup: HTML tags, Markdown links and images, invisible and control characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Markup {
    /// It stays.
    #[default]
    Keep,
    /// The markup is taken out, and the text stays.
    Strip,
    /// The whole is withheld.
    Refuse,
}

impl Markup {
    fn is_kept(&self) -> bool {
        *self == Self::Keep
    }
}

impl ReplyRule {
    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Answer {
    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl ClassPattern {
    /// A pattern.
    ///
    /// # Errors
    /// It is no regular expression of the crate `regex`.
    pub fn new(source: &str) -> Result<Self, PatternError> {
        let reason = |error: regex::Error| PatternError { pattern: source.to_owned(), reason: error.to_string() };
        Regex::new(source).map(Self).map_err(reason)
    }

    /// As it was written.
    pub fn source(&self) -> &str {
        self.0.as_str()
    }

    pub(crate) fn regex(&self) -> &Regex {
        &self.0
    }
}

impl PartialEq for ClassPattern {
    fn eq(&self, other: &Self) -> bool {
        self.source() == other.source()
    }
}

impl Serialize for ClassPattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.source())
    }
}

impl FromStr for Kept {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        match text.strip_prefix("sensitive:") {
            Some(class) => Ok(Self::Class(class.to_owned())),
            None => text.parse().map(Self::From),
        }
    }
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Class(name) => write!(f, "sensitive:{name}"),
            Self::From(source) => write!(f, "{source}"),
        }
    }
}

impl Serialize for Kept {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
