#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use abide_base::{
    call::{Effect, ToolReply},
    clock::SystemClock,
    scope::ScopeSet,
    secret::Secret,
};
use abide_guard::policy::ToolRule;
use abide_testbed::lab::log::LogCapture;
use rmcp::transport::Transport;
use serde_json::Value;

use super::super::process::*;
use crate::{
    ConnectError, McpServer, ToolError,
    client::{
        start::DISCOVER_TIMEOUT,
        subject::Subject,
        tests::{Hasty, Noted, call, call_under},
    },
};

/// A server of the older era in the shell's own words. `$id` is that of the request.
const SERVER: &str = r#"
answer() { echo "{\"jsonrpc\":\"2.0\",\"id\":$id,$1}"; }
text() { answer "\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"$1\"}]}"; }
discover() { answer '"error":{"code":-32601,"message":"Method not found"}'; }
initialize() { answer '"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"sh","version":"1"}}'; }
called() { text done; }
"#;
const LOOP: &str = r#"
echo "starting, and saying so in the wrong place"
while read -r line; do
    id=${line#*\"id\":}; id=${id%%,*}; id=${id%%\}*}
    case "$line" in
        *'"method":"server/discover"'*) discover ;;
        *'"method":"initialize"'*) initialize ;;
        *'"method":"tools/list"'*) answer '"result":{"tools":[{"name":"echo","description":"'"$about"'","inputSchema":{"type":"object"}}]}' ;;
        *'"method":"tools/call"'*) called ;;
    esac
done
"#;

fn config(changes: &str) -> CommandConfig {
    let mut config = CommandConfig::new("s".to_owned().try_into().unwrap(), "/bin/sh");
    config.args = vec!["-c".to_owned(), format!("{SERVER}{changes}{LOOP}")];
    config
}

fn program(config: CommandConfig) -> Program {
    Program::new(config, Redactor::new(), Arc::new(SystemClock::new()))
}

async fn spawn(config: CommandConfig) -> Result<McpServer, ConnectError> {
    McpServer::spawn(config, Arc::new(SystemClock::new()), &Redactor::new()).await
}

async fn reply(server: &McpServer) -> Result<ToolReply, ToolError> {
    call(server, Effect::Read).await.0
}

#[tokio::test]
async fn a_program_is_a_server_and_gets_nothing_of_ours() {
    let mut config = config(r#"called() { text "$GIVEN $PLAIN ${HOME:-none} ${CARGO_MANIFEST_DIR:-none} $PWD"; }"#);
    config.env.insert("GIVEN".to_owned(), Secret::new("given-value".to_owned()));
    config.settings.insert("PLAIN".to_owned(), "as-it-is".to_owned());
    let server = spawn(config).await.unwrap();
    assert_eq!(server.protocol_version(), "2025-11-25");
    assert_eq!(server.tools()[0].name.as_str(), "s.echo");
    let reply = reply(&server).await.unwrap();
    let said: Vec<_> = reply.content.as_str().unwrap().split(' ').map(str::to_owned).collect();
    // it has the secret, which does not come back
    assert_eq!(said[..4], ["[redacted]", "as-it-is", "none", "none"]);
    assert_ne!(Path::new(&said[4]), std::env::current_dir().unwrap());
}

#[tokio::test]
async fn a_program_is_found_by_its_name_and_runs_where_it_should() {
    let folder = TempDir::new().unwrap();
    let mut config = config("called() { text \"$PWD ${PATH:-none}\"; }");
    config.program = "sh".into();
    config.folder = Some(folder.path().canonicalize().unwrap());
    let server = spawn(config.clone()).await.unwrap();
    let reply = reply(&server).await.unwrap();
    assert!(reply.content.as_str().unwrap().starts_with(config.folder.unwrap().to_str().unwrap()));
}

#[tokio::test]
async fn what_cannot_be_started_is_named() {
    let mut missing = config("");
    missing.program = "/no/such/program".into();
    let error = spawn(missing).await.unwrap_err();
    assert!(matches!(error, ConnectError::Start { .. }), "{error:?}");
    assert!(error.to_string().contains("/no/such/program"), "{error}");
    let error = spawn(config("echo 'words of its own' >&2; exit 3")).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("exit status: 3") && !text.contains("words of its own"), "{text}");
    assert!(!error.is_infrastructure());
}

