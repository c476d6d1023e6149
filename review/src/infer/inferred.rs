use std::collections::{BTreeMap, BTreeSet};

use abide_base::call::ToolName;
use abide_guard::policy::{Limits, PolicySpec, Registry, ToolRule};

/// What the operator knows and calls do not show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Tools that change nothing.
    pub reads: BTreeSet<ToolName>,
}

/// A boundary that admits the runs it was made from, and the reasons for it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Inferred {
    /// How many runs it was made from.
    pub episodes: usize,
    /// The tools that they called.
    pub tools: BTreeMap<ToolName, Proposed>,
    /// The lists that arguments come from: empty ones that each run brings, and values that have no other source.
    pub registry: Registry,
    /// Limits over all tools.
    pub limits: Limits,
}

/// What is proposed for one tool.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Proposed {
    /// The rule.
    pub rule: ToolRule,
    /// Why it is so, for people.
    pub reasons: Vec<String>,
    /// Why the rules of its arguments are so, by the argument's name, or by the path of a field in it: `payment_methods.payment_id`.
    pub arguments: BTreeMap<String, Vec<String>>,
}

impl Inferred {
    /// The rules, without servers: what [`Policy::load`](abide_guard::Policy::load) reads from [`Inferred::to_toml`].
    pub fn spec(&self) -> PolicySpec {
        let rules = self.tools.iter().map(|(name, proposed)| (name.clone(), proposed.rule.clone()));
        PolicySpec {
            tools: rules.collect(),
            registry: self.registry.clone(),
            limits: self.limits.clone(),
            ..PolicySpec::default()
        }
    }
}
