use std::{collections::BTreeSet, fs, path::Path, thread};

use super::*;

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(dir).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort_unstable();
    names
}

#[test]
fn saving_replaces_and_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a.json");
    fs::write(&file, "old").unwrap();
    artifact().save(&file).unwrap();
    assert_eq!(*Artifact::load(&file).unwrap(), artifact());
    assert_eq!(names(dir.path()), ["a.json"]);
}

#[test]
fn a_missing_folder_is_made_and_one_that_cannot_be_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("programs/2026/a.json");
    let error = Artifact::load(&file).unwrap_err().to_string();
    assert!(error.starts_with(&format!("cannot read `{}`: ", file.display())), "{error}");
    artifact().save(&file).unwrap();
    assert_eq!(*Artifact::load(&file).unwrap(), artifact());
    let under_a_file = file.join("b.json");
    let error = artifact().save(&under_a_file).unwrap_err().to_string();
    assert!(error.starts_with(&format!("cannot create folder `{}`: ", file.display())), "{error}");
}

#[test]
fn a_place_that_cannot_be_replaced_keeps_what_it_has() {
    let dir = tempfile::tempdir().unwrap();
    let taken = dir.path().join("a.json");
    fs::create_dir(&taken).unwrap();
    fs::write(taken.join("kept"), "x").unwrap();
    let error = artifact().save(&taken).unwrap_err().to_string();
    assert!(error.starts_with("cannot replace `"), "{error}");
    assert_eq!(names(dir.path()), ["a.json"]);
}

#[cfg(unix)]
mod full_disk {
    use std::{env, process::Command};

    use super::*;

    const TARGET: &str = "ABIDE_TEST_SAVE_TO";

    /// Only as a child of the test below, which gives it a file and a limit it cannot keep.
    #[test]
    #[ignore = "runs as a child process under a file size limit"]
    fn child() {
        let target = env::var(TARGET).unwrap();
        let mut contents = contents();
        contents.state.0.get_mut(&path("plan")).unwrap().instruction = Some("x".repeat(100_000));
        let error = Artifact::seal(contents).unwrap().save(&target).unwrap_err().to_string();
        assert!(error.starts_with(&format!("cannot write `{target}`: ")), "{error}");
    }

    #[test]
    fn no_room_for_the_new_file_leaves_the_old_one() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.json");
        artifact().save(&file).unwrap();
        // 32 blocks of 512 bytes; without the signal, a write beyond them fails as on a full disk
        let status = Command::new("sh")
            .args(["-c", "trap '' XFSZ && ulimit -f 32 && exec \"$0\" \"$@\""])
            .arg(env::current_exe().unwrap())
            .args(["--exact", "--ignored", "artifact::tests::saving::full_disk::child"])
            .env(TARGET, &file)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&status.stdout);
        assert!(status.status.success() && said.contains("1 passed"), "{said}");
        assert_eq!(*Artifact::load(&file).unwrap(), artifact());
        assert_eq!(names(dir.path()), ["a.json"]);
    }

    #[test]
    fn a_file_is_as_readable_as_any_other() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let (ours, other) = (dir.path().join("a.json"), dir.path().join("b"));
        artifact().save(&ours).unwrap();
        fs::write(&other, "").unwrap();
        let mode = |path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(ours), mode(other));
    }
}

#[test]
fn a_store_numbers_and_finds() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path().join("programs")).unwrap();
    let name: ProgramName = "customer_service".parse().unwrap();
    assert_eq!(store.latest(&name).unwrap(), None);
    let first = store.save(&artifact()).unwrap();
    assert_eq!(first.to_string(), "customer_service-1");
    assert_eq!(first.path, dir.path().join("programs/customer_service-1.json"));
    for other in ["customer_service-7.json", "customer_service_two-30.json"] {
        fs::copy(&first.path, dir.path().join("programs").join(other)).unwrap();
    }
    for other in ["customer_service-08.json", "customer_service-9.txt", "-10.json", "readme.md"] {
        fs::write(dir.path().join("programs").join(other), "").unwrap();
    }
    assert_eq!(store.save(&artifact()).unwrap().revision, 8);
    let listed: Vec<String> = store.list().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(listed, ["customer_service-1", "customer_service-7", "customer_service-8", "customer_service_two-30"]);
    assert_eq!(*store.latest(&name).unwrap().unwrap(), artifact());
    let error = store.load(&name, 5).unwrap_err().to_string();
    assert!(error.ends_with("the newest is `customer_service-8.json`"), "{error}");
    let two: ProgramName = "customer_service_two".parse().unwrap();
    let error = store.load(&two, 30).unwrap_err().to_string();
    assert!(error.contains("this is the program `customer_service`, not `customer_service_two`"), "{error}");
}

#[test]
fn two_writers_never_take_one_number() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let revisions: Vec<u32> = thread::scope(|scope| {
        let writer = || (0..10).map(|_| store.save(&artifact()).unwrap().revision).collect::<Vec<_>>();
        let writers: Vec<_> = (0..4).map(|_| scope.spawn(writer)).collect();
        writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
    });
    assert_eq!(revisions.len(), 40);
    assert_eq!(revisions.into_iter().collect::<BTreeSet<_>>(), (1..=40).collect());
    assert_eq!(names(dir.path()).len(), 40);
}

#[test]
fn a_store_out_of_numbers_says_so() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(format!("customer_service-{}.json", u32::MAX)), "").unwrap();
    let error = Store::open(dir.path()).unwrap().save(&artifact()).unwrap_err();
    assert!(matches!(error, ArtifactError::NoNumber { .. }));
    assert_eq!(names(dir.path()).len(), 1);
}
