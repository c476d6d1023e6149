//! What one run may do in all: calls, calls of one tool, distinct values of an argument, text sent out, and repetitions.

use std::collections::{BTreeMap, BTreeSet};

use abide_base::{
    call::{Effect, ToolCall, json_bytes},
    event::EventKind,
};
use serde_json::Value;

use super::{
    Denied, sequence,
    values::{items, listed},
};
use crate::{
    policy::{Policy, RuleId, ToolRule},
    session::{Counts, Reservation, Reserved, Session, Wanted},
};

/// Whether a call was made before in this run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Novelty {
    New,
    Repeated,
}

/// Counts the call, or refuses it and counts nothing. Runs under the session's lock: two calls cannot both take the last place.
pub(crate) fn reserve(
    counts: &mut Counts,
    policy: &Policy,
    rule: &ToolRule,
    wanted: Wanted<'_>,
) -> Result<(Reserved, Novelty), Denied> {
    let Wanted { call, attempt, .. } = wanted;
    let limits = policy.limits();
    let calls = counts.calls.get(&call.tool).copied().unwrap_or_default();
    if let Some(max) = rule.max_calls.filter(|max| calls >= max.get()) {
        let detail = format!("it was called {max} times in this run, which is the most");
        return Err(Denied::new(EventKind::CallLimit, detail));
    }
    let values = distinct(counts, rule, call)?;
    // attempts have numbers from 0, each once: no more than the limit get past this
    if let Some(max) = limits.tool_calls.filter(|max| attempt.0 >= max.get()) {
        let detail = format!("the run has asked for its {max} calls");
        return Err(Denied::new(EventKind::BudgetExhausted, detail));
    }
    // all that arguments say, their names included
    let said = || json_bytes(&call.arguments, usize::MAX).unwrap_or(usize::MAX) as u64;
    let outgoing = if rule.effect == Effect::External { said() } else { 0 };
    let total = counts.outgoing.saturating_add(outgoing);
    if let Some(max) = limits.outgoing_bytes.filter(|max| outgoing > 0 && total > u64::from(max.get())) {
        let detail = format!("the run would have sent {total} bytes of text to others, and {max} is the most");
        return Err(Denied::new(EventKind::OutgoingLimit, detail));
    }
    let uses = sequence::check(counts, policy, rule, wanted)?;
    let mut reserved = Reserved::of(wanted, values, outgoing, policy.watches(&call.tool), uses);
    let repeated = counts.made.contains_key(&reserved.fingerprint);
    if repeated && rule.effect != Effect::Read {
        let detail = "the same call was made before in this run, and it changes something";
        return Err(Denied::new(EventKind::RedundantCall, detail));
    }
    counts.take(&mut reserved);
    let novelty = if repeated { Novelty::Repeated } else { Novelty::New };
    Ok((reserved, novelty))
}

/// The values that the call adds to those of the run, if they are not too many.
fn distinct(counts: &Counts, rule: &ToolRule, call: &ToolCall) -> Result<BTreeSet<String>, Denied> {
    let Some(distinct) = &rule.distinct else {
        return Ok(BTreeSet::new());
    };
    let items = items(call.arguments.get(&distinct.argument));
    // a list that is written as one text counts as what it lists
    let named = |item: &&Value| match item.as_str() {
        Some(text) => listed(text).map(|part| Value::from(part).to_string()).collect(),
        None => vec![item.to_string()],
    };
    let values: BTreeSet<String> = items.iter().flat_map(named).collect();
    let seen = counts.distinct.get(&call.tool);
    let is_new = |value: &&String| seen.is_none_or(|seen| !seen.contains_key(*value));
    let total = seen.map_or(0, BTreeMap::len) + values.iter().filter(is_new).count();
    // no value at all, or a blank one, often means every value there is; an object can name any number of them
    let uncountable = |value: &&Value| value.is_object() || value.as_str().is_some_and(|text| text.trim().is_empty());
    if items.is_empty() || items.iter().any(uncountable) || total > distinct.max.get() as usize {
        return Err(Denied::argument(EventKind::BulkAccess, &distinct.argument, RuleId::Distinct));
    }
    Ok(values)
}

impl Session {
    /// Counts a call before it is permitted, or refuses it.
    pub(crate) fn reserve(
        &self,
        policy: &Policy,
        rule: &ToolRule,
        wanted: Wanted<'_>,
    ) -> Result<(Reservation<'_>, Novelty), Denied> {
        let (reserved, novelty) = reserve(&mut self.counts(), policy, rule, wanted)?;
        let reservation = Reservation::new(self, reserved);
        Ok((reservation, novelty))
    }
}
