use abide_base::clock::ManualClock;
use tokio::net::{TcpListener, TcpStream};

use super::super::tests::*;

/// What breaks off after saying where it was.
fn cut(id: &str, retry: &str) -> Answer {
    stream(format!("id: {id}\n{retry}data: \n\n"))
}

/// The same as an event of a stream.
fn as_stream((status, _, body): Answer) -> Answer {
    (status, vec!["content-type: text/event-stream".to_owned()], format!("data: {body}\n\n"))
}

/// An error that names no request.
fn without_id(code: i32, text: &str) -> Answer {
    reply_json(&json!({ "jsonrpc": "2.0", "id": null, "error": { "code": code, "message": text } }))
}

#[tokio::test]
async fn a_session_that_is_gone_is_begun_anew_and_the_call_made_once() {
    let no_session = json!({ "code": -32000, "message": "Bad Request: No valid session ID provided" });
    let no_session = json!({ "jsonrpc": "2.0", "id": null, "error": no_session });
    let odd_id = json!({ "jsonrpc": "2.0", "id": "server-error", "error": { "code": -32600, "message": "?" } });
    for gone in [
        plain("404 Not Found", ""),
        plain("400 Bad Request", &no_session),
        plain("400 Bad Request", "Bad Request: unknown"),
        plain(
            "400 Bad Request",
            json!({ "jsonrpc": "2.0", "id": null, "error": { "code": -32000, "message": "Server not initialized" } }),
        ),
        plain("410 Gone", ""),
        plain("200 OK", &odd_id),
        as_stream(without_id(-32_001, "Session not found")),
        as_stream(plain("200 OK", odd_id)),
        // an event without data is no message
        stream(format!("id: 1\nretry: 10\ndata:\n\ndata: {}\n\n", without_id(-32_001, "Session not found").2)),
        as_stream(("400 Bad Request".to_owned(), vec![], no_session.to_string())),
    ] {
        let begun = AtomicUsize::new(0);
        let server = Server::start(move |seen, message| match message["method"].as_str() {
            Some("initialize") => {
                let session = ["one", "two"][begun.fetch_add(1, Ordering::SeqCst)];
                older(seen, message, Some(session))
            }
            Some("tools/call") if seen.header("mcp-session-id") == Some("one") => Some(gone.clone()),
            _ => older(seen, message, None),
        })
        .await;
        let connected = server.connect().await.unwrap();
        let (reply, _) = call(&connected, Effect::Write).await;
        assert_eq!(reply.unwrap(), ToolReply::done("old"));
        let sessions: Vec<_> = server.calls().iter().map(|c| c.header("mcp-session-id").map(str::to_owned)).collect();
        assert_eq!(sessions, [Some("one".to_owned()), Some("two".to_owned())]);
        let lists = |server: &Server| server.requests("tools/list").len();
        assert_eq!(lists(&server), 2, "it may be another replica, with other tools");
        call(&connected, Effect::Write).await.0.unwrap();
        assert_eq!(lists(&server), 2);
    }
}

