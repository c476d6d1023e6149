use serde::Serialize;
use serde_json::{Map, Value};

/// One labelled example.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Example<I, L> {
    /// Unique in its dataset; demonstrations name it as their origin.
    pub id: String,
    /// What the program gets.
    pub input: I,
    /// What the metric judges by. No program sees it, and no search but where [`Compiler::labeled`](crate::compile::Compiler::labeled)
    /// says what outputs it stands for.
    pub label: L,
    /// A word to group results by, such as `ticket` or `injection`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Other columns of its line: kept for metrics, counted in the dataset's digest, and shown to no program.
    #[serde(flatten)]
    pub columns: Map<String, Value>,
}

/// An example and its line in the file, or its number in the list, from 1.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row<I, L> {
    pub(super) example: Example<I, L>,
    pub(super) line: usize,
}

impl<I, L> Example<I, L> {
    /// An example without a kind.
    pub fn new(id: impl Into<String>, input: I, label: L) -> Self {
        Self { id: id.into(), input, label, kind: None, columns: Map::new() }
    }

    /// With a word to group results by.
    #[must_use]
    pub fn kind(mut self, kind: impl Into<String>) -> Self {
        self.kind = Some(kind.into());
        self
    }
}
