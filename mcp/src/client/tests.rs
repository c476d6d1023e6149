#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use abide_base::{
    call::{Effect, ReplyStatus, ServerId, ToolCall, ToolName, ToolReply, ToolSpec},
    clock::{Clock, SystemClock},
    event::{EventKind, EventSink, SecurityEvent},
    id::RunId,
    scope::ScopeSet,
    secret::{Redactor, Secret},
};
use abide_credentials::oauth::{
    AuthError,
    config::{ClientAuth, OAuth},
};
use abide_guard::{
    Authorized, Guard, Mode, NoTokens, Policy, Session,
    policy::{PolicySpec, ToolRule, UnlistedArguments},
};
use abide_signatures::Fields;
use abide_testbed::lab::stub::{Answer, Seen, Stub, json as reply_json, plain};
use futures_util::{FutureExt, future::BoxFuture};
use serde_json::{Map, Value, json};

use super::{call::Idempotency, limit::PATIENCE, listing::MAX_PAGES, subject::Subject};
use crate::{
    Connection,
    client::*,
    servers::{InputPolicy, ServerConfig},
};

mod eras;
mod floods;
mod limits;
mod lists;
mod odd;
mod page;
mod questions;
mod refusals;
mod schemas;

/// Issuer of opaque tokens and MCP server at one address.
struct Server {
    stub: Stub,
}

/// Time in which sleeping takes no time, but lets the clock go on.
#[derive(Debug, Default)]
pub(super) struct Hasty(AtomicU64);

/// Another clock, and what was slept by it.
#[derive(Debug, Default)]
pub(super) struct Noted<C> {
    clock: C,
    slept: Mutex<Vec<Duration>>,
}

impl<C> Noted<C> {
    pub(super) fn slept(&self) -> Vec<Duration> {
        self.slept.lock().unwrap().clone()
    }
}

impl<C: Clock> Clock for Noted<C> {
    fn now(&self) -> SystemTime {
        self.clock.now()
    }

    fn elapsed(&self) -> Duration {
        self.clock.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.slept.lock().unwrap().push(duration);
        self.clock.sleep(duration)
    }
}

impl Clock for Hasty {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn elapsed(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::Relaxed))
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.0.fetch_add(u64::try_from(duration.as_micros()).unwrap() + 1, Ordering::Relaxed);
        tokio::task::yield_now().boxed()
    }
}

impl Server {
    /// `answer` is asked first; what it does not answer is answered as a server of the newer era does.
    async fn start(answer: impl Fn(&Seen, &Value) -> Option<Answer> + Send + Sync + 'static) -> Self {
        let own: Arc<Mutex<String>> = Arc::default();
        let base = own.clone();
        let issued = AtomicUsize::new(0);
        let stub = Stub::start(move |seen| match seen.path.as_str() {
            "/.well-known/oauth-authorization-server" => {
                let base = base.lock().unwrap().clone();
                reply_json(&json!({ "issuer": base, "token_endpoint": format!("{base}/token") }))
            }
            "/token" => {
                let token = format!("token-number-{}", issued.fetch_add(1, Ordering::SeqCst));
                reply_json(&json!({ "access_token": token, "token_type": "Bearer", "scope": "a" }))
            }
            "/mcp" => answer(seen, &seen.json()).unwrap_or_else(|| modern(&seen.json())),
            _ => plain("404 Not Found", ""),
        })
        .await;
        own.lock().unwrap().clone_from(&stub.url);
        Self { stub }
    }

    async fn connect(&self) -> Result<McpServer, ConnectError> {
        self.connect_with(Arc::new(Hasty::default())).await
    }

    async fn connect_with(&self, clock: Arc<dyn Clock>) -> Result<McpServer, ConnectError> {
        self.connect_as(InputPolicy::Decline, clock).await
    }

    async fn connect_as(&self, input: InputPolicy, clock: Arc<dyn Clock>) -> Result<McpServer, ConnectError> {
        let url = format!("{}/mcp", self.stub.url).parse().unwrap();
        let mut config = ServerConfig::new("s".to_owned().try_into().unwrap(), url).with_oauth(oauth(&self.stub.url));
        config.input = input;
        let scopes = ScopeSet::parse("a").unwrap();
        let connection = Connection::new(config, scopes, clock, Redactor::new()).unwrap();
        McpServer::connect(Arc::new(connection)).await
    }