#[tokio::test]
async fn whoever_begins_a_session_anew_is_looked_at_before_it_is_called() {
    let begun = Arc::new(AtomicUsize::new(0));
    let now = begun.clone();
    let server = Server::start(move |seen, message| match message["method"].as_str() {
        Some("initialize") => {
            let session = ["one", "two"][begun.fetch_add(1, Ordering::SeqCst)];
            older(seen, message, Some(session))
        }
        Some("tools/list") if seen.header("mcp-session-id") == Some("two") => {
            let mut echo = tool("echo");
            echo["description"] = json!("Something else.");
            Some(result(message, &json!({ "tools": [echo] })))
        }
        Some("tools/call") if seen.header("mcp-session-id") == Some("one") => Some(plain("404 Not Found", "")),
        _ => older(seen, message, None),
    })
    .await;
    let connected = server.connect().await.unwrap();
    let (reply, events) = call(&connected, Effect::Write).await;
    assert_eq!(reply.unwrap_err(), ToolError::Drifted);
    assert_eq!(events, [EventKind::ToolDrift]);
    assert_eq!(server.calls().len(), 1);
    assert_eq!(now.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn an_error_of_the_tool_that_speaks_of_sessions_is_no_reason_to_call_again() {
    let server = Server::start(|seen, message| {
        if is_call(message) {
            let (_, headers, body) = error(message, -32000, "the booking session is closed: the seat was taken");
            Some(("400 Bad Request".to_owned(), headers, body))
        } else {
            older(seen, message, Some("one"))
        }
    })
    .await;
    let connected = server.connect().await.unwrap();
    let said = ToolReply::failed("the booking session is closed: the seat was taken");
    assert_eq!(call(&connected, Effect::Write).await.0.unwrap(), said);
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test]
async fn a_stream_that_shows_that_a_call_has_begun_is_no_reason_to_make_it_again() {
    fn after(event: String) -> Box<dyn Fn(&Value) -> Answer + Send + Sync> {
        Box::new(move |_| stream(format!("{event}\n\ndata: {}\n\n", without_id(-32_001, "timed out").2)))
    }
    let progress = json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": {} });
    let other = json!({ "jsonrpc": "2.0", "id": 99_999, "result": {} });
    let cases: Vec<Case> = vec![
        ("progress", after(format!("data: {progress}"))),
        ("a list of notifications", after(format!("data: [{progress},{progress}]"))),
        ("an answer to another request", after(format!("data: {other}"))),
        ("broken JSON", after("data: {\"jsonrpc\":\"2.0\",\"id\":".to_owned())),
        ("an event of another kind", after("event: progress\ndata: 1".to_owned())),
        ("a stream that was taken up again", Box::new(|_| cut("event-7", "retry: 100\n"))),
        (
            "the id of the call",
            Box::new(|message| {
                let (_, _, body) = error(message, -32_000, "timed out");
                as_stream(("400 Bad Request".to_owned(), vec![], body))
            }),
        ),
    ];
    for (name, answer) in cases {
        let server = Server::start(move |seen, message| match message["method"].as_str() {
            Some("tools/call") => Some(answer(message)),
            _ if seen.header("last-event-id").is_some() => Some(as_stream(without_id(-32_001, "timed out"))),
            _ => older(seen, message, Some("one")),
        })
        .await;
        let connected = server.connect().await.unwrap();
        let (reply, _) = call(&connected, Effect::Write).await;
        assert_eq!(reply.unwrap(), ToolReply::failed("timed out"), "{name}");
        assert_eq!(server.calls().len(), 1, "{name}");
    }
}

#[tokio::test]
async fn a_server_that_was_down_is_used_as_soon_as_it_is_back() {
    let up = Arc::new(Mutex::new("up"));
    let now = up.clone();
    let server = Server::start(move |seen, message| match *now.lock().unwrap() {
        "down" if seen.method == "POST" && seen.header("mcp-session-id").is_none() => {
            Some(plain("503 Service Unavailable", ""))
        }
        "down" => Some(plain("404 Not Found", "")),
        _ => older(seen, message, Some("one")),
    })
    .await;
    let connected = server.connect().await.unwrap();
    *up.lock().unwrap() = "down";
    for _ in 0..7 {
        let error = connected.refresh().await.unwrap_err();
        assert!(matches!(error, ConnectError::Unavailable { .. }) && error.is_infrastructure(), "{error}");
    }
    *up.lock().unwrap() = "up";
    assert_eq!(connected.refresh().await.unwrap(), []);
    call(&connected, Effect::Write).await.0.unwrap();
}

#[tokio::test]
async fn a_refusal_that_a_fresh_session_gets_too_is_real_and_costs_one_session() {
    let server = Server::start(|seen, message| match message["method"].as_str() {
        Some("tools/call") => Some(plain("400 Bad Request", "no")),
        _ => older(seen, message, Some("one")),
    })
    .await;
    let connected = server.connect().await.unwrap();
    for _ in 0..3 {
        let (reply, _) = call(&connected, Effect::Write).await;
        assert_eq!(reply.unwrap_err(), ToolError::Refused { status: 400 });
    }
    assert_eq!((server.requests("initialize").len(), server.calls().len()), (2, 4));
}

#[tokio::test]
async fn a_refusal_costs_the_same_in_a_stream_of_events() {
    let forms: [fn(Answer) -> Answer; 2] = [as_stream, |answer| answer];
    for form in forms {
        let server = Server::start(move |seen, message| match message["method"].as_str() {
            Some("tools/call") => Some(form(without_id(-32_001, "no"))),
            _ => older(seen, message, Some("one")),
        })
        .await;
        let connected = server.connect().await.unwrap();
        for effect in [Effect::Write, Effect::Read, Effect::Write] {
            assert_eq!(call(&connected, effect).await.0.unwrap(), ToolReply::failed("no"));
        }
        assert_eq!((server.requests("initialize").len(), server.calls().len()), (2, 4));
    }
}

#[tokio::test]
async fn a_list_that_a_fresh_session_does_not_cure_costs_one_session() {
    for refused in [
        plain("400 Bad Request", "no"),
        plain("422 Unprocessable Content", ""),
        without_id(-32_001, "?"),
        as_stream(without_id(-32_001, "?")),
    ] {
        let refusing = Arc::new(AtomicUsize::new(0));
        let now = refusing.clone();
        let server = Server::start(move |seen, message| match message["method"].as_str() {
            // the first page shows that the session is known
            Some("tools/list") if message["params"]["cursor"].is_null() => {
                Some(result(message, &json!({ "tools": [tool("echo")], "nextCursor": "2" })))
            }
            Some("tools/list") if refusing.load(Ordering::SeqCst) == 1 => Some(refused.clone()),
            _ => older(seen, message, Some("one")),
        })
        .await;
        let clock = Arc::new(ManualClock::at(SystemTime::now()));
        let connected = server.connect_with(clock.clone()).await.unwrap();
        now.store(1, Ordering::SeqCst);
        for expected in [2, 3] {
            for _ in 0..3 {
                connected.refresh().await.unwrap_err();
                call(&connected, Effect::Read).await.0.unwrap_err();
                assert_eq!(server.requests("initialize").len(), expected);
            }
            clock.advance(Duration::from_secs(31));
        }
        now.store(0, Ordering::SeqCst);
        call(&connected, Effect::Write).await.0.unwrap();
        assert_eq!((server.requests("initialize").len(), server.calls().len()), (3, 1));
    }
}

#[tokio::test]
async fn lists_at_once_in_a_session_that_is_gone_cost_one_session() {
    let (begun, gone) = (AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)));
    let now = gone.clone();
    let server = Server::start(move |seen, message| match message["method"].as_str() {
        Some("initialize") => {
            let session = ["one", "two", "three"][begun.fetch_add(1, Ordering::SeqCst)];
            older(seen, message, Some(session))
        }
        Some("tools/list") if gone.load(Ordering::SeqCst) == 1 && seen.header("mcp-session-id") == Some("one") => {
            Some(plain("400 Bad Request", "no such session"))
        }
        _ => older(seen, message, None),
    })
    .await;
    let connected = server.connect().await.unwrap();
    now.store(1, Ordering::SeqCst);
    let refreshed = tokio::join!(connected.refresh(), connected.refresh(), connected.refresh());
    assert_eq!(refreshed, (Ok(vec![]), Ok(vec![]), Ok(vec![])));
    assert_eq!(server.requests("initialize").len(), 2);
}

