//! The schemas of a server's tools: what is left out for them, and whether replies are what was promised.

use std::{collections::BTreeMap, sync::Arc};

use abide_base::{
    call::{ToolName, ToolReply, ToolSpec},
    schema::{CheckPermits, Measured, Schema, SchemaError, why_no_arguments_fit},
};
use serde_json::Value;
use tokio::sync::OnceCell;

use super::{oddity::Oddities, reply::Unchecked};
use crate::ToolError;

/// Values in the schemas of all tools of a server that are used, each as often as it is compiled: measuring them takes less than a second.
pub(super) const MAX_VALUES_OF_SERVER: u64 = 200_000;
/// Values in the schemas of tools that are left out. Once there were so many, no further tool of the server is measured.
pub(super) const MAX_VALUES_LEFT_OUT: u64 = 400_000;
/// A schema above the limits counts as so many of them.
pub(super) const VALUES_OF_EXCESS: u64 = 20_000;
/// As many of them are compiled at once, so that what is wrong with them is known before a call; the others when they are needed.
const COMPILED_AT_ONCE: u64 = 20_000;

/// What tools promise to answer.
#[derive(Default)]
pub(super) struct Outputs {
    promised: BTreeMap<ToolName, Promise>,
    permits: CheckPermits,
}

struct Promise {
    schema: Value,
    /// Holds `None` if replies cannot be checked.
    compiled: OnceCell<Option<Arc<Schema>>>,
}

/// Something that is wrong with a tool's schema.
struct Fault {
    tool: ToolName,
    part: &'static str,
    reason: String,
}

/// Tools as they are used, and what was found.
#[derive(Default)]
struct Admitted {
    tools: Vec<ToolSpec>,
    outputs: Outputs,
    faults: Vec<Fault>,
    values: Values<MAX_VALUES_OF_SERVER>,
    /// Values in the schemas of tools that were left out.
    left_out: u64,
    compiled: Values<COMPILED_AT_ONCE>,
}

/// Values that were taken, at most so many.
#[derive(Default)]
struct Values<const MOST: u64>(u64);

impl<const MOST: u64> Values<MOST> {
    /// `None` if that would be more: nothing is taken then.
    fn take(&mut self, values: u64) -> Option<()> {
        let all = self.0.checked_add(values).filter(|all| *all <= MOST)?;
        self.0 = all;
        Some(())
    }
}

/// Leaves out tools whose schemas cost too much, and says so.
pub(super) async fn admit(tools: Vec<ToolSpec>, oddities: &Oddities) -> (Vec<ToolSpec>, Outputs) {
    let names: Vec<ToolName> = tools.iter().map(|tool| tool.name.clone()).collect();
    let admitted = tokio::task::spawn_blocking(move || {
        let mut admitted = Admitted::default();
        tools.into_iter().for_each(|tool| admitted.add(tool));
        admitted
    });
    // it fails where the library fails, or the runtime ends: no tool is used that was not measured
    let admitted = admitted.await.unwrap_or_else(|_| {
        let lost = |tool| Fault { tool, part: "schemas", reason: "it is left out: they could not be measured".into() };
        Admitted { faults: names.into_iter().map(lost).collect(), ..Admitted::default() }
    });
    for fault in &admitted.faults {
        oddities.note(Some(&fault.tool), format!("{} of `{}`", fault.part, fault.tool), &fault.reason);
    }
    (admitted.tools, admitted.outputs)
}

impl Admitted {
    fn add(&mut self, tool: ToolSpec) {
        if self.left_out >= MAX_VALUES_LEFT_OUT {
            let reason = "the tools before it have too many schemas that cost too much".to_owned();
            return self.leave_out(&tool, "schemas", 0, reason);
        }
        let input = Measured::of(&tool.input_schema);
        let output = tool.output_schema.as_ref().map(Measured::of).transpose();
        for (part, excess) in [("`inputSchema`", input.as_ref().err()), ("`outputSchema`", output.as_ref().err())] {
            if let Some(SchemaError::TooCostly(_)) = excess {
                let reason = excess.map(ToString::to_string).unwrap_or_default();
                return self.leave_out(&tool, part, VALUES_OF_EXCESS, reason);
            }
        }
        let of = |measured: Option<&Measured>| measured.map_or(1, Measured::values);
        let values = of(input.as_ref().ok()).saturating_add(of(output.as_ref().ok().and_then(Option::as_ref)));
        if self.values.take(values).is_none() {
            let reason = format!(
                "with it the schemas of this server would have more than {MAX_VALUES_OF_SERVER} values together"
            );
            return self.leave_out(&tool, "schemas", values, reason);
        }
        let unusable = match input.and_then(|measured| self.compile(measured, &tool.input_schema)) {
            Err(error) => Some(error.to_string()),
            Ok(_) => why_no_arguments_fit(&tool.input_schema),
        };
        if let Some(reason) = unusable {
            let reason = format!(
                "no value fits the input schema of `{}`, so every call is refused: {reason}; correct it at the server",
                tool.name
            );
            self.faults.push(Fault { tool: tool.name.clone(), part: "`inputSchema`", reason });
        }
        if let Some(schema) = &tool.output_schema {
            let known = match output.map(|measured| measured.map(|measured| self.compile(measured, schema)).transpose())
            {
                Ok(Ok(known)) => known.flatten().map(|schema| Some(Arc::new(schema))),
                Ok(Err(error)) | Err(error) => {
                    let reason = format!("replies are not checked: {error}");
                    self.faults.push(Fault { tool: tool.name.clone(), part: "`outputSchema`", reason });
                    Some(None)
                }
            };
            let promise = Promise { schema: schema.clone(), compiled: OnceCell::new_with(known) };
            self.outputs.promised.insert(tool.name.clone(), promise);
        }
        self.tools.push(tool);
    }

    /// `None` if it would be too much to compile at once.
    fn compile(&mut self, measured: Measured, schema: &Value) -> Result<Option<Schema>, SchemaError> {
        self.compiled.take(measured.values()).map(|()| measured.compile(schema)).transpose()
    }

    fn leave_out(&mut self, tool: &ToolSpec, part: &'static str, values: u64, reason: String) {
        self.left_out = self.left_out.saturating_add(values);
        let reason = format!("the tool is left out: {reason}; the server should make it simpler");
        self.faults.push(Fault { tool: tool.name.clone(), part, reason });
    }
}

impl Outputs {
    /// The reply, if it is what the tool promises.
    pub(super) async fn check(
        &self,
        tool: &ToolName,
        reply: Unchecked,
        oddities: &Oddities,
    ) -> Result<ToolReply, ToolError> {
        let promised = match self.promised.get(tool) {
            Some(promise) => self.compiled(tool, promise, oddities).await,
            None => None,
        };
        reply.check(promised, &self.permits).await
    }

    async fn compiled<'p>(
        &self,
        tool: &ToolName,
        promise: &'p Promise,
        oddities: &Oddities,
    ) -> Option<&'p Arc<Schema>> {
        let compile = || async {
            let unusable = |error: &SchemaError| {
                let part = format!("`outputSchema` of `{tool}`");
                oddities.note(Some(tool), part, format!("replies are not checked: {error}"));
            };
            let compiled = Schema::compile_apart(&promise.schema, &self.permits).await;
            compiled.inspect_err(unusable).ok().map(Arc::new)
        };
        promise.compiled.get_or_init(compile).await.as_ref()
    }
}
