//! A tool must be the one that was approved: servers can change a definition after the operator has read it.

use std::collections::BTreeMap;

use abide_base::{
    call::{ToolName, ToolSpec},
    event::EventKind,
};
use abide_signatures::Digest;

use super::denied::Denied;

/// Compares the definition with the one that was pinned. Where there are pins, a tool without one was not approved.
pub(crate) fn check(pins: Option<&BTreeMap<ToolName, Digest>>, tool: &ToolSpec) -> Result<(), Denied> {
    let Some(pins) = pins else { return Ok(()) };
    match pins.get(&tool.name) {
        Some(pinned) if *pinned == tool.digest => Ok(()),
        Some(pinned) => Err(Denied::new(
            EventKind::ToolDrift,
            format!("its definition is {}, approved was {}", tool.digest.short(), pinned.short()),
        )),
        None => {
            Err(Denied::new(EventKind::ToolDrift, format!("its definition {} was never approved", tool.digest.short())))
        }
    }
}
