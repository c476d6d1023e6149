//! Servers that deviate from the protocol in one part, and work otherwise.

use abide_testbed::lab::closed::Closed;

use super::super::tests::*;

/// The parts that were noted, in their order.
fn parts(server: &McpServer) -> Vec<String> {
    server.oddities().into_iter().map(|odd| odd.part).collect()
}

fn names(server: &McpServer) -> Vec<&str> {
    server.tools().iter().map(|tool| tool.name.local()).collect()
}

/// A server that answers one method so, and the others as one of the newer era does.
async fn answering(method: &'static str, answer: impl Fn(&Value) -> Answer + Send + Sync + 'static) -> Server {
    Server::start(move |_, message| (message["method"] == method).then(|| answer(message))).await
}

/// The same for the older era.
async fn older_answering(method: &'static str, answer: impl Fn(&Value) -> Answer + Send + Sync + 'static) -> Server {
    Server::start(
        move |seen, message| {
            if message["method"] == method { Some(answer(message)) } else { older(seen, message, Some("one")) }
        },
    )
    .await
}

#[tokio::test]
async fn an_odd_tool_is_left_out_by_name() {
    let server = answering("tools/list", |m| {
        let with = |name: &str, part: &str, value: Value| {
            let mut tool = tool(name);
            tool[part] = value;
            tool
        };
        let tools = [
            tool("echo"),
            json!({ "name": "no_schema" }),
            with("with_icon", "icons", json!([{ "src": "https://a.example/i", "sizes": "48x48" }])),
            with("with_title", "title", json!(3)),
            json!({ "inputSchema": {} }),
        ];
        listed(m, &tools, None)
    })
    .await;
    let connected = server.connect().await.unwrap();
    assert_eq!(names(&connected), ["echo", "with_icon", "with_title"]);
    let expected =
        ["tool `no_schema`", "`icons` of tool `with_icon`", "`title` of tool `with_title`", "tool 5 of `tools/list`"];
    assert_eq!(parts(&connected), expected);
    let of: Vec<_> = connected.oddities().into_iter().map(|odd| odd.tool.map(|tool| tool.to_string())).collect();
    assert_eq!(of[0].as_deref(), Some("s.no_schema"));
    call(&connected, Effect::Read).await.0.unwrap();
    // what was dropped is no part of what is approved
    let plain = answering("tools/list", |m| listed(m, &[tool("with_icon")], None)).await.connect().await.unwrap();
    assert_eq!(connected.tools()[1], plain.tools()[0]);
}

#[tokio::test]
async fn a_name_with_two_meanings_has_none() {
    let server = answering("tools/list", |m| {
        let mut other = tool("both");
        other["description"] = json!("Something else.");
        listed(m, &[tool("echo"), tool("both"), tool("echo"), other, tool("both")], None)
    })
    .await;
    let connected = server.connect().await.unwrap();
    assert_eq!(names(&connected), ["echo"]);
    let noted: Vec<_> = connected.oddities().iter().map(ToString::to_string).collect();
    assert!(noted.iter().any(|odd| odd.contains("tool `both`") && odd.contains("different definitions")), "{noted:?}");
    assert!(noted.iter().any(|odd| odd.contains("tool `echo`") && odd.contains("more than once")), "{noted:?}");
}

#[tokio::test]
async fn tools_that_the_library_leaves_out_are_named() {
    let server = answering("tools/list", |m| {
        let mut mirrored = tool("mirrored");
        mirrored["inputSchema"]["properties"] = json!({ "a": { "type": "string", "x-mcp-header": "not a header" } });
        listed(m, &[tool("echo"), mirrored], None)
    })
    .await;
    let connected = server.connect().await.unwrap();
    assert_eq!((names(&connected), parts(&connected)), (vec!["echo"], vec!["tool `mirrored`".to_owned()]));
}

