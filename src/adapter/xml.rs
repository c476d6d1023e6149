//! The XML format: every field in a tag of its name. Described in `docs/prompt-format.md`.

use std::borrow::Cow;

use abide_lm::{LmReply, Message};

use super::{Adapter, ParseError, Parsed, Prompt, Task, adapter::accept, layout, marker, object, thinking};
use crate::{FieldError, FieldSpec, Fields, Flag, Leniency, SignatureSpec, SlotState, shape::same_word};

/// The XML format: `<answer>…</answer>`. Values are text as it is, and JSON on one line; a `</` in a value has a backslash.
#[derive(Clone, Copy, Debug, Default)]
pub struct Xml;

/// A reply with more tags of its fields repeats them.
const MAX_TAGS: usize = 200;

impl Adapter for Xml {
    fn render(&self, task: &Task<'_>) -> Prompt {
        let Task { spec, state, .. } = *task;
        let shown = |inputs: &Fields| section(&spec.inputs, inputs);
        layout::prompt(self, task, system(spec, state), shown, |shown| format!("{shown}\n{}", request(spec)))
    }

    fn reply(&self, task: &Task<'_>, outputs: &Fields) -> Message {
        Message::assistant(section(&task.spec.outputs, outputs))
    }

    fn parse(&self, task: &Task<'_>, reply: &LmReply) -> Result<Parsed, ParseError> {
        let answer =
            thinking::answer(reply, &|word| task.spec.outputs.iter().any(|field| same_word(&field.name, word)))?;
        let parsed = match tags(task.spec, answer.text)? {
            Some(parsed) => parsed,
            None => {
                let parsed = object::read_text(task.spec, answer.text).ok_or(ParseError::NoTag)??;
                parsed.flagged(Leniency::OtherLayout)
            }
        };
        Ok(answer.flagged(parsed))
    }

    /// There is no end but that of the last field.
    fn accept(&self, task: &Task<'_>, reply: &LmReply) -> Result<Parsed, ParseError> {
        let last = task.spec.outputs.last().map(|field| format!("</{}>", field.name)).unwrap_or_default();
        match ParseError::of_end(&reply.finish) {
            Some(end) if reply.refusal.is_none() && !reply.text.contains(&last) => Err(end),
            _ => accept(self, task, reply),
        }
    }

    fn correct(&self, task: &Task<'_>, error: &ParseError) -> Message {
        layout::correction(error, &request(task.spec))
    }
}

fn system(spec: &SignatureSpec, state: &SlotState) -> String {
    let mut text = layout::fields(spec);
    text += "\nLayout of every reply:\n";
    for field in &spec.outputs {
        text += &format!("<{0}>\n{{{0}}}\n</{0}>\n", field.name);
    }
    text += layout::json_note(spec);
    text + &layout::objective(spec, state)
}

fn request(spec: &SignatureSpec) -> String {
    let names: Vec<String> = spec.outputs.iter().map(|field| format!("<{}>", field.name)).collect();
    format!("Now write {}, each with its end.", names.join(", "))
}

fn section(specs: &[FieldSpec], values: &Fields) -> String {
    let given = |spec: &FieldSpec| {
        let text = layout::value(spec, values.get(&spec.name)?);
        Some(format!("<{0}>\n{1}\n</{0}>\n", spec.name, escape(&text)))
    };
    specs.iter().filter_map(given).collect()
}

/// One backslash more between `<` and `/`, so that a value ends no tag.
fn escape(text: &str) -> Cow<'_, str> {
    slashes(text, |slashes| slashes + 1)
}

/// Undoes [`escape`].
fn restore(text: &str) -> Cow<'_, str> {
    slashes(text, |slashes| slashes.saturating_sub(1))
}

fn slashes(text: &str, change: impl Fn(usize) -> usize) -> Cow<'_, str> {
    if !text.contains('<') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    let mut rest = text;
    while let Some((head, tail)) = rest.split_once('<') {
        out.push_str(head);
        out.push('<');
        let bare = tail.trim_start_matches('\\');
        let count = tail.len() - bare.len();
        let count = if bare.starts_with('/') { change(count) } else { count };
        out.extend(std::iter::repeat_n('\\', count));
        rest = bare;
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The fields in their tags; `None` where there is none.
fn tags(spec: &SignatureSpec, text: &str) -> Result<Option<Parsed>, ParseError> {
    let (mut outputs, mut flags, mut errors) = (Fields::new(), Vec::new(), Vec::new());
    let mut rest = text;
    let mut read = 0;
    while let Some(Tagged { field, raw, after, is_closed }) = next_tag(spec, rest) {
        rest = after;
        read += 1;
        if read > MAX_TAGS {
            return Err(ParseError::Repeated(field.name.clone()));
        }
        if !is_closed {
            flags.push(Flag::new(&field.name, Leniency::Unclosed));
        }
        match field.read(&marker::read_value(&restore(raw.trim()))) {
            Ok(reading) if outputs.get(&field.name).is_some_and(|first| *first != reading.value) => {
                return Err(ParseError::Repeated(field.name.clone()));
            }
            Ok(reading) => {
                flags.extend(reading.flags);
                outputs.insert(field.name.clone(), reading.value);
            }
            Err(misfits) => errors.extend(misfits),
        }
    }
    if outputs.is_empty() && errors.is_empty() {
        return Ok(None);
    }
    let missing = spec.outputs.iter().filter(|field| !field.is_optional() && outputs.get(&field.name).is_none());
    let is_told = |field: &FieldSpec| errors.iter().any(|error: &FieldError| error.field().starts_with(&field.name));
    let missing: Vec<FieldError> =
        missing.filter(|field| !is_told(field)).map(|field| FieldError::Missing(field.name.clone())).collect();
    errors.extend(missing);
    if errors.is_empty() { Ok(Some(Parsed { outputs, flags })) } else { Err(ParseError::Fields(errors)) }
}

/// A field in its tag.
struct Tagged<'s, 't> {
    field: &'s FieldSpec,
    raw: &'t str,
    /// What follows its end.
    after: &'t str,
    is_closed: bool,
}

/// The first tag of an output field; up to the next field where its end is missing.
fn next_tag<'s, 't>(spec: &'s SignatureSpec, text: &'t str) -> Option<Tagged<'s, 't>> {
    let (field, from) = opened(spec, text)?;
    let inner = text.get(from..)?;
    if let Some((raw, after)) = inner.split_once(&format!("</{}>", field.name)) {
        return Some(Tagged { field, raw, after, is_closed: true });
    }
    let next = opened(spec, inner).map_or(inner.len(), |(field, end)| end - field.name.len() - 2);
    let (raw, after) = inner.split_at(next);
    Some(Tagged { field, raw, after, is_closed: false })
}

/// The first output field whose tag opens in a text, and where the tag ends.
fn opened<'s>(spec: &'s SignatureSpec, text: &str) -> Option<(&'s FieldSpec, usize)> {
    text.match_indices('<').find_map(|(at, _)| {
        let inner = text.get(at + 1..)?;
        let field = spec
            .outputs
            .iter()
            .find(|field| inner.strip_prefix(field.name.as_str()).is_some_and(|rest| rest.starts_with('>')))?;
        Some((field, at + field.name.len() + 2))
    })
}

#[cfg(test)]
mod tests;
