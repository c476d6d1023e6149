use std::collections::{BTreeMap, BTreeSet};

use super::super::{
    check::args::says_nothing,
    policy::{Limits, PolicySpec, Registry, Source, ToolRule},
    replay::{Recording, ReplayError},
};
use super::seen::{Sightings, Usage};
use crate::call::{Effect, NameError, ToolName};

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

/// Why runs make no boundary.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InferError {
    /// There are none.
    #[error("there are no episodes: record some good runs first")]
    Empty,
    /// A call that should have been denied teaches the wrong thing.
    #[error("the episode `{episode}` expects a denial: give only good episodes")]
    ExpectsDenial {
        /// The episode.
        episode: String,
    },
    /// No tool has this name.
    #[error("the episode `{episode}` is not good, it calls what can be no tool: {error}")]
    Tool {
        /// The episode.
        episode: String,
        /// What is wrong with the name.
        error: NameError,
    },
    /// A recording says what cannot be.
    #[error("the episode `{episode}` cannot be used: {error}")]
    Recording {
        /// The episode.
        episode: String,
        /// What is wrong with it.
        error: ReplayError,
    },
    /// The operator knows a tool that no episode calls.
    #[error("no episode calls `{tool}`: correct the name, or leave it out")]
    NotCalled {
        /// The tool.
        tool: ToolName,
    },
}

/// Proposes the least boundary that admits every call of some good runs. Their order does not matter.
///
/// # Errors
/// No episodes were given; one of them is not good, or says what cannot be.
pub fn infer(recordings: &[Recording], known: &Known) -> Result<Inferred, InferError> {
    if recordings.is_empty() {
        return Err(InferError::Empty);
    }
    let seen = super::seen::look(recordings)?;
    if let Some(tool) = known.reads.iter().find(|tool| !seen.tools.contains_key(*tool)) {
        return Err(InferError::NotCalled { tool: tool.clone() });
    }
    let scopes = super::scope::needed(&seen);
    let mut registry = Registry::new();
    let mut tools = BTreeMap::new();
    for (name, usage) in &seen.tools {
        let (effect, reason) = effect(name, usage, known);
        let mut proposed = Proposed {
            rule: ToolRule::new(effect, scopes.get(name).cloned().unwrap_or_default()),
            reasons: vec![times(usage.episodes.len(), seen.episodes), reason],
            arguments: BTreeMap::new(),
        };
        let place = |argument: &str| format!("{name}.{argument}");
        for (argument, sightings) in &usage.arguments {
            if sightings.values.values().all(|sighting| says_nothing(&sighting.value)) {
                let reason = format!("argument `{argument}` never had a value, so it is refused where it has one");
                proposed.reasons.push(reason);
                continue;
            }
            let found = super::shape::argument(argument, &place(argument), sightings, &seen);
            let rules = found.rule.all();
            let empty =
                rules.iter().flat_map(|(_, rule)| rule.from.iter().flatten()).filter_map(|source| match source {
                    Source::Registry(list) => Some((list.clone(), Vec::new())),
                    _ => None,
                });
            let lists = empty.chain(found.lists);
            registry = lists.fold(registry, |all, (list, values)| all.with(list, values));
            proposed.arguments.insert(argument.clone(), found.reasons);
            let of_fields = found.of_fields.into_iter();
            proposed
                .arguments
                .extend(of_fields.map(|(path, reasons)| (format!("{argument}.{}", path.join(".")), reasons)));
            proposed.rule.arguments.insert(argument.clone(), found.rule);
        }
        proposed.rule.max_calls = super::seen::count(usage.most_calls);
        proposed.rule.distinct = super::shape::distinct(usage);
        proposed.rule.after = super::shape::after(usage);
        tools.insert(name.clone(), proposed);
    }
    let limits = Limits { tool_calls: super::seen::count(seen.most_calls), ..Limits::default() };
    Ok(Inferred { episodes: seen.episodes, tools, registry, limits })
}

impl Inferred {
    /// The rules, without servers: what [`Policy::load`](super::super::Policy::load) reads from [`Inferred::to_toml`].
    pub fn spec(&self) -> PolicySpec {
        let rules = self.tools.iter().map(|(name, proposed)| (name.clone(), proposed.rule.clone()));
        PolicySpec {
            tools: rules.collect(),
            registry: self.registry.clone(),
            limits: self.limits.clone(),
            ..PolicySpec::default()
        }
    }

    /// The text of a boundary file, with the reasons as comments.
    pub fn to_toml(&self) -> String {
        super::write::toml(self)
    }
}

/// What a call does to the world, as far as calls show.
pub(super) fn effect(name: &ToolName, usage: &Usage, known: &Known) -> (Effect, String) {
    if known.reads.contains(name) {
        (Effect::Read, "effect: you say that it reads".to_owned())
    } else if usage.repeated > 0 {
        let text = format!(
            "effect: the same call was made twice in one run, in {}, which only `read` admits; check that it changes nothing",
            episodes(usage.repeated)
        );
        (Effect::Read, text)
    } else {
        (
            Effect::Write,
            "effect: calls do not show it; correct it where the tool only reads, or tells outsiders".to_owned(),
        )
    }
}

fn times(some: usize, all: usize) -> String {
    format!("called in {some} of {}", episodes(all))
}

pub(super) fn episodes(count: usize) -> String {
    if count == 1 { "1 episode".to_owned() } else { format!("{count} episodes") }
}

/// The different values of an argument.
pub(super) fn different(sightings: &Sightings) -> usize {
    sightings.values.len()
}
