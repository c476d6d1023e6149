//! Where in a boundary the rule stands that decided a call.

use abide_base::{call::ToolName, event::EventKind};

use crate::{Denied, policy::RuleId};

/// Where a tool's entry would stand.
pub(super) const NO_ENTRY: &str = "tools";

/// The entry of a tool.
pub(super) fn for_entry(tool: &ToolName) -> String {
    ["tools.\"", tool.as_str(), "\""].concat()
}

/// The rule that refused a call of a tool.
pub(super) fn for_denial(tool: &ToolName, denied: &Denied) -> String {
    let entry = for_entry(tool);
    if let Some(check) = denied.check {
        return format!("checks.{check}");
    }
    match (denied.kind, &denied.argument, denied.rule) {
        (EventKind::BulkAccess, ..) => format!("{entry}.distinct"),
        (EventKind::CanaryTriggered, ..) => "canaries.values".to_owned(),
        (EventKind::LeakDenied, _, Some(RuleId::NoEgress)) => format!("{entry}.no_egress"),
        (EventKind::ArgumentDenied, _, Some(rule @ RuleId::OtherArguments)) => format!("{entry}.{rule}"),
        (_, Some(argument), Some(RuleId::Name)) => {
            format!("{entry}.arguments.{}", denied.at.as_deref().unwrap_or(argument))
        }
        (_, Some(argument), Some(rule)) => {
            format!("{entry}.arguments.{}.{rule}", denied.at.as_deref().unwrap_or(argument))
        }
        (EventKind::ArgumentDenied, None, Some(rule)) => format!("{entry}.{rule}"),
        (EventKind::ScopeMissing, ..) => format!("{entry}.scopes"),
        (EventKind::CallLimit, ..) => format!("{entry}.max_calls"),
        (EventKind::BudgetExhausted, ..) => "limits.tool_calls".to_owned(),
        (EventKind::OutgoingLimit, ..) => "limits.outgoing_bytes".to_owned(),
        (EventKind::RateLimited, _, rule) => rule.map_or("limits.rate", RuleId::as_str).to_owned(),
        (EventKind::SequenceDenied, _, Some(rule)) => format!("{entry}.{rule}"),
        (EventKind::ApprovalMissing, ..) => format!("{entry}.approval"),
        (EventKind::RedundantCall, ..) => format!("{entry}.effect"),
        (EventKind::ToolNotAllowed | EventKind::UnknownTool, ..) => NO_ENTRY.to_owned(),
        _ => entry,
    }
}