#[tokio::test]
async fn a_cursor_that_repeats_ends_the_list() {
    for cycle in [1, 3] {
        let server = answering("tools/list", move |m| {
            let page: usize = m["params"]["cursor"].as_str().map_or(0, |cursor| cursor.parse().unwrap());
            listed(m, &[tool(&format!("t{page}"))], Some(&((page % cycle) + 1).to_string()))
        })
        .await;
        let connected = server.connect().await.unwrap();
        let lists = server.requests("tools/list").len();
        assert_eq!((lists, connected.tools().len()), (cycle + 1, cycle + 1));
        assert_eq!(parts(&connected), ["`nextCursor` of `tools/list`"]);
    }
}

#[tokio::test]
async fn odd_fields_of_the_handshake_are_left_out_by_name() {
    let server = older_answering("initialize", |m| {
        let us = json!({ "name": "x", "icons": [{ "sizes": 5 }] });
        result(
            m,
            &json!({ "protocolVersion": "2025-11-25", "capabilities": { "tools": true }, "serverInfo": us,
                           "instructions": ["a", "b"] }),
        )
    })
    .await;
    let connected = server.connect().await.unwrap();
    let expected = [
        "`capabilities.tools` of `initialize`",
        "`instructions` of `initialize`",
        "`serverInfo.version` of `initialize`",
        "`serverInfo.icons` of `initialize`",
    ];
    assert_eq!(parts(&connected), expected);
    call(&connected, Effect::Read).await.0.unwrap();
    let server = answering("server/discover", |m| {
        result(m, &json!({ "supportedVersions": ["2026-07-28"], "capabilities": [] }))
    })
    .await;
    let connected = server.connect().await.unwrap();
    assert_eq!(connected.protocol_version(), "2026-07-28");
    assert_eq!(parts(&connected), ["`capabilities` of `server/discover`"]);
}

#[tokio::test]
async fn whatever_a_server_of_the_older_era_answers_to_the_newer_it_is_used() {
    type Answering = Box<dyn Fn(&Value) -> Answer + Send + Sync>;
    let answers: Vec<Answering> = vec![
        Box::new(|m| result(m, &json!({}))),
        Box::new(|m| result(m, &Value::Null)),
        Box::new(|m| result(m, &json!({ "supportedVersions": ["2025-11-25"], "capabilities": {} }))),
        Box::new(|_| plain("200 OK", "<html>")),
        Box::new(|_| plain("200 OK", "")),
        Box::new(|_| plain("202 Accepted", "")),
        Box::new(|_| plain("204 No Content", "")),
        Box::new(|_| reply_json(&json!({ "id": 4711, "result": {} }))),
        Box::new(|_| stream("data: hello\n\n")),
    ];
    for answer in answers {
        let server = older_answering("server/discover", answer).await;
        let connected = server.connect().await.unwrap();
        assert_eq!(connected.protocol_version(), "2025-11-25");
        call(&connected, Effect::Write).await.0.unwrap();
    }
}

#[tokio::test]
async fn odd_parts_of_a_reply_are_left_out_by_name() {
    let text = |text: &str| json!({ "type": "text", "text": text });
    let omitted = json!({ "type": "unknown", "omitted": true });
    for as_stream in [None, Some("data")] {
        for (result, expected, odd) in [
            (
                json!({ "content": [text("a"), { "type": "video" }] }),
                json!(["a", omitted]),
                Some("content block 2 of `s.echo`"),
            ),
            (json!({ "content": [text("a")], "isError": 0 }), json!("a"), Some("`isError` of `s.echo`")),
            (json!({ "content": "a" }), json!("a"), Some("`content` of `s.echo`")),
            (json!({ "content": [text("a")], "structuredContent": null }), json!("a"), None),
            (json!({ "content": [text("a")], "tools": [], "isError": null }), json!("a"), None),
        ] {
            let server = calling(move |m| {
                let message = json!({ "jsonrpc": "2.0", "id": m["id"], "result": result });
                as_stream.map_or_else(|| reply_json(&message), |field| stream(format!("{field}: {message}\n\n")))
            })
            .await;
            let connected = server.connect().await.unwrap();
            assert_eq!(call(&connected, Effect::Write).await.0.unwrap(), ToolReply::done(expected));
            assert_eq!(parts(&connected).first().map(String::as_str), odd);
        }
    }
}

