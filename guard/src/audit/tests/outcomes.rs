//! What came of a permitted call.

use std::sync::Arc;

use abide_base::{
    call::{ToolName, ToolReply},
    clock::ManualClock,
};

use super::super::tests::*;

fn awaited(audit: &Audit, clock: &Arc<ManualClock>) -> AwaitedOutcome {
    let clock: Arc<dyn abide_base::clock::Clock> = clock.clone();
    let number = audit.write(decision(), moment()).unwrap();
    let tool: ToolName = "crm.lookup".try_into().unwrap();
    AwaitedOutcome::new(audit, &clock, number, RunId::random(), &tool)
}

#[test]
fn an_outcome_names_its_decision_and_says_how_long_it_took() {
    let (audit, rows) = Audit::memory();
    let clock = Arc::new(ManualClock::at(moment()));
    let mut call = awaited(&audit, &clock);
    clock.advance(Duration::from_micros(1_500));
    let status = call.replied(&ToolReply::done(json!({ "name": "Ann", "id": 1 })));
    clock.advance(Duration::from_secs(1));
    call.ended(status, None);
    let mut call = awaited(&audit, &clock);
    let status = call.replied(&ToolReply::failed(json!("no")));
    call.ended(status, None);
    awaited(&audit, &clock).ended(OutcomeStatus::Unreachable, Some(EventKind::ServerUnavailable));
    drop(awaited(&audit, &clock));
    let outcomes = rows.outcomes();
    let said: Vec<_> = outcomes.iter().map(|one| (one.decision, one.status, one.latency_us)).collect();
    assert_eq!(
        said,
        [
            (0, OutcomeStatus::Done, 1_500),
            (2, OutcomeStatus::Failed, 0),
            (4, OutcomeStatus::Unreachable, 0),
            (6, OutcomeStatus::Abandoned, 0)
        ]
    );
    assert_eq!(outcomes[0].result_digest, Some(abide_signatures::Digest::of_bytes(br#"{"id":1,"name":"Ann"}"#)));
    assert_eq!((outcomes[2].code, &outcomes[2].result_digest), (Some(EventKind::ServerUnavailable), &None));
    assert_eq!(rows.all().len(), 4);
}

#[test]
fn an_outcome_that_cannot_be_written_breaks_the_audit() {
    // always full, on every Linux
    if !Path::new("/dev/full").exists() {
        return;
    }
    let clock = Arc::new(ManualClock::at(moment()));
    let full = Audit::into_file(std::fs::OpenOptions::new().append(true).open("/dev/full").unwrap());
    let clock: Arc<dyn abide_base::clock::Clock> = clock;
    let tool: ToolName = "crm.lookup".try_into().unwrap();
    AwaitedOutcome::new(&full, &clock, 0, RunId::random(), &tool).ended(OutcomeStatus::Refused, None);
    assert!(full.write(decision(), moment()).is_err());
}

#[test]
fn the_page_names_every_status() {
    let page = include_str!("../../../../docs/audit.md");
    for status in [
        OutcomeStatus::Done,
        OutcomeStatus::Failed,
        OutcomeStatus::DryRun,
        OutcomeStatus::Withheld,
        OutcomeStatus::Refused,
        OutcomeStatus::Unreachable,
        OutcomeStatus::Unconfirmed,
        OutcomeStatus::Abandoned,
    ] {
        assert!(page.contains(&format!("`{}`", status.name())), "{status:?}");
        assert_eq!(serde_json::to_value(status).unwrap(), status.name());
    }
}
