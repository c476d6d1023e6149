use std::collections::{BTreeMap, BTreeSet};

use abide_base::call::{ToolCall, ToolName};
use abide_signatures::Digest;
use serde_json::Value;

use super::structure::Structure;
use crate::{
    call_digest::arguments_digest,
    policy::{RuleId, Watched},
};

/// How often what was done. Only permitted calls count, except for attempts.
#[derive(Default)]
pub(crate) struct Counts {
    attempts: u32,
    /// Permitted calls of each tool.
    pub(crate) calls: BTreeMap<ToolName, u32>,
    /// Values of each tool's `distinct` argument, and how many permitted calls had them.
    pub(crate) distinct: BTreeMap<ToolName, BTreeMap<String, u32>>,
    /// Permitted calls by tool and arguments.
    pub(crate) made: BTreeMap<Fingerprint, u32>,
    /// Bytes of text that permitted calls send to outside recipients.
    pub(crate) outgoing: u64,
    /// Permitted calls that rules of sequence look for, in order.
    pub(crate) history: Vec<Made>,
    made_so_far: u64,
}

/// A permitted call that a rule of sequence may look for.
pub(crate) struct Made {
    number: u64,
    pub(crate) call: ToolCall,
    end: Option<End>,
    /// The entries whose calls have used it up.
    used: BTreeSet<Need>,
}

/// One entry of a rule that needs earlier calls.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Need {
    /// The tool that has the rule.
    pub(crate) tool: ToolName,
    /// [`RuleId::After`] or [`RuleId::OnlyIf`].
    pub(crate) key: RuleId,
    /// Which of its entries, from 0.
    pub(crate) entry: usize,
}

/// An earlier call, by number, that a call uses up.
pub(crate) type Use = (u64, Need);

/// How a call ended.
enum End {
    /// The tool did what it was asked; the fields of its reply that rules ask for.
    Done(BTreeMap<String, Value>),
    /// The tool failed, or its reply is kept from the program.
    Nothing,
}

/// The number of a wanted call in its run, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Attempt(pub(crate) u32);

/// A tool and its arguments.
pub(crate) type Fingerprint = (ToolName, Digest);

/// A call and what tells it from others.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) call: &'a ToolCall,
    pub(crate) arguments_digest: &'a Digest,
    pub(crate) attempt: Attempt,
}

/// What one call adds to the counts.
pub(crate) struct Reserved {
    pub(crate) fingerprint: Fingerprint,
    pub(crate) values: BTreeSet<String>,
    pub(crate) outgoing: u64,
    watched: Option<ToolCall>,
    uses: Vec<Use>,
    number: u64,
}

impl Reserved {
    pub(crate) fn of(
        wanted: Wanted<'_>,
        values: BTreeSet<String>,
        outgoing: u64,
        watched: Watched,
        uses: Vec<Use>,
    ) -> Self {
        Self {
            fingerprint: (wanted.call.tool.clone(), wanted.arguments_digest.clone()),
            values,
            outgoing,
            watched: (watched == Watched::Yes).then(|| wanted.call.clone()),
            uses,
            number: 0,
        }
    }
}

impl Made {
    /// Whether it was answered by a tool that did what it was asked.
    pub(crate) fn is_done(&self) -> bool {
        matches!(self.end, Some(End::Done(_)))
    }

    /// Whether anything came back.
    pub(crate) fn has_ended(&self) -> bool {
        self.end.is_some()
    }

    /// Its number in the run.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Whether calls under this entry have used it up.
    pub(crate) fn is_used_up(&self, need: &Need) -> bool {
        self.used.contains(need)
    }

    /// A field of its reply that a rule asks for; `None` if it has several values, or none in some place.
    pub(crate) fn answered(&self, field: &str) -> Option<&Value> {
        match &self.end {
            Some(End::Done(fields)) => fields.get(field),
            Some(End::Nothing) | None => None,
        }
    }
}

impl Counts {
    pub(super) fn attempt(&mut self) -> Attempt {
        let attempt = Attempt(self.attempts);
        self.attempts = self.attempts.saturating_add(1);
        attempt
    }

    pub(super) fn asked(&self) -> u32 {
        self.attempts
    }

    pub(crate) fn take(&mut self, reserved: &mut Reserved) {
        let (tool, _) = &reserved.fingerprint;
        increase(&mut self.calls, tool);
        increase(&mut self.made, &reserved.fingerprint);
        if !reserved.values.is_empty() {
            let distinct = self.distinct.entry(tool.clone()).or_default();
            reserved.values.iter().for_each(|value| increase(distinct, value));
        }
        self.outgoing = self.outgoing.saturating_add(reserved.outgoing);
        if let Some(call) = reserved.watched.take() {
            self.made_so_far += 1;
            reserved.number = self.made_so_far;
            self.history.push(Made { number: self.made_so_far, call, end: None, used: BTreeSet::new() });
        }
        for (number, need) in &reserved.uses {
            if let Some(made) = self.history.iter_mut().find(|made| made.number == *number) {
                made.used.insert(need.clone());
            }
        }
    }

    pub(super) fn give_back(&mut self, reserved: &Reserved) {
        let (tool, _) = &reserved.fingerprint;
        decrease(&mut self.calls, tool);
        decrease(&mut self.made, &reserved.fingerprint);
        if let Some(distinct) = self.distinct.get_mut(tool) {
            reserved.values.iter().for_each(|value| decrease(distinct, value));
        }
        self.outgoing = self.outgoing.saturating_sub(reserved.outgoing);
        self.history.retain(|made| made.number != reserved.number);
        for (number, need) in &reserved.uses {
            if let Some(made) = self.history.iter_mut().find(|made| made.number == *number) {
                made.used.remove(need);
            }
        }
    }

    pub(super) fn forget_made(&mut self, call: &ToolCall) {
        decrease(&mut self.made, &(call.tool.clone(), arguments_digest(call)));
    }

    /// Notes what came of a call that a rule of sequence may look for, and the fields that such rules ask for; none: the tool failed, or
    /// its reply is kept from the program.
    pub(super) fn ended<'f>(
        &mut self,
        call: &ToolCall,
        reply: Option<&Structure<'_>>,
        asked: impl Iterator<Item = &'f str>,
    ) {
        let Some(made) = self.history.iter_mut().find(|made| made.end.is_none() && made.call == *call) else { return };
        made.end = Some(reply.map_or(End::Nothing, |reply| {
            End::Done(asked.filter_map(|field| Some((field.to_owned(), reply.field(field)?))).collect())
        }));
    }
}

fn increase<K: Ord + Clone>(counts: &mut BTreeMap<K, u32>, key: &K) {
    match counts.get_mut(key) {
        Some(count) => *count = count.saturating_add(1),
        None => drop(counts.insert(key.clone(), 1)),
    }
}

fn decrease<K: Ord>(counts: &mut BTreeMap<K, u32>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(key);
        }
    }
}
