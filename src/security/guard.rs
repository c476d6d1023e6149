//! The only place that turns a wanted call into a permitted one.
//!
//! [`Guard::authorize`] asks, in this order, and stops at the first refusal:
//!
//! | # | asked | refusal |
//! |---|---|---|
//! | 1 | has the boundary an entry, and the server the tool? | `tool_not_allowed`, `unknown_tool` |
//! | 2 | is its definition the approved one? | `tool_drift` |
//! | 3 | has the token the scopes? | `scope_missing`; no token: not scored |
//! | 4 | do the arguments fit the tool's schema? | `arguments_malformed` |
//! | 5 | do they keep the operator's rules? | `argument_denied` |
//! | 6 | do they come from where they must? | `provenance_denied` |
//! | 7 | do the user's own checks agree? | theirs; an error or a panic: `check_failed` |
//! | 8 | is there a place left: calls, values, budget, repetition? | `call_limit`, `bulk_access`, `budget_exhausted`, `redundant_call` |
//! | 9 | is there a place in the rate? | `rate_limited` |
//! | 10 | is the decision in the audit? | `check_failed` |
//!
//! Only step 1 can find a rule that allows the call, and only its finding leads on. A [`Permit`] is made in one line of this file.

mod permit;

use std::{collections::BTreeMap, fmt, panic::AssertUnwindSafe, sync::Arc};

use futures_util::FutureExt;
use serde_json::{Value, json};

pub use permit::{Passage, Permit, Permitted};

use super::{
    audit::{Audit, Row, RowVerdict},
    boundary::{Boundary, CompileWrites, ToolRule},
    check::{
        self, Check, Denied, Verdict,
        budget::Novelty,
        drift, entry, provenance,
        rate::Limiter,
        schema::Schemas,
        token::{self, GrantError, Grants},
    },
    session::{Mode, Reservation, Session, Wanted},
};
use crate::{
    Digest,
    call::{Effect, ReplyStatus, ToolCall, ToolName, ToolReply, ToolSpec},
    clock::Clock,
    episode::Recorder,
    event::{EventKind, SecurityEvent},
};

/// Decides every call. One for all runs of a boundary, so that they share its rate.
pub struct Guard {
    boundary: Boundary,
    grants: Arc<dyn Grants>,
    audit: Audit,
    clock: Arc<dyn Clock>,
    pins: Option<BTreeMap<ToolName, Digest>>,
    checks: Vec<Arc<dyn Check>>,
    schemas: Schemas,
    limiter: Option<Limiter>,
}

/// A call was not permitted.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// The boundary refuses it. The program goes on with [`Denied::model_json`] as its observation.
    #[error("{0}")]
    Denied(Denied),
    /// It could not be decided because of the infrastructure. The run ends as not scored.
    #[error("{0}")]
    Unavailable(GrantError),
}

/// What a call needs to become a permit.
struct Granted<'s> {
    effect: Effect,
    stand_in: Option<Value>,
    novelty: Novelty,
    reservation: Reservation<'s>,
}

impl Guard {
    /// A guard of a boundary.
    pub fn new(boundary: &Boundary, grants: Arc<dyn Grants>, audit: Audit, clock: Arc<dyn Clock>) -> Self {
        let rate = boundary.limits().rate;
        Self {
            boundary: boundary.clone(),
            grants,
            audit,
            limiter: rate.map(|rate| Limiter::new(rate, Arc::clone(&clock))),
            clock,
            pins: None,
            checks: Vec::new(),
            schemas: Schemas::default(),
        }
    }

    /// Adds a check of the user's own. It can refuse calls, never allow them.
    #[must_use]
    pub fn check(mut self, check: Arc<dyn Check>) -> Self {
        self.checks.push(check);
        self
    }

    /// Calls only tools whose definitions have these digests; a tool without a digest here is refused too.
    #[must_use]
    pub fn pinned(mut self, pins: BTreeMap<ToolName, Digest>) -> Self {
        self.pins = Some(pins);
        self
    }

    /// What it guards.
    pub fn boundary(&self) -> &Boundary {
        &self.boundary
    }

    /// Decides a call. Exactly one row goes to the audit, and what happened to the recorder. `tool` is what the server says of the tool, none where
    /// no server has it.
    ///
    /// # Errors
    /// [`Refused`], with what the model may know of it.
    pub async fn authorize(
        &self,
        call: ToolCall,
        tool: Option<&ToolSpec>,
        session: &Session,
        log: &Recorder,
    ) -> Result<Permit, Refused> {
        let mut row = Row::of(&call, session);
        let decision = self.decide(&call, tool, session, &mut row).await;
        row.conclude(verdict_of(&decision));
        let audited = self.audit.write(row, self.clock.now());
        if let Err(error) = &audited {
            let detail = format!("the decision could not be written to the audit: {error}");
            record(log, EventKind::CheckFailed, &call, detail);
        }
        match decision {
            Ok(granted) if audited.is_ok() => Ok(issue(call, granted, session, log)),
            Ok(_) => Err(Refused::Denied(Denied::new(
                EventKind::CheckFailed,
                "the decision could not be written to the audit",
            ))),
            Err(refused) => {
                if let Refused::Denied(denied) = &refused {
                    record_denial(log, denied, &call, session);
                }
                Err(refused)
            }
        }
    }

