use std::{fmt, sync::Arc};

use futures_util::future::BoxFuture;
use serde::Serialize;

use super::{Module, Program};
use crate::{
    Fields, Slot, SlotPath, Tunable,
    runtime::{CallError, Cx},
};

/// A program whose type is forgotten, so that different ones fit into one `Vec`.
pub struct Boxed<I, O>(Box<dyn Erased<I, O>>);

trait Erased<I, O>: Send + Sync {
    fn forward<'a>(&'a self, cx: &'a Cx, input: I) -> BoxFuture<'a, Result<O, CallError>>;
    fn user_input(&self, input: &I) -> Fields;
    fn visible_output(&self, output: &O) -> Option<Fields>;
    fn tunable(&self) -> &dyn Tunable;
    fn tunable_mut(&mut self) -> &mut dyn Tunable;
    fn boxed(&self) -> Box<dyn Erased<I, O>>;
}

impl<P: Program> Erased<P::Input, P::Output> for P {
    fn forward<'a>(&'a self, cx: &'a Cx, input: P::Input) -> BoxFuture<'a, Result<P::Output, CallError>> {
        Box::pin(Module::forward(self, cx, input))
    }

    fn user_input(&self, input: &P::Input) -> Fields {
        Module::user_input(self, input)
    }

    fn visible_output(&self, output: &P::Output) -> Option<Fields> {
        Module::visible_output(self, output)
    }

    fn tunable(&self) -> &dyn Tunable {
        self
    }

    fn tunable_mut(&mut self) -> &mut dyn Tunable {
        self
    }

    fn boxed(&self) -> Box<dyn Erased<P::Input, P::Output>> {
        Box::new(self.clone())
    }
}

impl<I: 'static, O: 'static> Boxed<I, O> {
    /// Forgets the type of a program.
    pub fn new<P: Program<Input = I, Output = O>>(program: P) -> Self {
        Self(Box::new(program))
    }
}

impl<I: Serialize + Send + Sync + 'static, O: Send + Sync + 'static> Module for Boxed<I, O> {
    type Input = I;
    type Output = O;

    async fn forward(&self, cx: &Cx, input: I) -> Result<O, CallError> {
        self.0.forward(cx, input).await
    }

    fn user_input(&self, input: &I) -> Fields {
        self.0.user_input(input)
    }

    fn visible_output(&self, output: &O) -> Option<Fields> {
        self.0.visible_output(output)
    }
}

impl<I: 'static, O: 'static> Tunable for Boxed<I, O> {
    fn walk<'a>(&'a self, at: &SlotPath, visit: &mut dyn FnMut(SlotPath, &'a Slot)) {
        self.0.tunable().walk(at, visit);
    }

    fn walk_mut(&mut self, at: &SlotPath, visit: &mut dyn FnMut(SlotPath, &mut Slot)) {
        self.0.tunable_mut().walk_mut(at, visit);
    }
}

impl<I, O> Clone for Boxed<I, O> {
    fn clone(&self) -> Self {
        Self(self.0.boxed())
    }
}

impl<I, O> fmt::Debug for Boxed<I, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Boxed")
    }
}

/// Shared programs run as they are; they have nothing to tune, because others hold them too.
impl<M: Module> Module for Arc<M> {
    type Input = M::Input;
    type Output = M::Output;

    async fn forward(&self, cx: &Cx, input: M::Input) -> Result<M::Output, CallError> {
        (**self).forward(cx, input).await
    }

    fn user_input(&self, input: &M::Input) -> Fields {
        (**self).user_input(input)
    }

    fn visible_output(&self, output: &M::Output) -> Option<Fields> {
        (**self).visible_output(output)
    }
}
