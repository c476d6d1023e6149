//! Servers of the two official SDKs, with sessions: killed and started again between calls, or slow to start.

use std::{fs, path::Path};

use abide::mcp::servers::Protocol;

use super::*;

/// A program around an SDK, how it is started, and which eras we try with it.
struct Sdk {
    program: &'static str,
    sessions: &'static str,
    protocol: Protocol,
}

const TOOLS: [Allowed<'_>; 2] = [("add", Effect::Read, ""), ("write_note", Effect::Write, "")];
const SDKS: [Sdk; 4] = [
    Sdk { program: "sdk.py", sessions: "several", protocol: Protocol::Auto },
    Sdk { program: "sdk.py", sessions: "several", protocol: Protocol::Initialize },
    Sdk { program: "sdk.cjs", sessions: "several", protocol: Protocol::Auto },
    Sdk { program: "sdk.cjs", sessions: "single", protocol: Protocol::Auto },
];

/// The tools that ran, over all starts of a server.
fn ran(file: &Path) -> Vec<String> {
    fs::read_to_string(file).unwrap().lines().map(str::to_owned).collect()
}

// while this test waits for a server to start, the connections notice that the one before is gone
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs scripts/referees.sh"]
async fn a_server_that_is_started_again_between_calls_does_each_call_once() {
    for Sdk { program, sessions, protocol } in SDKS {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ran");
        let start =
            |port: u16| Starting::ours(program, &json!({ "ran": file, "port": port, "sessions": sessions })).ready();
        let first = start(0);
        let port = u16::try_from(first.told["port"].as_u64().unwrap()).unwrap();
        let mut config = server(&first.mcp());
        config.protocol = protocol;
        let caller = Caller::connect(config, &TOOLS).await.unwrap();
        let calls = [("add", json!({ "a": 1, "b": 2 })), ("write_note", json!({ "text": "hello" }))];
        let mut running = first;
        let mut expected = Vec::new();
        for round in 0..3 {
            for (tool, arguments) in &calls {
                let called = caller.call(tool, arguments.clone()).await;
                let what = format!("{program}, {sessions}, {protocol:?}, round {round}, `{tool}`");
                assert!(
                    matches!(&called.outcome, ToolOutcome::Replied { observation } if observation.get("result").is_some()),
                    "{what}: {called:?}"
                );
                assert_eq!(called.events, [], "{what}");
                expected.push((*tool).to_owned());
                drop(running);
                running = start(port);
            }
        }
        assert_eq!(ran(&file), expected, "{program}, {sessions}, {protocol:?}");
    }
}

#[tokio::test]
#[ignore = "needs scripts/referees.sh"]
async fn a_server_that_takes_twenty_seconds_to_start_is_called() {
    let starts = [("sdk.py", Protocol::Auto), ("sdk.py", Protocol::Initialize), ("sdk.cjs", Protocol::Auto)];
    let calls = starts.map(|(program, protocol)| async move {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ran");
        let mut command = CommandConfig::new(id(), process::interpreter(program));
        let options = json!({ "ran": file, "delay_s": 20 }).to_string();
        command.args = vec![process::program(program).to_str().unwrap().to_owned(), options, "stdio".to_owned()];
        let packages = process::installed("NODE_PATH").to_str().unwrap().to_owned();
        command.settings = [("NODE_PATH".to_owned(), packages)].into();
        command.protocol = protocol;
        let start = Instant::now();
        let caller = Caller::spawn(command, &TOOLS).await.unwrap_or_else(|error| panic!("{program}: {error}"));
        let connected = start.elapsed();
        assert!(connected >= Duration::from_secs(20), "{program} started after {connected:?}");
        let called = caller.call("add", json!({ "a": 1, "b": 2 })).await;
        assert!(called.result().to_string().contains("sum"), "{program}: {called:?}");
        assert_eq!(ran(&file), ["add"], "{program}");
        eprintln!("{program}, {protocol:?}: connected after {:.1} s", connected.as_secs_f64());
    });
    join_all(calls).await;
}
