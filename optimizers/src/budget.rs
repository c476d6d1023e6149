use serde::Serialize;

use crate::Spent;

/// How much a search may spend; without limits by default.
///
/// The number of rollouts is kept exactly. What a run costs in the other units is known only when it has finished, so a
/// run starts only while what finished runs cost, plus the most that any finished run has cost for every run under way
/// and for the new one, stays within the limit. A run that costs more than any before it can still cross the limit.
/// With such a limit set, a search begins with one run at a time and never has more under way than have finished plus one.
///
/// Results are taken in the order of trials, not of completion, and by the same rule: they count until the limit is
/// reached in that order, and what ran beyond it is dropped. So a limit stops a search at the same trial at any concurrency.
/// Results that the study has already are free.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Budget {
    /// At most this many rollouts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollouts: Option<u64>,
    /// At most this many calls of a model, cached ones not counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_calls: Option<u64>,
    /// At most this many calls of a tool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_calls: Option<u64>,
    /// At most this many tokens in prompts and replies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// At most this much money, in millionths of a US dollar.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub micro_dollars: Option<u64>,
}

impl Budget {
    /// No limits.
    pub fn unlimited() -> Self {
        Self::default()
    }

    /// At most this many rollouts; no other limit.
    pub fn rollouts(limit: u64) -> Self {
        Self { rollouts: Some(limit), ..Self::default() }
    }

    /// At most this many calls of a model, cached ones not counted.
    #[must_use]
    pub fn model_calls(mut self, limit: u64) -> Self {
        self.model_calls = Some(limit);
        self
    }

    /// At most this many calls of a tool.
    #[must_use]
    pub fn tool_calls(mut self, limit: u64) -> Self {
        self.tool_calls = Some(limit);
        self
    }

    /// At most this many tokens in prompts and replies.
    #[must_use]
    pub fn tokens(mut self, limit: u64) -> Self {
        self.tokens = Some(limit);
        self
    }

    /// At most this much money, in millionths of a US dollar.
    #[must_use]
    pub fn micro_dollars(mut self, limit: u64) -> Self {
        self.micro_dollars = Some(limit);
        self
    }

    fn limits_cost(&self) -> bool {
        [self.model_calls, self.tool_calls, self.tokens, self.micro_dollars].iter().any(Option::is_some)
    }

    /// Whether `runs` more runs fit beside what is spent, if each costs the most seen.
    fn admits_cost(&self, tally: &Tally, runs: u64) -> bool {
        let fits = |limit: Option<u64>, spent: u64, most: u64| {
            limit.is_none_or(|limit| spent < limit && spent.saturating_add(most.saturating_mul(runs)) <= limit)
        };
        let (spent, most) = (&tally.spent, &tally.most);
        fits(self.model_calls, spent.model_calls, most.model_calls)
            && fits(self.tool_calls, spent.tool_calls, most.tool_calls)
            && fits(self.tokens, spent.tokens, most.tokens)
            && fits(self.micro_dollars, spent.micro_dollars, most.micro_dollars)
    }
}

/// What was spent, held against a budget. *Finished* runs decide what may start; *accepted* ones, taken in the order of
/// trials, decide what a search may see.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    budget: Budget,
    started: u64,
    finished: Tally,
    accepted: Tally,
}

#[derive(Debug, Default)]
struct Tally {
    runs: u64,
    spent: Spent,
    most: Spent,
}

impl Ledger {
    pub(crate) fn new(budget: Budget) -> Self {
        Self { budget, ..Self::default() }
    }

    pub(crate) fn budget(&self) -> &Budget {
        &self.budget
    }

    /// Notes the start of a run and says yes, if one may start beside those under way.
    pub(crate) fn start(&mut self) -> bool {
        let under_way = self.started - self.finished.runs;
        let slow_start = !self.budget.limits_cost() || under_way <= self.finished.runs;
        let may = self.budget.rollouts.is_none_or(|limit| self.started < limit)
            && slow_start
            && self.budget.admits_cost(&self.finished, under_way + 1);
        self.started += u64::from(may);
        may
    }

    pub(crate) fn finish(&mut self, spent: Spent) {
        self.finished.add(spent);
    }

    /// Takes the next result in the order of trials, if there is budget left for it.
    pub(crate) fn accept(&mut self, spent: Spent) -> bool {
        let accepts = self.budget.admits_cost(&self.accepted, 1);
        if accepts {
            self.accepted.add(spent);
        }
        accepts
    }

    /// Pays for one question to the proposer, if a model call is left.
    pub(crate) fn ask(&mut self) -> bool {
        let may = self.budget.admits_cost(&self.accepted, 0);
        if may {
            for tally in [&mut self.finished, &mut self.accepted] {
                tally.spent += Spent { model_calls: 1, ..Spent::default() };
            }
        }
        may
    }

    /// Rollouts that may still be accepted; the same at any concurrency.
    pub(crate) fn left(&self) -> u64 {
        if self.budget.admits_cost(&self.accepted, 1) {
            self.budget.rollouts.map_or(u64::MAX, |limit| limit.saturating_sub(self.accepted.runs))
        } else {
            0
        }
    }

    pub(crate) fn started(&self) -> u64 {
        self.started
    }

    pub(crate) fn spent(&self) -> Spent {
        self.finished.spent
    }
}

impl Tally {
    fn add(&mut self, spent: Spent) {
        self.runs += 1;
        self.spent += spent;
        self.most = Spent {
            model_calls: self.most.model_calls.max(spent.model_calls),
            tool_calls: self.most.tool_calls.max(spent.tool_calls),
            tokens: self.most.tokens.max(spent.tokens),
            micro_dollars: self.most.micro_dollars.max(spent.micro_dollars),
        };
    }
}
