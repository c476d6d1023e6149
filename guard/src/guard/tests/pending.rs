//! Authorized calls: what comes of them is accounted, whatever it is, and answers are released.

use super::super::tests::*;

const TICKET: &str = "crm.ticket";

fn ticket() -> Value {
    json!({ "title": "broken" })
}

async fn pending(bench: &Bench) -> PendingCall<'_> {
    match bench.call(TICKET, ticket()).await.unwrap() {
        Authorized::Execute(pending) => pending,
        Authorized::DryRun(_) => panic!("the run is live"),
    }
}

fn outcomes(bench: &Bench) -> Vec<(OutcomeStatus, Option<EventKind>)> {
    bench.rows.outcomes().iter().map(|outcome| (outcome.status, outcome.code)).collect()
}

#[tokio::test]
async fn a_call_that_is_dropped_has_the_outcome_abandoned() {
    let bench = Bench::new();
    drop(pending(&bench).await);
    assert_eq!(outcomes(&bench), [(OutcomeStatus::Abandoned, None)]);
    // it counts as made
    assert_eq!(kind(bench.call(TICKET, ticket()).await), EventKind::RedundantCall);

    let bench = Bench::new();
    let never = pending(&bench).await.perform(|_| std::future::pending());
    assert!(tokio::time::timeout(Duration::ZERO, never).await.is_err());
    assert_eq!(outcomes(&bench), [(OutcomeStatus::Abandoned, None)]);
}

#[tokio::test]
async fn each_failure_has_its_outcome_and_only_a_refused_call_was_not_made() {
    let failure = |kind, code| CallFailure::new(kind, code, "told").because(std::fmt::Error);
    for (failed, status, may_repeat) in [
        (failure(FailureKind::Refused, EventKind::ServerRefused), OutcomeStatus::Refused, true),
        (failure(FailureKind::Rejected, EventKind::ToolFailed), OutcomeStatus::Refused, false),
        (failure(FailureKind::Unconfirmed, EventKind::ToolFailed), OutcomeStatus::Unconfirmed, false),
        (failure(FailureKind::Lost, EventKind::ServerUnavailable), OutcomeStatus::Unconfirmed, false),
        (failure(FailureKind::Unreachable, EventKind::ServerUnavailable), OutcomeStatus::Unreachable, false),
    ] {
        let bench = Bench::new();
        let (kind, code) = (failed.kind(), failed.code());
        let came = pending(&bench).await.perform(|_| async { Err(failed) }).await.unwrap_err();
        assert!(came.kind() == kind && came.told() == "told" && came.downcast_ref::<std::fmt::Error>().is_some());
        assert_eq!(outcomes(&bench), [(status, Some(code))]);
        assert_eq!(bench.log.has(EventKind::ToolFailed), code == EventKind::ToolFailed);
        assert_eq!(bench.call(TICKET, ticket()).await.is_ok(), may_repeat, "{kind:?}");
    }
}

#[tokio::test]
async fn a_reply_comes_back_without_secrets_or_not_at_all() {
    let bench = Bench::new();
    let reply = bench.make_with(TICKET, ticket(), ToolReply::done(json!({ "key": "s3cr3t-of-crm" }))).await.unwrap();
    assert_eq!(reply, ToolReply::done(json!({ "key": "[redacted]" })));

    let short = BOUNDARY.replace("[tools.\"crm.ticket\"]", "[tools.\"crm.ticket\"]\nreply = { max_bytes = 3 }");
    assert_ne!(short, BOUNDARY);
    let bench = Bench::with(&short, Token(Some("ticket:create")), Mode::Live);
    let withheld = bench.make_with(TICKET, ticket(), ToolReply::done("a long reply")).await.unwrap_err();
    assert_eq!((withheld.kind(), withheld.code()), (FailureKind::Withheld, EventKind::ReplyDenied));
    assert_eq!(outcomes(&bench), [(OutcomeStatus::Withheld, Some(EventKind::ReplyDenied))]);
}

#[tokio::test]
async fn a_dry_run_has_its_outcome_at_once() {
    let bench = Bench::with(BOUNDARY, Token(Some("ticket:create")), Mode::DryRun);
    assert!(matches!(bench.call(TICKET, ticket()).await, Ok(Authorized::DryRun(_))));
    assert_eq!(outcomes(&bench), [(OutcomeStatus::DryRun, None)]);
}

#[test]
fn an_answer_is_released_unless_it_breaks_a_rule_and_all_that_it_breaks_is_said() {
    let rules = "[answer]\nmax_chars = 5\nmarkup = \"refuse\"\n[canaries]\nvalues = [\"PLANTED-VALUE-1\"]\n";
    let strict = Bench::with(rules, Token(None), Mode::Live);
    let answer = |text: &str| Fields::new().with("answer", text);
    assert!(strict.guard.release(&strict.session, &answer("fine")).is_ok());
    let denial = strict.guard.release(&strict.session, &answer("<b>PLANTED-VALUE-1</b>")).unwrap_err();
    let kinds: Vec<_> = denial.all().map(|denied| denied.kind).collect();
    assert_eq!(kinds, [EventKind::CanaryTriggered, EventKind::AnswerDenied, EventKind::AnswerDenied]);
    assert_eq!(strict.guard.release_unseen().unwrap_err().first.kind, EventKind::AnswerDenied);
    let free = Bench::new();
    assert!(free.guard.release(&free.session, &answer("<b>anything</b>")).is_ok());
    assert!(free.guard.release_unseen().is_ok());
}

#[tokio::test]
async fn in_an_unattended_run_no_approver_is_asked() {
    use super::depth::Yes;
    let rules = BOUNDARY.replace("[tools.\"crm.ticket\"]", "[tools.\"crm.ticket\"]\napproval = \"each_call\"");
    for (oversight, is_approved) in [(Oversight::Attended, true), (Oversight::Unattended, false)] {
        let bench = Bench::with(&rules, Token(Some("ticket:create")), Mode::Live);
        let bench = Bench {
            guard: bench.guard.approver(Arc::new(Yes)),
            session: bench.session.overseen(oversight),
            log: bench.log,
            rows: bench.rows,
            clock: bench.clock,
        };
        let decided = bench.call(TICKET, ticket()).await;
        assert_eq!(decided.is_ok(), is_approved);
        if let Err(Unauthorized::Denied(denial)) = decided {
            assert!(denial.first.detail.contains("the run is unattended"), "{denial}");
        }
    }
}

#[tokio::test]
async fn a_failure_is_an_event_unless_the_transport_recorded_it_and_secrets_are_in_none() {
    #[derive(Debug, thiserror::Error)]
    #[error("the server says s3cr3t-of-crm")]
    struct Said;
    for (is_recorded, events) in [(false, 1), (true, 0)] {
        let bench = Bench::new();
        let failure = CallFailure::new(FailureKind::Refused, EventKind::ServerRefused, "no").because(Said);
        let failure = if is_recorded { failure.recorded() } else { failure };
        let sink = std::sync::Mutex::default();
        let call = wanted(TICKET, ticket());
        let authorized = bench.guard.authorize(call, Some(&spec(TICKET)), &bench.session, &sink).await.unwrap();
        let Authorized::Execute(pending) = authorized else { panic!("the run is live") };
        assert!(pending.perform(|_| async { Err(failure) }).await.is_err());
        let found: Vec<abide_base::event::SecurityEvent> = sink.lock().unwrap().clone();
        assert_eq!(found.len(), events, "{found:?}");
        assert!(found.iter().all(|event| event.detail == "the server says [redacted]"), "{found:?}");
    }
}
