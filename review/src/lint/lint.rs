use abide_base::call::{ServerId, ToolName, ToolSpec};
use abide_guard::policy::key_path;
use abide_mcp::boundary::Draft;

use super::{
    context::{LintContext, tool_key},
    finding::{Code, Finding},
};

/// Everything that is worth a look, in the order of the file. `live` is what all servers list now, where they were asked; without it
/// schemas are those of the lock, if there is one.
pub fn check(draft: &Draft, live: Option<&[ToolSpec]>) -> Vec<Finding> {
    let mut context = LintContext { draft, boundary: draft.boundary(), live, found: Vec::new() };
    super::fit::check(&mut context);
    super::reach::check(&mut context);
    super::broad::check(&mut context);
    super::listed_tools::check(&mut context);
    let mut found = context.found;
    found.sort_by(|a, b| (a.line, &a.key, a.code).cmp(&(b.line, &b.key, b.code)));
    found
}

/// That a server sends something that cannot be used: which part, and why. `tool` is the one that it concerns, if it concerns one.
pub fn unusable_part(draft: &Draft, server: &ServerId, tool: Option<&ToolName>, part: &str, reason: &str) -> Finding {
    let key = match tool {
        Some(tool) if draft.boundary().policy().tool(tool).is_some() => tool_key(tool, &[]),
        _ => key_path("servers", server.as_str()),
    };
    let hint = "the rest of the server is used; tell its operator, or leave it if programs do not need this";
    let message = format!("server `{server}`: {part}: {reason}; {hint}");
    let code = Code::UnusablePart;
    Finding { line: draft.line_of(&key), key, severity: code.severity(), code, message }
}
