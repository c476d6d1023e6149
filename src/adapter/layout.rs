//! What all adapters have in common: the order of a prompt, and what a model is told of a signature's fields.

use std::fmt::{Display, Write};

use abide_lm::Message;
use serde_json::Value;

use super::{
    Adapter, Prompt, Task,
    marker::{neutralise, write_value},
};
use crate::{FieldSpec, Fields, SignatureSpec, SlotState};

/// The system message, an exchange for each demonstration, and the inputs: `shown` writes inputs, `asked` adds what is asked of them.
pub(super) fn prompt(
    adapter: &impl Adapter,
    task: &Task<'_>,
    system: String,
    shown: impl Fn(&Fields) -> String,
    asked: impl Fn(String) -> String,
) -> Prompt {
    let mut messages = vec![Message::system(system)];
    for demo in &task.state.demos {
        messages.push(Message::user(shown(&demo.inputs)));
        messages.push(adapter.reply(task, &demo.outputs));
    }
    let stable_messages = messages.len();
    messages.push(Message::user(asked(shown(task.inputs))));
    Prompt { stable_messages, ..Prompt::new(messages) }
}

/// What to say of a reply that could not be used, and what is asked once more.
pub(super) fn correction(error: impl Display, request: &str) -> Message {
    Message::user(format!("That reply cannot be used: {error}.\n{request}"))
}

/// A value as it stands in a prompt: text as it is, everything else as JSON; neither forges layout.
pub(super) fn value(spec: &FieldSpec, value: &Value) -> String {
    match value {
        Value::String(text) if spec.shape.is_text() => write_value(text).into_owned(),
        other => neutralise(&other.to_string()).into_owned(),
    }
}

/// How [`value`] writes what is no text; empty where all outputs are.
pub(super) fn json_note(spec: &SignatureSpec) -> &'static str {
    if spec.outputs.iter().all(|field| field.shape.is_text()) {
        ""
    } else {
        "Values that are no plain text are JSON on one line.\n"
    }
}

/// A line for each field: its name, its type to the last member, what it must satisfy, and what it means.
pub(super) fn described(fields: &[FieldSpec]) -> String {
    let mut text = String::new();
    for field in fields {
        let about = neutralise(&field.description).replace('\n', "\n  ");
        let shape = neutralise(&field.shape.to_string()).replace('\n', "\n  ");
        let docs = neutralise(&field.shape.root.docs).split_whitespace().collect::<Vec<_>>().join(" ");
        let docs = if about.is_empty() { docs } else { about };
        let colon = if docs.is_empty() { "" } else { ": " };
        // a `String` takes all that is written to it
        let _ = writeln!(text, "- `{}` ({shape}{}){colon}{docs}", field.name, field.constraints);
    }
    text
}

/// Input and output fields.
pub(super) fn fields(spec: &SignatureSpec) -> String {
    format!("Input fields:\n{}Output fields:\n{}", described(&spec.inputs), described(&spec.outputs))
}

/// The instruction, last, so that a program's prompts differ from their end on.
pub(super) fn objective(spec: &SignatureSpec, state: &SlotState) -> String {
    format!("\nObjective:\n{}", neutralise(state.instruction.as_deref().unwrap_or(&spec.instruction)))
}