    /// Connects and makes one call that may be repeated.
    async fn call(&self) -> (Result<ToolReply, ToolError>, Vec<EventKind>) {
        let server = self.connect().await.unwrap();
        call(&server, Effect::Read).await
    }

    fn calls(&self) -> Vec<Seen> {
        self.requests("tools/call")
    }

    fn requests(&self, method: &str) -> Vec<Seen> {
        let mut seen = self.stub.seen();
        seen.retain(|request| request.json()["method"] == method);
        seen
    }
}

/// Makes a call that its boundary allows, through a real guard.
pub(super) async fn call_with(
    server: &McpServer,
    (tool, arguments): (&str, Map<String, Value>),
    rule: ToolRule,
    context: CallContext<'_>,
) -> Result<ToolReply, ToolError> {
    let name = ToolName::try_from(format!("s.{tool}")).unwrap();
    let id: ServerId = "s".to_owned().try_into().unwrap();
    let spec = PolicySpec {
        servers: [id].into(),
        tools: [(name.clone(), rule.other_arguments(UnlistedArguments::Allow))].into(),
        ..PolicySpec::default()
    };
    let policy = Policy::new(spec).unwrap();
    let guard = Guard::new(&policy, Arc::new(NoTokens));
    let spec = ToolSpec::new(name.clone(), "", json!({ "type": "object", "additionalProperties": true }), None);
    let session = Session::new(RunId::random(), Mode::Live, &Fields::new());
    let events = std::sync::Mutex::default();
    let call = ToolCall { tool: name, arguments };
    let Authorized::Execute(pending) = guard.authorize(call, Some(&spec), &session, &events).await.unwrap() else {
        panic!("a live session has no dry runs")
    };
    let made = server.call(pending, context).await;
    made.map_err(|failure| failure.downcast_ref::<ToolError>().cloned().unwrap_or_else(|| panic!("{failure:?}")))
}

type Log = Arc<Mutex<Vec<SecurityEvent>>>;

/// Where the events of a call go, and what came there.
pub(super) fn events() -> (Arc<dyn EventSink>, Log) {
    let log = Log::default();
    (log.clone(), log)
}

pub(super) fn rule(effect: Effect) -> ToolRule {
    ToolRule::new(effect, ScopeSet::new())
}

pub(super) async fn call(server: &McpServer, effect: Effect) -> (Result<ToolReply, ToolError>, Vec<EventKind>) {
    call_under(server, rule(effect)).await
}

pub(super) async fn call_under(server: &McpServer, rule: ToolRule) -> (Result<ToolReply, ToolError>, Vec<EventKind>) {
    let run = RunId::random();
    let (events, log) = events();
    let context = CallContext { traceparent: &run.traceparent(), events };
    let result = call_with(server, ("echo", Map::new()), rule, context).await;
    let kinds = log.lock().unwrap().iter().map(|event| event.kind).collect();
    (result, kinds)
}

fn result(message: &Value, result: &Value) -> Answer {
    reply_json(&json!({ "jsonrpc": "2.0", "id": message["id"], "result": result }))
}

fn error(message: &Value, code: i32, text: &str) -> Answer {
    let error = json!({ "code": code, "message": text });
    reply_json(&json!({ "jsonrpc": "2.0", "id": message["id"], "error": error }))
}

fn text(message: &Value, text: &str) -> Answer {
    let content = json!([{ "type": "text", "text": text }]);
    result(message, &json!({ "resultType": "complete", "content": content }))
}

fn tool(name: &str) -> Value {
    json!({ "name": name, "description": "Says it again.", "inputSchema": { "type": "object" } })
}

fn listed(message: &Value, tools: &[Value], next: Option<&str>) -> Answer {
    let mut list = json!({ "resultType": "complete", "tools": tools, "ttlMs": 0, "cacheScope": "private" });
    if let Some(next) = next {
        list["nextCursor"] = json!(next);
    }
    result(message, &list)
}

fn modern(message: &Value) -> Answer {
    match message["method"].as_str().unwrap_or_default() {
        "server/discover" => result(
            message,
            &json!({
                "resultType": "complete", "supportedVersions": ["2026-07-28"],
                "capabilities": { "tools": {} }, "ttlMs": 0, "cacheScope": "private",
            }),
        ),
        "tools/list" => listed(message, &[tool("echo")], None),
        "tools/call" => text(message, "done"),
        _ => plain("202 Accepted", ""),
    }
}