#[tokio::test]
async fn the_last_words_of_a_program_are_in_the_log() {
    let log = LogCapture::start("abide=debug");
    let failing =
        "n=0; while [ $n -lt 2000 ]; do n=$((n + 1)); echo \"complaint $n\"; done >&2; echo last words >&2; exit 3";
    for _ in 0..5 {
        spawn(config(failing)).await.unwrap_err();
        // once for each era
        assert_eq!(log.take().matches("last words").count(), 2);
    }
}

#[tokio::test]
async fn one_that_says_nothing_is_given_up() {
    let mut silent = config("while :; do read -r line; done");
    silent.start_timeout = Duration::from_millis(300);
    let error = spawn(silent).await.unwrap_err();
    assert!(matches!(error, ConnectError::Unavailable { .. }), "{error:?}");
    assert!(error.to_string().contains("300ms"), "{error}");
}

#[tokio::test]
async fn one_that_starts_slowly_answers_twice_and_is_understood() {
    let ready = "/bin/sleep 4; ";
    let server = spawn(config(ready)).await.unwrap();
    assert_eq!(server.protocol_version(), "2025-11-25");
    assert_eq!(reply(&server).await.unwrap(), ToolReply::done("done"));
    // of the newer era: it answers `server/discover` late, and refuses what comes after it
    let newer = r#"
        discover() { answer '"result":{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{}},"ttlMs":0,"cacheScope":"private"}'; }
        initialize() { answer '"error":{"code":-32601,"message":"Method not found"}'; }
    "#;
    let server = spawn(config(&format!("{newer}{ready}"))).await.unwrap();
    assert_eq!(server.protocol_version(), "2026-07-28");
    assert_eq!(reply(&server).await.unwrap(), ToolReply::done("done"));
}

#[tokio::test]
async fn one_that_ignores_what_it_does_not_know_costs_a_wait_once() {
    let folder = TempDir::new().unwrap();
    // and falls at its first call
    let ignorant = "discover() { echo asked >> asked; }
        called() { if [ -e fell ]; then text up; else : > fell; exit 1; fi; }";
    let mut config = config(ignorant);
    config.folder = Some(folder.path().to_owned());
    let clock = Arc::new(Noted::<Hasty>::default());
    let waits = || clock.slept().into_iter().filter(|wait| *wait == DISCOVER_TIMEOUT).count();
    let server = McpServer::spawn(config, clock.clone(), &Redactor::new()).await.unwrap();
    assert_eq!(waits(), 1);
    reply(&server).await.unwrap_err();
    assert_eq!(reply(&server).await.unwrap(), ToolReply::done("up"));
    assert_eq!(waits(), 1, "its era is known when it is started again");
    assert_eq!(std::fs::read_to_string(folder.path().join("asked")).unwrap(), "asked\n");
}

#[tokio::test]
async fn one_of_the_older_era_need_not_be_asked_for_the_newer() {
    let mut config = config("discover() { exit 1; }");
    config.protocol = Protocol::Initialize;
    let server = spawn(config).await.unwrap();
    assert_eq!(reply(&server).await.unwrap(), ToolReply::done("done"));
}

#[tokio::test]
async fn one_that_ends_at_an_unknown_message_is_asked_in_the_older_words() {
    let server = spawn(config("discover() { exit 1; }")).await.unwrap();
    reply(&server).await.unwrap();
}

#[tokio::test]
async fn a_line_without_end_ends_the_program() {
    let endless =
        r#"called() { long=xxxxxxxxxxxxxxxx; while :; do long=$long$long; echo "$long\c"; printf %s "$long"; done; }"#;
    let server = spawn(config(endless)).await.unwrap();
    let error = reply(&server).await.unwrap_err();
    assert_eq!(error, ToolError::BadReply(Subject::Call.too_long(1 << 20)));
}

