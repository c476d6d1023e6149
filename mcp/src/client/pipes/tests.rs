#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::{
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use abide_base::{
    call::Effect, clock::ManualClock, event::SecurityEvent, id::RunId, scope::ScopeSet, secret::Redactor,
};
use abide_guard::policy::ToolRule;
use rmcp::{
    model::{
        CallToolRequest, CallToolRequestParams, ClientJsonRpcMessage, ClientRequest, PingRequest, RequestId,
        ServerJsonRpcMessage,
    },
    transport::Transport,
};
use serde_json::{Value, json};
use tokio::io::{
    AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, Lines as Written, ReadHalf, WriteHalf, duplex, split,
};

use super::super::{freshness::Freshness, limit::Meter, message, oddity::Oddities, pipes::*, subject::Subject};
use super::pipes::Lines;
use crate::{
    CallContext,
    client::{
        call::CallHandle,
        limit::{PATIENCE, REQUESTS},
    },
    servers::InputPolicy,
};

/// The program's side of the pipes.
struct Program {
    says: WriteHalf<DuplexStream>,
    hears: Written<BufReader<ReadHalf<DuplexStream>>>,
    cut: Cut,
    clock: Arc<ManualClock>,
    freshness: Arc<Freshness>,
}

fn pipes() -> (Pipes, Program) {
    let (ours, theirs) = duplex(64 * 1024);
    let (stdout, stdin) = split(ours);
    let (hears, says) = split(theirs);
    let clock = Arc::new(ManualClock::at(SystemTime::UNIX_EPOCH));
    let (cut, freshness) = (Cut::default(), Arc::<Freshness>::default());
    let context = Context {
        meter: Meter::new("s".to_owned().try_into().unwrap(), clock.clone(), 0, PATIENCE),
        policy: InputPolicy::Decline,
        freshness: freshness.clone(),
        oddities: Oddities::new("s".to_owned().try_into().unwrap(), Redactor::new()),
    };
    let pipes = Pipes::new(stdout, stdin, context, cut.clone());
    (pipes, Program { says, hears: BufReader::new(hears).lines(), cut, clock, freshness })
}

impl Program {
    async fn say(&mut self, text: &str) {
        self.says.write_all(text.as_bytes()).await.unwrap();
    }

    async fn hear(&mut self) -> Value {
        serde_json::from_str(&self.hears.next_line().await.unwrap().unwrap()).unwrap()
    }
}

async fn ask(pipes: &mut Pipes, id: i64) {
    let ping = ClientRequest::PingRequest(PingRequest::default());
    pipes.send(ClientJsonRpcMessage::request(ping, RequestId::Number(id))).await.unwrap();
}

fn answer(id: Value) -> String {
    json!({ "jsonrpc": "2.0", "id": id, "result": {} }).to_string()
}

