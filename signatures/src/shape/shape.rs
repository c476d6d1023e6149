use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::Flag;
use crate::Constraints;

/// The type of a field's values, with everything inside lists and objects.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Shape {
    /// The type itself.
    #[serde(flatten)]
    pub root: Node,
    /// Types that hold themselves, by the name under which [`Kind::Named`] means them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub definitions: BTreeMap<String, Node>,
}

/// A type, what its values mean, and what they must satisfy beyond it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Node {
    /// The type.
    #[serde(flatten)]
    pub kind: Kind,
    /// What it means, for the model; not part of a digest.
    #[serde(skip)]
    pub docs: String,
    /// What its values must satisfy beyond the type.
    pub constraints: Constraints,
}

/// What kind of value it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", content = "of", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Kind {
    /// Text.
    Text,
    /// One of a few words.
    Choice(Vec<Word>),
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// `null` only.
    Null,
    /// A list of one type.
    List(Box<Node>),
    /// A list of as many types.
    Tuple(Vec<Node>),
    /// An object with any keys, and values of one type.
    Map(Box<Node>),
    /// An object with these keys.
    Object(Vec<Member>),
    /// The type, or `null`.
    Optional(Box<Node>),
    /// One of several types.
    OneOf(Vec<Node>),
    /// A type of [`Shape::definitions`].
    Named(String),
    /// Any JSON value.
    Any,
}

/// A word of a choice, and what it means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Word {
    /// The word.
    pub word: String,
    /// What it means, for the model; not part of a digest.
    #[serde(skip)]
    pub docs: String,
}

/// A member of an object.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Member {
    /// Its key.
    pub name: String,
    /// The type of its value.
    #[serde(flatten)]
    pub node: Node,
    /// Whether an object without it does not fit.
    pub required: bool,
}

/// How much a value may stray from its shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// As models write: everything that [`Leniency`](super::Leniency) names.
    Lenient,
    /// As what is handed to a tool: nothing but whole numbers written `2.0`, an empty text for none, and a text that is the JSON.
    Arguments,
    /// Not at all.
    Strict,
}

/// A value that fits its shape, and where what was read strayed from it.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The value.
    pub value: Value,
    /// Where it strayed, in the order of reading.
    pub flags: Vec<Flag>,
}

impl Shape {
    /// Whether values may be left out: there is a `null` for it.
    pub fn is_optional(&self) -> bool {
        matches!(self.root.kind, Kind::Optional(_))
    }

    /// Whether values stand in a prompt as they are, not as JSON.
    pub fn is_text(&self) -> bool {
        matches!(self.root.kind, Kind::Text | Kind::Choice(_))
    }
}

impl Node {
    /// A type without documentation and constraints.
    pub fn new(kind: Kind) -> Self {
        Self { kind, docs: String::new(), constraints: Constraints::default() }
    }
}
