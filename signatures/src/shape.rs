//! The type of a field's values as a tree, and reading what models write as a value of it.
//!
//! A [`Shape`] is read off a JSON Schema. It has a compact notation for prompts, and it [coerces](Shape::read) a text or a JSON value into
//! a value that fits it. Where a model strays from what it was told and is understood all the same, a [`Flag`] says where and how.

mod candidates;
mod coerce;
mod flag;
mod json;
mod notation;
mod read;
mod scalar;
mod schema;
mod shape;

pub use candidates::{FoundJson, find_json, find_objects};
pub use flag::{Flag, Leniency};
pub use json::{JsonFault, ParsedJson, parse_json};
pub use scalar::{same_word, shown_key};
pub use shape::{Kind, Member, Node, Reading, Shape, Strictness, Word};

#[cfg(test)]
mod tests;
