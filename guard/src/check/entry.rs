//! The only check that can allow a call: the boundary has an entry for the tool.

use abide_base::{
    call::{ToolCall, ToolName, ToolSpec},
    event::EventKind,
};

use super::denied::Denied;
use crate::policy::{Policy, ToolRule};

/// The operator's rule for the tool, and the tool itself.
pub(crate) fn find<'a>(
    policy: &'a Policy,
    call: &ToolCall,
    tool: Option<&'a ToolSpec>,
) -> Result<(&'a ToolRule, &'a ToolSpec), Denied> {
    match (policy.tool(&call.tool), tool) {
        (_, Some(tool)) if tool.name != call.tool => Err(Denied::new(
            EventKind::CheckFailed,
            format!("the definition of `{}` was given for another tool", tool.name),
        )),
        (Some(rule), Some(tool)) => Ok((rule, tool)),
        (Some(_), None) => Err(Denied::new(
            EventKind::UnknownTool,
            "the boundary allows it, but its server does not list it: correct the name, or take the entry away; `abide boundary check --connect` shows the names that are listed",
        )),
        (None, tool) => Err(match absent(policy, &call.tool) {
            EventKind::UnknownTool if tool.is_none() => {
                Denied::new(EventKind::UnknownTool, "no server lists such a tool")
            }
            _ => Denied::new(EventKind::ToolNotAllowed, "the boundary has no entry for it"),
        }),
    }
}

/// What it is called to want a tool that the boundary has no entry for: naming something at one of our servers is an attempt at it, whether
/// or not it exists.
pub(crate) fn absent(policy: &Policy, tool: &ToolName) -> EventKind {
    let is_ours = tool.server().is_some_and(|server| {
        // rules that are tried without their servers still name them
        policy.has_server(server) || policy.catalogue().any(|(known, _)| known.server() == Some(server))
    });
    if is_ours { EventKind::ToolNotAllowed } else { EventKind::UnknownTool }
}
