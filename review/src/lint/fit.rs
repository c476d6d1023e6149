//! Rules of one argument against each other.

use abide_base::call::ToolName;
use abide_guard::policy::{ArgumentRule, RuleId};
use serde_json::Value;

use super::{
    Code,
    context::{LintContext, Place, argument_rules, rule_key},
};

pub(super) fn check(context: &mut LintContext<'_>) {
    for (tool, rule) in context.rules() {
        for (place, rule) in argument_rules(rule) {
            let argument = Argument { tool, place, rule };
            argument.listed(context);
            argument.places(context);
        }
    }
}

struct Argument<'a> {
    tool: &'a ToolName,
    place: Place<'a>,
    rule: &'a ArgumentRule,
}

impl Argument<'_> {
    fn key(&self, key: &str) -> String {
        rule_key(self.tool, &self.place, &[key])
    }

    /// The values of `enum` against the other rules.
    fn listed(&self, context: &mut LintContext<'_>) {
        let Some(values) = &self.rule.one_of else { return };
        let others = ArgumentRule { one_of: None, from: None, read_as: None, max_items: None, ..self.rule.clone() };
        if others == ArgumentRule::default() {
            return;
        }
        let refused: Vec<(&Value, RuleId)> =
            values.iter().filter_map(|value| Some((value, others.broken(value)?))).collect();
        match refused.first() {
            Some((_, rule)) if refused.len() == values.len() => {
                let reason = format!("no value fits both this and `{rule}`: take one of them away");
                context.add(Code::NoValueFits, self.key("enum"), reason);
            }
            Some(_) => {
                for (value, rule) in refused {
                    let reason = format!("{value} is never allowed, since `{rule}` refuses it: take it out");
                    context.add(Code::NeverAllowed, self.key("enum"), reason);
                }
            }
            None => {
                let reason = "every value that it lists keeps the other rules: they add nothing; take them away";
                context.add(Code::Shadowed, self.key("enum"), reason);
            }
        }
    }

    /// What a text must begin with, in several ways.
    fn places(&self, context: &mut LintContext<'_>) {
        const ADDRESS: &str = "https://";
        let rule = self.rule;
        let is_address = rule.hosts.is_some();
        let root = rule.path_root.as_ref().map(|root| format!("{}/", root.trim_end_matches('/')));
        if let Some(root) = root.as_deref().filter(|root| is_address && !agree(root, ADDRESS)) {
            let reason = format!("no address of `hosts` begins with `{root}`: no value fits; take one of them away");
            context.add(Code::NoValueFits, self.key("path_root"), reason);
        }
        let Some(prefixes) = &rule.prefix else { return };
        let beginnings = [("hosts", is_address.then_some(ADDRESS)), ("path_root", root.as_deref())];
        for (key, beginning) in beginnings.into_iter().filter_map(|(key, text)| Some((key, text?))) {
            let unexpected: Vec<&String> = prefixes.iter().filter(|prefix| !agree(prefix, beginning)).collect();
            if unexpected.len() == prefixes.len() {
                let reason = format!("none of them fits `{key}`: no value fits; take one of the two rules away");
                context.add(Code::NoValueFits, self.key("prefix"), reason);
            } else {
                for prefix in unexpected {
                    let reason = format!("nothing that begins with `{prefix}` fits `{key}`: take it out");
                    context.add(Code::NeverAllowed, self.key("prefix"), reason);
                }
            }
        }
        let shortest = prefixes.iter().map(|prefix| prefix.chars().count()).min().unwrap_or_default();
        if let Some(max) = rule.max_chars.filter(|max| (*max as usize) < shortest) {
            let reason = format!("no text of {max} characters begins with one of them: raise `max_chars`");
            context.add(Code::NoValueFits, self.key("prefix"), reason);
        }
    }
}

/// Whether a text can begin with both.
fn agree(one: &str, other: &str) -> bool {
    one.starts_with(other) || other.starts_with(one)
}
