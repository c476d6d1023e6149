//! Calls of one MCP server by themselves, as the guard would permit them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use abide::{
    Fields,
    call::{Effect, ToolCall, ToolName, ToolReply, ToolSpec},
    clock::Clock,
    episode::Recorder,
    event::EventKind,
    guard::{
        Authorized, Guard, Mode, NoTokens, Policy, Session,
        policy::{PolicySpec, ToolRule, UnlistedArguments},
    },
    id::RunId,
    mcp::{CallContext, McpServer, ToolError},
    scope::ScopeSet,
    secret::Redactor,
};
use futures_util::{FutureExt, future::BoxFuture};
use serde_json::{Map, Value, json};

/// The time of day, without any waiting: sleeping lets the steady clock go on.
#[derive(Debug, Default)]
pub(crate) struct Hasty {
    elapsed_ms: AtomicU64,
}

pub(crate) struct Caller {
    pub(crate) server: McpServer,
    pub(crate) redactor: Redactor,
}

impl Hasty {
    pub(crate) fn advance(&self, by: Duration) {
        let ms = u64::try_from(by.as_millis()).unwrap();
        self.elapsed_ms.fetch_add(ms, Ordering::Relaxed);
    }
}

impl Clock for Hasty {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.elapsed_ms.load(Ordering::Relaxed))
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.advance(duration);
        tokio::task::yield_now().boxed()
    }
}

impl Caller {
    pub(crate) async fn call(
        &self,
        tool: &str,
        arguments: Value,
        effect: Effect,
    ) -> (Result<ToolReply, ToolError>, Recorder, RunId) {
        let run = RunId::random();
        let recorder = Recorder::new(run, 0, self.redactor.clone());
        let context = CallContext { traceparent: &run.traceparent(), events: Arc::new(recorder.clone()) };
        let Value::Object(arguments) = arguments else {
            panic!("arguments are an object");
        };
        let result = call(&self.server, (tool, arguments), effect, context, recorder.redactor()).await;
        (result, recorder, run)
    }
}

pub(crate) fn events(recorder: Recorder) -> Vec<EventKind> {
    let episode = recorder.finish(Duration::ZERO);
    episode.events.iter().map(|event| event.kind).collect()
}

/// Makes a call that its boundary allows, through a real guard.
async fn call(
    server: &McpServer,
    (tool, arguments): (&str, Map<String, Value>),
    effect: Effect,
    context: CallContext<'_>,
    redactor: &Redactor,
) -> Result<ToolReply, ToolError> {
    let name = ToolName::try_from(format!("{}.{tool}", server.id())).unwrap();
    let spec = PolicySpec {
        servers: [server.id().clone()].into(),
        tools: [(name.clone(), ToolRule::new(effect, ScopeSet::new()).other_arguments(UnlistedArguments::Allow))]
            .into(),
        ..PolicySpec::default()
    };
    let policy = Policy::new(spec).unwrap();
    let guard = Guard::new(&policy, Arc::new(NoTokens)).redactor(redactor.clone());
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
