//! Limits that are reserved before a model is asked.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use abide_base::id::ModelId;
use async_trait::async_trait;

use crate::{Lm, LmError, LmReply, LmRequest, Prices, Tool};

/// A meter with limits for calls, tokens and money, shared by everything that spends from it (`Arc`). What a call may cost is taken
/// before it is sent, so calls side by side never go over a limit together.
#[derive(Debug, Default)]
pub struct Budget {
    limits: Limits,
    spent: Mutex<Drawn>,
}

/// What was spent from a [`Budget`], reservations of calls under way included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drawn {
    /// Requests.
    pub calls: u64,
    /// Tokens of requests and replies.
    pub tokens: u64,
    /// Millionths of a US dollar.
    pub micro_dollars: u64,
}

/// A model that spends from a [`Budget`].
///
/// Before a call the worst case is reserved: one call, `max_tokens` of reply, and for the prompt a third of its bytes plus 8 tokens a
/// message. Afterwards the reservation gives way to the usage in the reply; where the provider names none, the reservation stays.
/// After a failure it stays unless the server certainly produced nothing (refused key, refused request, rate limit); a dropped call
/// keeps it as well. A reply from a cache below (attempts 0) costs nothing. A prompt of rare tokens can cost more than a third of its
/// bytes; the meter then shows it.
///
/// Put it directly around a client and [`Retry`](crate::Retry) around it, so that every attempt is reserved.
#[derive(Clone)]
pub struct Budgeted {
    inner: Arc<dyn Lm>,
    budget: Arc<Budget>,
    prices: Prices,
}

#[derive(Clone, Copy, Debug, Default)]
struct Limits {
    calls: Option<u64>,
    tokens: Option<u64>,
    micro_dollars: Option<u64>,
}

/// Tokens that the framing of one message takes at most.
const FRAME_TOKENS: u64 = 8;

impl Budget {
    /// A meter without limits.
    pub fn unlimited() -> Self {
        Self::default()
    }

    /// At most so many requests.
    #[must_use]
    pub fn calls(mut self, limit: u64) -> Self {
        self.limits.calls = Some(limit);
        self
    }

    /// At most so many tokens, of requests and replies together.
    #[must_use]
    pub fn tokens(mut self, limit: u64) -> Self {
        self.limits.tokens = Some(limit);
        self
    }

    /// At most so many millionths of a US dollar, by the prices of each [`Budgeted`] model. A model without prices spends nothing that
    /// could be counted, so this limit does not hold for it; making one [`Budgeted`] warns.
    #[must_use]
    pub fn micro_dollars(mut self, limit: u64) -> Self {
        self.limits.micro_dollars = Some(limit);
        self
    }

    /// What was spent so far.
    pub fn spent(&self) -> Drawn {
        *self.lock()
    }

    fn reserve(&self, need: Drawn) -> Result<(), LmError> {
        let mut spent = self.lock();
        let limits = &self.limits;
        within("model calls", limits.calls, spent.calls, need.calls)?;
        within("tokens", limits.tokens, spent.tokens, need.tokens)?;
        within("micro-dollars", limits.micro_dollars, spent.micro_dollars, need.micro_dollars)?;
        spent.replace(Drawn::default(), need);
        Ok(())
    }

    fn settle(&self, reserved: Drawn, actual: Drawn) {
        self.lock().replace(reserved, actual);
    }

    fn lock(&self) -> MutexGuard<'_, Drawn> {
        self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drawn {
    fn replace(&mut self, old: Self, new: Self) {
        let swap = |all: &mut u64, old: u64, new| *all = all.saturating_sub(old).saturating_add(new);
        swap(&mut self.calls, old.calls, new.calls);
        swap(&mut self.tokens, old.tokens, new.tokens);
        swap(&mut self.micro_dollars, old.micro_dollars, new.micro_dollars);
    }
}

impl Budgeted {
    /// A model that spends from `budget` at `prices`.
    pub fn new(inner: Arc<dyn Lm>, budget: Arc<Budget>, prices: Prices) -> Self {
        if budget.limits.micro_dollars.is_some() && !prices.are_known() {
            tracing::warn!(model = %inner.model(), "a budget of money limits nothing for a model without prices: give its prices, or `Prices::FREE`");
        }
        Self { inner, budget, prices }
    }

    async fn ask(&self, request: &LmRequest) -> Result<LmReply, LmError> {
        let reserved = self.worst_case(request);
        self.budget.reserve(reserved)?;
        let answer = self.inner.complete(request).await;
        let actual = match &answer {
            Ok(reply) => self.cost_of(reply, reserved),
            Err(error) => cost_of_failure(error, reserved),
        };
        self.budget.settle(reserved, actual);
        answer
    }

    fn worst_case(&self, request: &LmRequest) -> Drawn {
        let prompt = request
            .messages
            .iter()
            .map(|message| (message.len() as u64).div_ceil(3) + FRAME_TOKENS)
            .sum::<u64>()
            .saturating_add(request.tools.iter().map(tool_tokens).sum());
        let completion = u64::from(request.max_tokens);
        Drawn {
            calls: 1,
            tokens: prompt.saturating_add(completion),
            micro_dollars: self.prices.cost(prompt, completion),
        }
    }

    fn cost_of(&self, reply: &LmReply, reserved: Drawn) -> Drawn {
        let usage = &reply.usage;
        if reply.attempts == 0 {
            return Drawn::default();
        }
        let calls = u64::from(reply.attempts);
        if usage.tokens() == 0 {
            return Drawn { calls, ..reserved };
        }
        let priced = self.prices.cost_of(usage);
        Drawn { calls, tokens: usage.tokens(), micro_dollars: priced.max(usage.micro_dollars) }
    }
}

#[async_trait]
impl Lm for Budgeted {
    fn model(&self) -> &ModelId {
        self.inner.model()
    }

    fn settings(&self) -> Vec<String> {
        self.inner.settings()
    }

    async fn complete(&self, request: &LmRequest) -> Result<LmReply, LmError> {
        self.ask(request).await
    }
}

impl fmt::Debug for Budgeted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Budgeted")
            .field("model", self.model())
            .field("budget", &self.budget)
            .field("prices", &self.prices)
            .finish_non_exhaustive()
    }
}

fn tool_tokens(tool: &Tool) -> u64 {
    let bytes = tool.name.len() + tool.description.len() + tool.parameters.to_string().len();
    (bytes as u64).div_ceil(3) + FRAME_TOKENS
}

fn within(what: &'static str, limit: Option<u64>, spent: u64, need: u64) -> Result<(), LmError> {
    match limit {
        Some(limit) if spent.saturating_add(need) > limit => Err(LmError::Budget { what, limit }),
        _ => Ok(()),
    }
}

fn cost_of_failure(error: &LmError, reserved: Drawn) -> Drawn {
    let calls = u64::from(error.attempts());
    match error.root() {
        LmError::Config { .. } | LmError::Budget { .. } | LmError::NotRecorded { .. } => Drawn::default(),
        LmError::Auth { .. }
        | LmError::RateLimited { .. }
        | LmError::Refused { .. }
        | LmError::NotFound { .. }
        | LmError::Moved { .. }
        | LmError::TooLong { .. }
        | LmError::Filtered { .. } => Drawn { calls, ..Drawn::default() },
        _ => Drawn { calls, ..reserved },
    }
}

#[cfg(test)]
mod tests;
