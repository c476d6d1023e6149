//! What may flow where: out in arguments, in through replies, on into the answer.

use std::{fmt, str::FromStr};

use abide_base::call::NameError;
use abide_signatures::PatternError;
use regex::Regex;
use serde::{Serialize, Serializer};

use super::super::{
    order::{Order, by_most, covering, either, same, set},
    reader::Table,
};
use super::{Source, call_limits::CallLimits, keys::key_table};

key_table! {
    /// A class of values that must not leave, such as account numbers. A value belongs to it by its shape or by where it came from.
    #[derive(Clone, Debug, Default, PartialEq, Serialize)]
    pub struct Class;
    required {}
    optional {
        /// What stands anywhere in a text and matches this.
        #[serde(skip_serializing_if = "Option::is_none")]
        pattern: Option<ClassPattern> = ClassPattern::read, Some(|old, new| either(old.as_ref(), new.as_ref(), same));
        /// Values of these fields of the input or of replies.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        from: Vec<Source> = |table, key| table.all(key), Some(|old, new| covering(old, new, Source::covers).reversed());
    }
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

key_table! {
    /// What the program may see of a tool's reply.
    #[derive(Clone, Debug, Default, PartialEq, Serialize)]
    pub struct ReplyRule;
    required {}
    optional {
        /// Most bytes, as JSON; a longer reply is withheld.
        #[serde(skip_serializing_if = "Option::is_none")]
        max_bytes: Option<u32> = |table, key| table.number_of(key), Some(|old, new| by_most(old.as_ref(), new.as_ref()));
        /// The longest reply that is read, in bytes as they come; without one as in [`CallLimits::default`].
        #[serde(skip_serializing_if = "Option::is_none")]
        receive_bytes: Option<u32> = CallLimits::read_bytes,
            Some(|old, new| by_most(Some(&CallLimits::receive_bytes_of(*old)), Some(&CallLimits::receive_bytes_of(*new)))),
            shown |bytes| Some(CallLimits::receive_bytes_of(*bytes).into());
        /// The most that the program is shown, in bytes of JSON; a longer reply is cut. Without one as in [`CallLimits::default`].
        #[serde(skip_serializing_if = "Option::is_none")]
        shown_bytes: Option<u32> = CallLimits::read_bytes,
            Some(|old, new| by_most(Some(&CallLimits::shown_bytes_of(*old)), Some(&CallLimits::shown_bytes_of(*new)))),
            shown |bytes| Some(CallLimits::shown_bytes_of(*bytes).into());
        /// What becomes of markup in its texts.
        #[serde(skip_serializing_if = "Markup::is_kept")]
        markup: Markup = |table, key| table.choice(key, &Markup::WORDS).unwrap_or_default(),
            Some(Markup::order);
        /// Classes whose values are masked.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        hide: Vec<String> = |table, key| table.all(key), Some(|old, new| set(old, new).reversed());
    }
}

key_table! {
    /// What the program may answer.
    #[derive(Clone, Debug, Default, PartialEq, Serialize)]
    pub struct Answer;
    required {}
    optional {
        /// Most characters of any text of it.
        #[serde(skip_serializing_if = "Option::is_none")]
        max_chars: Option<u32> = |table, key| table.number_of(key), Some(|old, new| by_most(old.as_ref(), new.as_ref()));
        /// What becomes of an answer with markup; it is never changed, so `strip` is not for answers.
        #[serde(skip_serializing_if = "Markup::is_kept")]
        markup: Markup = |table, key| table.choice(key, &Markup::ANSWER_WORDS).unwrap_or_default(),
            Some(Markup::order);
        /// Classes whose values it must not have.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        never: Vec<String> = |table, key| table.all(key), Some(|old, new| set(old, new).reversed());
    }
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
    /// The words of the boundary file.
    const WORDS: [(&'static str, Self); 3] = [("keep", Self::Keep), ("strip", Self::Strip), ("refuse", Self::Refuse)];
    /// Those for answers.
    const ANSWER_WORDS: [(&'static str, Self); 2] = [("keep", Self::Keep), ("refuse", Self::Refuse)];

    fn is_kept(&self) -> bool {
        *self == Self::Keep
    }

    fn order(old: &Self, new: &Self) -> Order {
        let strictness = |markup: &Self| match markup {
            Self::Keep => 0,
            Self::Strip => 1,
            Self::Refuse => 2,
        };
        by_most(Some(&strictness(old)), Some(&strictness(new))).reversed()
    }
}

impl Kept {
    /// Whether whatever `other` keeps in is kept in by this one too.
    pub(super) fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::From(one), Self::From(other)) => one.covers(other),
            _ => self == other,
        }
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

    fn read(table: &Table<'_>, key: &str) -> Option<Self> {
        let reason = |error: PatternError| {
            table.problem(key, format!("is not a regular expression of the crate `regex`: {}", error.reason));
        };
        Self::new(table.text(key)?).map_err(reason).ok()
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
