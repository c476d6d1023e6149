use std::future::Future;

use serde::Serialize;
use serde_json::Value;

use crate::{
    Fields, Tunable,
    runtime::{CallError, Cx},
};

/// One step from input to output: [`Predict`](super::Predict), [`ChainOfThought`](super::ChainOfThought), [`ReAct`](super::ReAct), or
/// your own struct of modules.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a module",
    label = "write `async fn forward(&self, cx: &Cx, input: …) -> Result<…, CallError>` for it"
)]
pub trait Module: Send + Sync {
    /// What goes in.
    type Input: Serialize + Send + Sync + 'static;
    /// What comes out.
    type Output: Send + Sync + 'static;

    /// Does the step. Implementations write `async fn forward`.
    fn forward(&self, cx: &Cx, input: Self::Input) -> impl Future<Output = Result<Self::Output, CallError>> + Send;

    /// The part of the input that came from the user: what provenance rules call `input`. By default all of it; one that is not an object
    /// is the field `input`. Narrow it where a part is written by others.
    fn user_input(&self, input: &Self::Input) -> Fields {
        match serde_json::to_value(input) {
            Ok(Value::Object(fields)) => Fields(fields),
            Ok(Value::Null) | Err(_) => Fields::new(),
            Ok(value) => Fields::new().with("input", value),
        }
    }

    /// The texts of the output that people or other programs get to see: what the boundary's `[answer]` rules look at. Where there are
    /// such rules, an output that is not shown here is withheld.
    fn visible_output(&self, output: &Self::Output) -> Option<Fields> {
        let _ = output;
        None
    }
}

/// A module whose slots can be walked and that can be cloned: what can be compiled.
pub trait Program: Module + Tunable + Clone + 'static {}

impl<P: Module + Tunable + Clone + 'static> Program for P {}
