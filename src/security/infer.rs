//! Proposes a boundary from good runs: the least one that admits them.
//!
//! What it is made of, and why no permission in it is invented:
//!
//! - **Tools** are those that were called.
//! - **Scopes** of a tool are among those that every run calling it had. Where several tools could account for a scope of a run, the one
//!   that was called in most runs does, and then the one whose name has more words of it; a tool that accounts for none needs all that
//!   its runs had in common.
//! - **Effects** cannot be seen in calls. Each is `write`, which is the careful answer, unless the operator says that the tool reads, or
//!   a run made the same call twice, which a write may not be.
//! - **Arguments** come from the fewest and most trusted sources that have every value: fields of the input before lists of the
//!   session before fields of earlier replies. A field of a reply counts only where all that it ever held looks like names and numbers,
//!   never prose, and where the run had not itself said the value before. Figures that stand for
//!   no record come from anywhere unless three different ones had a source, since one or two may have stood there by chance.
//! - What no source has: names of somebody or something (no blanks, letters with figures or signs) are listed one by one and never
//!   generalised; values that recur in three runs or more are listed too; figures become a pattern, numbers a range, prose a length (each in `shape`).
//! - Arguments that no call of a tool had, or none with a value, are not listed, and so they are refused.
//! - **Counts** are the largest of any one run.
//! - **Sequences**: a tool that was called in three runs or more comes `after` those that it always came after.
//!
//! It is a proposal. Episodes cannot say who may write into a field or what else a tool can do: a person decides.

mod scope;
mod seen;
mod shape;
mod source;
mod write;

use std::collections::{BTreeMap, BTreeSet};

use self::seen::{Sightings, Usage};
use super::{
    check::args::says_nothing,
    policy::{Limits, PolicySpec, Registry, Source, ToolRule},
    replay::{Recording, ReplayError},
};
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
    let seen = seen::look(recordings)?;
    if let Some(tool) = known.reads.iter().find(|tool| !seen.tools.contains_key(*tool)) {
        return Err(InferError::NotCalled { tool: tool.clone() });
    }
    let scopes = scope::needed(&seen);
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
            let found = shape::argument(argument, &place(argument), sightings, &seen);
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
        proposed.rule.max_calls = seen::count(usage.most_calls);
        proposed.rule.distinct = shape::distinct(usage);
        proposed.rule.after = shape::after(usage);
        tools.insert(name.clone(), proposed);
    }
    let limits = Limits { tool_calls: seen::count(seen.most_calls), ..Limits::default() };
    Ok(Inferred { episodes: seen.episodes, tools, registry, limits })
}

impl Inferred {
    /// The rules, without servers: what [`Policy::load`](super::Policy::load) reads from [`Inferred::to_toml`].
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
        write::toml(self)
    }
}

/// What a call does to the world, as far as calls show.
fn effect(name: &ToolName, usage: &Usage, known: &Known) -> (Effect, String) {
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

fn episodes(count: usize) -> String {
    if count == 1 { "1 episode".to_owned() } else { format!("{count} episodes") }
}

/// The different values of an argument.
fn different(sightings: &Sightings) -> usize {
    sightings.values.len()
}

#[cfg(test)]
mod tests;