#[tokio::test]
async fn an_envelope_may_be_written_in_many_ways() {
    type Written = fn(Value) -> String;
    let written: [Written; 6] = [
        |mut message| {
            message["id"] = json!(message["id"].to_string());
            message.to_string()
        },
        |message| format!("\u{feff}{message}"),
        |message| json!([message]).to_string(),
        |mut message| {
            message["error"] = Value::Null;
            message.to_string()
        },
        |mut message| {
            message.as_object_mut().unwrap().remove("jsonrpc");
            message.to_string()
        },
        |mut message| {
            message["id"] = json!(message["id"].as_f64());
            message.to_string()
        },
    ];
    let types = ["application/json", "application/json;charset=UTF-8", "APPLICATION/JSON ; x=y", "text/plain", ""];
    for (at, write) in written.into_iter().enumerate() {
        let kind = types[at % types.len()];
        for as_stream in [false, true] {
            let server = Server::start(move |_, message| {
                let (status, headers, body) = modern(message);
                if message["id"].is_null() {
                    return Some((status, headers, body));
                }
                let body = write(serde_json::from_str(&body).unwrap());
                Some(match (as_stream, kind) {
                    (true, _) => stream(format!("data: {body}\n\n")),
                    (false, "") => (status, vec![], body),
                    (false, kind) => (status, vec![format!("content-type: {kind}")], body),
                })
            })
            .await;
            let connected = server.connect().await.unwrap();
            assert_eq!(connected.protocol_version(), "2026-07-28", "{at}");
            assert_eq!(call(&connected, Effect::Write).await.0.unwrap(), ToolReply::done("done"), "{at}");
            assert_eq!(parts(&connected), [""; 0], "{at}");
        }
    }
}

#[tokio::test]
async fn lines_of_a_stream_that_mean_nothing_are_ignored() {
    for around in [
        "foo: bar\n",
        "data\n\n",
        "retry: soon\n",
        "id: a\0b\n",
        "\u{feff}: hello\n\n",
        "event: ping\ndata: {}\n\n",
        ":\n",
    ] {
        for end in ["\n", "\r\n", "\r"] {
            let server = Server::start(move |seen, message| {
                let (status, headers, body) = older(seen, message, None)?;
                if message["id"].is_null() || seen.method != "POST" || message["method"] == "server/discover" {
                    return Some((status, headers, body));
                }
                let body = body.rsplit_once("data: ").map_or(body.as_str(), |(_, data)| data.trim_end()).to_owned();
                Some(stream(format!("{around}data: {body}\n\n").replace('\n', end)))
            })
            .await;
            let connected = server.connect().await.unwrap();
            let (reply, _) = call(&connected, Effect::Write).await;
            assert_eq!(reply.unwrap(), ToolReply::done("old"), "{around:?} {end:?}");
        }
    }
}

#[tokio::test]
async fn what_comes_back_for_a_notification_does_not_matter() {
    let answers = [
        plain("200 OK", ""),
        plain("200 OK", "<html>"),
        plain("201 Created", ""),
        plain("204 No Content", ""),
        reply_json(&json!({ "jsonrpc": "2.0", "id": 4711, "result": {} })),
        reply_json(&json!({})),
        stream(": hello\n\n"),
        stream("data: {}\n\n"),
    ];
    for answer in answers {
        let told = answer.clone();
        let server = older_answering("notifications/initialized", move |_| told.clone()).await;
        let connected = server.connect().await.unwrap();
        assert_eq!(call(&connected, Effect::Write).await.0.unwrap(), ToolReply::done("old"), "{answer:?}");
    }
}

#[tokio::test]
async fn a_server_that_knows_no_notifications_is_used() {
    for status in ["404 Not Found", "405 Method Not Allowed", "400 Bad Request", "410 Gone"] {
        for session in [None, Some("one")] {
            let server = Server::start(move |seen, message| match message["method"].as_str() {
                Some(method) if method.starts_with("notifications/") => Some(plain(status, "what?")),
                _ => older(seen, message, session),
            })
            .await;
            let connected = server.connect().await.unwrap();
            assert_eq!(call(&connected, Effect::Write).await.0.unwrap(), ToolReply::done("old"), "{status}");
            let times = |method: &str| server.stub.seen().iter().filter(|s| s.json()["method"] == method).count();
            let all = ["initialize", "notifications/initialized", "tools/list", "tools/call"].map(times);
            assert_eq!(all, [1; 4], "{status} {session:?}");
        }
    }
}

