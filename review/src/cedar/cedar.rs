use std::fmt::Write;

use abide_base::{
    call::{ToolCall, ToolName},
    scope::ScopeSet,
};
use abide_guard::{
    Session,
    policy::{ArgumentRule, Policy, RuleId, ToolRule},
};

/// A boundary in Cedar.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exported {
    /// The policies, one for each tool.
    pub policies: String,
    /// The schema that they are valid for, in Cedar's own syntax.
    pub schema: String,
}

/// What all schemas have in common.
const HEAD: &str = r#"namespace Abide {
  // on whose behalf a run is made; "" where no caller is named
  entity Caller;
  entity Tool;

  type Argument = {
    // the items of a list, or the one value, as JSON
    values: Set<String>,
    items: Long,
    // where there is one item, and it is a text
    text?: String,
    // where all items are whole numbers
    least?: Long,
    most?: Long,
    // the places of the rule that all items come from
    sources: Set<String>,
    // the keys of the rule that hold
    fits: Set<String>,
  };

  action call;
"#;

/// Every tool of a boundary, in the order of names.
pub fn export(policy: &Policy) -> Exported {
    let (mut policies, mut schema) = (String::new(), HEAD.to_owned());
    for (tool, rule) in policy.catalogue() {
        policies.push_str(&permission(policy, tool, rule));
        schema.push_str(&action(tool, rule));
    }
    schema.push_str("}\n");
    Exported { policies, schema }
}

/// The context of the request that asks Cedar about a call, as JSON; `None` if the boundary has no entry for the tool. The action and the
/// resource have the tool's name. `granted` are the scopes of the token.
pub fn context(policy: &Policy, call: &ToolCall, session: &Session, granted: &ScopeSet) -> Option<serde_json::Value> {
    let rule = policy.tool(&call.tool)?;
    Some(super::facts::context(&super::facts::Asking { policy, rule, call, session, granted }))
}

fn action(tool: &ToolName, rule: &ToolRule) -> String {
    let arguments: String = rule.arguments.keys().map(|name| format!(" {}: Argument,", quoted(name))).collect();
    format!(
        "\n  action {} in [\"call\"] appliesTo {{\n    principal: [Caller],\n    resource: [Tool],\n    context: {{\n      \
         scopes: Set<String>,\n      // permitted calls of this tool so far\n      calls: Long,\n      \
         // calls that were asked for, with this one\n      asked: Long,\n      \
         // an argument has no rule, and is refused for that or for being named like one that has\n      unexpected: Bool,\n      \
         arguments: {{{arguments} }},\n    }},\n  }};\n",
        quoted(tool.as_str())
    )
}

fn permission(policy: &Policy, tool: &ToolName, rule: &ToolRule) -> String {
    let mut conditions = vec!["!context.unexpected".to_owned()];
    if tool.server().is_some() && !rule.scopes.is_empty() {
        let scopes: Vec<&str> = rule.scopes.iter().map(abide_base::scope::Scope::as_str).collect();
        conditions.push(format!("context.scopes.containsAll({})", list(&scopes)));
    }
    conditions.extend(rule.max_calls.map(|most| format!("context.calls < {most}")));
    conditions.extend(policy.limits().tool_calls.map(|most| format!("context.asked <= {most}")));
    for (name, argument) in &rule.arguments {
        conditions.extend(kept(&format!("context.arguments[{}]", quoted(name)), argument));
    }
    let name = quoted(tool.as_str());
    let effect = serde_json::to_value(rule.effect).unwrap_or_default();
    let mut text = String::new();
    // a text can always be written into
    let _ = write!(
        text,
        "{}@id({name})\n@effect({effect})\npermit (\n  principal,\n  action == Abide::Action::{name},\n  \
         resource == Abide::Tool::{name}\n) when {{\n  {}\n}};\n\n",
        left_out(policy, rule),
        conditions.join(" &&\n  ")
    );
    text
}

