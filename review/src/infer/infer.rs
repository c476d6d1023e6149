use std::collections::BTreeMap;

use abide_base::call::{Effect, ToolName};
use abide_guard::{
    check::values::is_blank,
    policy::{Limits, Registry, Source, ToolRule},
    recording::Recording,
};

use super::{
    count::{episodes, times},
    error::InferError,
    inferred::{Inferred, Known, Proposed},
    seen::Usage,
};

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
            if sightings.values.values().all(|sighting| is_blank(&sighting.value)) {
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
    let mut limits = Limits::default();
    limits.tool_calls = super::seen::count(seen.most_calls);
    Ok(Inferred { episodes: seen.episodes, tools, registry, limits })
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
