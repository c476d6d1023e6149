//! The chat format: every field under a marker line. Described in `docs/prompt-format.md`.

use abide_lm::{LmReply, Message};
use serde_json::Value;

use super::{
    Adapter, Leniency, ParseError, Parsed, Prompt, Task,
    marker::{at_start, marker, neutralise, restore},
};
use crate::{FieldKind, FieldSpec, Fields, SignatureSpec, SlotState};

/// The chat format.
#[derive(Clone, Copy, Debug, Default)]
pub struct Chat;

const COMPLETED: &str = "completed";

impl Adapter for Chat {
    fn render(&self, task: &Task<'_>) -> Prompt {
        let Task { spec, state, inputs, .. } = *task;
        let mut messages = vec![Message::system(system(spec, state))];
        for demo in &state.demos {
            messages.push(Message::user(section(&spec.inputs, &demo.inputs)));
            messages.push(self.reply(task, &demo.outputs));
        }
        let stable_messages = messages.len();
        messages.push(Message::user(section(&spec.inputs, inputs) + &request(spec)));
        Prompt { stable_messages, ..Prompt::new(messages) }
    }

    fn reply(&self, task: &Task<'_>, outputs: &Fields) -> Message {
        Message::assistant(section(&task.spec.outputs, outputs) + &marker(COMPLETED))
    }

    fn parse(&self, task: &Task<'_>, reply: &LmReply) -> Result<Parsed, ParseError> {
        let spec = task.spec;
        let mut leniencies = Vec::new();
        let mut outputs = Fields::new();
        for (name, raw) in split(&reply.text, &mut leniencies)? {
            let value = match spec.outputs.iter().find(|field| field.name == name) {
                Some(field) => read(field, raw, &mut leniencies)?,
                None => Value::Null,
            };
            if outputs.0.insert(name.to_owned(), value).is_some() {
                return Err(ParseError::Repeated(name.to_owned()));
            }
        }
        let errors = spec.check_outputs(&outputs);
        if errors.is_empty() { Ok(Parsed { outputs, leniencies }) } else { Err(ParseError::Fields(errors)) }
    }

    fn correct(&self, task: &Task<'_>, error: &ParseError) -> Message {
        let error = error.to_string();
        Message::user(format!("That reply cannot be used: {}.\n{}", neutralise(&error), request(task.spec)))
    }
}

fn system(spec: &SignatureSpec, state: &SlotState) -> String {
    let mut text = String::from("Input fields:\n");
    text += &described(&spec.inputs);
    text += "Output fields:\n";
    text += &described(&spec.outputs);
    text += "\nLayout of every exchange:\n";
    for field in spec.inputs.iter().chain(&spec.outputs) {
        text += &format!("{}\n{{{}}}\n\n", marker(&field.name), field.name);
    }
    text += &marker(COMPLETED);
    text += "\n\nObjective:\n";
    text += &neutralise(state.instruction.as_deref().unwrap_or(&spec.instruction));
    text
}

fn described(fields: &[FieldSpec]) -> String {
    let line = |field: &FieldSpec| {
        let about = field.description.replace('\n', "\n  ");
        let colon = if about.is_empty() { "" } else { ": " };
        format!("- `{}` ({}{}){colon}{}\n", field.name, field.kind, field.constraints, neutralise(&about))
    };
    fields.iter().map(line).collect()
}

fn request(spec: &SignatureSpec) -> String {
    let names: Vec<String> = spec.outputs.iter().map(|field| format!("`{}`", field.name)).collect();
    format!("Now write {}, each under its marker, and end with {}.", names.join(", "), marker(COMPLETED))
}

fn section(specs: &[FieldSpec], values: &Fields) -> String {
    let given = |spec: &FieldSpec| {
        let value = values.get(&spec.name)?;
        let text = match value {
            Value::String(text) if spec.kind.is_text() => neutralise(text).into_owned(),
            other => neutralise(&other.to_string()).into_owned(),
        };
        Some(format!("{}\n{text}\n\n", marker(&spec.name)))
    };
    specs.iter().filter_map(given).collect()
}

/// The raw values by field, in the order of the reply.
fn split<'r>(reply: &'r str, leniencies: &mut Vec<Leniency>) -> Result<Vec<(&'r str, &'r str)>, ParseError> {
    let mut found: Vec<(&str, usize, usize)> = Vec::new();
    let mut offset = 0;
    let mut closed_at = None;
    for line in reply.split_inclusive('\n') {
        let end = offset + line.len();
        if let Some((name, rest)) = at_start(line) {
            if let Some((_, _, until)) = found.last_mut() {
                *until = offset;
            }
            if name == COMPLETED {
                closed_at = Some(end - rest.trim_start().len());
                break;
            }
            if !rest.trim().is_empty() {
                leniencies.push(Leniency::Inline);
            }
            let from = if rest.trim().is_empty() { end } else { end - rest.trim_start().len() };
            found.push((name, from, reply.len()));
        }
        offset = end;
    }
    match closed_at {
        None => leniencies.push(Leniency::Unclosed),
        Some(at) if !reply.get(at..).unwrap_or_default().trim().is_empty() => leniencies.push(Leniency::Trailing),
        Some(_) => {}
    }
    if found.is_empty() {
        return Err(ParseError::NoMarker);
    }
    Ok(found.into_iter().map(|(name, from, until)| (name, reply.get(from..until).unwrap_or_default())).collect())
}

fn read(field: &FieldSpec, raw: &str, leniencies: &mut Vec<Leniency>) -> Result<Value, ParseError> {
    // a value is followed by its line's end and one empty line
    let raw = raw.strip_suffix('\n').unwrap_or(raw);
    let raw = restore(raw.strip_suffix('\n').unwrap_or(raw));
    match &field.kind {
        FieldKind::Text => Ok(Value::String(raw.into_owned())),
        FieldKind::Choice(words) => Ok(Value::String(choose(words, raw.trim(), leniencies))),
        kind => read_json(field, kind, raw.trim(), leniencies),
    }
}

fn choose(words: &[String], raw: &str, leniencies: &mut Vec<Leniency>) -> String {
    if words.iter().any(|word| word == raw) {
        return raw.to_owned();
    }
    match words.iter().find(|word| word.eq_ignore_ascii_case(raw)) {
        Some(word) => {
            leniencies.push(Leniency::Case);
            word.clone()
        }
        None => raw.to_owned(),
    }
}

fn read_json(
    field: &FieldSpec,
    kind: &FieldKind,
    raw: &str,
    leniencies: &mut Vec<Leniency>,
) -> Result<Value, ParseError> {
    let bare = unfence(raw);
    if bare.len() != raw.len() {
        leniencies.push(Leniency::Fenced);
    }
    match serde_json::from_str(bare) {
        Ok(value) => Ok(value),
        Err(_) => match kind {
            FieldKind::Optional(inner) if inner.is_text() => {
                leniencies.push(Leniency::Unquoted);
                Ok(Value::String(raw.to_owned()))
            }
            _ => Err(ParseError::NotJson(field.name.clone())),
        },
    }
}

fn unfence(raw: &str) -> &str {
    let inner = raw.strip_prefix("```").and_then(|rest| rest.strip_suffix("```"));
    inner.map_or(raw, |inner| inner.strip_prefix("json").unwrap_or(inner).trim())
}

#[cfg(test)]
mod tests;
