//! The only check that can allow a call: the boundary has an entry for the tool.

use super::Denied;
use crate::{
    call::{ToolCall, ToolSpec},
    event::EventKind,
    security::boundary::{Boundary, ToolRule},
};

/// The operator's rule for the tool, and the tool itself.
pub(in crate::security) fn find<'a>(
    boundary: &'a Boundary,
    call: &ToolCall,
    tool: Option<&'a ToolSpec>,
) -> Result<(&'a ToolRule, &'a ToolSpec), Denied> {
    match (boundary.tool(&call.tool), tool) {
        (_, Some(tool)) if tool.name != call.tool => Err(Denied::new(
            EventKind::CheckFailed,
            format!("the definition of `{}` was given for another tool", tool.name),
        )),
        (Some(rule), Some(tool)) => Ok((rule, tool)),
        (Some(_), None) => {
            Err(Denied::new(EventKind::UnknownTool, "the boundary allows it, but its server does not have it"))
        }
        // naming something at one of our servers is an attempt at it, whether or not it exists
        (None, tool) if tool.is_some() || boundary.server_of(&call.tool).is_some() => {
            Err(Denied::new(EventKind::ToolNotAllowed, "the boundary has no entry for it"))
        }
        (None, _) => Err(Denied::new(EventKind::UnknownTool, "nobody has such a tool")),
    }
}
