use std::collections::BTreeSet;

use abide_base::call::{MAX_DESCRIPTION, ToolName, ToolSpec};
use rmcp::model::Tool;
use serde_json::Value;

use super::{
    oddity::{Oddities, quoted},
    reply::shorten,
};

/// The tools under our names. Left out are those that cannot be named, and those whose name stands for several definitions: which of
/// them a call would reach is unknown.
pub(super) fn of_tools(tools: Vec<Tool>, oddities: &Oddities) -> Vec<ToolSpec> {
    let mut specs: Vec<ToolSpec> = Vec::new();
    let mut ambiguous = BTreeSet::new();
    for tool in tools {
        let part = format!("tool `{}`", quoted(&tool.name));
        let Ok(name) = ToolName::of_server(oddities.server(), &tool.name) else {
            oddities.note(None, part, "it is left out, because its name cannot be used: rename it at the server to 1 to 128 letters, digits, `_`, `-`, `.` and `/`");
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