async fn answered(pipes: &mut Pipes) -> i64 {
    match pipes.receive().await.unwrap() {
        ServerJsonRpcMessage::Response(response) => match response.id {
            RequestId::Number(id) => id,
            RequestId::String(text) => panic!("{text}"),
        },
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn answers_are_found_among_what_else_is_written() {
    let (mut pipes, mut program) = pipes();
    for id in 0..8 {
        ask(&mut pipes, id).await;
        assert_eq!(program.hear().await["id"], id);
    }
    program.say("starting up\n\n\u{feff}").await;
    program.say(&format!("{}\r\n", answer(json!(0)))).await;
    program.say(&format!("  {} \n{{not JSON}} {{\"a\": 1}} {}", answer(json!(1)), answer(json!(2)))).await;
    program.say(&format!("{}{}\n", answer(json!("3")), answer(json!(4)))).await;
    program.say(&format!("ready> {}\n", answer(json!(5)))).await;
    for id in 0..6 {
        assert_eq!(answered(&mut pipes).await, id);
    }
    // without an end of the line, and nothing after it
    program.say(&answer(json!(6))).await;
    assert_eq!(answered(&mut pipes).await, 6);
    // at the end of all
    program.say(&answer(json!(7))).await;
    program.says.shutdown().await.unwrap();
    assert_eq!(answered(&mut pipes).await, 7);
    assert!(pipes.receive().await.is_none());
    assert!(program.cut.fault().is_none());
}

#[tokio::test]
async fn answers_to_nothing_are_kept_back_and_those_that_cannot_be_read_are_not() {
    let (mut pipes, mut program) = pipes();
    program.say(&format!("{}\n", answer(json!(77)))).await;
    ask(&mut pipes, 1).await;
    program.say("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{},\"error\":{\"code\":7}}\n").await;
    match pipes.receive().await.unwrap() {
        ServerJsonRpcMessage::Error(error) => assert!(message::why_unusable(&error.error).is_some(), "{error:?}"),
        other => panic!("{other:?}"),
    }
    ask(&mut pipes, 2).await;
    program.say("{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,\"message\":\"what?\"}}\n").await;
    match pipes.receive().await.unwrap() {
        ServerJsonRpcMessage::Error(error) => {
            assert_eq!((error.error.code.0, error.id), (-32700, Some(RequestId::Number(2))));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_late_answer_to_a_call_that_was_given_up_costs_nothing() {
    let (mut pipes, mut program) = pipes();
    call(&mut pipes, 1, Some(8 << 20)).await;
    call(&mut pipes, 2, None).await;
    pipes.forget(&RequestId::Number(1));
    program.hear().await;
    program.hear().await;
    // more than a program may send on its own
    let (late, answer) = (of_bytes(1, 6 << 20), answer(json!(2)));
    let said = async {
        program.say(&format!("{late}\n{answer}\n")).await;
        program
    };
    let (answered, program) = tokio::join!(answered(&mut pipes), said);
    assert_eq!(answered, 2);
    assert!(program.cut.fault().is_none());
}

/// Sends a call that allows so many bytes of reply.
async fn call(pipes: &mut Pipes, id: i64, receive_bytes: Option<u32>) {
    let mut rule = ToolRule::new(Effect::Read, ScopeSet::new());
    rule.reply.receive_bytes = receive_bytes;
    let run = RunId::random();
    let context =
        CallContext { traceparent: &run.traceparent(), events: Arc::new(Mutex::<Vec<SecurityEvent>>::default()) };
    let tool = "s.echo".try_into().unwrap();
    let (handle, _guard) = CallHandle::new(tool, rule.effect.into(), rule.call_limits(), context, &Redactor::new());
    let mut request = CallToolRequest::new(CallToolRequestParams::new("echo"));
    request.extensions.insert(handle);
    let request = ClientRequest::CallToolRequest(request);
    pipes.send(ClientJsonRpcMessage::request(request, RequestId::Number(id))).await.unwrap();
}

/// An answer to a call that has so many bytes.
fn of_bytes(id: i64, bytes: usize) -> String {
    let with = |text: &str| {
        let result = json!({ "content": [{ "type": "text", "text": text }] });
        json!({ "jsonrpc": "2.0", "id": id, "result": result }).to_string()
    };
    with(&"x".repeat(bytes - with("").len()))
}

#[tokio::test]
async fn each_answer_has_the_limit_of_its_own_call() {
    const MIB: usize = 1 << 20;
    for (ours, bytes, fits) in [
        (Some(1_000), 1_000, true),
        (Some(1_000), 1_001, false),
        (None, MIB, true),
        (None, MIB + 1, false),
        (None, 3 * MIB, false),
    ] {
        let (mut pipes, mut program) = pipes();
        // another call of the same program allows more
        call(&mut pipes, 1, Some(32 << 20)).await;
        call(&mut pipes, 2, ours).await;
        for id in [1, 2] {
            assert_eq!(program.hear().await["id"], id);
        }
        let saying = async { program.say(&format!("{}\n", of_bytes(2, bytes))).await };
        let (answer, ()) = tokio::join!(pipes.receive(), saying);
        match answer.unwrap() {
            ServerJsonRpcMessage::Response(response) => assert_eq!((response.id, fits), (RequestId::Number(2), true)),
            ServerJsonRpcMessage::Error(error) => {
                let most = ours.map_or(MIB, |bytes| usize::try_from(bytes).unwrap());
                assert_eq!((error.id, fits), (Some(RequestId::Number(2)), false));
                assert_eq!(message::why_unusable(&error.error), Some(&*Subject::Call.too_long(most)));
            }
            other => panic!("{other:?}"),
        }
        // the other one is still waited for, with its own limit
        let saying = async { program.say(&format!("{}\n", of_bytes(1, 2 * MIB))).await };
        let (answer, ()) = tokio::join!(pipes.receive(), saying);
        assert!(matches!(answer.unwrap(), ServerJsonRpcMessage::Response(_)));
        assert!(program.cut.fault().is_none());
    }
}

#[tokio::test]
async fn a_line_that_is_longer_than_any_answer_ends_the_program() {
    for (other, named) in [(false, Subject::Call), (true, Subject::Other)] {
        let (mut pipes, mut program) = pipes();
        call(&mut pipes, 1, Some(2 << 20)).await;
        if other {
            ask(&mut pipes, 2).await;
        }
        let saying = async { while program.says.write_all(&[b'x'; 4096]).await.is_ok() {} };
        tokio::select! {
            answer = pipes.receive() => assert!(answer.is_none(), "{answer:?}"),
            () = saying => {}
        }
        assert_eq!(program.cut.fault().unwrap().to_string(), named.too_long(2 << 20));
    }
}

#[tokio::test]
async fn requests_are_answered_in_order_and_slowed_down_and_then_the_program_is_cut_off() {
    let (mut pipes, mut program) = pipes();
    let ping = |id: u32| format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"ping\"}}\n");
    for id in 0..REQUESTS.at_once {
        program.say(&ping(id)).await;
        assert_eq!(program.hear().await, json!({ "jsonrpc": "2.0", "id": id, "result": {} }));
    }
    // one more is answered when its time has come, and not before
    program.say(&ping(100)).await;
    assert!(tokio::time::timeout(Duration::from_millis(50), program.hears.next_line()).await.is_err());
    program.clock.advance(Duration::from_millis(50));
    assert_eq!(program.hear().await["id"], 100);
    // memory stays what it is: no more is taken from the pipe
    let flood = async {
        let mut written = 0;
        while program.says.write_all(ping(0).as_bytes()).await.is_ok() {
            written += 1;
        }
        written
    };
    let clock = program.clock.clone();
    let passing = async {
        while program.cut.fault().is_none() {
            clock.advance(Duration::from_millis(10));
            tokio::task::yield_now().await;
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(10), async { tokio::join!(flood, passing) }).await;
    let fault = program.cut.fault().unwrap().to_string();
    assert!(fault.contains("server `s` sends too many requests"), "{fault}");
    assert!(pipes.receive().await.is_none());
}

#[tokio::test]
async fn lines_of_any_kind_are_counted() {
    for line in
        ["\n", "noise\n", "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\"}\n", "{\"id\":9,\"result\":{}}\n"]
    {
        let (mut pipes, mut program) = pipes();
        let text = line.repeat(1_000);
        let flood = async { while program.says.write_all(text.as_bytes()).await.is_ok() {} };
        let clock = program.clock.clone();
        let passing = async {
            while program.cut.fault().is_none() {
                clock.advance(Duration::from_millis(1));
                tokio::task::yield_now().await;
            }
        };
        tokio::select! { () = flood => {} () = passing => {} }
        assert!(program.cut.fault().unwrap().to_string().contains("too many messages"), "{line}");
        assert!(pipes.receive().await.is_none());
    }
}

#[tokio::test]
async fn answers_to_us_are_not_counted() {
    let (mut pipes, mut program) = pipes();
    for id in 0..20_000 {
        ask(&mut pipes, id).await;
        program.say(&format!("{}\n", answer(json!(id)))).await;
        program.hear().await;
        assert_eq!(answered(&mut pipes).await, id);
    }
}

#[tokio::test]
async fn a_changed_list_is_noted() {
    let (mut pipes, mut program) = pipes();
    let before = program.freshness.count();
    program.say("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\"}\n").await;
    ask(&mut pipes, 0).await;
    program.say(&format!("{}\n", answer(json!(0)))).await;
    answered(&mut pipes).await;
    assert_eq!(program.freshness.count(), before + 1);
}

#[tokio::test]
async fn lines_have_a_limit_and_streams_have_none() {
    let read = async |text: &'static [u8], limit: usize| {
        let mut lines = Lines::new(text);
        let mut read = Vec::new();
        while let Some(line) = lines.next(|| limit).await.map_err(|reason| format!("{reason:?}"))? {
            read.push(String::from_utf8(line.to_vec()).unwrap());
        }
        Ok::<_, String>(read)
    };
    assert_eq!(read(b"12345\n12345\n12345", 5).await.unwrap(), ["12345\n", "12345\n", "12345"]);
    assert_eq!(read(b"12345\n123456\n", 5).await.unwrap_err(), "TooLong(5)");
    assert_eq!(read(b"1234567", 5).await.unwrap_err(), "TooLong(5)");
    assert_eq!(read(b"", 0).await.unwrap(), [""; 0]);
}
