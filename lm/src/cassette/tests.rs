#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::{path::PathBuf, sync::Arc};

use abide_base::{
    id::ModelId,
    secret::{Redactor, Secret},
};
use futures_util::future::join_all;
use serde_json::Value;

use crate::{
    Finish, Lm, LmError, LmReply, LmRequest, Message, ReplyFormat,
    cassette::*,
    testing::{Scripted, ask},
};

const TOKEN: &str = "tok-0123456789";

struct Bench {
    directory: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("cassette.jsonl")
    }

    fn recorder(&self, replies: impl IntoIterator<Item = Result<LmReply, LmError>>) -> Recorder {
        Recorder::new(Arc::new(Scripted::new(replies)), self.path()).unwrap()
    }

    fn player(&self) -> Player {
        Player::open(self.path(), model()).unwrap()
    }

    fn lines(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.path()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn model() -> ModelId {
    ModelId("test/scripted".to_owned())
}

fn chat(texts: &[&str]) -> LmRequest {
    LmRequest::new(texts.iter().map(|text| Message::user(*text)).collect())
}

async fn nearest(player: &Player, request: &LmRequest) -> String {
    match player.complete(request).await.unwrap_err() {
        LmError::NotRecorded { nearest, .. } => nearest,
        error => unreachable!("{error}"),
    }
}

#[tokio::test]
async fn what_was_recorded_is_played_as_it_was() {
    let bench = Bench::new();
    let mut cut = LmReply::new("cut").finish(Finish::Limit).request_id("req_1");
    cut.usage.micro_dollars = 7;
    let failure = LmError::Timeout(std::time::Duration::from_secs(1));
    let recorder = bench.recorder([Ok(cut.clone()), Err(failure.clone()), Ok(LmReply::new("later"))]);
    assert_eq!(recorder.complete(&ask("a")).await, Ok(cut.clone()));
    assert_eq!(recorder.complete(&ask("b")).await, Err(failure));
    // a second recorder goes on where the first one was
    drop(recorder);
    bench.recorder([Ok(LmReply::new("later"))]).complete(&ask("a")).await.unwrap();
    let player = bench.player();
    assert_eq!(player.model(), &model());
    let mut played = Vec::new();
    for _ in 0..3 {
        played.push(player.complete(&ask("a")).await.unwrap());
    }
    assert_eq!(played, [cut, LmReply::new("later"), LmReply::new("later")]);
    assert!(nearest(&player, &ask("b")).await.contains("asked `b`"), "a failure is not recorded");
}

#[tokio::test]
async fn replies_side_by_side_have_a_line_each() {
    let bench = Bench::new();
    let recorder = bench.recorder([]);
    let requests: Vec<LmRequest> = (0..50).map(|n| ask(&format!("{n} {}", "x".repeat(9_000)))).collect();
    join_all(requests.iter().map(|request| recorder.complete(request))).await;
    let player = bench.player();
    for request in &requests {
        assert!(player.complete(request).await.is_ok());
    }
    assert_eq!(bench.lines().len(), 50);
}

#[tokio::test]
async fn secrets_are_not_written_and_another_one_finds_the_reply() {
    let bench = Bench::new();
    let knowing = |secret: &str| {
        let redactor = Redactor::new();
        redactor.keep(&Secret::new(secret.to_owned()));
        redactor
    };
    let recorder = bench.recorder([Ok(LmReply::new(format!("said {TOKEN}")))]).redactor(knowing(TOKEN));
    recorder.complete(&ask(&format!("use {TOKEN}"))).await.unwrap();
    let text = std::fs::read_to_string(bench.path()).unwrap();
    assert!(!text.contains(TOKEN), "{text}");
    let player = bench.player().redactor(knowing("other-9876543210"));
    assert_eq!(player.complete(&ask("use other-9876543210")).await.unwrap().text, "said [redacted]");
    let told = player.complete(&ask("show other-9876543210")).await.unwrap_err().to_string();
    assert!(told.contains("[redacted]") && !told.contains("9876"), "{told}");
}

#[tokio::test]
async fn an_unknown_request_names_the_nearest() {
    let bench = Bench::new();
    let recorder = bench.recorder([]);
    for texts in [&["be brief", "what is 2 + 2?"][..], &["be brief", "what is 3 + 3?", "six", "why?"], &["be kind"]] {
        recorder.complete(&chat(texts)).await.unwrap();
    }
    let player = bench.player();
    let told = player.complete(&chat(&["be brief", "what is 2 + 5?"])).await.unwrap_err();
    assert_eq!((told.attempts(), told.is_transient()), (0, false));
    let expected = "has no reply recorded for this request: the nearest one differs in message 2 (user): recorded `what is 2 + 2?`, asked `what is 2 + 5?`";
    assert!(told.to_string().contains(expected), "{told}");
    let told = nearest(&player, &chat(&["be brief", "what is 3 + 3?", "six"])).await;
    assert_eq!(told, "the nearest one differs in the number of messages: recorded 4, asked 3");
    let mut request = chat(&["be brief", "what is 2 + 2?"]);
    request.sampling.seed = Some(7);
    assert_eq!(nearest(&player, &request).await, "the nearest one differs in `seed`: recorded `nothing`, asked `7`");
    let mut request = chat(&["be brief", "what is 2 + 2?"]);
    request.format = ReplyFormat::Json;
    assert!(nearest(&player, &request).await.contains("`format`"), "{}", nearest(&player, &request).await);
    let request = LmRequest::new(vec![Message::system("be kind")]);
    let told = nearest(&player, &request).await;
    assert!(told.contains("message 1 (user, asked system)"), "{told}");
    let long = format!("{}end", "x".repeat(500));
    let told = nearest(&player, &chat(&[&format!("be kind{long}")])).await;
    assert!(told.contains('…') && told.chars().count() < 250, "{told}");
}

#[tokio::test]
async fn a_file_that_is_no_cassette_is_named_with_the_line() {
    let bench = Bench::new();
    let open = || Player::open(bench.path(), model()).unwrap_err().to_string();
    assert!(open().contains("cassette.jsonl"), "{}", open());
    bench.recorder([]).complete(&ask("a")).await.unwrap();
    let good = bench.lines().remove(0);
    let other = Player::open(bench.path(), ModelId("test/other".to_owned())).unwrap_err().to_string();
    assert!(other.contains("no reply of `test/other`"), "{other}");
    let changed = |change: fn(&mut Value)| {
        let mut line = good.clone();
        change(&mut line);
        std::fs::write(bench.path(), format!("{good}\n\n{line}\n")).unwrap();
        open()
    };
    for (told, hint) in [
        (changed(|line| line["format"] = 2.into()), "its format is 2"),
        (changed(|line| line["request"]["max_tokens"] = 5.into()), "its request was changed"),
        (changed(|line| line["more"] = 5.into()), "unknown field `more`"),
        (changed(|line| *line = 5.into()), "invalid type"),
    ] {
        assert!(told.contains("line 3: ") && told.contains(hint), "{told}");
    }
}
