//! Real servers of the protocol library's own making: over HTTP in both eras, and as programs.

use std::{
    io::{self, Write},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use abide::{
    call::{Effect, ServerId, ToolCall, ToolName},
    episode::Episode,
    guard::policy::{PolicySpec, ToolRule, UnlistedArguments},
    mcp::servers::{CommandConfig, InputPolicy, Protocol, ServerConfig, Servers},
    prelude::*,
    scope::ScopeSet,
    secret::Secret,
    tool::{ToolOutcome, ToolboxError},
};
use abide_testbed::{Options, Testbed};
use axum::Router;
use rmcp::{
    ErrorData, RoleServer, ServerHandler, ServiceExt,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation, InputRequiredResult,
        ListToolsResult, PaginatedRequestParams, ServerCapabilities, ServerConfig as Info, Tool,
    },
    service::RequestContext,
    transport::streamable_http_server::{
        StreamableHttpServerConfig, StreamableHttpService, session::local::LocalSessionManager,
    },
};
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;

use crate::support::{self, LogCapture, NoModel, OneCall};

/// A server that says its name, waits for ever, or asks first.
#[derive(Clone)]
struct TestServer {
    name: String,
    events: mpsc::UnboundedSender<&'static str>,
}

type Events = mpsc::UnboundedReceiver<&'static str>;

const TOOLS: [&str; 3] = ["say", "wait", "ask"];
const PROGRAM: &str = "ABIDE_TEST_PROGRAM";

impl ServerHandler for TestServer {
    fn get_info(&self) -> Info {
        Info::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new(self.name.clone(), "1"))
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let schema = Map::from_iter([("type".to_owned(), json!("object"))]);
        let tool = |name: &&'static str| Tool::new(*name, "", Arc::new(schema.clone()));
        Ok(ListToolsResult::with_all_items(TOOLS.iter().map(tool).collect()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        match (&*request.name, request.request_state, request.input_responses) {
            ("wait", ..) => {
                self.events.send("waiting").unwrap();
                context.ct.cancelled().await;
                self.events.send("cancelled").unwrap();
                Err(ErrorData::internal_error("cancelled", None))
            }
            ("ask", None, _) => {
                let schema =
                    json!({ "type": "object", "properties": { "town": { "type": "string", "default": "Ulm" } } });
                let form = json!({ "mode": "form", "message": "Where?", "requestedSchema": schema });
                let form = json!({ "q": { "method": "elicitation/create", "params": form } });
                let questions = serde_json::from_value(form).unwrap();
                Ok(InputRequiredResult::new(Some(questions), Some("where".into())).into())
            }
            ("ask", Some(state), Some(answers)) if state == "where" => {
                let town = answers["q"]["content"]["town"].as_str().unwrap_or("nowhere").to_owned();
                Ok(CallToolResult::success(vec![ContentBlock::text(town)]).into())
            }
            _ => Ok(CallToolResult::success(vec![ContentBlock::text(self.name.clone())]).into()),
        }
    }
}

impl TestServer {
    fn new(name: &str) -> (Self, Events) {
        let (events, seen) = mpsc::unbounded_channel();
        (Self { name: name.to_owned(), events }, seen)
    }