#[tokio::test]
async fn a_write_is_not_made_again_where_it_may_have_been_done() {
    for (effect, calls) in [(Effect::Write, 1), (Effect::Read, 2)] {
        let server = Server::start(|seen, message| {
            if is_call(message) { Some(plain("409 Conflict", "")) } else { older(seen, message, Some("one")) }
        })
        .await;
        let (reply, _) = call(&server.connect().await.unwrap(), effect).await;
        assert_eq!(reply.unwrap_err(), ToolError::Refused { status: 409 });
        assert_eq!(server.calls().len(), calls);
    }
}

#[tokio::test]
async fn a_server_that_forgets_every_session_is_down() {
    let server = Server::start(|seen, message| {
        if is_call(message) { Some(plain("404 Not Found", "")) } else { older(seen, message, Some("one")) }
    })
    .await;
    let (reply, _) = server.call().await;
    assert_eq!(reply.unwrap_err(), ToolError::Infrastructure("the server gave up the session".into()));
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test]
async fn a_session_is_listened_to_before_its_first_request() {
    for _ in 0..8 {
        let server = Server::start(|seen, message| older(seen, message, Some("one"))).await;
        server.connect().await.unwrap();
        let seen = server.stub.seen();
        let first = |wanted: &dyn Fn(&Seen) -> bool| seen.iter().position(wanted).unwrap();
        let listened = first(&|seen| seen.method == "GET" && seen.header("mcp-session-id").is_some());
        let asked = first(&|seen| seen.method == "POST" && seen.json()["method"] == "tools/list");
        assert!(listened < asked);
    }
}

