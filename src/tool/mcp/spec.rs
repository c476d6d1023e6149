use std::collections::{BTreeMap, BTreeSet};

use jsonschema::Validator;
use rmcp::model::Tool;
use serde_json::Value;

use super::reply::shorten;
use crate::{
    call::{MAX_DESCRIPTION, ServerId, ToolName, ToolSpec},
    secret::Redactor,
    security::compile_schema,
};

/// The tools under our names. Those that cannot be named, and those that come twice, are left out.
pub(super) fn of_tools(tools: Vec<Tool>, server: &ServerId, redactor: &Redactor) -> Vec<ToolSpec> {
    let mut seen = BTreeSet::new();
    tools
        .into_iter()
        .filter_map(|tool| {
            let name = ToolName::of_server(server, &tool.name)
                .inspect_err(|e| tracing::warn!(%server, "a tool is left out: {e}"))
                .ok()?;
            if !seen.insert(name.clone()) {
                tracing::warn!(%server, tool = %name, "a tool with the same name is left out");
                return None;
            }
            Some(of_tool(name, &tool, redactor))
        })
        .collect()
}

/// Checks of what tools promise to answer.
pub(super) fn validators(tools: &[ToolSpec]) -> BTreeMap<ToolName, Validator> {
    tools
        .iter()
        .filter_map(|tool| {
            let schema = tool.output_schema.as_ref()?;
            let validator = compile_schema(schema);
            if validator.is_none() {
                tracing::warn!(tool = %tool.name, "its output schema is unusable: replies are not checked");
            }
            Some((tool.name.clone(), validator?))
        })
        .collect()
}

/// The digest covers the whole description, also what is cut off.
fn of_tool(name: ToolName, tool: &Tool, redactor: &Redactor) -> ToolSpec {
    let schema = |schema: &serde_json::Map<String, Value>| Value::Object(schema.clone());
    let mut spec = ToolSpec::new(
        name,
        tool.description.as_deref().unwrap_or_default(),
        schema(&tool.input_schema),
        tool.output_schema.as_deref().map(schema),
    );
    if spec.description.len() > MAX_DESCRIPTION {
        tracing::warn!(tool = %spec.name, "its description is cut short");
        // before it is cut: half a secret is not found any more
        spec.description = shorten(&redactor.scrub(&spec.description), MAX_DESCRIPTION);
    }
    spec
}