#[tokio::test]
async fn an_answer_in_a_stream_that_contradicts_itself_ends_the_call_at_once() {
    let server = calling(|m| {
        let both = json!({ "id": m["id"], "result": { "content": [] }, "error": { "code": 1, "message": "hidden" } });
        stream(format!("id: 1\ndata: {both}\n\n"))
    })
    .await;
    let (reply, _) = server.call().await;
    assert_eq!(reply.unwrap_err(), ToolError::BadReply("it is two of a request, a result and an error at once".into()));
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test]
async fn an_answer_to_another_request_in_a_stream_is_passed_over() {
    let server = calling(|m| {
        let other = json!({ "id": 4711, "result": { "content": [{ "type": "text", "text": "other" }] } });
        let ours = json!({ "id": m["id"], "result": { "content": [{ "type": "text", "text": "ours" }] } });
        stream(format!("data: {other}\n\ndata: {ours}\n\n"))
    })
    .await;
    assert_eq!(server.call().await.0.unwrap(), ToolReply::done("ours"));
}

#[tokio::test]
async fn a_failed_tool_speaks_for_itself() {
    for code in [-32603, -32000, -32050, 1] {
        let server = calling(move |m| error(m, code, "database is locked")).await;
        let (reply, _) = server.call().await;
        assert_eq!(reply.unwrap(), ToolReply::failed("database is locked"));
    }
}