/// Answers as a server of the older era does, and gives out a session where there is one to give.
fn older(seen: &Seen, message: &Value, session: Option<&str>) -> Option<Answer> {
    let mut answer = match message["method"].as_str() {
        Some("server/discover") => return Some(error(message, -32601, "Method not found")),
        Some("initialize") => {
            let version = &message["params"]["protocolVersion"];
            let us = json!({ "name": "x", "version": "1" });
            result(message, &json!({ "protocolVersion": version, "capabilities": { "tools": {} }, "serverInfo": us }))
        }
        Some("tools/list") => result(message, &json!({ "tools": [tool("echo")] })),
        Some("tools/call") => {
            let content = json!([{ "type": "text", "text": "old" }]);
            let event = json!({ "jsonrpc": "2.0", "id": message["id"], "result": { "content": content } });
            stream(format!(": hello\n\ndata: {event}\n\n"))
        }
        _ if seen.method != "POST" => return Some(plain("405 Method Not Allowed", "")),
        _ => return Some(plain("202 Accepted", "")),
    };
    answer.1.extend(session.map(|s| format!("mcp-session-id: {s}")));
    Some(answer)
}

fn stream(body: impl ToString) -> Answer {
    ("200 OK".to_owned(), vec!["content-type: text/event-stream".to_owned()], body.to_string())
}

fn is_call(message: &Value) -> bool {
    message["method"] == "tools/call"
}

/// Answers calls only.
async fn calling(answer: impl Fn(&Value) -> Answer + Send + Sync + 'static) -> Server {
    Server::start(move |_, message| is_call(message).then(|| answer(message))).await
}

#[tokio::test]
async fn says_who_calls_and_for_which_run() {
    let server = Server::start(|_, _| None).await;
    let (reply, events) = server.call().await;
    assert_eq!(reply.unwrap(), ToolReply::done("done"));
    assert_eq!(events, []);
    let call = &server.calls()[0];
    assert_eq!(call.method, "POST");
    assert_eq!(call.header("authorization"), Some("Bearer token-number-0"));
    assert_eq!(call.header("mcp-method"), Some("tools/call"));
    assert_eq!(call.header("mcp-name"), Some("echo"));
    let trace = call.header("traceparent").unwrap();
    assert_eq!(call.json()["params"]["_meta"]["traceparent"], trace);
    let first = &server.stub.seen()[0];
    assert!(first.path.contains("oauth-authorization-server"), "a token comes first");
    let mcp = server.stub.seen().into_iter().filter(|s| s.path == "/mcp");
    assert!(mcp.into_iter().all(|s| s.header("authorization").is_some()));
}

#[tokio::test]
async fn speaks_the_older_era_with_and_without_sessions() {
    for (refusal, session) in
        [("400 Bad Request", None), ("404 Not Found", Some("abc")), ("405 Method Not Allowed", Some("abc"))]
    {
        let server = Server::start(move |seen, message| {
            assert!(!is_call(message) || seen.header("mcp-session-id") == session);
            match message["method"].as_str() {
                Some("server/discover") => Some(plain(refusal, "missing session")),
                _ => older(seen, message, session),
            }
        })
        .await;
        let connected = server.connect().await.unwrap();
        assert_eq!(connected.protocol_version(), "2025-11-25");
        let (reply, _) = call(&connected, Effect::Write).await;
        assert_eq!(reply.unwrap(), ToolReply::done("old"), "{refusal}");
    }
}

