use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Digest,
    call::{ToolCall, ToolName},
};

/// How often what was done. Only permitted calls count, except for attempts.
#[derive(Default)]
pub(in crate::security) struct Counts {
    attempts: u32,
    /// Permitted calls of each tool.
    pub(in crate::security) calls: BTreeMap<ToolName, u32>,
    /// Values of each tool's `distinct` argument, and how many permitted calls had them.
    pub(in crate::security) distinct: BTreeMap<ToolName, BTreeMap<String, u32>>,
    /// Permitted calls by tool and arguments.
    pub(in crate::security) made: BTreeMap<Fingerprint, u32>,
}

/// The number of a wanted call in its run, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::security) struct Attempt(pub(in crate::security) u32);

/// A tool and its arguments.
pub(in crate::security) type Fingerprint = (ToolName, Digest);

/// A call and what tells it from others.
#[derive(Clone, Copy)]
pub(in crate::security) struct Wanted<'a> {
    pub(in crate::security) call: &'a ToolCall,
    pub(in crate::security) arguments_digest: &'a Digest,
    pub(in crate::security) attempt: Attempt,
}

/// What one call adds to the counts.
pub(in crate::security) struct Reserved {
    pub(in crate::security) fingerprint: Fingerprint,
    values: BTreeSet<String>,
}

impl Reserved {
    pub(in crate::security) fn of(wanted: Wanted<'_>, values: BTreeSet<String>) -> Self {
        Self { fingerprint: (wanted.call.tool.clone(), wanted.arguments_digest.clone()), values }
    }
}

impl Counts {
    pub(super) fn attempt(&mut self) -> Attempt {
        let attempt = Attempt(self.attempts);
        self.attempts = self.attempts.saturating_add(1);
        attempt
    }

    pub(in crate::security) fn take(&mut self, reserved: &Reserved) {
        let (tool, _) = &reserved.fingerprint;
        increase(&mut self.calls, tool);
        increase(&mut self.made, &reserved.fingerprint);
        let distinct = self.distinct.entry(tool.clone()).or_default();
        reserved.values.iter().for_each(|value| increase(distinct, value));
    }

    pub(super) fn give_back(&mut self, reserved: &Reserved) {
        let (tool, _) = &reserved.fingerprint;
        decrease(&mut self.calls, tool);
        decrease(&mut self.made, &reserved.fingerprint);
        if let Some(distinct) = self.distinct.get_mut(tool) {
            reserved.values.iter().for_each(|value| decrease(distinct, value));
        }
    }

    pub(super) fn forget_made(&mut self, call: &ToolCall) {
        decrease(&mut self.made, &(call.tool.clone(), arguments_digest(call)));
    }
}

/// SHA-256 of the arguments; the keys of a JSON map are sorted, so the same arguments have the same digest.
pub(in crate::security) fn arguments_digest(call: &ToolCall) -> Digest {
    // a map of JSON can always be written
    Digest::of_bytes(&serde_json::to_vec(&call.arguments).unwrap_or_default())
}

fn increase<K: Ord + Clone>(counts: &mut BTreeMap<K, u32>, key: &K) {
    let count = counts.entry(key.clone()).or_default();
    *count = count.saturating_add(1);
}

fn decrease<K: Ord>(counts: &mut BTreeMap<K, u32>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(key);
        }
    }
}
