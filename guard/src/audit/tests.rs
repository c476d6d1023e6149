#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod chain;
mod files;
mod mirrors;
mod outcomes;

use std::{
    path::Path,
    time::{Duration, SystemTime},
};

use abide_base::{call::ToolCall, event::EventKind, id::RunId};
use abide_signatures::Fields;
use serde_json::{Value, json};

use super::{file::rotated, row::rfc3339};
use crate::{Labels, Mode, Session, audit::*};

fn row() -> Row {
    let call = ToolCall {
        tool: "crm.lookup".try_into().unwrap(),
        arguments: [("id".into(), json!("CUST1")), ("x".repeat(200), json!(1))].into_iter().collect(),
    };
    let labels = Labels::from([("candidate".to_owned(), "c1".to_owned())]);
    let session = Session::new(RunId::random(), Mode::DryRun, &Fields::new()).labelled(labels);
    let mut row = Row::of(&call, &session, &abide_base::secret::Redactor::new()).asked_by(Some("Support"));
    row.conclude(
        RowVerdict::Deny(EventKind::ScopeMissing),
        Some("tools.\"crm.lookup\".scopes".into()),
        [EventKind::ArgumentDenied, EventKind::ScopeMissing, EventKind::ArgumentDenied],
    );
    row
}

fn decision() -> Entry {
    Entry::Decision(row())
}

fn moment() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::new(1_700_000_000, 123_456_789)
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

fn verified(path: &Path) -> Result<Verified, VerifyError> {
    verify(files_of(path).unwrap(), Known::default())
}

/// What is wrong with these lines of a file.
fn bad(lines: &[impl AsRef<str>]) -> ChainBreak {
    let text: String = lines.iter().map(|line| format!("{}\n", line.as_ref())).collect();
    match verify([("log".to_owned(), text.as_bytes())], Known::default()) {
        Err(VerifyError::ChainBreak(bad)) => bad,
        other => panic!("{other:?}\n{text}"),
    }
}

/// The lines of a log with so many decisions, which come after its first row.
fn lines(decisions: usize) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let audit = Audit::file(&path).unwrap();
    for _ in 0..decisions {
        audit.write(decision(), moment()).unwrap();
    }
    text(&path).lines().map(str::to_owned).collect()
}

#[test]
fn a_file_gets_one_line_for_each_row_and_is_only_its_owners() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    for _ in 0..2 {
        let audit = Audit::file(&path).unwrap();
        audit.write(decision(), moment()).unwrap();
        audit.clone().write(decision(), moment()).unwrap();
    }
    let text = text(&path);
    let numbers = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["seq"].as_u64().unwrap());
    assert_eq!(numbers.collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    let second = text.lines().nth(1).unwrap();
    let read: Row = serde_json::from_str(second).unwrap();
    assert_eq!((read.seq, read.verdict), (1, RowVerdict::Deny(EventKind::ScopeMissing)));
    let second: Value = serde_json::from_str(second).unwrap();
    assert_eq!(second["kind"], "decision");
    assert_eq!(second["time"], "2023-11-14T22:13:20.123Z");
    assert_eq!(second["verdict"], "deny");
    assert_eq!(second["code"], "scope_missing");
    assert_eq!(second["rule"], "tools.\"crm.lookup\".scopes");
    assert_eq!(second["other_codes"], json!(["argument_denied"]));
    assert_eq!(second["module"], "Support");
    assert_eq!(second["labels"]["candidate"], "c1");
    assert_eq!(second["mode"], "dry_run");
    assert_eq!(second["arguments"], json!(["id", "[other]"]));
    assert!(!text.contains("CUST1"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn time_before_1970_or_far_away_does_no_harm() {
    for (time, text) in [
        (SystemTime::UNIX_EPOCH - Duration::from_secs(1), "1970-01-01T00:00:00Z"),
        (SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 40), ""),
    ] {
        assert_eq!(rfc3339(time), text);
    }
}

#[test]
fn names_beyond_those_that_are_kept_leave_a_mark() {
    let arguments = (0..40).map(|n| (format!("a{n:02}"), json!(n))).collect();
    let call = ToolCall { tool: "crm.lookup".try_into().unwrap(), arguments };
    let caller = crate::Caller::new("ann");
    let session = Session::new(RunId::random(), Mode::Live, &Fields::new()).called_by(Some(caller));
    let row = Row::of(&call, &session, &abide_base::secret::Redactor::new());
    assert_eq!((row.arguments.len(), row.arguments.last().map(String::as_str)), (33, Some("[more]")));
    assert_eq!(row.caller_hash, Some(abide_signatures::Digest::of_bytes(b"ann")));
}
