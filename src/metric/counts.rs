use std::collections::BTreeMap;

use abide_base::event::EventKind;

use crate::episode::Episode;

/// How often each kind of event happened in a run.
pub(crate) fn counts(episode: &Episode) -> BTreeMap<EventKind, u32> {
    let mut counts = BTreeMap::new();
    for event in &episode.events {
        *counts.entry(event.kind).or_insert(0) += 1;
    }
    counts
}
