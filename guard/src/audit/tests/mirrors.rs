//! Those who watch.

use std::sync::{Arc, Mutex};

use abide_testbed::lab::log::LogCapture;

use super::super::tests::*;

#[derive(Default)]
struct Seen(Mutex<Vec<u64>>);

impl Mirror for Seen {
    fn decision(&self, row: &Row) {
        self.0.lock().unwrap().push(row.seq);
    }

    fn outcome(&self, outcome: &Outcome) {
        self.0.lock().unwrap().push(outcome.seq);
    }
}

#[test]
fn a_mirror_sees_what_was_written_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let seen = Arc::new(Seen::default());
    let audit = Audit::file(folder.path().join("audit.jsonl")).unwrap().mirrored(seen.clone());
    audit.write(decision(), moment()).unwrap();
    audit.write(decision(), moment()).unwrap();
    assert_eq!(*seen.0.lock().unwrap(), [1, 2]);
    let unkept = Arc::new(Seen::default());
    let nowhere = Audit::discard().mirrored(unkept.clone());
    assert_eq!([(); 3].map(|()| nowhere.write(decision(), moment()).unwrap()), [0, 1, 2]);
    assert_eq!(*unkept.0.lock().unwrap(), [0, 1, 2], "an outcome is known by the number of its decision");
    if Path::new("/dev/full").exists() {
        let full = std::fs::OpenOptions::new().append(true).open("/dev/full").unwrap();
        assert!(Audit::into_file(full).mirrored(seen.clone()).write(decision(), moment()).is_err());
        assert_eq!(seen.0.lock().unwrap().len(), 2);
    }
}

#[test]
fn every_row_is_an_event_of_tracing() {
    let log = LogCapture::start("info");
    let (audit, _) = Audit::memory();
    audit.write(decision(), moment()).unwrap();
    let mut permitted = row();
    permitted.verdict = RowVerdict::Permit;
    permitted.arguments = vec!["\u{1b}[2J".into()];
    audit.write(Entry::Decision(permitted), moment()).unwrap();
    let text = log.take();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert!(lines[0].contains(" WARN abide::audit: decision seq=0 run="), "{text}");
    assert!(lines[0].contains("verdict=\"deny\" code=\"scope_missing\" rule=\"tools."), "{text}");
    assert!(lines[1].contains(" INFO abide::audit: decision seq=1 ") && !lines[1].contains("code="), "{text}");
    assert!(!text.contains("CUST1") && !text.contains('\u{1b}'), "{text}");
}

/// Panics at every row.
struct Broken;

impl Mirror for Broken {
    fn decision(&self, _: &Row) {
        panic!("a mirror that breaks");
    }

    fn outcome(&self, _: &Outcome) {
        panic!("a mirror that breaks");
    }
}

#[test]
fn a_mirror_that_panics_changes_nothing() {
    let (audit, rows) = Audit::memory();
    let seen = Arc::new(Seen::default());
    let audit = audit.mirrored(Arc::new(Broken)).mirrored(seen.clone());
    audit.write(decision(), moment()).unwrap();
    audit.write(decision(), moment()).unwrap();
    assert_eq!(rows.all().len(), 2);
    assert_eq!(seen.0.lock().unwrap().len(), 2, "the next mirror is told all the same");
}