#[tokio::test]
async fn a_session_is_given_back() {
    let server = Server::start(|seen, message| older(seen, message, Some("one"))).await;
    drop(server.connect().await.unwrap());
    let deleted = || server.stub.seen().into_iter().find(|seen| seen.method == "DELETE");
    let deleted = loop {
        match deleted() {
            Some(deleted) => break deleted,
            None => tokio::task::yield_now().await,
        }
    };
    assert_eq!(deleted.header("mcp-session-id"), Some("one"));
    assert!(deleted.header("authorization").is_some());
}

#[tokio::test]
async fn a_stream_of_the_older_era_is_taken_up_where_it_was_when_the_server_wants() {
    let id = Arc::new(Mutex::new(Value::Null));
    let server = Server::start(move |seen, message| {
        if is_call(message) {
            *id.lock().unwrap() = message["id"].clone();
            return Some(cut("event-7", "retry: 400\n"));
        }
        if seen.method == "GET" && seen.header("last-event-id") == Some("event-7") {
            let content = json!([{ "type": "text", "text": "resumed" }]);
            let done = json!({ "jsonrpc": "2.0", "id": *id.lock().unwrap(), "result": { "content": content } });
            return Some(stream(format!("id: event-8\ndata: {done}\n\n")));
        }
        older(seen, message, Some("one"))
    })
    .await;
    let clock = Arc::new(Noted::<Hasty>::default());
    let connected = server.connect_with(clock.clone()).await.unwrap();
    let (reply, _) = call(&connected, Effect::Write).await;
    assert_eq!(reply.unwrap(), ToolReply::done("resumed"));
    assert!(clock.slept().contains(&Duration::from_millis(400)), "{:?}", clock.slept());
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test]
async fn a_reply_of_the_newer_era_that_breaks_off_is_lost() {
    for (effect, calls) in [(Effect::Write, 1), (Effect::External, 1), (Effect::Read, 2)] {
        let server = calling(|_| cut("event-7", "")).await;
        let connected = server.connect().await.unwrap();
        let (reply, _) = call(&connected, effect).await;
        assert!(reply.unwrap_err().is_infrastructure());
        assert_eq!(server.calls().len(), calls, "{effect:?}");
        assert!(server.stub.seen().iter().all(|seen| seen.method != "GET" || seen.path != "/mcp"));
    }
    let broken = AtomicUsize::new(0);
    let server = calling(move |message| match broken.fetch_add(1, Ordering::SeqCst) {
        0 => stream(""),
        _ => text(message, "again"),
    })
    .await;
    let (reply, _) = server.call().await;
    assert_eq!(reply.unwrap(), ToolReply::done("again"));
}