    /// Remembers the reply to a call for later decisions, and lets the user's checks look at it.
    pub fn inspect(&self, call: &ToolCall, reply: &ToolReply, session: &Session, log: &Recorder) {
        session.observe(&call.tool, reply);
        if reply.status == ReplyStatus::Failed {
            session.forget_made(call);
        }
        for check in &self.checks {
            check.inspect(&call.tool, reply).into_iter().for_each(|event| log.event(event));
        }
    }

    async fn decide<'s>(
        &self,
        call: &ToolCall,
        tool: Option<&ToolSpec>,
        session: &'s Session,
        row: &mut Row,
    ) -> Result<Granted<'s>, Refused> {
        let attempt = session.attempt();
        let (rule, tool) = entry::find(&self.boundary, call, tool)?;
        row.rule(rule);
        drift::check(self.pins.as_ref(), tool)?;
        self.ask_for_scopes(rule, call, row).await?;
        self.schemas.check(call, tool)?;
        check::arguments(&self.boundary, rule, call, session)?;
        self.ask_users(call, tool, session).await?;
        let limits = self.boundary.limits();
        let wanted = Wanted { call, arguments_digest: &row.arguments_digest, attempt };
        let (reservation, novelty) = session.reserve(rule, limits, wanted)?;
        if let Some(limiter) = &self.limiter {
            limiter.pass().await?;
        }
        Ok(Granted { effect: rule.effect, stand_in: self.stand_in(rule, session.mode()), novelty, reservation })
    }

    async fn ask_for_scopes(&self, rule: &ToolRule, call: &ToolCall, row: &mut Row) -> Result<(), Refused> {
        // a function has no server, and so no token and no scopes
        let Some(server) = self.boundary.server_of(&call.tool) else {
            return Ok(());
        };
        let granted = self.grants.granted(&server.id).await.map_err(Refused::Unavailable)?;
        row.token_hash = Some(granted.token_hash);
        Ok(token::check(rule, &granted.scopes)?)
    }

    async fn ask_users(&self, call: &ToolCall, tool: &ToolSpec, session: &Session) -> Result<(), Denied> {
        for check in &self.checks {
            let vote = AssertUnwindSafe(async { check.check(call, tool, session).await });
            let failure = match vote.catch_unwind().await {
                Ok(Ok(Verdict::Permit | Verdict::Abstain)) => continue,
                Ok(Ok(Verdict::Deny(denied))) => return Err(denied),
                Ok(Err(error)) => error.to_string(),
                Err(_) => "it panicked".to_owned(),
            };
            let detail = format!("the check `{}` could not decide: {failure}", check.name());
            return Err(Denied::new(EventKind::CheckFailed, detail));
        }
        Ok(())
    }

    /// What stands in for the reply where the call must not be made.
    fn stand_in(&self, rule: &ToolRule, mode: Mode) -> Option<Value> {
        let dry = mode == Mode::Compile
            && self.boundary.compile_writes() == CompileWrites::DryRun
            && rule.effect != Effect::Read;
        dry.then(|| rule.dry_run.clone().unwrap_or(json!({ "status": "ok" })))
    }
}

impl From<Denied> for Refused {
    fn from(denied: Denied) -> Self {
        Self::Denied(denied)
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let checks: Vec<_> = self.checks.iter().map(|check| check.name()).collect();
        f.debug_struct("Guard")
            .field("boundary", self.boundary.digest())
            .field("checks", &checks)
            .finish_non_exhaustive()
    }
}

fn verdict_of(decision: &Result<Granted<'_>, Refused>) -> RowVerdict {
    match decision {
        Ok(granted) if granted.stand_in.is_some() => RowVerdict::PermitDryRun,
        Ok(_) => RowVerdict::Permit,
        Err(Refused::Denied(denied)) => RowVerdict::Deny(denied.kind),
        Err(Refused::Unavailable(_)) => RowVerdict::Unavailable,
    }
}

fn issue(call: ToolCall, granted: Granted<'_>, session: &Session, log: &Recorder) -> Permit {
    if granted.novelty == Novelty::Repeated {
        let detail = "the same call was made before in this run";
        record(log, EventKind::RedundantCall, &call, detail);
    }
    if granted.stand_in.is_some() {
        let detail = "the run is part of compiling";
        record(log, EventKind::DryRun, &call, detail);
    }
    granted.reservation.keep();
    Permit::new(call, granted.effect, session.run(), granted.stand_in)
}

fn record_denial(log: &Recorder, denied: &Denied, call: &ToolCall, session: &Session) {
    record(log, denied.kind, call, denied.detail.clone());
    let says_nothing_of_the_program =
        matches!(denied.kind, EventKind::CheckFailed | EventKind::ToolDrift | EventKind::RateLimited);
    if !says_nothing_of_the_program && provenance::obeys_a_reply(call, session) {
        let detail = format!("refused as `{}`, and asked for by text in an earlier reply", denied.kind.code());
        record(log, EventKind::InjectionObeyed, call, detail);
    }
}

fn record(log: &Recorder, kind: EventKind, call: &ToolCall, detail: impl Into<String>) {
    log.event(SecurityEvent::new(kind, Some(&call.tool), detail));
}

#[cfg(test)]
mod tests;