    /// Over HTTP, in both eras.
    async fn serve_http(self, id: &str) -> ServerConfig {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/mcp", listener.local_addr().unwrap());
        let config = StreamableHttpServerConfig::default();
        let service =
            StreamableHttpService::new(move || Ok(self.clone()), Arc::new(LocalSessionManager::default()), config);
        let router = Router::new().route_service("/mcp", service);
        tokio::spawn(async move { axum::serve(listener, router).await });
        ServerConfig::new(id.to_owned().try_into().unwrap(), url.parse().unwrap())
    }
}

/// This test binary, as a program that is a server.
fn program(id: &str) -> CommandConfig {
    let mut config = CommandConfig::new(id.to_owned().try_into().unwrap(), std::env::current_exe().unwrap());
    config.args = ["servers::the_program", "--exact", "--nocapture"].map(str::to_owned).to_vec();
    config.settings.insert(PROGRAM.to_owned(), id.to_owned());
    config
}

/// Not a test: what [`program`] starts.
#[tokio::test]
async fn the_program() {
    let Ok(name) = std::env::var(PROGRAM) else { return };
    // the test runner has begun a line of its own
    io::stdout().write_all(b"\n").unwrap();
    let (says, _events) = TestServer::new(&name);
    let transport = rmcp::transport::stdio();
    let _ = says.serve(transport).await.unwrap().waiting().await;
}

fn boundary(servers: Vec<ServerConfig>, commands: Vec<CommandConfig>) -> Boundary {
    let ids: Vec<ServerId> =
        servers.iter().map(|server| &server.id).chain(commands.iter().map(|command| &command.id)).cloned().collect();
    let rule = |id: &ServerId, tool: &str| {
        (
            ToolName::of_server(id, tool).unwrap(),
            ToolRule::new(Effect::Read, ScopeSet::new()).other_arguments(UnlistedArguments::Allow),
        )
    };
    let tools = ids.iter().flat_map(|id| TOOLS.map(|tool| rule(id, tool))).collect();
    let http = servers.into_iter().map(|server| (server.id.clone(), server)).collect();
    let commands = commands.into_iter().map(|command| (command.id.clone(), command)).collect();
    Boundary::new(PolicySpec { tools, ..PolicySpec::default() }, Servers { http, commands }).unwrap()
}

async fn call(boundary: &Boundary, tools: &Toolbox, tool: &str) -> (ToolOutcome, Episode) {
    let runtime = Runtime::builder().lm(Arc::new(NoModel::default())).boundary(boundary.clone()).build();
    let call = ToolCall { tool: tool.to_owned().try_into().unwrap(), arguments: Map::new() };
    let run = runtime.run(&OneCall(tools.clone()), call).await;
    (run.outcome.unwrap(), run.episode)
}

async fn said(boundary: &Boundary, tools: &Toolbox, tool: &str) -> Value {
    let (outcome, episode) = call(boundary, tools, tool).await;
    assert_eq!(episode.events, []);
    let ToolOutcome::Replied { observation } = outcome else { panic!("{outcome:?}") };
    observation["result"].clone()
}

#[tokio::test]
async fn servers_with_the_same_tools_are_told_apart_by_our_names_for_them() {
    let (one, _one) = TestServer::new("the first");
    let (two, _two) = TestServer::new("the second");
    let boundary = boundary(vec![one.serve_http("one").await, two.serve_http("two").await], vec![program("three")]);
    let tools = Toolbox::connect(&boundary).await.unwrap();
    let names: Vec<_> = tools.specs().iter().map(|spec| spec.name.as_str()).collect();
    assert_eq!(
        names,
        ["one.ask", "one.say", "one.wait", "three.ask", "three.say", "three.wait", "two.ask", "two.say", "two.wait"]
    );
    assert_eq!(said(&boundary, &tools, "one.say").await, "the first");
    assert_eq!(said(&boundary, &tools, "two.say").await, "the second");
    assert_eq!(said(&boundary, &tools, "three.say").await, "three");
}

#[tokio::test]
async fn a_server_sees_that_nobody_waits_any_more() {
    for protocol in [Protocol::Auto, Protocol::Initialize] {
        let (says, mut events) = TestServer::new("patient");
        let mut config = says.serve_http("s").await;
        config.protocol = protocol;
        let boundary = boundary(vec![config], Vec::new());
        let tools = Toolbox::connect(&boundary).await.unwrap();
        let mut pending = Box::pin(call(&boundary, &tools, "s.wait"));
        tokio::select! {
            _ = &mut pending => panic!("it waits for ever"),
            event = events.recv() => assert_eq!(event, Some("waiting")),
        }
        drop(pending);
        let event = tokio::time::timeout(Duration::from_secs(20), events.recv()).await;
        assert_eq!(event.unwrap(), Some("cancelled"), "{protocol:?}");
    }
}

#[tokio::test]
async fn questions_are_answered_by_policy_over_both_transports() {
    let (says, _events) = TestServer::new("curious");
    let mut http = says.serve_http("http").await;
    let mut command = program("program");
    let servers = (vec![http.clone()], vec![command.clone()]);
    let declining = boundary(servers.0, servers.1);
    let tools = Toolbox::connect(&declining).await.unwrap();
    for tool in ["http.ask", "program.ask"] {
        let (outcome, _) = call(&declining, &tools, tool).await;
        assert!(matches!(outcome, ToolOutcome::Refused { .. }), "{outcome:?}");
    }
    (http.input, command.input) = (InputPolicy::Defaults, InputPolicy::Defaults);
    let answering = boundary(vec![http], vec![command]);
    let tools = Toolbox::connect(&answering).await.unwrap();
    for tool in ["http.ask", "program.ask"] {
        assert_eq!(said(&answering, &tools, tool).await, "Ulm");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn what_a_program_complains_about_goes_to_the_log_without_secrets_and_blocks_nobody() {
    let log = LogCapture::start("abide=debug");
    // before it answers it writes more than a pipe holds, and more than is logged
    let chatty = r#"
        answer() { echo "{\"jsonrpc\":\"2.0\",\"id\":$id,$1}"; }
        block=0123456789abcdef; for i in 1 2 3 4 5 6 7 8 9 10; do block=$block$block; done
        echo "my key is $KEY" >&2
        for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do echo $block >&2; done
        while read -r line; do
            id=${line#*\"id\":}; id=${id%%,*}; id=${id%%\}*}
            case "$line" in
                *'"method":"server/discover"'*) answer '"error":{"code":-32601,"message":"no"}' ;;
                *'"method":"initialize"'*) answer '"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"sh","version":"1"}}' ;;
                *'"method":"tools/list"'*) answer '"result":{"tools":[{"name":"say","inputSchema":{"type":"object"}},{"name":"wait","inputSchema":{"type":"object"}},{"name":"ask","inputSchema":{"type":"object"}}]}' ;;
            esac
        done
    "#;
    let mut config = CommandConfig::new("sh".to_owned().try_into().unwrap(), PathBuf::from("/bin/sh"));
    config.args = vec!["-c".to_owned(), chatty.to_owned()];
    config.env.insert("KEY".to_owned(), Secret::new("a-key-of-the-server".to_owned()));
    let tools = Toolbox::connect(&boundary(Vec::new(), vec![config])).await.unwrap();
    assert_eq!(tools.specs().len(), 3);
    let text = log.take();
    assert!(text.contains("my key is [redacted]"), "{}", text.chars().take(2_000).collect::<String>());
    assert!(!text.contains("a-key-of-the-server"));
    assert!((64 * 1024..512 * 1024).contains(&text.len()), "{}", text.len());
}

#[tokio::test]
async fn a_rule_for_an_argument_that_the_tool_does_not_take_is_an_error_where_they_meet() {
    let testbed = Testbed::start(Options::default()).await.unwrap();
    let rules = support::rules().replace("arguments.issue =", "arguments.issues =");
    let Err(error) = Toolbox::connect(&support::boundary(&testbed, &rules)).await else { unreachable!("connected") };
    let ToolboxError::NoSuchArgument { tool, argument, hint } = &error else { unreachable!("{error:?}") };
    assert_eq!((tool.server(), argument.as_str()), (Some("crm"), "issues"));
    assert!(hint.contains("customer_id, issue") && error.to_string().contains(hint), "{error}");
}
