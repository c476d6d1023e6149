//! Lists of tools.

use abide_base::call::ToolName;
use rmcp::model::{ListToolsResult, ServerResult, Tool};
use serde_json::{Map, Value, json};

use super::super::oddity::quoted;
use super::{fit, typed::typed};
use crate::client::oddity::Oddities;

/// Under this key of `_meta` stand the names of the tools that are passed on. The protocol library leaves out some of them, and does
/// not say which.
pub(in crate::client) const LISTED: &str = "abide/listed";

/// What a tool may have besides its name and the schema of its input.
const OPTIONAL: &[&str] = &["description", "outputSchema", "title", "annotations", "icons", "execution", "_meta"];

/// The list, without the tools that cannot be used and without the parts that say nothing.
pub(super) fn tools(result: Value, oddities: &Oddities) -> Option<ServerResult> {
    let Value::Object(mut result) = result else {
        return None;
    };
    // a question, or something that is not known
    if result.get("resultType").is_some_and(|kind| !kind.is_null() && *kind != "complete") {
        return None;
    }
    let listed = match result.remove("tools") {
        Some(Value::Array(mut listed)) => {
            if listed.len() > MAX_TOOLS {
                let what = format!("it lists more than {MAX_TOOLS} tools: the rest is left out");
                oddities.note(None, "`tools/list`", what);
                listed.truncate(MAX_TOOLS);
            }
            listed
        }
        _ => {
            oddities.note(None, "`tools` of `tools/list`", "it is missing or not a list: no tools are known");
            Vec::new()
        }
    };
    let tools: Vec<Value> = listed.into_iter().zip(1..).filter_map(|(one, at)| tool(one, at, oddities)).collect();
    let names: Vec<Value> = tools.iter().filter_map(|tool| tool.get("name").cloned()).collect();
    let mut list =
        Map::from_iter([("tools".to_owned(), Value::Array(tools)), ("_meta".to_owned(), json!({ LISTED: names }))]);
    for name in ["ttlMs", "cacheScope", "nextCursor"] {
        let Some(value) = result.remove(name).filter(|value| !value.is_null()) else { continue };
        let usable = match name {
            "ttlMs" => value.is_u64(),
            "cacheScope" => value == "public" || value == "private",
            // an empty one is how some say that there are no more
            _ if value == "" => continue,
            _ => value.is_string(),
        };
        if usable {
            list.insert(name.to_owned(), value);
        } else {
            let what = if name == "nextCursor" {
                "it is not a text: further tools are not asked for"
            } else {
                "it is ignored, because it is not as the protocol says"
            };
            oddities.note(None, format!("`{name}` of `tools/list`"), what);
        }
    }
    typed::<ListToolsResult>(Value::Object(list)).map(ServerResult::from)
}

/// One tool as the library takes it, if there is enough of it. Its name and the schema of its input are never guessed.
fn tool(value: Value, at: usize, oddities: &Oddities) -> Option<Value> {
    let Value::Object(mut tool) = value else {
        oddities.note(None, format!("tool {at} of `tools/list`"), "it is left out, because it is not an object");
        return None;
    };
    let Some(name) = tool.get("name").and_then(Value::as_str).map(str::to_owned) else {
        oddities.note(
            None,
            format!("tool {at} of `tools/list`"),
            "it is left out, because its `name` is missing or not a text",
        );
        return None;
    };
    let known = ToolName::of_server(oddities.server(), &name).ok();
    let shown = quoted(&name);
    if !tool.get("inputSchema").is_some_and(Value::is_object) {
        let reason = "it is left out, because its `inputSchema` is missing or not an object";
        oddities.note(known.as_ref(), format!("tool `{shown}`"), reason);
        return None;
    }
    tool.retain(|key, _| key == "name" || key == "inputSchema" || OPTIONAL.contains(&key.as_str()));
    for odd in fit::fit::<Tool>(&mut tool, &json!({ "name": "x", "inputSchema": {} }), OPTIONAL) {
        let effect = match odd {
            "outputSchema" => "it is ignored, because it is not an object: replies are not checked",
            _ => "it is ignored, because it is not as the protocol says",
        };
        oddities.note(known.as_ref(), format!("`{odd}` of tool `{shown}`"), effect);
    }
    let tool = Value::Object(tool);
    if !fit::is::<Tool>(&tool) {
        oddities.note(
            known.as_ref(),
            format!("tool `{shown}`"),
            "it is left out, because its definition cannot be read",
        );
        return None;
    }
    Some(tool)
}

pub(crate) const MAX_TOOLS: usize = 1_024;
