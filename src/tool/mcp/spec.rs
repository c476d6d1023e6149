use std::collections::{BTreeMap, BTreeSet};

use jsonschema::Validator;
use rmcp::model::Tool;
use serde_json::Value;

use super::{
    oddity::{Oddities, quoted},
    reply::shorten,
};
use crate::{
    call::{MAX_DESCRIPTION, ToolName, ToolSpec},
    security::compile_schema,
};

/// The tools under our names. Left out are those that cannot be named, and those whose name stands for several definitions: which of
/// them a call would reach is unknown.
pub(super) fn of_tools(tools: Vec<Tool>, oddities: &Oddities) -> Vec<ToolSpec> {
    let mut specs: Vec<ToolSpec> = Vec::new();
    let mut ambiguous = BTreeSet::new();
    for tool in tools {
        let part = format!("tool `{}`", quoted(&tool.name));
        let Ok(name) = ToolName::of_server(oddities.server(), &tool.name) else {
            oddities.note(None, part, "it is left out, because its name cannot be used: rename it at the server");
            continue;
        };
        let spec = of_tool(name, &tool, oddities);
        match specs.iter().find(|known| known.name == spec.name) {
            None => specs.push(spec),
            Some(known) if known.digest == spec.digest => {
                oddities.note(Some(&spec.name), part, "it is listed more than once");
            }
            Some(known) => {
                let reason = "it is left out, because it is listed more than once, with different definitions";
                oddities.note(Some(&known.name), part, reason);
                ambiguous.insert(spec.name);
            }
        }
    }
    specs.retain(|spec| !ambiguous.contains(&spec.name));
    specs
}

/// Checks of what tools promise to answer.
pub(super) fn validators(tools: &[ToolSpec], oddities: &Oddities) -> BTreeMap<ToolName, Validator> {
    tools
        .iter()
        .filter_map(|tool| {
            let schema = tool.output_schema.as_ref()?;
            let validator = compile_schema(schema);
            if validator.is_none() {
                let part = format!("`outputSchema` of `{}`", tool.name);
                oddities.note(Some(&tool.name), part, "it is unusable: replies are not checked");
            }
            Some((tool.name.clone(), validator?))
        })
        .collect()
}

/// The digest covers the whole description, also what is cut off.
fn of_tool(name: ToolName, tool: &Tool, oddities: &Oddities) -> ToolSpec {
    let schema = |schema: &serde_json::Map<String, Value>| Value::Object(schema.clone());
    let mut spec = ToolSpec::new(
        name,
        tool.description.as_deref().unwrap_or_default(),
        schema(&tool.input_schema),
        tool.output_schema.as_deref().map(schema),
    );
    if spec.description.len() > MAX_DESCRIPTION {
        let part = format!("`description` of `{}`", spec.name);
        oddities.note(Some(&spec.name), part, format!("it is cut after {MAX_DESCRIPTION} bytes"));
        // before it is cut: half a secret is not found any more
        spec.description = shorten(&oddities.redactor().scrub(&spec.description), MAX_DESCRIPTION);
    }
    spec
}