/// What the guard decides besides.
fn left_out(policy: &Policy, rule: &ToolRule) -> String {
    let parts = [
        ("distinct", rule.distinct.is_some()),
        ("after", !rule.after.is_empty()),
        ("only_if", !rule.only_if.is_empty()),
        ("never_with", !rule.never_with.is_empty()),
        ("no_egress", !rule.no_egress.is_empty()),
        ("approval", rule.approval != abide_guard::policy::Approval::None),
        ("overridable", !rule.overridable.is_empty()),
        ("the same write twice", rule.effect != abide_base::call::Effect::Read),
        ("canaries", !policy.canaries().is_empty()),
        ("lock", policy.lock().is_some()),
        ("limits.outgoing_bytes", policy.limits().outgoing_bytes.is_some()),
        ("limits.rate", policy.limits().rate.is_some()),
        ("limits.caller", policy.limits().caller.is_some()),
        ("limits.all", policy.limits().all.is_some()),
    ];
    let parts: Vec<&str> = parts.into_iter().filter(|(_, is_there)| *is_there).map(|(key, _)| key).collect();
    if parts.is_empty() { String::new() } else { format!("// left to the guard: {}\n", parts.join(", ")) }
}

/// The rules of one argument; each holds of no items at all.
fn kept(of: &str, rule: &ArgumentRule) -> Vec<String> {
    let fits = |key: &str| format!("{of}.fits.contains({})", quoted(key));
    let mut conditions = Vec::new();
    if let Some(values) = &rule.one_of {
        let values: Vec<String> = values.iter().map(ToString::to_string).collect();
        conditions.push(format!("{}.containsAll({of}.values)", list(&values)));
    }
    if let Some(prefixes) = &rule.prefix {
        let like = prefixes.iter().map(|prefix| format!("{of}.text like {}", beginning(prefix)));
        let like = like.collect::<Vec<_>>().join(" || ");
        conditions.push(format!("(if {of} has text then ({like}) else {})", fits("prefix")));
    }
    for (key, bound, field, sign) in [("min", rule.min, "least", ">="), ("max", rule.max, "most", "<=")] {
        conditions.extend(bound.map(|bound| match whole(bound) {
            Some(bound) => format!("(if {of} has {field} then {of}.{field} {sign} {bound} else {})", fits(key)),
            None => fits(key),
        }));
    }
    conditions.extend(rule.max_items.map(|most| format!("{of}.items <= {most}")));
    if let Some(sources) = &rule.from {
        let sources: Vec<String> = sources.iter().map(ToString::to_string).collect();
        conditions.push(format!("({of}.sources.containsAny({}) || {})", list(&sources), fits("from")));
    }
    if !rule.fields.is_empty() {
        conditions.push(fits("fields"));
    }
    let is_said = |rule: &RuleId| matches!(rule, RuleId::Enum | RuleId::Prefix | RuleId::Min | RuleId::Max);
    let facts = rule.each().into_iter().map(|(rule, _)| rule).filter(|rule| !is_said(rule));
    conditions.extend(facts.map(|rule| fits(rule.as_str())));
    conditions
}

/// Numbers that Cedar and we agree on.
pub(super) fn whole(number: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let is_whole = number.fract() == 0.0 && number.abs() < EXACT;
    #[expect(clippy::cast_possible_truncation, reason = "it is whole and small enough")]
    is_whole.then_some(number as i64)
}

/// Cedar writes texts as Rust does.
pub(super) fn quoted(text: &str) -> String {
    format!("{text:?}")
}

pub(super) fn list<T: AsRef<str>>(texts: &[T]) -> String {
    format!("[{}]", texts.iter().map(|text| quoted(text.as_ref())).collect::<Vec<_>>().join(", "))
}

/// A pattern for what begins so.
pub(super) fn beginning(prefix: &str) -> String {
    let parts: Vec<String> = prefix.split('*').map(|part| part.escape_debug().to_string()).collect();
    format!("\"{}*\"", parts.join("\\*"))
}
