//! The chat format: every field under a marker line. Described in `docs/prompt-format.md`.

use std::collections::BTreeMap;

use abide_lm::{LmReply, Message};

use super::{
    Adapter, ParseError, Parsed, Prompt, Task, layout,
    marker::{Found, find, marker, neutralise, read_value},
    object, thinking,
};
use crate::{
    FieldError, FieldSpec, Fields, Flag, Leniency, SignatureSpec, SlotState,
    shape::{Reading, same_word},
};

/// The chat format.
#[derive(Clone, Copy, Debug, Default)]
pub struct Chat;

const COMPLETED: &str = "completed";

impl Adapter for Chat {
    fn render(&self, task: &Task<'_>) -> Prompt {
        let Task { spec, state, .. } = *task;
        let shown = |inputs: &Fields| section(&spec.inputs, inputs);
        layout::prompt(self, task, system(spec, state), shown, |shown| shown + &request(spec))
    }

    fn reply(&self, task: &Task<'_>, outputs: &Fields) -> Message {
        Message::assistant(section(&task.spec.outputs, outputs) + &marker(COMPLETED))
    }

    fn parse(&self, task: &Task<'_>, reply: &LmReply) -> Result<Parsed, ParseError> {
        let answer = thinking::answer(reply, &|_| false)?;
        let text = lines(answer.text);
        let parsed = match find(&text) {
            // markers in the texts of a JSON object are parts of them
            _ if text.trim_start().starts_with(['{', '`']) && object::is_whole(task.spec, &text) => {
                unmarked(task.spec, &text)?
            }
            markers if markers.iter().any(|m| named(task.spec, m.name).is_some()) => {
                fields(task.spec, &text, &markers)?
            }
            markers => match markers.first() {
                Some(end) if end.name == COMPLETED && markers.len() == 1 => {
                    let mut parsed = unmarked(task.spec, text.get(..end.start).unwrap_or_default())?;
                    parsed.flags.retain(|flag| flag.leniency != Leniency::Unmarked);
                    parsed.flagged(Leniency::Marker)
                }
                Some(_) => return Err(ParseError::NoMarker),
                None => unmarked(task.spec, &text)?,
            },
        };
        Ok(answer.flagged(parsed))
    }

    fn correct(&self, task: &Task<'_>, error: &ParseError) -> Message {
        layout::correction(neutralise(&error.to_string()), &request(task.spec))
    }
}

fn system(spec: &SignatureSpec, state: &SlotState) -> String {
    let mut text = layout::fields(spec);
    text += "\nLayout of every exchange:\n";
    for field in spec.inputs.iter().chain(&spec.outputs) {
        text += &format!("{}\n{{{}}}\n\n", marker(&field.name), field.name);
    }
    text += &marker(COMPLETED);
    text += "\n";
    text += layout::json_note(spec);
    text + &layout::objective(spec, state)
}

fn request(spec: &SignatureSpec) -> String {
    let names: Vec<String> = spec.outputs.iter().map(|field| format!("`{}`", field.name)).collect();
    format!("Now write {}, each under its marker, and end with {}.", names.join(", "), marker(COMPLETED))
}

fn section(specs: &[FieldSpec], values: &Fields) -> String {
    let given = |spec: &FieldSpec| {
        let value = values.get(&spec.name)?;
        Some(format!("{}\n{}\n\n", marker(&spec.name), layout::value(spec, value)))
    };
    specs.iter().filter_map(given).collect()
}

/// The field that a marker names: by its name, or by the only one that is the same word.
fn named<'s>(spec: &'s SignatureSpec, name: &str) -> Option<&'s FieldSpec> {
    let mut same = spec.outputs.iter().filter(|field| same_word(&field.name, name));
    let exact = spec.outputs.iter().find(|field| field.name == name);
    exact.or_else(|| same.next().filter(|_| same.next().is_none()))
}

/// A reply whose every line ends as in another system, with the ends of this one.
fn lines(text: &str) -> std::borrow::Cow<'_, str> {
    let (all, foreign) = (text.matches('\n').count(), text.matches("\r\n").count());
    if all > 0 && all == foreign { text.replace("\r\n", "\n").into() } else { text.into() }
}

