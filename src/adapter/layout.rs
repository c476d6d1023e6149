//! What all adapters tell a model of a signature's fields.

use std::fmt::Write;

use super::marker::neutralise;
use crate::{FieldSpec, SignatureSpec, SlotState};

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
