//! fastmcp as resource server: it hides tools, refuses tokens that lack a scope with 401, and limits rates within HTTP 200.

use abide::{
    clock::SystemClock,
    credentials::oauth::config::{ClientAuth, StepUp},
    mcp::{Connection, McpServer, ToolError},
    secret::Redactor,
};

use super::*;

struct World {
    issuer: Referee,
    served: Referee,
}

impl World {
    async fn start() -> Self {
        let issuer = Starting::ours("issuer.cjs", &json!({})).ready();
        let options = json!({ "name": "checked", "issuer": issuer_of(&issuer), "required": [READ] });
        let served = fastmcp(&options).ready();
        register(&issuer, &served.mcp(), "RS256").await;
        Self { issuer, served }
    }

    fn server(&self, step_up: StepUp) -> ServerConfig {
        let auth = ClientAuth::Basic(secret(&self.issuer, "basic"));
        let oauth = OAuth::new(issuer_of(&self.issuer), "basic", auth).step_up(step_up);
        guarded(&self.served.mcp(), oauth)
    }
}

#[tokio::test]
#[ignore = "needs scripts/referees.sh"]
async fn a_token_has_the_scopes_that_tools_declare() {
    let world = World::start().await;
    let caller = Caller::connect(world.server(StepUp::Never), &[WHOAMI, WRITE_NOTE]).await.unwrap();
    let asked = caller.call("whoami", json!({})).await;
    assert_eq!(*asked.result(), json!({ "server": "checked", "client": "basic", "scopes": [READ, WRITE] }));
    let written = caller.call("write_note", json!({ "text": "hello" })).await;
    assert_eq!(*written.result(), json!({ "characters": 5 }));
    assert_eq!(granted(&world.issuer, "basic").await.len(), 1);
}

#[tokio::test]
#[ignore = "needs scripts/referees.sh"]
async fn a_tool_that_the_server_hides_is_named() {
    let world = World::start().await;
    // who does not declare that it needs a scope does not get it, and the server shows no such tool
    let undeclared = ("write_note", Effect::Write, READ);
    let Err(error) = Caller::connect(world.server(StepUp::Never), &[WHOAMI, undeclared]).await else {
        panic!("the tool was there");
    };
    assert!(matches!(&error, ToolboxError::NotListed { tool, .. } if tool.as_str() == "it.write_note"), "{error}");

    // called all the same, it is unknown or forbidden, and never a reply for the model
    let server = world.server(StepUp::Never);
    let clock = Arc::new(SystemClock::new());
    let connection = Connection::new(server, scopes_of(READ), clock, Redactor::new()).unwrap();
    let server = McpServer::connect(Arc::new(connection)).await.unwrap();
    let caller = crate::support::Caller { server, redactor: Redactor::new() };
    let (reply, ..) = caller.call("write_note", json!({ "text": "hello" }), Effect::Write).await;
    let error = reply.unwrap_err();
    assert!(matches!(error, ToolError::UnknownTool | ToolError::ScopeMissing { .. }), "{error}");
    assert_eq!(world.served.seen().await, json!({}));
}

#[tokio::test]
#[ignore = "needs scripts/referees.sh"]
async fn a_scope_that_the_server_asks_for_with_401_is_stepped_up_to_within_the_policy() {
    let world = World::start().await;
    let Err(error) = Caller::connect(world.server(StepUp::Never), &[WRITE_NOTE]).await else {
        panic!("it was let in without the scope");
    };
    assert!(error.to_string().contains(READ), "it does not say what is missing: {error}");
    let tokens = granted(&world.issuer, "basic").await.len();
    assert!(tokens <= 2, "{tokens} tokens without a chance");

    let allowed = StepUp::Within(scopes_of(READ));
    let caller = Caller::connect(world.server(allowed), &[WRITE_NOTE]).await.unwrap();
    caller.call("write_note", json!({ "text": "hi" })).await.result();
    let grants = granted(&world.issuer, "basic").await;
    assert_eq!(grants.last().unwrap()["scope"], format!("{READ} {WRITE}"));
    assert_eq!(grants.len() - tokens, 2, "one token without the scope and one with it");

    let elsewhere = StepUp::Within(scopes_of("mcp:other"));
    assert!(Caller::connect(world.server(elsewhere), &[WRITE_NOTE]).await.is_err());
}

#[tokio::test]
#[ignore = "needs scripts/referees.sh"]
async fn a_rate_limit_within_200_is_waited_for() {
    const CALLS: u32 = 30;
    const RATE: f64 = 5.0;
    let served = fastmcp(&json!({ "name": "limited", "rate": RATE, "burst": 3 })).ready();
    let caller = Caller::connect(server(&served.mcp()), &[("add", Effect::Write, "")]).await.unwrap();
    let start = Instant::now();
    let calls = join_all((0..CALLS).map(|i| caller.call("add", json!({ "a": i, "b": 0 })))).await;
    let took = start.elapsed();
    for (i, called) in calls.iter().enumerate() {
        assert_eq!(called.result()["sum"], f64::from(u32::try_from(i).unwrap()), "{called:?}");
    }
    let waits: usize = calls.iter().map(|called| called.count(EventKind::RateLimited)).sum();
    assert!(waits > 0, "nobody was told to wait");
    assert_eq!(served.seen().await["add"], CALLS, "each ran once");
    assert!(took.as_secs_f64() > f64::from(CALLS - 3) / RATE - 1.0, "{took:?}");
    eprintln!("{CALLS} calls at {RATE}/s in {took:.1?} with {waits} waits");
}
