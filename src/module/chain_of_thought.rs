use std::{fmt, marker::PhantomData, sync::Arc};

use super::{
    Module,
    exchange::{check_input, exchange, fields, typed},
};
use crate::{
    FieldSpec, Fields, Signature, SignatureSpec, Slot, SlotPath, Tunable,
    runtime::{CallError, Cx},
};

/// Asks a model to reason first, then for a signature's outputs.
pub struct ChainOfThought<S> {
    slot: Slot,
    signature: PhantomData<fn() -> S>,
}

/// Outputs, and the reasoning that led to them.
#[derive(Clone, Debug, PartialEq)]
pub struct Reasoned<O> {
    /// What the model said before it answered.
    pub reasoning: String,
    /// The outputs.
    pub output: O,
}

const REASONING: &str = "reasoning";

impl<S: Signature> ChainOfThought<S> {
    /// A predictor with the signature's own instruction and no demonstrations. The field `reasoning` comes before the
    /// signature's outputs; a signature with such an output keeps its own, and where an input has that name the field is `rationale`.
    pub fn new() -> Self {
        Self { slot: Slot::new(with_reasoning(&S::spec())), signature: PhantomData }
    }
}

impl<S: Signature> Module for ChainOfThought<S> {
    type Input = S::Input;
    type Output = Reasoned<S::Output>;

    async fn forward(&self, cx: &Cx, input: S::Input) -> Result<Self::Output, CallError> {
        let spec = self.slot.spec();
        let inputs = fields(spec, &input)?;
        check_input(cx, spec, &inputs)?;
        let mut outputs = exchange(cx, &self.slot, &inputs, inputs.clone()).await?;
        let own = S::spec();
        let name = reasoning_field(&own);
        let reasoning = outputs.get(name).and_then(|r| r.as_str()).unwrap_or_default().to_owned();
        if !has(&own.outputs, name) {
            outputs.0.remove(name);
        }
        Ok(Reasoned { reasoning, output: typed(cx, spec, &outputs)? })
    }

    fn visible_output(&self, output: &Self::Output) -> Option<Fields> {
        Some(Fields::of(&output.output).ok()?.with(REASONING, output.reasoning.as_str()))
    }
}

/// The field that the model reasons in: one that no input has.
fn reasoning_field(spec: &SignatureSpec) -> &'static str {
    [REASONING, "rationale", "thoughts"].into_iter().find(|name| !has(&spec.inputs, name)).unwrap_or("think_aloud")
}

fn has(fields: &[FieldSpec], name: &str) -> bool {
    fields.iter().any(|field| field.name == name)
}

fn with_reasoning(spec: &Arc<SignatureSpec>) -> Arc<SignatureSpec> {
    let name = reasoning_field(spec);
    if has(&spec.outputs, name) {
        return spec.clone();
    }
    let mut spec = (**spec).clone();
    spec.outputs.insert(0, FieldSpec::of::<String>(name).describe("Think step by step before you answer."));
    Arc::new(spec)
}

impl<S: 'static> Tunable for ChainOfThought<S> {
    fn walk<'a>(&'a self, at: &SlotPath, visit: &mut dyn FnMut(SlotPath, &'a Slot)) {
        self.slot.walk(at, visit);
    }

    fn walk_mut(&mut self, at: &SlotPath, visit: &mut dyn FnMut(SlotPath, &mut Slot)) {
        self.slot.walk_mut(at, visit);
    }
}

impl<S: Signature> Default for ChainOfThought<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Clone for ChainOfThought<S> {
    fn clone(&self) -> Self {
        Self { slot: self.slot.clone(), signature: PhantomData }
    }
}

impl<S> fmt::Debug for ChainOfThought<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChainOfThought<{}>", self.slot.spec().name)
    }
}