/// What a call is answered, and what that is called here.
type Case = (&'static str, Box<dyn Fn(&Value) -> Answer + Send + Sync>);

fn unusable_answers() -> Vec<Case> {
    vec![
        ("text", Box::new(|_| plain("200 OK", "hidden words"))),
        ("another id", Box::new(|_| reply_json(&json!({ "jsonrpc": "2.0", "id": 4711, "result": {} })))),
        ("a request", Box::new(|_| reply_json(&json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" })))),
        ("too long", Box::new(|m| text(m, &"x".repeat(2 << 20)))),
        ("no result", Box::new(|m| result(m, &json!("hidden words")))),
        (
            "a question",
            Box::new(|m| {
                result(m, &json!({ "resultType": "input_required", "inputRequests": {}, "requestState": "hidden" }))
            }),
        ),
        (
            "an unknown kind",
            Box::new(|m| result(m, &json!({ "resultType": "hidden", "content": [{ "type": "text", "text": "x" }] }))),
        ),
        (
            "a task",
            Box::new(|m| {
                let task = json!({ "taskId": "hidden", "status": "working", "createdAt": "2026-01-01T00:00:00Z",
                    "lastUpdatedAt": "2026-01-01T00:00:00Z", "ttlMs": null, "resultType": "task" });
                result(m, &task)
            }),
        ),
        ("an error", Box::new(|m| error(m, -32042, "hidden words"))),
        ("a result and an error", envelope("error", json!({ "code": -32042, "message": "hidden words" }))),
        ("a result and a method", envelope("method", json!("ping"))),
        (
            "a list",
            Box::new(|m| reply_json(&json!(["2.0", m["id"], { "content": [{ "type": "text", "text": "hidden" }] }]))),
        ),
        (
            "a question with an answer",
            Box::new(|m| {
                let content = json!([{ "type": "text", "text": "hidden" }]);
                result(m, &json!({ "resultType": "input_required", "inputRequests": {}, "content": content }))
            }),
        ),
        ("no stream", Box::new(|_| stream(""))),
        ("a cut stream", Box::new(|_| stream("data: {\"jsonrpc\""))),
        ("a long event", Box::new(|_| stream(format!("data: {}\n\n", "x".repeat(2 << 20))))),
        ("not found", Box::new(|_| plain("404 Not Found", "hidden words"))),
    ]
}

#[tokio::test]
async fn unusable_answers_are_not_quoted_and_never_hang() {
    for (name, answer) in unusable_answers() {
        let server = calling(answer).await;
        let (reply, _) = server.call().await;
        let error = reply.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hidden"), "{name}: {error}");
        let expected = match name {
            "not found" => matches!(error, ToolError::Refused { status: 404 }),
            "no stream" | "a cut stream" => error.is_infrastructure(),
            "a question" | "a question with an answer" | "an error" => {
                matches!(error, ToolError::InputRequired { .. })
            }
            _ => matches!(error, ToolError::BadReply(_)),
        };
        assert!(expected, "{name}: {error:?}");
    }
}

/// A result with something more beside it.
fn envelope(more: &'static str, value: Value) -> Box<dyn Fn(&Value) -> Answer + Send + Sync> {
    let content = json!([{ "type": "text", "text": "hidden words" }]);
    Box::new(move |m| {
        reply_json(&json!({ "jsonrpc": "2.0", "id": m["id"], "result": { "content": content }, more: value }))
    })
}

#[tokio::test]
async fn a_reply_must_keep_the_promise_of_its_schema() {
    let server = Server::start(|_, message| match message["method"].as_str() {
        Some("tools/list") => {
            let mut echo = tool("echo");
            echo["outputSchema"] = json!({ "type": "object", "required": ["id"] });
            Some(listed(message, &[echo], None))
        }
        Some("tools/call") => {
            Some(result(message, &json!({ "resultType": "complete", "content": [], "structuredContent": { "ix": 1 } })))
        }
        _ => None,
    })
    .await;
    let (reply, _) = server.call().await;
    assert!(matches!(reply.unwrap_err(), ToolError::BadReply(_)));
}

#[tokio::test]
async fn tools_are_named_and_cut_and_counted() {
    let server = Server::start(|_, message| {
        let page = message["params"]["cursor"].as_str().unwrap_or("0").to_owned();
        (message["method"] == "tools/list").then(|| {
            let mut long = tool("long");
            long["description"] = json!("ä".repeat(10_000));
            match page.as_str() {
                "0" => listed(message, &[tool("echo"), tool("bad name"), tool("")], Some("1")),
                "1" => listed(message, &[tool("echo"), long], Some("2")),
                _ => listed(message, &[tool("a.b")], None),
            }
        })
    })
    .await;
    let connected = server.connect().await.unwrap();
    let names: Vec<_> = connected.tools().iter().map(|t| t.name.as_str()).collect();
    assert_eq!(names, ["s.echo", "s.long", "s.a.b"]);
    let long = &connected.tools()[1];
    assert_eq!(long.description.len(), 4 * 1024);
    let cut = ToolSpec::new(long.name.clone(), long.description.clone(), long.input_schema.clone(), None);
    assert_ne!(long.digest, cut.digest, "the digest covers what was cut off");
    assert!(format!("{connected:?}").contains("3 tools"));
}

#[tokio::test]
async fn endless_lists_end() {
    let server = Server::start(|_, message| {
        let list = message["method"] == "tools/list";
        let page: usize = message["params"]["cursor"].as_str().map_or(0, |cursor| cursor.parse().unwrap());
        list.then(|| listed(message, &[tool("echo")], Some(&(page + 1).to_string())))
    })
    .await;
    let connected = server.connect().await.unwrap();
    assert_eq!(connected.tools().len(), 1);
    let lists = server.stub.seen().iter().filter(|s| s.json()["method"] == "tools/list").count();
    assert_eq!(lists, MAX_PAGES);
}

#[tokio::test]
async fn no_token_no_connection() {
    let server = Server::start(|_, _| panic!("nobody may come here")).await;
    let url = format!("{}/mcp", server.stub.url).parse().unwrap();
    let oauth = oauth(&format!("{}/other", server.stub.url));
    let config = ServerConfig::new("s".to_owned().try_into().unwrap(), url).with_oauth(oauth);
    let clock: Arc<dyn Clock> = Arc::new(Hasty::default());
    let connection = Connection::new(config, ScopeSet::new(), clock, Redactor::new()).unwrap();
    let error = McpServer::connect(Arc::new(connection)).await.unwrap_err();
    assert!(matches!(error, ConnectError::Auth { reason: AuthError::NoMetadata { .. }, .. }), "{error}");
    assert!(server.stub.seen().iter().all(|s| s.path != "/mcp"));
}

#[tokio::test]
async fn what_is_no_mcp_server_is_named_so() {
    for status in ["200 OK", "404 Not Found", "302 Found"] {
        let server = Server::start(move |_, _| Some(plain(status, "<html>hidden</html>"))).await;
        let error = server.connect().await.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hidden"), "{error}");
        assert!(matches!(error, ConnectError::Protocol { .. } | ConnectError::Refused { .. }), "{error}");
    }
    let server = Server::start(|_, _| Some(plain("503 Down", ""))).await;
    let error = server.connect().await.unwrap_err();
    assert!(matches!(error, ConnectError::Unavailable { .. }), "{error}");
    assert!(error.is_infrastructure());
}

/// A clock on which nobody ever wakes up; says when somebody goes to sleep, and when they are gone.
#[derive(Debug)]
struct Stuck(tokio::sync::mpsc::UnboundedSender<&'static str>);

struct Sleeper(tokio::sync::mpsc::UnboundedSender<&'static str>);

impl Drop for Sleeper {
    fn drop(&mut self) {
        let _ = self.0.send("gone");
    }
}

impl Clock for Stuck {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep(&self, _duration: Duration) -> BoxFuture<'static, ()> {
        let sleeper = Sleeper(self.0.clone());
        async move {
            let _ = sleeper.0.send("asleep");
            std::future::pending().await
        }
        .boxed()
    }
}

#[tokio::test]
async fn an_abandoned_call_goes_away() {
    let server = calling(|_| plain("429 Slow", "")).await;
    let (signals, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let connected = server.connect_with(Arc::new(Stuck(signals))).await.unwrap();
    let mut pending = Box::pin(call(&connected, Effect::Write));
    tokio::select! {
        _ = &mut pending => panic!("it cannot be done yet"),
        signal = seen.recv() => assert_eq!(signal, Some("asleep")),
    }
    drop(pending);
    let gone = tokio::time::timeout(Duration::from_secs(10), seen.recv()).await;
    assert_eq!(gone.unwrap(), Some("gone"));
}

#[tokio::test]
async fn a_token_that_comes_back_is_taken_out() {
    let server =
        Server::start(|seen, message| is_call(message).then(|| text(message, seen.header("authorization").unwrap())))
            .await;
    let connected = server.connect().await.unwrap();
    let run = RunId::random();
    let context = CallContext { traceparent: &run.traceparent(), events: events().0 };
    let reply = call_with(&connected, ("echo", Map::new()), rule(Effect::Write), context).await.unwrap();
    assert_eq!(reply, ToolReply::done("Bearer [redacted]"));
}

#[test]
fn effects_say_what_may_be_repeated() {
    assert_eq!(Idempotency::from(Effect::Read), Idempotency::Repeatable);
    assert_eq!(Idempotency::from(Effect::Write), Idempotency::Once);
    assert_eq!(Idempotency::from(Effect::External), Idempotency::Once);
    assert_eq!(ReplyStatus::Done, ToolReply::done(1).status);
}

fn oauth(issuer: &str) -> OAuth {
    OAuth::new(issuer, "client", ClientAuth::Basic(Secret::new("some-secret".to_owned())))
}
