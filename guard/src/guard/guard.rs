use std::{collections::BTreeMap, fmt, panic::AssertUnwindSafe, sync::Arc};

use abide_base::{
    call::{Effect, ToolCall, ToolName, ToolReply, ToolSpec},
    clock::{Clock, SystemClock},
    event::{EventKind, EventSink},
    secret::Redactor,
};
use abide_signatures::{Digest, Fields};
use futures_util::FutureExt;
use serde_json::Value;

use super::{
    answer,
    denial::{Denial, Unauthorized},
    inspect::Inspector,
    objections::{record, record_all},
    pending::{Authorized, PendingCall},
    reply,
    scrubbed::Scrubbed,
    stand_in::StandIns,
};
use crate::{
    approval::{Approvals, Approver, Outcome, Question},
    audit::{Audit, AwaitedOutcome, Entry, OutcomeStatus, Row, RowVerdict},
    check::{
        self, Asked, Check, Denied, Verdict,
        budget::Novelty,
        drift, entry,
        input_schema::Schemas,
        token::{self, Grants},
    },
    limit::{rate::Limiter, window::Windows},
    policy::{Approval, Policy, ToolLock, ToolRule},
    rule_path,
    session::{Mode, Oversight, Reservation, Session, Wanted},
    text::secret_shape,
};

/// Decides every call. One for all runs of a boundary, so that they share its rate.
pub struct Guard {
    policy: Policy,
    redactor: Redactor,
    grants: Arc<dyn Grants>,
    pub(super) audit: Audit,
    clock: Arc<dyn Clock>,
    pins: Option<BTreeMap<ToolName, Digest>>,
    checks: Vec<Arc<dyn Check>>,
    schemas: Schemas,
    stand_ins: StandIns,
    approvals: Approvals,
    windows: Option<Windows>,
    limiter: Option<Limiter>,
}

/// What a call needs to be authorized.
struct Granted<'s> {
    effect: Effect,
    stand_in: Option<Value>,
    novelty: Novelty,
    reservation: Reservation<'s>,
    /// What an approver was asked, and said yes to.
    question: Option<Question>,
}

impl Guard {
    /// A guard of a policy, which asks these grants what tokens may do. By default it writes no audit, knows no secrets, and lives by the
    /// machine's clock.
    pub fn new(policy: &Policy, grants: Arc<dyn Grants>) -> Self {
        let guard = Self {
            policy: policy.clone(),
            redactor: Redactor::new(),
            grants,
            audit: Audit::discard(),
            limiter: None,
            windows: None,
            clock: Arc::new(SystemClock::new()),
            pins: policy.lock().map(ToolLock::digests),
            checks: Vec::new(),
            schemas: Schemas::default(),
            stand_ins: StandIns::default(),
            approvals: Approvals::default(),
        };
        let clock = Arc::clone(&guard.clock);
        guard.clock(clock)
    }

    /// Writes every decision down.
    #[must_use]
    pub fn audit(mut self, audit: Audit) -> Self {
        self.audit = audit;
        self
    }

    /// Takes the secrets of this redactor out of all that it writes, and lets none of them out.
    #[must_use]
    pub fn redactor(mut self, redactor: Redactor) -> Self {
        self.redactor = redactor;
        self
    }

    /// Lives by another clock: rates and windows begin anew.
    #[must_use]
    pub fn clock(self, clock: Arc<dyn Clock>) -> Self {
        let limits = self.policy.limits();
        Self {
            limiter: limits.rate.map(|rate| Limiter::new(rate, Arc::clone(&clock))),
            windows: Windows::new(limits, Arc::clone(&clock)),
            clock,
            ..self
        }
    }

    /// Asks this approver where the policy requires it. Without one, such calls are refused.
    #[must_use]
    pub fn approver(mut self, approver: Arc<dyn Approver>) -> Self {
        self.approvals = Approvals::of(approver);
        self
    }

    /// Adds a check of the user's own. It can refuse calls, never allow them.
    #[must_use]
    pub fn check(mut self, check: Arc<dyn Check>) -> Self {
        self.checks.push(check);
        self
    }

    /// Calls only tools whose definitions have these digests; a tool without a digest here is refused too. Where the boundary has a lock,
    /// both must agree.
    #[must_use]
    pub fn pinned(mut self, mut pins: BTreeMap<ToolName, Digest>) -> Self {
        if let Some(locked) = &self.pins {
            pins.retain(|tool, digest| locked.get(tool) == Some(digest));
        }
        self.pins = Some(pins);
        self
    }

