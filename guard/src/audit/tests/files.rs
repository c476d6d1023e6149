//! Files that are opened again, filled, torn and shared.

use std::{
    fs,
    io::Write as _,
    num::{NonZeroU32, NonZeroU64},
    sync::Barrier,
    thread,
};

use super::super::tests::*;

fn small() -> AuditOptions {
    AuditOptions::new().rotate(NonZeroU64::new(2_000).unwrap())
}

fn write(audit: &Audit, rows: usize) {
    for _ in 0..rows {
        audit.write(decision(), moment()).unwrap();
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_open_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    fs::write(&path, "").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let error = Audit::file(&path).unwrap_err();
    assert!(error.to_string().contains("chmod 600"), "{error}");
    assert!(Audit::file(folder.path()).is_err());
}

#[test]
fn only_one_audit_writes_into_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let audit = Audit::file(&path).unwrap();
    assert!(matches!(Audit::file(&path), Err(AuditError::InUse { .. })));
    drop(audit);
    Audit::file(&path).unwrap();
}

#[test]
fn full_files_are_one_chain_and_no_row_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    // closed and opened now and then, which must make no difference
    for _ in 0..6 {
        write(&Audit::with_options(&path, small()).unwrap(), 5);
    }
    let files = rotated(&path).unwrap();
    assert!(files.len() > 5, "{files:?}");
    assert!(files[0].1.ends_with("audit.jsonl.000001"));
    let found = verified(&path).unwrap();
    assert_eq!(found.files, files.len() as u64 + 1);
    assert_eq!(found.rows, 30 + found.files);
    assert_eq!(found.last + 1, found.rows);
    let all: String = files.iter().map(|(_, path)| text(path)).chain([text(&path)]).collect();
    assert_eq!(all.lines().filter(|line| line.starts_with("{\"kind\":\"decision\"")).count(), 30);
    // one file less, or two in the wrong order
    let opened = |skip: usize| {
        let mut opened = files_of(&path).unwrap();
        opened.remove(skip);
        verify(opened, Known::default())
    };
    assert!(matches!(
        opened(0),
        Err(VerifyError::ChainBreak(ChainBreak { line: 1, fault: ChainFault::NoBeginning, .. }))
    ));
    assert!(matches!(
        opened(1),
        Err(VerifyError::ChainBreak(ChainBreak { line: 1, fault: ChainFault::Missing { .. }, .. }))
    ));
    let mut opened = files_of(&path).unwrap();
    opened.swap(1, 2);
    assert!(matches!(verify(opened, Known::default()), Err(VerifyError::ChainBreak(ChainBreak { line: 1, .. }))));
}

#[test]
fn killed_between_two_files_it_goes_on_in_the_next_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    write(&Audit::file(&path).unwrap(), 3);
    let rename = || fs::rename(&path, folder.path().join("audit.jsonl.000001")).unwrap();
    rename();
    write(&Audit::file(&path).unwrap(), 2);
    assert_eq!(verified(&path).unwrap().rows, 7);
    // and also where the next one is there and empty, or holds half of its first row
    for half in ["", "{\"kind\":\"begin\",\"se"] {
        fs::write(&path, half).unwrap();
        write(&Audit::file(&path).unwrap(), 2);
        let found = verified(&path).unwrap();
        assert_eq!((found.rows, found.torn), (7 + found.torn, u64::from(!half.is_empty())));
    }
}

#[test]
fn a_file_in_the_way_of_a_full_one_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let audit = Audit::with_options(&path, small()).unwrap();
    let other = folder.path().join("audit.jsonl.000001");
    fs::write(&other, "mine").unwrap();
    let error = (0..10).find_map(|_| audit.write(decision(), moment()).err()).unwrap();
    assert!(error.to_string().contains("is in the way of the full audit file: move it"), "{error}");
    assert!(audit.write(decision(), moment()).is_err(), "a broken audit stays broken");
    assert_eq!(text(&other), "mine");
}

