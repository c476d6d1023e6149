use std::{fmt, marker::PhantomData};

use super::{
    Module,
    exchange::{check_input, exchange, fields, typed},
};
use crate::{
    Fields, Signature, Slot, SlotPath, Tunable,
    runtime::{CallError, Cx},
};

/// Asks a model for a signature's outputs: the smallest module, one slot.
pub struct Predict<S> {
    slot: Slot,
    signature: PhantomData<fn() -> S>,
}

impl<S: Signature> Predict<S> {
    /// A predictor with the signature's own instruction and no demonstrations.
    pub fn new() -> Self {
        Self { slot: Slot::new(S::spec()), signature: PhantomData }
    }
}

impl<S: Signature> Module for Predict<S> {
    type Input = S::Input;
    type Output = S::Output;

    async fn forward(&self, cx: &Cx, input: S::Input) -> Result<S::Output, CallError> {
        let spec = self.slot.spec();
        let inputs = fields(spec, &input)?;
        check_input(cx, spec, &inputs)?;
        let outputs = exchange(cx, &self.slot, &inputs, inputs.clone()).await?;
        typed(cx, spec, &outputs)
    }

    fn visible_output(&self, output: &S::Output) -> Option<Fields> {
        Fields::of(output).ok()
    }
}

impl<S: 'static> Tunable for Predict<S> {
    fn walk<'a>(&'a self, at: &SlotPath, visit: &mut dyn FnMut(SlotPath, &'a Slot)) {
        self.slot.walk(at, visit);
    }

    fn walk_mut(&mut self, at: &SlotPath, visit: &mut dyn FnMut(SlotPath, &mut Slot)) {
        self.slot.walk_mut(at, visit);
    }
}

impl<S: Signature> Default for Predict<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Clone for Predict<S> {
    fn clone(&self) -> Self {
        Self { slot: self.slot.clone(), signature: PhantomData }
    }
}

impl<S> fmt::Debug for Predict<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Predict<{}>", self.slot.spec().name)
    }
}