#[tokio::test]
async fn a_server_that_begins_to_answer_and_does_not_is_of_the_older_era() {
    let server = Server::start(|seen, message| match message["method"].as_str() {
        Some("server/discover") => Some(stream(": nothing to say\n\n")),
        _ => older(seen, message, None),
    })
    .await;
    let connected = server.connect().await.unwrap();
    assert_eq!(connected.protocol_version(), "2025-11-25");
    let server = Server::start(|seen, message| match message["method"].as_str() {
        Some("server/discover") => {
            let (_, _, body) = modern(message);
            Some(stream(format!("data: {body}\n\n")))
        }
        _ => older(seen, message, None),
    })
    .await;
    assert_eq!(server.connect().await.unwrap().protocol_version(), "2026-07-28");
}

#[tokio::test]
async fn a_server_that_wants_us_to_wait_is_not_taken_for_an_older_one() {
    let asked = AtomicUsize::new(0);
    let server = Server::start(move |_, message| {
        (message["method"] == "server/discover" && asked.fetch_add(1, Ordering::SeqCst) == 0)
            .then(|| ("429 Too Many Requests".to_owned(), vec!["retry-after: 5".to_owned()], String::new()))
    })
    .await;
    let connected = server.connect_with(Arc::new(SystemClock::new())).await.unwrap();
    assert_eq!(connected.protocol_version(), "2026-07-28");
}

#[tokio::test]
async fn a_server_that_is_silent_when_asked_for_its_era_is_of_the_older_one() {
    let (begun, asked) = (AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)));
    let server = Server::start(move |seen, message| match message["method"].as_str() {
        Some("initialize") => older(seen, message, Some(["one", "two"][begun.fetch_add(1, Ordering::SeqCst)])),
        Some("tools/call") if seen.header("mcp-session-id") == Some("one") => Some(plain("404 Not Found", "")),
        _ => older(seen, message, None),
    })
    .await;
    let front = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", front.local_addr().unwrap()).parse().unwrap();
    let back = server.stub.url.trim_start_matches("http://").to_owned();
    let silent = asked.clone();
    tokio::spawn(async move {
        loop {
            let silent = silent.clone();
            let (mut stream, _) = front.accept().await.unwrap();
            let mut behind = TcpStream::connect(&back).await.unwrap();
            tokio::spawn(async move {
                let mut start = [0; 4096];
                let mut head = String::new();
                while !head.contains("\r\n\r\n") {
                    let read = stream.peek(&mut start).await.unwrap();
                    head = String::from_utf8_lossy(&start[..read]).into_owned();
                    tokio::task::yield_now().await;
                }
                if head.contains("server/discover") {
                    silent.fetch_add(1, Ordering::SeqCst);
                    std::future::pending::<()>().await;
                }
                let _ = tokio::io::copy_bidirectional(&mut stream, &mut behind).await;
            });
        }
    });
    let config = ServerConfig::new("s".to_owned().try_into().unwrap(), url);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let connection = Connection::new(config, ScopeSet::new(), clock, Redactor::new()).unwrap();
    let connected = McpServer::connect(Arc::new(connection)).await.unwrap();
    assert_eq!(connected.protocol_version(), "2025-11-25");
    call(&connected, Effect::Write).await.0.unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), 1, "its era is known when its next session is begun");
}

#[tokio::test]
async fn a_server_that_was_of_the_older_era_may_be_of_the_newer_one_later() {
    let updated = AtomicUsize::new(0);
    let server = Server::start(move |seen, message| match message["method"].as_str() {
        Some("tools/call") if seen.header("mcp-session-id") == Some("one") => {
            updated.store(1, Ordering::SeqCst);
            Some(plain("404 Not Found", ""))
        }
        Some("initialize") if updated.load(Ordering::SeqCst) == 1 => Some(plain("400 Bad Request", "")),
        _ if updated.load(Ordering::SeqCst) == 1 => Some(modern(message)),
        _ => older(seen, message, Some("one")),
    })
    .await;
    let connected = server.connect().await.unwrap();
    assert_eq!(connected.protocol_version(), "2025-11-25");
    call(&connected, Effect::Write).await.0.unwrap();
}