/// The fields under their markers.
fn fields(spec: &SignatureSpec, text: &str, markers: &[Found<'_>]) -> Result<Parsed, ParseError> {
    let mut flags = Vec::new();
    let mut read: BTreeMap<&str, Result<Reading, Vec<FieldError>>> = BTreeMap::new();
    let mut closed_at = None;
    if markers.first().is_some_and(|first| !text.get(..first.start).unwrap_or_default().trim().is_empty()) {
        flags.push(Flag::new("", Leniency::Leading));
    }
    for (at, found) in markers.iter().enumerate() {
        if found.name == COMPLETED {
            // text between two ends: one of them is quoted, and which is not known
            if closed_at.replace(found.end).is_some() {
                return Err(ParseError::Repeated(COMPLETED.to_owned()));
            }
            continue;
        }
        let until = markers.get(at + 1).map_or(text.len(), |next| next.start);
        let raw = text.get(found.end..until).unwrap_or_default();
        let Some(field) = named(spec, found.name) else {
            if !found.starts_line {
                return Err(ParseError::Misplaced(found.name.chars().take(64).collect()));
            }
            flags.extend(closed_at.is_none().then(|| Flag::new(found.name, Leniency::UnknownField)));
            continue;
        };
        if !found.is_plain {
            flags.push(Flag::new(&field.name, Leniency::Marker));
        }
        if field.name != found.name {
            flags.push(Flag::new(&field.name, Leniency::Key));
        }
        let reading = field.read(&read_value(raw));
        match read.get(field.name.as_str()) {
            None => _ = read.insert(&field.name, reading),
            Some(first) if same(first, &reading) => flags.push(Flag::new(&field.name, Leniency::Repeated)),
            Some(_) => return Err(ParseError::Repeated(field.name.clone())),
        }
    }
    if let Some(stray) = markers.iter().find(|found| !found.starts_line).filter(|_| !in_order(spec, markers)) {
        return Err(ParseError::Misplaced(stray.name.chars().take(64).collect()));
    }
    match closed_at {
        None => flags.push(Flag::new("", Leniency::Unclosed)),
        Some(at) if !text.get(at..).unwrap_or_default().trim().is_empty() => {
            flags.push(Flag::new("", Leniency::Trailing))
        }
        Some(_) => {}
    }
    collected(spec, read, flags)
}

/// Whether the fields stand in the order in which they were asked for.
fn in_order(spec: &SignatureSpec, markers: &[Found<'_>]) -> bool {
    let place = |found: &Found<'_>| spec.outputs.iter().position(|field| field.name == found.name);
    markers.iter().filter_map(place).is_sorted_by(|a, b| a < b)
}

/// Whether two readings of one field are one value.
fn same(a: &Result<Reading, Vec<FieldError>>, b: &Result<Reading, Vec<FieldError>>) -> bool {
    matches!((a, b), (Ok(a), Ok(b)) if a.value == b.value)
}

fn collected(
    spec: &SignatureSpec,
    mut read: BTreeMap<&str, Result<Reading, Vec<FieldError>>>,
    mut flags: Vec<Flag>,
) -> Result<Parsed, ParseError> {
    let (mut outputs, mut errors) = (Fields::new(), Vec::new());
    for field in &spec.outputs {
        match read.remove(field.name.as_str()) {
            Some(Ok(reading)) => {
                flags.extend(reading.flags);
                outputs.insert(field.name.clone(), reading.value);
            }
            Some(Err(misfits)) => errors.extend(misfits),
            None if field.is_optional() => {}
            None => errors.push(FieldError::Missing(field.name.clone())),
        }
    }
    if errors.is_empty() { Ok(Parsed { outputs, flags }) } else { Err(ParseError::Fields(errors)) }
}

/// A reply without markers: a JSON object with the fields, or the value of the only field.
fn unmarked(spec: &SignatureSpec, text: &str) -> Result<Parsed, ParseError> {
    if let Some(read) = object::read_text(spec, text) {
        return read.map(|parsed| parsed.flagged(Leniency::OtherLayout));
    }
    let has_near_marker = ["[[ ##", "[[##", "[\\[ ##", "\\[\\["].iter().any(|near| text.contains(near));
    match spec.outputs.as_slice() {
        [only] if !text.trim().is_empty() && !has_near_marker => {
            let reading = only.read(&read_value(text)).map_err(ParseError::Fields)?;
            let outputs = Fields::new().with(only.name.as_str(), reading.value);
            Ok(Parsed { outputs, flags: reading.flags }.flagged(Leniency::Unmarked))
        }
        _ => Err(ParseError::NoMarker),
    }
}

#[cfg(test)]
mod tests;