/// Makes `$long` a text of 2 MiB.
const LONG: &str = "long=xxxxxxxxxxxxxxxx; n=0; while [ $n -lt 17 ]; do long=$long$long; n=$((n + 1)); done\n";

#[tokio::test]
async fn a_line_that_is_too_long_is_named_without_a_key_that_does_not_help() {
    for (changes, named) in [
        ("discover() { text \"$long\"; }", "`server/discover`"),
        ("initialize() { text \"$long\"; }", "`initialize`"),
        ("about=$long", "list of tools"),
    ] {
        let error = spawn(config(&format!("{LONG}{changes}"))).await.unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, ConnectError::TooLong { .. }), "{error:?}");
        assert!(text.contains(named) && text.contains("longer than 1048576 bytes"), "{text}");
        assert!(!text.contains("receive_bytes") && !text.contains("`command`"), "{text}");
    }
}

#[tokio::test]
async fn a_long_line_is_read_where_the_tool_may_say_so_much() {
    let server = spawn(config(&format!("{LONG}called() {{ text \"$long\"; }}"))).await.unwrap();
    let mut rule = ToolRule::new(Effect::Read, ScopeSet::new());
    rule.reply.receive_bytes = Some(4 << 20);
    let (reply, _) = call_under(&server, rule).await;
    assert_eq!(reply.unwrap().content.as_str().unwrap().len(), 2 << 20);
}

#[tokio::test]
async fn a_call_that_may_be_told_much_does_not_let_others_be_told_as_much() {
    // keeps the first call, answers the second one at length, and then the first one too
    let both = r#"called() {
        if [ -z "$first" ]; then first=$id; : > first; else text "$long"; id=$first; text "$long"; first=; fi
    }"#;
    let folder = TempDir::new().unwrap();
    let mut config = config(&format!("{LONG}first=\n{both}"));
    config.folder = Some(folder.path().to_owned());
    let server = spawn(config).await.unwrap();
    let mut rule = ToolRule::new(Effect::Read, ScopeSet::new());
    rule.reply.receive_bytes = Some(4 << 20);
    let mut first = Box::pin(call_under(&server, rule));
    while !folder.path().join("first").exists() {
        assert!(futures_util::poll!(&mut first).is_pending());
        tokio::task::yield_now().await;
    }
    let (second, first) = tokio::join!(reply(&server), first);
    assert_eq!(second.unwrap_err(), ToolError::BadReply(Subject::Call.too_long(1 << 20)));
    assert_eq!(first.0.unwrap().content.as_str().unwrap().len(), 2 << 20);
}

#[tokio::test]
async fn what_a_tool_may_answer_can_be_less_than_a_line() {
    let server = spawn(config(&format!("{LONG}called() {{ text \"$(printf %.2000s \"$long\")\"; }}"))).await.unwrap();
    let mut rule = ToolRule::new(Effect::Read, ScopeSet::new());
    rule.reply.receive_bytes = Some(1_000);
    for _ in 0..2 {
        let (reply, _) = call_under(&server, rule.clone()).await;
        assert_eq!(reply.unwrap_err(), ToolError::BadReply(Subject::Call.too_long(1_000)));
    }
    assert_eq!(reply(&server).await.unwrap().content.as_str().unwrap().len(), 2_000);
}

#[tokio::test]
async fn one_that_falls_is_started_again_but_not_for_ever() {
    let folder = TempDir::new().unwrap();
    // falls at its first call, and never again
    let mut once = config("called() { if [ -e fell ]; then text up; else : > fell; exit 1; fi; }");
    once.folder = Some(folder.path().to_owned());
    let server = spawn(once).await.unwrap();
    assert!(reply(&server).await.unwrap_err().is_infrastructure());
    assert_eq!(reply(&server).await.unwrap(), ToolReply::done("up"));

    let server = spawn(config("called() { exit 1; }")).await.unwrap();
    for _ in 0..5 {
        let error = reply(&server).await.unwrap_err();
        assert_eq!(error, ToolError::Lost("the server closed the connection before it answered".into()));
    }
    let error = reply(&server).await.unwrap_err();
    assert_eq!(error, ToolError::Infrastructure("it broke off 5 times within 60s".into()));
}

