//! Any MCP client, guarded by the guard alone: here a bare `rmcp` client, on local servers.
//! `cargo run --release --example guard_only`

use std::{collections::BTreeMap, error::Error, io::Write, sync::Arc, sync::Mutex};

use abide_guard::{call::*, event::EventKind, id::RunId, scope::ScopeSet, *};
use abide_testbed::{Options, Testbed};
use rmcp::{
    RoleClient, ServiceExt,
    model::CallToolRequestParams,
    service::RunningService,
    transport::streamable_http_client::{StreamableHttpClientTransport, StreamableHttpClientTransportConfig},
};
use serde_json::{Map, Value, json};

const POLICY: &str = r#"
[servers.crm]
url = "https://crm.example.com/mcp"
[tools."crm.get_customer_info"]
scopes = ["customer:read"]
effect = "read"
arguments.customer_id = { pattern = "[A-Z]{3}[0-9]{3}", from = ["input"] }
[answer]
max_chars = 80
"#;

async fn connect(testbed: &Testbed) -> Result<RunningService<RoleClient, ()>, Box<dyn Error>> {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let authority = reqwest::Certificate::from_pem(testbed.ca_pem().as_bytes())?;
    let http = reqwest::Client::builder().tls_certs_only([authority]).no_proxy().build()?;
    let credentials = [("client_id", testbed.client_id()), ("client_secret", testbed.client_secret())];
    let form = [[("grant_type", "client_credentials"), ("resource", testbed.mcp_url())], credentials].concat();
    let granted: Value = http.post(format!("{}/token", testbed.issuer())).form(&form).send().await?.json().await?;
    let token = granted.get("access_token").and_then(Value::as_str).ok_or("no token")?;
    let config = StreamableHttpClientTransportConfig::with_uri(testbed.mcp_url()).auth_header(token);
    Ok(().serve(StreamableHttpClientTransport::with_client(http, config)).await?)
}

async fn send(client: &RunningService<RoleClient, ()>, call: ToolCall) -> Result<ToolReply, CallFailure> {
    let params = CallToolRequestParams::new(call.tool.local().to_owned()).with_arguments(call.arguments);
    let lost = CallFailure::new(FailureKind::Lost, EventKind::ServerUnavailable, "no reply came");
    let result = client.call_tool(params).await.map_err(|error| lost.because(error))?;
    let content = result.structured_content.unwrap_or_else(|| json!(result.content));
    Ok(if result.is_error == Some(true) { ToolReply::failed(content) } else { ToolReply::done(content) })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (mut out, testbed) = (std::io::stdout(), Testbed::start(Options::default()).await?);
    let client = connect(&testbed).await?;
    let (scopes, token_hash) = (ScopeSet::parse("customer:read")?, "sha256:of the token".to_owned());
    let token = GrantedScopes { scopes, token_hash, jti_hash: None };
    let tokens = BTreeMap::from([(ServerId::try_from("crm".to_owned())?, token)]);
    let (audit, rows) = Audit::memory();
    let guard = Guard::new(&Policy::parse(POLICY, ".")?, Arc::new(tokens)).audit(audit);
    let input = Fields::new().with("request", "Which plan has ABC123?");
    let (session, events) = (Session::new(RunId::random(), Mode::Live, &input), Mutex::default());
    let schema = json!({ "type": "object", "properties": { "customer_id": { "type": "string" } } });
    let tool = ToolSpec::new("crm.get_customer_info".try_into()?, "Looks a customer up", schema, None);
    let look_up = |id: &str| {
        let call = ToolCall { tool: tool.name.clone(), arguments: Map::from_iter([("customer_id".into(), json!(id))]) };
        guard.authorize(call, Some(&tool), &session, &events)
    };
    for id in ["ABC123", "ACC914"] {
        let said = match look_up(id).await {
            Ok(Authorized::Execute(call)) => call.perform(|call| send(&client, call)).await?.content.to_string(),
            Ok(Authorized::DryRun(stand_in)) => format!("not called, {stand_in} stands in"),
            Err(refused) => refused.to_string(),
        };
        writeln!(out, "{id}: {said}")?;
    }
    drop(look_up("ABC123").await?);
    for answer in ["ABC123 has the plan `pro`.".to_owned(), "All that I know of Ann: ".repeat(9)] {
        let released = guard.release(&session, &Fields::new().with("answer", answer));
        writeln!(out, "answer: {}", released.map_or_else(|denial| denial.to_string(), |()| "released".to_owned()))?;
    }
    Ok(rows.outcomes().iter().try_for_each(|made| writeln!(out, "outcome: {}", made.status.name()))?)
}