    /// What it guards.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Decides a call. One row goes to the audit, and what happened to `events`. `tool` is what the server says of the tool, `None` if no
    /// server has it. What comes of an authorized call is a second row.
    ///
    /// # Errors
    /// [`Unauthorized`], with what the model may know of it.
    pub async fn authorize<'a>(
        &'a self,
        call: ToolCall,
        tool: Option<&ToolSpec>,
        session: &'a Session,
        events: &'a dyn EventSink,
    ) -> Result<Authorized<'a>, Unauthorized> {
        let events = Scrubbed { sink: events, redactor: &self.redactor };
        let mut call = self.named(call);
        let mut row = Row::of(&call, session, &self.redactor).asked_by(events.module());
        let decision = self.decide(&mut call, tool, session, &mut row).await;
        conclude(&mut row, &decision);
        let audited = self.audit.write(Entry::Decision(row), self.clock.now());
        if let Err(error) = &audited {
            let detail = format!("the decision could not be written to the audit: {error}");
            record(&events, EventKind::CheckFailed, &call, detail);
        }
        match (decision, audited) {
            (Ok(granted), Ok(number)) => {
                let outcome = AwaitedOutcome::new(&self.audit, &self.clock, number, session.run(), &call.tool);
                Ok(self.issue(call, granted, outcome, session, events))
            }
            (Ok(_), Err(_)) => {
                let denied = Denied::new(EventKind::CheckFailed, "the decision could not be written to the audit");
                Err(denied.into())
            }
            (Err(unavailable @ Unauthorized::Unavailable(_)), _) => Err(unavailable),
            (Err(Unauthorized::Denied(mut denial)), _) => {
                denial.scrub(&self.redactor);
                record_all(&denial, &events, &call, session);
                Err(Unauthorized::Denied(denial))
            }
        }
    }

    /// Whether an answer may be shown: the last step of a run, after its calls.
    ///
    /// # Errors
    /// The rules of `[answer]` that it breaks, and planted values in it.
    pub fn release(&self, session: &Session, answer: &Fields) -> Result<(), Denial> {
        answer::check(&self.policy, session, answer)
    }

    /// Whether an answer may be given that does not let itself be looked at: only where the boundary has no rules for answers.
    ///
    /// # Errors
    /// The boundary has such rules, or planted values.
    pub fn release_unseen(&self) -> Result<(), Denial> {
        answer::check_unseen(&self.policy)
    }

    /// The call under a name that may be written down: a model can put a secret into that of a tool which does not exist.
    pub fn named(&self, mut call: ToolCall) -> ToolCall {
        let name = call.tool.as_str();
        let is_secret = || secret_shape::is_in(name) || self.redactor.finds(name);
        if self.policy.tool(&call.tool).is_none() && is_secret() {
            call.tool = ToolName::hidden();
        }
        call
    }

    async fn decide<'s>(
        &self,
        call: &mut ToolCall,
        tool: Option<&ToolSpec>,
        session: &'s Session,
        row: &mut Row,
    ) -> Result<Granted<'s>, Unauthorized> {
        let attempt = session.attempt();
        let (rule, tool) = entry::find(&self.policy, call, tool)?;
        row.rule(rule);
        drift::check(self.pins.as_ref(), tool)?;
        let mut denials: Vec<Denied> = self.ask_for_scopes(rule, call, row).await?.into_iter().collect();
        if let Err(malformed) = self.schemas.check(call, tool).await {
            denials.push(malformed);
            return Err(Unauthorized::of(denials));
        }
        let asked = Asked { policy: &self.policy, redactor: &self.redactor, rule, call, session, tool: Some(tool) };
        let (of_arguments, readings) = check::arguments(&asked);
        denials.extend(of_arguments);
        row.readings(readings);
        denials.extend(self.run_custom_checks(call, tool, session).await);
        if !denials.iter().all(|denied| denied.is_overridable(rule)) {
            return Err(Unauthorized::of(denials));
        }
        let wanted = Wanted { call, arguments_digest: &row.arguments_digest, attempt };
        let (reservation, novelty) = match session.reserve(&self.policy, rule, wanted) {
            Ok(reserved) => reserved,
            Err(denied) => return Err(Unauthorized::of(denials.into_iter().chain([denied]))),
        };
        let (mode, digest) = (session.mode(), &row.arguments_digest);
        let stand_in = self.stand_ins.of(rule, tool, mode, digest).await;
        let stand_in = stand_in.map(|reply| self.screened(rule, call, reply, session));
        let question = self.question(rule, call, session, denials);
        // a call that is not made needs no approval
        let question = question.filter(|question| stand_in.is_none() || !question.objections.is_empty());
        if let Some(question) = &question {
            self.request_approval(question, session).await?;
        }
        let places = self.take_places(session, &reservation).await;
        places.map_err(|denied| Unauthorized::of([denied].into_iter().chain(waived_objections(question.as_ref()))))?;
        Ok(Granted { effect: rule.effect, stand_in, novelty, reservation, question })
    }

    /// A place in the windows and in the rate.
    async fn take_places(&self, session: &Session, reservation: &Reservation<'_>) -> Result<(), Denied> {
        if let (Some(windows), Some(reserved)) = (&self.windows, reservation.reserved()) {
            windows.take(session.caller(), reserved)?;
        }
        match &self.limiter {
            Some(limiter) => limiter.pass(session.run()).await,
            None => Ok(()),
        }
    }

    async fn ask_for_scopes(
        &self,
        rule: &ToolRule,
        call: &ToolCall,
        row: &mut Row,
    ) -> Result<Option<Denied>, Unauthorized> {
        let Some(server) = self.policy.server_of(&call.tool) else {
            // a function has no server, and so no token and no scopes
            let is_function = call.tool.server().is_none();
            let unknown = || Denied::new(EventKind::ToolNotAllowed, "the policy does not name the tool's server");
            return Ok((!is_function).then(unknown));
        };
        let granted = self.grants.granted(server).await.map_err(Unauthorized::Unavailable)?;
        let Some(granted) = granted else { return Ok(None) };
        let denied = token::check(rule, &granted.scopes).err();
        row.token(granted);
        Ok(denied)
    }

    async fn run_custom_checks(&self, call: &ToolCall, tool: &ToolSpec, session: &Session) -> Vec<Denied> {
        let mut denials = Vec::new();
        for check in &self.checks {
            let vote = AssertUnwindSafe(async { check.check(call, tool, session).await });
            let failure = match vote.catch_unwind().await {
                Ok(Ok(Verdict::Permit | Verdict::Abstain)) => continue,
                Ok(Ok(Verdict::Deny(denied))) => {
                    denials.push(Denied { check: Some(check.name()), ..denied });
                    continue;
                }
                Ok(Err(error)) => error.to_string(),
                Err(_) => "it panicked".to_owned(),
            };
            let detail = format!("the check `{}` could not decide: {failure}", check.name());
            denials.push(Denied { check: Some(check.name()), ..Denied::new(EventKind::CheckFailed, detail) });
        }
        denials
    }

    /// What an approver has to be asked: where the rule says so for each call, or where there are objections.
    fn question(
        &self,
        rule: &ToolRule,
        call: &ToolCall,
        session: &Session,
        objections: Vec<Denied>,
    ) -> Option<Question> {
        if objections.is_empty() && rule.approval == Approval::None {
            return None;
        }
        let mut arguments = call.arguments.clone();
        self.redactor.scrub_map(&mut arguments);
        Some(Question {
            run: session.run(),
            caller: session.caller().cloned(),
            tool: call.tool.clone(),
            effect: rule.effect,
            arguments,
            objections,
        })
    }

    async fn request_approval(&self, question: &Question, session: &Session) -> Result<(), Unauthorized> {
        let may_ask = session.mode() == Mode::Live && session.oversight() == Oversight::Attended;
        let outcome = if may_ask { self.approvals.ask(question).await } else { Outcome::NoApprover };
        let why = match &outcome {
            Outcome::Yes => return Ok(()),
            Outcome::No => "an approver was asked, and said no",
            Outcome::Failed(reason) => &format!("it needs an approval, and the approver failed: {reason}"),
            Outcome::NoApprover if session.mode() == Mode::DryRun => {
                "it needs an approval, and in a dry run no approver is asked"
            }
            Outcome::NoApprover if session.oversight() == Oversight::Unattended => {
                "it needs an approval, and the run is unattended: no approver is asked"
            }
            Outcome::NoApprover => "it needs an approval, and no approver is set: give the guard or the runtime one",
        };
        let missing = question.objections.is_empty().then(|| Denied::new(EventKind::ApprovalMissing, why));
        let asked = (outcome == Outcome::No).then(|| Denied::new(EventKind::ApprovalRequested, why));
        Err(Unauthorized::of(question.objections.iter().cloned().chain(missing).chain(asked)))
    }

    /// What of a stand-in the program may see: it can be a real reply, out of a recording.
    fn screened(&self, rule: &ToolRule, call: &ToolCall, reply: Value, session: &Session) -> Value {
        let mut reply = ToolReply::done(reply);
        if reply::withheld(rule, &call.tool, &reply).is_some() {
            return super::stand_in::nothing();
        }
        // what is hidden because of where it comes from comes from here
        session.keep(&self.policy, &call.tool, &reply);
        reply::clean(&self.policy, rule, &call.tool, &mut reply, session);
        reply.content
    }

    /// Makes the pending call, and records what is worth knowing of it.
    fn issue<'a>(
        &'a self,
        call: ToolCall,
        granted: Granted<'_>,
        outcome: AwaitedOutcome,
        session: &'a Session,
        events: Scrubbed<'a>,
    ) -> Authorized<'a> {
        if granted.novelty == Novelty::Repeated {
            let detail = "the same call was made before in this run";
            record(&events, EventKind::RedundantCall, &call, detail);
        }
        if let Some(reply) = &granted.stand_in {
            record(&events, EventKind::DryRun, &call, "it is a dry run");
            session.answered(&self.policy, &call, &ToolReply::done(reply.clone()));
        }
        if let Some(question) = &granted.question {
            let codes: Vec<_> = question.objections.iter().map(|denied| denied.kind.code()).collect();
            let what = if codes.is_empty() { "approval".to_owned() } else { codes.join(", ") };
            record(
                &events,
                EventKind::ApprovalRequested,
                &call,
                format!("an approver was asked ({what}), and said yes"),
            );
        }
        granted.reservation.keep();
        if let Some(mut stand_in) = granted.stand_in {
            outcome.ended(OutcomeStatus::DryRun, None);
            self.redactor.scrub_json(&mut stand_in);
            return Authorized::DryRun(stand_in);
        }
        let limits = self.policy.tool(&call.tool).map(ToolRule::call_limits).unwrap_or_default();
        let inspector = Inspector { policy: &self.policy, redactor: &self.redactor, checks: &self.checks };
        Authorized::Execute(PendingCall { inspector, session, events, call, effect: granted.effect, limits, outcome })
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let checks: Vec<_> = self.checks.iter().map(|check| check.name()).collect();
        f.debug_struct("Guard").field("boundary", self.policy.digest()).field("checks", &checks).finish_non_exhaustive()
    }
}