#[test]
fn half_a_row_is_set_aside_and_not_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    write(&Audit::file(&path).unwrap(), 3);
    let whole = text(&path);
    let last = whole.lines().last().unwrap().len();
    // cut anywhere in the last row, and then once more in the row that says so
    for cut in [1, 2, last / 2, last, last + 1] {
        fs::write(&path, &whole[..whole.len() - cut]).unwrap();
        let audit = Audit::file(&path).unwrap();
        write(&audit, 1);
        drop(audit);
        let found = verified(&path).unwrap();
        let half = last + 1 - cut;
        assert_eq!((found.torn, found.rows), (u64::from(half > 0), 4 + u64::from(half > 0)), "{cut}");
        if half > 0 {
            let torn: Value = serde_json::from_str(text(&path).lines().nth(3).unwrap()).unwrap();
            assert_eq!((&torn["kind"], &torn["bytes"]), (&json!("truncated_row"), &json!(half)));
            assert!(whole.contains(torn["text"].as_str().unwrap()));
        }
    }
    let mended = text(&path);
    for cut in [1, 100] {
        fs::write(&path, &mended[..mended.len() - cut]).unwrap();
        write(&Audit::file(&path).unwrap(), 1);
        assert!(verified(&path).unwrap().torn > 0);
    }
    // more than a row that says so is long
    fs::write(&path, whole.clone() + &"x".repeat(500_000)).unwrap();
    write(&Audit::file(&path).unwrap(), 1);
    assert_eq!(verified(&path).unwrap().torn, 1);
    assert!(text(&path).len() < whole.len() + 10_000);
}

#[test]
fn what_is_no_audit_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let good = lines(2).join("\n") + "\n";
    for (content, reason) in [
        ("a note".to_owned(), "it is not an audit: name another file"),
        ("a\nnote\n".to_owned(), "its first line is not the first row of an audit"),
        (good.replace("crm.lookup", "crm.refund"), "cannot append to it after its last row: it was changed"),
    ] {
        fs::write(&path, &content).unwrap();
        #[cfg(unix)]
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let error = Audit::file(&path).unwrap_err();
        assert!(matches!(error, AuditError::Unusable { .. }) && error.to_string().contains(reason), "{error}");
        assert_eq!(text(&path), content);
    }
}

#[test]
fn many_writers_make_one_chain() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let audit = Audit::with_options(&path, AuditOptions::new().rotate(NonZeroU64::new(100_000).unwrap())).unwrap();
    let start = Barrier::new(64);
    let numbers: Vec<u64> = thread::scope(|scope| {
        let writer = || {
            start.wait();
            (0..20).map(|_| audit.write(decision(), moment()).unwrap()).collect::<Vec<_>>()
        };
        let writers: Vec<_> = (0..64).map(|_| scope.spawn(writer)).collect();
        writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
    });
    let found = verified(&path).unwrap();
    assert_eq!(found.rows, 64 * 20 + found.files);
    let distinct: std::collections::BTreeSet<u64> = numbers.iter().copied().collect();
    assert_eq!(distinct.len(), 64 * 20);
}

#[test]
fn every_policy_of_syncing_writes_the_same_rows() {
    let rows = NonZeroU32::new(3).unwrap();
    for sync in [Sync::Never, Sync::Rows(rows), Sync::Every] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        write(&Audit::with_options(&path, small().sync(sync)).unwrap(), 8);
        let found = verified(&path).unwrap();
        assert_eq!(found.rows, 8 + found.files);
    }
    let due = |sync: Sync| (0..5).filter(|rows| sync.is_due(*rows)).collect::<Vec<_>>();
    assert_eq!((due(Sync::Never), due(Sync::Rows(rows)), due(Sync::Every)), (vec![], vec![3, 4], vec![1, 2, 3, 4]));
}

#[test]
fn a_disk_that_is_full_breaks_the_audit_and_not_the_chain() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    write(&Audit::file(&path).unwrap(), 2);
    // as much as there was room for
    fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"kind\":\"deci").unwrap();
    assert!(matches!(
        verified(&path),
        Err(VerifyError::ChainBreak(ChainBreak { line: 4, fault: ChainFault::Cut, .. }))
    ));
    let mut long = row();
    long.labels.insert("candidate".to_owned(), "x".repeat(2 << 20));
    let audit = Audit::file(&path).unwrap();
    let error = audit.write(Entry::Decision(long), moment()).unwrap_err();
    assert!(error.to_string().contains("longer than"), "{error}");
    assert!(audit.write(decision(), moment()).is_err());
    assert_eq!(verified(&path).unwrap().torn, 1);
}

#[test]
fn a_file_that_was_filled_while_it_was_opened_is_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    drop(Audit::file(&path).unwrap());
    let opened = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
    std::fs::rename(&path, folder.path().join("audit.jsonl.000001")).unwrap();
    std::fs::write(&path, "").unwrap();
    assert!(matches!(crate::audit::file::lock(opened, &path), Err(AuditError::InUse { .. })));
}
