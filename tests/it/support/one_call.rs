//! A program that asks no model.

use abide::{
    async_trait,
    call::ToolCall,
    id::ModelId,
    lm::{Lm, LmError, LmReply, LmRequest},
    module::Module,
    prelude::*,
    runtime::{CallError, Cx},
    tool::ToolOutcome,
};

/// A program whose only step is one call.
pub(crate) struct OneCall(pub(crate) Toolbox);

/// The model of such a program.
pub(crate) struct NoModel(ModelId);

impl Module for OneCall {
    type Input = ToolCall;
    type Output = ToolOutcome;

    async fn forward(&self, cx: &Cx, input: ToolCall) -> Result<ToolOutcome, CallError> {
        Ok(self.0.call(cx, input).await)
    }
}

impl Default for NoModel {
    fn default() -> Self {
        Self(ModelId("none".to_owned()))
    }
}

#[async_trait]
impl Lm for NoModel {
    fn model(&self) -> &ModelId {
        &self.0
    }

    async fn complete(&self, _: &LmRequest) -> Result<LmReply, LmError> {
        panic!("nobody asks a model here")
    }
}
