#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use serde_json::{Value, json};

use super::*;
use crate::Fields;

fn row() -> Row {
    let call = ToolCall {
        tool: "crm.lookup".try_into().unwrap(),
        arguments: [("id".into(), json!("CUST1")), ("x".repeat(200), json!(1))].into_iter().collect(),
    };
    let labels = Labels { candidate: Some("c1".into()), example: None };
    let session = Session::new(RunId::random(), Mode::Compile, &Fields::new()).labelled(labels);
    let mut row = Row::of(&call, &session);
    row.conclude(RowVerdict::Deny(EventKind::ScopeMissing));
    row
}

fn moment() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::new(1_700_000_000, 123_456_789)
}

#[test]
fn a_file_gets_one_line_for_each_row_and_is_only_its_owners() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    for _ in 0..2 {
        let audit = Audit::file(&path).unwrap();
        audit.write(row(), moment()).unwrap();
        audit.clone().write(row(), moment()).unwrap();
    }
    let text = std::fs::read_to_string(&path).unwrap();
    let rows: Vec<Row> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.iter().map(|row| row.seq).collect::<Vec<_>>(), [0, 1, 0, 1]);
    let first: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(first["time"], "2023-11-14T22:13:20.123Z");
    assert_eq!(first["verdict"], "deny");
    assert_eq!(first["code"], "scope_missing");
    assert_eq!(first["candidate"], "c1");
    assert_eq!(first["mode"], "compile");
    assert_eq!(first["arguments"][1].as_str().unwrap().len(), 64);
    assert!(!text.contains("CUST1"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_open_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    std::fs::write(&path, "").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let error = Audit::file(&path).unwrap_err();
    assert!(error.to_string().contains("chmod 600"), "{error}");
    assert!(Audit::file(folder.path()).is_err());
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
fn a_row_after_a_torn_one_begins_on_its_own_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    Audit::file(&path).unwrap();
    std::fs::write(&path, "{\"seq\":0,\"ti").unwrap();
    let audit = Audit::file(&path).unwrap();
    audit.write(row(), moment()).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(serde_json::from_str::<Row>(lines[1]).is_ok());
}