#[tokio::test]
async fn causes_are_told_apart() {
    type Case = (&'static str, Box<dyn Fn(&Value) -> Answer + Send + Sync>);
    let page = ("200 OK".to_owned(), vec!["content-type: text/html".to_owned()], "<html>hidden</html>".to_owned());
    let cases: Vec<Case> = vec![
        ("status 200, content type `text/html` and a page that is not JSON", Box::new(move |_| page.clone())),
        ("status 200 and an empty body", Box::new(|_| plain("200 OK", ""))),
        ("JSON-RPC error -32601: `Method not found\\u{1b}`", Box::new(|m| error(m, -32601, "Method not found\u{1b}"))),
        ("answers another request", Box::new(|_| reply_json(&json!({ "id": 4711, "result": {} })))),
        ("not a JSON-RPC message", Box::new(|_| reply_json(&json!({ "hello": "world" })))),
        ("not an answer to what was asked", Box::new(|m| result(m, &json!("hidden")))),
        ("its event stream ended without an answer", Box::new(|_| stream(": nothing\n\n"))),
        ("accepts `initialize` with status 202 and does not answer it", Box::new(|_| plain("202 Accepted", ""))),
    ];
    for (reason, answer) in cases {
        let error = older_answering("initialize", answer).await.connect().await.unwrap_err();
        let shown = error.to_string();
        assert!(matches!(error, ConnectError::Protocol { .. }) && shown.contains(reason), "{shown}");
        assert!(!shown.contains("hidden"), "{shown}");
    }
    let server = answering("server/discover", |m| {
        result(m, &json!({ "supportedVersions": ["2099-01-01"], "capabilities": {} }))
    });
    let error = server.await.connect().await.unwrap_err().to_string();
    assert!(error.contains("`2099-01-01`") && error.contains("`2026-07-28`"), "{error}");
}

#[tokio::test]
async fn what_may_have_been_done_is_told_from_what_was_not() {
    let kept = |answer: fn(&Value) -> Answer| async move {
        let (reply, _) = calling(answer).await.call().await;
        reply.unwrap_err()
    };
    let unusable: [fn(&Value) -> Answer; 4] = [
        |_| stream("data: {\"jsonrpc\""),
        |m| text(m, &"x".repeat(2 << 20)),
        |m| result(m, &json!({ "resultType": "unheard of" })),
        |_| plain("200 OK", "<html>"),
    ];
    for answer in unusable {
        let error = kept(answer).await;
        assert!(error.is_unconfirmed() && error.model_text().contains("may have done it"), "{error:?}");
    }
    for (effect, may_be_done) in [(Effect::Read, false), (Effect::Write, true)] {
        let server = calling(|_| plain("503 Service Unavailable", "")).await;
        let failed = call(&server.connect().await.unwrap(), effect).await.0.unwrap_err();
        assert!(failed.is_unconfirmed() == may_be_done && failed.is_infrastructure(), "{failed:?}");
    }
    let refused = kept(|_| plain("403 Forbidden", "")).await;
    assert!(!refused.is_unconfirmed(), "{refused:?}");
}

#[tokio::test]
async fn a_call_that_cannot_be_sent_was_not_made() {
    let server = Server::start(|_, _| None).await;
    let connected = server.connect().await.unwrap();
    let address = server.stub.url.trim_start_matches("http://").parse().unwrap();
    drop(server);
    let _closed = Closed::after(address).await;
    let (error, details) = failed(&connected).await;
    assert!(error.is_infrastructure() && !error.is_unconfirmed(), "{error:?}");
    assert_eq!(details, ["the server could not be reached"]);
}

#[tokio::test]
async fn a_connection_that_breaks_was_there() {
    // an invalid status line ends the connection
    let server = calling(|_| plain("none", "")).await;
    let (error, details) = failed(&server.connect().await.unwrap()).await;
    assert!(error.is_infrastructure() && error.is_unconfirmed(), "{error:?}");
    assert_eq!(details, ["the connection to the server broke"]);
    assert!(!error.to_string().contains("reached") && error.to_string().contains("broke"), "{error}");
}

/// What becomes of a call that changes something, and what its events say.
async fn failed(server: &McpServer) -> (ToolError, Vec<String>) {
    let run = RunId::random();
    let (events, log) = events();
    let context = CallContext { traceparent: &run.traceparent(), events };
    let error = call_with(server, ("echo", Map::new()), rule(Effect::Write), context).await.unwrap_err();
    let details = log.lock().unwrap().iter().map(|event| event.detail.clone()).collect();
    (error, details)
}

#[tokio::test]
async fn a_call_that_takes_too_long_may_have_been_done() {
    let server = Server::start(|seen, message| {
        // its stream is asked for again in a minute
        if is_call(message) { Some(stream("id: 1\nretry: 60000\n\n")) } else { older(seen, message, Some("one")) }
    })
    .await;
    let connected = server.connect_with(Arc::new(SystemClock::new())).await.unwrap();
    let mut rule = ToolRule::new(Effect::Write, ScopeSet::new());
    rule.timeout = Some(Duration::from_millis(200));
    let (reply, _) = call_under(&connected, rule).await;
    let error = reply.unwrap_err();
    assert!(error.is_unconfirmed() && error.is_infrastructure(), "{error:?}");
    assert!(error.to_string().contains("200ms") && error.to_string().contains("`timeout`"), "{error}");
}

#[tokio::test]
async fn limits_of_a_tool_are_its_own() {
    let data = "QUJD".repeat(500_000);
    let server = calling(move |m| {
        let image = json!({ "type": "image", "data": data, "mimeType": "image/png" });
        result(m, &json!({ "content": [{ "type": "text", "text": "a chart" }, image] }))
    })
    .await;
    let connected = server.connect().await.unwrap();
    let (reply, _) = call(&connected, Effect::Read).await;
    assert_eq!(reply.unwrap_err(), ToolError::BadReply(Subject::Call.too_long(1 << 20)));
    let mut rule = ToolRule::new(Effect::Read, ScopeSet::new());
    rule.reply.receive_bytes = Some(4 << 20);
    let (reply, _) = call_under(&connected, rule.clone()).await;
    let image = json!({ "type": "image", "omitted": true, "mime_type": "image/png", "bytes": 1_500_000 });
    assert_eq!(reply.unwrap(), ToolReply::done(json!(["a chart", image])));
    rule.reply.receive_bytes = Some(1_000);
    let (reply, _) = call_under(&connected, rule).await;
    assert_eq!(reply.unwrap_err(), ToolError::BadReply(Subject::Call.too_long(1_000)));
}
