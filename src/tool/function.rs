use std::{fmt, future::Future, marker::PhantomData, panic::AssertUnwindSafe, sync::Arc};

use abide_base::call::{NameError, ToolCall, ToolName, ToolReply, ToolSpec};
use futures_util::{FutureExt, future::BoxFuture};
use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::FieldSpec;

/// A Rust function as a tool. The boundary needs an entry for it, as for any tool.
pub struct Function {
    spec: ToolSpec,
    body: Arc<dyn ErasedFunction>,
}

pub(super) trait ErasedFunction: Send + Sync {
    fn call(&self, call: ToolCall) -> BoxFuture<'_, ToolReply>;
}

struct Typed<A, F> {
    body: F,
    arguments: PhantomData<fn() -> A>,
}

impl Function {
    /// A tool out of an async closure. The arguments' JSON Schema comes from their type; an `Err` is told to the model as the
    /// tool's failure, so it must hold nothing that the model may not see. A panic is told as a failure too, without its words.
    ///
    /// ```
    /// # use abide::prelude::*;
    /// # use schemars::JsonSchema;
    /// # use serde::Deserialize;
    /// #[derive(Deserialize, JsonSchema)] // of the crates `serde` and `schemars`
    /// struct Parcel {
    ///     /// Weight in grams
    ///     grams: u32,
    /// }
    ///
    /// let cost = |parcel: Parcel| async move { Ok::<_, String>(f64::from(parcel.grams) * 0.002) };
    /// let tools = Toolbox::new().with(Function::new("shipping_cost", "The cost of a parcel in euros", cost)?);
    /// # let boundary = r#"
    /// [tools.shipping_cost] # in boundary.toml
    /// scopes = []
    /// effect = "read"
    /// arguments.grams = { max = 30_000 }
    /// # "#;
    /// # Boundary::parse(boundary, ".", &|_| None)?;
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When the name cannot be a tool's; a Rust function's name has no `.`, and is not `finish`, which ends the run of an agent.
    pub fn new<A, R, E, F, Fut>(name: &str, description: &str, body: F) -> Result<Self, NameError>
    where
        A: DeserializeOwned + JsonSchema + Send + 'static,
        R: Serialize + Send + 'static,
        E: fmt::Display + Send + 'static,
        F: Fn(A) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R, E>> + Send + 'static,
    {
        let name = ToolName::of_function(name)?;
        let schema = FieldSpec::of::<A>("arguments").schema;
        let body = Arc::new(Typed { body, arguments: PhantomData });
        Ok(Self { spec: ToolSpec::new(name, description, schema, None), body })
    }

    pub(super) fn into_parts(self) -> (ToolSpec, Arc<dyn ErasedFunction>) {
        (self.spec, self.body)
    }
}

impl<A, R, E, F, Fut> ErasedFunction for Typed<A, F>
where
    A: DeserializeOwned + Send + 'static,
    R: Serialize + Send + 'static,
    E: fmt::Display + Send + 'static,
    F: Fn(A) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<R, E>> + Send + 'static,
{
    fn call(&self, call: ToolCall) -> BoxFuture<'_, ToolReply> {
        let arguments = match A::deserialize(Value::Object(call.arguments)) {
            Ok(arguments) => arguments,
            Err(error) => return Box::pin(async move { ToolReply::failed(format!("bad arguments: {error}")) }),
        };
        // the body is called within, so that a panic of its first line is caught too
        let running = AssertUnwindSafe(async move { (self.body)(arguments).await });
        Box::pin(async move {
            let Ok(result) = running.catch_unwind().await else {
                return ToolReply::failed("it panicked");
            };
            match result {
                Ok(value) => match serde_json::to_value(value) {
                    Ok(content) => ToolReply::done(content),
                    Err(error) => ToolReply::failed(format!("the result is not JSON: {error}")),
                },
                Err(error) => ToolReply::failed(error.to_string()),
            }
        })
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Function({})", self.spec.name)
    }
}

#[cfg(test)]
mod tests;
