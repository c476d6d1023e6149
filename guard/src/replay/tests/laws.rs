//! What must hold of decisions whatever the rules and the calls are.

#![expect(clippy::indexing_slicing, reason = "tests")]

use proptest::{collection::vec, prelude::*, sample::select};

use super::super::tests::*;

/// Rules that can be added one by one.
const TOOL_RULES: [&str; 22] = [
    "max_calls = 1",
    "distinct = { argument = \"x\", max = 1 }",
    "after = [\"crm.b\"]",
    "after = [\"crm.b(x)\"]",
    "after = [[\"crm.b(x)\", \"crm.c\"]]",
    "after = [\"once crm.b(x)\", \"crm.b\"]",
    "only_if = [\"once crm.b(x):deep.ok=true\"]",
    "only_if = [[\"crm.b(x):ok=true\", \"crm.c:deep.ok=false\"]]",
    "never_with = [\"crm.c(x)\"]",
    "other_arguments = \"refuse\"",
    "only_if = [\"crm.b:ok=true\"]",
    "never_with = [\"crm.b\"]",
    "never_with = [\"crm.b(x)\"]",
    "no_egress = [\"crm.b:name\", \"sensitive:number\"]",
    "arguments.x.pattern = \"[a-z ]*\"",
    "arguments.x.enum = [\"ann smith\", \"CUST1\", \"https://corp.example/a\"]",
    "arguments.x.min_chars = 4",
    "arguments.x.prefix = [\"a\", \"h\", \"/\"]",
    "arguments.x.links = [\"corp.example\"]",
    "arguments.x.hosts = [\"corp.example\"]",
    "arguments.x.path_root = \"/srv\"",
    "arguments.x.from = [\"input\", \"crm.b:name\"]",
];

const LIMITS: [&str; 2] = ["tool_calls = 2", "outgoing_bytes = 12"];

const VALUES: [&str; 7] =
    ["ann smith", "CUST1", "CUST2", "https://corp.example/a", "https://evil.example/a", "/srv/a", "42424242"];

#[derive(Clone, Debug)]
struct Rules {
    tool: Vec<usize>,
    limits: Vec<usize>,
    canary: Vec<&'static str>,
}

impl Rules {
    fn policy(&self) -> Option<Policy> {
        let tool: String = self.tool.iter().map(|at| format!("{}\n", TOOL_RULES[*at])).collect();
        let limits: String = self.limits.iter().map(|at| format!("{}\n", LIMITS[*at])).collect();
        let text = format!(
            "[tools.\"crm.a\"]\nscopes = []\neffect = \"external\"\narguments.x.max_chars = 99\n{tool}\n\
             [tools.\"crm.b\"]\nscopes = []\neffect = \"read\"\narguments.x = {{}}\n\
             [tools.\"crm.c\"]\nscopes = []\neffect = \"read\"\narguments.x = {{}}\n\
             [sensitive.number]\npattern = \"[0-9]{{8}}\"\n[canaries]\nvalues = {:?}\n[limits]\n{limits}",
            self.canary
        );
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("boundary.toml");
        std::fs::write(&file, text).unwrap();
        Policy::load(file).ok()
    }

    /// With one rule more; the same where it has the rule already.
    fn and(&self, more: usize) -> Self {
        let mut rules = self.clone();
        match more.checked_sub(TOOL_RULES.len()) {
            None if !rules.tool.iter().any(|at| key(*at) == key(more)) => rules.tool.push(more),
            Some(at) if at < LIMITS.len() && !rules.limits.contains(&at) => rules.limits.push(at),
            Some(at) if at == LIMITS.len() => rules.canary = vec!["evil.example"],
            _ => {}
        }
        rules
    }
}

fn key(rule: usize) -> &'static str {
    TOOL_RULES[rule].split(" = ").next().unwrap()
}

fn rules() -> impl Strategy<Value = Rules> {
    let none = Rules { tool: Vec::new(), limits: Vec::new(), canary: Vec::new() };
    vec(0..TOOL_RULES.len() + LIMITS.len() + 1, 0..4)
        .prop_map(move |chosen| chosen.into_iter().fold(none.clone(), |rules, more| rules.and(more)))
}

fn call() -> impl Strategy<Value = Value> {
    let value = select(&VALUES[..]);
    let argument = prop_oneof![value.clone().prop_map(|x| json!(x)), vec(value.clone(), 0..3).prop_map(|x| json!(x))];
    (select(&["crm.a", "crm.b", "crm.c"][..]), argument, value, any::<bool>()).prop_map(
        |(tool, x, name, ok)| json!({ "tool": tool, "arguments": { "x": x }, "result": { "name": name, "ok": ok, "deep": { "ok": ok } } }),
    )
}

proptest! {
    /// Up to the first call that they decide differently, both have seen the same; there it is the stricter one that refuses.
    #[test]
    fn one_more_rule_never_permits_more(
        rules in rules(),
        more in 0..TOOL_RULES.len() + LIMITS.len() + 1,
        calls in vec(call(), 1..7),
    ) {
        let recording: Recording =
            serde_json::from_value(json!({ "id": "r", "input": { "request": "ann smith, CUST1" }, "calls": calls })).unwrap();
        let (weak, strict) = (rules.policy(), rules.and(more).policy());
        // only rules that contradict each other make no boundary
        prop_assume!(weak.is_some() && strict.is_some());
        let (weak, strict) = (weak.unwrap(), strict.unwrap());
        let (weak, strict) = (replay(&weak, &recording).unwrap(), replay(&strict, &recording).unwrap());
        let differs = weak.iter().zip(&strict).find(|(weak, strict)| weak.decision != strict.decision);
        if let Some((weak, strict)) = differs {
            prop_assert_eq!((weak.decision, strict.decision), (Decision::Permit, Decision::Deny), "{:?} {:?}", weak, strict);
        }
    }
}
