use abide_base::call::{Effect, ToolName, ToolSpec};
use abide_guard::policy::{ArgumentRule, ToolRule, UnlistedArguments, field_path, key_path};
use abide_mcp::boundary::{Boundary, Draft};
use abide_signatures::Digest;
use serde_json::Value;

use super::finding::{Code, Finding};

/// What is looked at, and what was found.
pub(super) struct LintContext<'d> {
    pub(super) draft: &'d Draft,
    pub(super) boundary: &'d Boundary,
    pub(super) live: Option<&'d [ToolSpec]>,
    pub(super) found: Vec<Finding>,
}

/// What is known of a tool: from its server, else from the lock.
pub(super) struct Definition<'d> {
    pub(super) digest: &'d Digest,
    pub(super) input: &'d Value,
    pub(super) output: Option<&'d Value>,
}

impl<'d> LintContext<'d> {
    pub(super) fn add(&mut self, code: Code, key: impl Into<String>, message: impl Into<String>) {
        let key = key.into();
        let (line, severity) = (self.draft.line_of(&key), code.severity());
        self.found.push(Finding { key, line, severity, code, message: message.into() });
    }

    pub(super) fn rules(&self) -> impl Iterator<Item = (&'d ToolName, &'d ToolRule)> + use<'d> {
        self.boundary.policy().catalogue()
    }

    pub(super) fn definition(&self, tool: &ToolName) -> Option<Definition<'d>> {
        let listed = self.live.and_then(|live| live.iter().find(|spec| spec.name == *tool));
        let listed = listed.map(|spec| Definition {
            digest: &spec.digest,
            input: &spec.input_schema,
            output: spec.output_schema.as_ref(),
        });
        listed.or_else(|| self.locked(tool))
    }

    pub(super) fn locked(&self, tool: &ToolName) -> Option<Definition<'d>> {
        self.boundary.policy().lock()?.tools.get(tool).map(|approved| Definition {
            digest: &approved.digest,
            input: &approved.input_schema,
            output: approved.output_schema.as_ref(),
        })
    }
}

/// The key of a tool's table, or of a key in it.
pub(super) fn tool_key(tool: &ToolName, keys: &[&str]) -> String {
    let table = key_path("tools", tool.as_str());
    keys.iter().fold(table, |path, key| key_path(&path, key))
}

/// The key of the rule of an argument or of a field in it, or of a key of that rule.
pub(super) fn rule_key(tool: &ToolName, place: &Place<'_>, keys: &[&str]) -> String {
    let argument = tool_key(tool, &["arguments", place.argument]);
    keys.iter().fold(field_path(&argument, &place.fields), |path, key| key_path(&path, key))
}

/// An argument, and the fields that lead to a value in it.
pub(super) struct Place<'a> {
    pub(super) argument: &'a str,
    pub(super) fields: Vec<&'a str>,
}

/// Every rule of an argument or of a field in one.
pub(super) fn argument_rules(rule: &ToolRule) -> impl Iterator<Item = (Place<'_>, &ArgumentRule)> {
    rule.arguments.iter().flat_map(|(argument, rule)| {
        rule.all().into_iter().map(move |(fields, rule)| (Place { argument, fields }, rule))
    })
}

/// Whether calls change something.
pub(super) fn changes_something(rule: &ToolRule) -> bool {
    rule.effect != Effect::Read
}

/// Whether an argument without an entry is refused.
pub(super) fn refuses_others(rule: &ToolRule) -> bool {
    rule.other_arguments == UnlistedArguments::Refuse
}
