//! A reference server as a child process over its standard input and output.

use std::{fs, path::Path};

use super::*;

fn command(folder: &Path) -> CommandConfig {
    let script = process::package("@modelcontextprotocol/server-filesystem/dist/index.js");
    let mut command = CommandConfig::new(id(), "node");
    command.args = [script.as_path(), folder].map(|path| path.to_str().unwrap().to_owned()).to_vec();
    command
}

/// The processes that were started with this word on their command line.
fn processes(word: &str) -> Vec<String> {
    let all = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
    let lines = all.filter_map(|process| {
        let line = String::from_utf8_lossy(&fs::read(process.join("cmdline")).ok()?).into_owned();
        line.contains(word).then(|| process.file_name().unwrap().to_string_lossy().into_owned())
    });
    lines.collect()
}

#[tokio::test]
#[ignore = "needs scripts/referees.sh"]
async fn a_child_process_serves_calls_and_ends_with_its_toolbox() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    fs::write(root.join("greeting.txt"), "good morning\n").unwrap();
    let allowed = [("read_text_file", Effect::Read, ""), ("write_file", Effect::Write, "")];
    let caller = Caller::spawn(command(&root), &allowed).await.unwrap();
    let word = root.to_str().unwrap();
    let child = processes(word);
    assert_eq!(child.len(), 1, "{child:?}");
    let environment = fs::read(format!("/proc/{}/environ", child[0])).unwrap();
    assert_eq!(String::from_utf8_lossy(&environment), "", "it sees our environment");

    let read = caller.call("read_text_file", json!({ "path": root.join("greeting.txt") })).await;
    assert!(read.result().to_string().contains("good morning"), "{read:?}");
    let note = json!({ "path": root.join("note.txt"), "content": "ünïcode\nnew line" });
    caller.call("write_file", note).await.result();
    assert_eq!(fs::read_to_string(root.join("note.txt")).unwrap(), "ünïcode\nnew line");
    let reads = (0..64).map(|_| caller.call("read_text_file", json!({ "path": root.join("note.txt") })));
    assert!(join_all(reads).await.iter().all(|read| read.result().to_string().contains("ünïcode")));

    let outside = caller.call("read_text_file", json!({ "path": "/etc/hostname" })).await;
    assert_eq!(outside.count(EventKind::ToolFailed), 1, "{outside:?}");
    let ToolOutcome::Replied { observation } = &outside.outcome else { panic!("{outside:?}") };
    assert!(observation.to_string().contains("Access denied"), "{observation}");

    drop(caller);
    let end = Instant::now() + Duration::from_secs(10);
    while !processes(word).is_empty() {
        assert!(Instant::now() < end, "the child outlives its toolbox");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
#[ignore = "needs scripts/referees.sh"]
async fn a_program_that_cannot_serve_is_named() {
    let missing = Path::new("/nowhere-at-all");
    let Err(error) = Caller::spawn(command(missing), &[("read_text_file", Effect::Read, "")]).await else {
        panic!("it serves a folder that is not there");
    };
    assert!(error.to_string().contains("`it`"), "{error}");
    let nothing = CommandConfig::new(id(), "/nowhere-at-all");
    let Err(error) = Caller::spawn(nothing, &[("read_text_file", Effect::Read, "")]).await else {
        panic!("it runs a program that is not there");
    };
    assert!(error.to_string().contains("/nowhere-at-all"), "{error}");
}
