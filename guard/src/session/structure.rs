//! The fields of a reply, also where its server writes JSON as text.
//!
//! Only what stands at the root is read as JSON: the text that is the whole reply, each text block where there are several, and the text
//! that is the only thing in `{"result": …}`, as servers wrap what is not an object. A text in a field of a structured reply stays a
//! text, whatever it looks like: users write into fields, and what they write must not become other fields.

use std::borrow::Cow;

use serde_json::{Deserializer, Map, Value};

use super::answer::field_of;

/// Longer texts are not read: as values, hostile ones take up to sixteen times their length.
const MAX_TEXT: usize = 2 * 1024 * 1024;

/// The only key of a reply that its server has wrapped.
pub const WRAPPER: &str = "result";

/// A reply as fields.
pub struct Structure<'c> {
    /// The reply, with its JSON texts read.
    pub value: Cow<'c, Value>,
    /// The text that was read in the wrapper; it is a value of that field too.
    pub(super) wrapped: Option<&'c str>,
}

impl<'c> Structure<'c> {
    /// The structure of a reply.
    pub fn of(content: &'c Value) -> Self {
        let mut left = MAX_TEXT;
        let owned = |value: Value| Self { value: Cow::Owned(value), wrapped: None };
        let read = match content {
            Value::String(text) => read(text, &mut left).map(owned),
            Value::Array(blocks) if has_json_texts(content) => {
                let mut block = |block: &Value| block.as_str().and_then(|text| read(text, &mut left));
                let blocks = blocks.iter().map(|one| block(one).unwrap_or_else(|| one.clone()));
                Some(owned(blocks.collect()))
            }
            Value::Object(map) if map.len() == 1 => map.get(WRAPPER).and_then(Value::as_str).and_then(|text| {
                let value = Map::from_iter([(WRAPPER.to_owned(), read(text, &mut left)?)]);
                Some(Self { value: Cow::Owned(Value::Object(value)), wrapped: Some(text) })
            }),
            _ => None,
        };
        read.unwrap_or(Self { value: Cow::Borrowed(content), wrapped: None })
    }

    /// The one value that a field has wherever it stands: a path (`profile.tier`) leads through objects, and through every item of a
    /// list. None where the field is missing in one place, where two places differ, where a list is empty, or where its value is an object.
    pub(super) fn field(&self, path: &str) -> Option<Value> {
        let inner = self.value.as_object().filter(|map| map.len() == 1).and_then(|map| map.get(WRAPPER));
        let root = inner.filter(|inner| self.wrapped.is_some() || inner.is_array()).unwrap_or(&self.value);
        field_of(root, path).or_else(|| field_of(&self.value, path)).cloned()
    }
}

/// Whether a list has texts that are read as JSON, as those of blocks are.
pub fn has_json_texts(content: &Value) -> bool {
    content.as_array().is_some_and(|items| items.iter().filter_map(Value::as_str).any(may_be_json))
}

/// The object or list that a text is as a whole.
pub fn json_of(text: &str) -> Option<Value> {
    may_be_json(text).then(|| serde_json::from_str(bare(text)).ok())?.filter(is_structured)
}

/// Whether a text begins like an object, a list, or a text in which one is written.
fn may_be_json(text: &str) -> bool {
    bare(text).starts_with(['{', '[', '"'])
}

fn bare(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
}

/// The object or list that a whole text is, also where it is written as JSON twice, or the list of those that it has on lines of their
/// own. `None` for anything else, such as prose with an object in it, and for texts longer than `left`.
fn read(text: &str, left: &mut usize) -> Option<Value> {
    let json = bare(text);
    if !may_be_json(json) {
        return None;
    }
    *left = left.checked_sub(json.len())?;
    match serde_json::from_str(json) {
        Ok(Value::String(inner)) => json_of(&inner),
        Ok(value) => Some(value),
        Err(_) => lines(json),
    }
}

/// Objects and lists, each beginning on a line of its own.
fn lines(json: &str) -> Option<Value> {
    let mut values = Deserializer::from_str(json).into_iter::<Value>();
    let (mut rows, mut end) = (Vec::new(), 0);
    while let Some(row) = values.next() {
        let begins_a_line = |gap: &str| {
            let (before, _) = gap.split_once(['{', '['])?;
            before.contains('\n').then_some(())
        };
        if end > 0 {
            begins_a_line(json.get(end..)?)?;
        }
        rows.push(row.ok().filter(is_structured)?);
        end = values.byte_offset();
    }
    Some(Value::Array(rows))
}

fn is_structured(value: &Value) -> bool {
    value.is_object() || value.is_array()
}

#[cfg(test)]
mod tests;