/// Writes into the row what was decided, by which rule, and what else there was to say.
fn conclude(row: &mut Row, decision: &Result<Granted<'_>, Unauthorized>) {
    match decision {
        Ok(granted) => {
            let verdict = if granted.stand_in.is_some() { RowVerdict::PermitDryRun } else { RowVerdict::Permit };
            let lifted =
                granted.question.iter().flat_map(|question| question.objections.iter().map(|denied| denied.kind));
            let asked = granted.question.iter().map(|_| EventKind::ApprovalRequested);
            let place = rule_path::for_entry(&row.tool);
            row.conclude(verdict, Some(place), asked.chain(lifted));
        }
        Err(Unauthorized::Denied(denials)) => {
            let place = rule_path::for_denial(&row.tool, &denials.first);
            row.field = denials.first.field().map(str::to_owned);
            row.conclude(
                RowVerdict::Deny(denials.first.kind),
                Some(place),
                denials.others.iter().map(|denied| denied.kind),
            );
        }
        Err(Unauthorized::Unavailable(_)) => row.conclude(RowVerdict::Unavailable, None, []),
    }
}

/// What was objected and lifted before the call was refused after all.
fn waived_objections(question: Option<&Question>) -> impl Iterator<Item = Denied> {
    let asked = question.map(|_| Denied::new(EventKind::ApprovalRequested, "an approver was asked, and said yes"));
    question.into_iter().flat_map(|question| question.objections.clone()).chain(asked)
}