#[tokio::test]
async fn one_that_comes_back_after_failing_is_looked_at_again() {
    let folder = TempDir::new().unwrap();
    // falls at a call, cannot be started in either era, and is another one then
    let mut config = config(
        r#"
        n=0; [ -e starts ] && read -r n < starts; n=$((n + 1)); echo $n > starts
        case $n in 1) ;; 2 | 3) exit 3 ;; *) about="something else" ;; esac
        called() { [ $n -eq 1 ] && exit 1; text up; }
        "#,
    );
    config.folder = Some(folder.path().to_owned());
    let server = spawn(config).await.unwrap();
    assert!(reply(&server).await.unwrap_err().is_infrastructure());
    let error = reply(&server).await.unwrap_err();
    assert_eq!(error, ToolError::Infrastructure("it ended, exit status: 3".into()));
    assert_eq!(reply(&server).await.unwrap_err(), ToolError::Drifted);
}

#[tokio::test]
async fn nothing_is_left_of_a_program() {
    let stubborn = r"
        trap '' TERM HUP INT
        /bin/sleep 1000 & child=$!
        echo $$ $child $PWD > pids
        while :; do /bin/sleep 1000; done
    ";
    let folder = TempDir::new().unwrap();
    let mut config = config(stubborn);
    config.folder = Some(folder.path().to_owned());
    let (process, mut pipes) = program(config).start().unwrap();
    let pids = loop {
        match std::fs::read_to_string(folder.path().join("pids")) {
            Ok(pids) if pids.ends_with('\n') => break pids,
            _ => tokio::task::yield_now().await,
        }
    };
    let mut ended = process.ended.clone();
    pipes.close().await.unwrap();
    drop(process);
    assert!(!ended.wait_for(Option::is_some).await.unwrap().unwrap().success());
    let alive = |pid: &str| {
        let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // one that is nobody's child any more may stay as a zombie until the system takes it away
        !state.is_empty() && !state.rsplit(')').next().unwrap().trim_start().starts_with('Z')
    };
    let pids: Vec<&str> = pids.split_whitespace().collect();
    assert!(!alive(pids[0]) && std::fs::metadata(format!("/proc/{}", pids[0])).is_err());
    while alive(pids[1]) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn one_that_may_end_by_itself_does_and_its_folder_goes() {
    let (process, mut pipes) = program(config("")).start().unwrap();
    let mut ended = process.ended.clone();
    pipes.close().await.unwrap();
    assert!(ended.wait_for(Option::is_some).await.unwrap().unwrap().success());

    let server = spawn(config("called() { text \"$PWD\"; }")).await.unwrap();
    let folder = reply(&server).await.unwrap().content;
    let folder = Path::new(folder.as_str().unwrap()).to_owned();
    assert!(folder.is_dir());
    drop(server);
    while folder.exists() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_server_is_told_that_nobody_waits() {
    let folder = TempDir::new().unwrap();
    // keeps the call, and writes down what comes next
    let mut config = config("called() { : > called; read -r line; echo \"$line\" > next; }");
    config.folder = Some(folder.path().to_owned());
    let server = spawn(config).await.unwrap();
    let mut pending = Box::pin(call(&server, Effect::Write));
    while !folder.path().join("called").exists() {
        assert!(futures_util::poll!(&mut pending).is_pending());
        tokio::task::yield_now().await;
    }
    drop(pending);
    let next = loop {
        match std::fs::read_to_string(folder.path().join("next")) {
            Ok(next) if next.ends_with('\n') => break next,
            _ => tokio::task::yield_now().await,
        }
    };
    let next: Value = serde_json::from_str(&next).unwrap();
    assert_eq!(next["method"], "notifications/cancelled");
    assert!(next["params"]["requestId"].is_number());
}
