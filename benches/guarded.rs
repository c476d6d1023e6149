//! What a guarded call of an MCP tool costs on top of the same call through the protocol library alone, in CPU time of the client.
//!
//! `cargo bench --bench guarded`; see `benches/README.md`.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a bench")]

use std::{process::ExitCode, sync::Arc, time::Duration};

use abide::{
    async_trait,
    call::ToolCall,
    id::ModelId,
    lm::{LmError, LmReply, LmRequest},
    prelude::*,
    runtime::{CallError, Cx},
    tool::ToolOutcome,
};
use abide_benches::{Verdict, is_measuring, on_cpu, say};
use abide_testbed::{Options, Testbed};
use rmcp::{
    RoleClient,
    model::{CallToolRequestParams, ClientCapabilities, ClientConfig, Implementation, ProtocolVersion},
    service::{ClientLifecycleMode, ClientServiceExt, RunningService},
    transport::streamable_http_client::{StreamableHttpClientTransport, StreamableHttpClientTransportConfig},
};
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use serde_json::{Map, Value, json};

const THREAD: &str = "/proc/thread-self";
const BAR: f64 = 25.0;
/// Calls of one run, as a program would make them.
const CALLS: usize = 8;
const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/data/customer_service");
/// Rules of each kind, so that every check has something to do.
const RULES: &str = r#"
[servers.crm]
url = "https://crm.example.com/mcp"
issuer = "https://login.example.com"
client_id = "support-agent"
client_secret_env = "CRM_CLIENT_SECRET"

[tools."crm.get_customer_info"]
scopes = ["customer:read"]
effect = "read"
distinct = { argument = "customer_id", max = 3 }
arguments.customer_id = { pattern = "[A-Z]{3}[0-9]{3}", from = ["input"] }

[limits]
rate = "1000000/s"
"#;

/// Looks customers up.
struct LookUps(Toolbox);

/// Is never asked.
struct Nobody(ModelId);

type Bare = RunningService<RoleClient, ClientConfig>;

fn main() -> ExitCode {
    let client = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // the servers have threads of their own, so the time of this thread is the client's
    let servers = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let options = Options::default().burst(u32::MAX).calls_per_second(1_000_000);
    let testbed = servers.block_on(Testbed::start(options)).unwrap();
    let rounds = if is_measuring() { 3_000 } else { 1 };
    let (bare, guarded) = client.block_on(async {
        let (service, boundary) = (bare(&testbed).await, boundary(&testbed));
        let (runtime, program) = (runtime(&boundary), LookUps(Toolbox::connect(&boundary).await.unwrap()));
        let mut times = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            times.0.push(bare_calls(&service).await);
            times.1.push(guarded_calls(&runtime, &program).await);
        }
        (first_decile(times.0), first_decile(times.1))
    });
    if !is_measuring() {
        return ExitCode::SUCCESS;
    }
    let mut verdict = Verdict::default();
    verdict.number("one guarded MCP call, on top of the protocol library's own", guarded - bare, "µs CPU", ..=BAR);
    say(&format!("  (guarded: {guarded:.1} µs CPU a call, a run for every {CALLS} included; bare: {bare:.1} µs CPU)"));
    verdict.exit_code()
}

fn boundary(testbed: &Testbed) -> Boundary {
    let boundary = Boundary::parse(RULES, DATA, &|_| Some(testbed.client_secret().to_owned())).unwrap();
    let boundary = boundary.with_server("crm", |server| {
        server.url = testbed.mcp_url().parse().unwrap();
        if let Some(oauth) = server.oauth_mut() {
            oauth.issuer = testbed.issuer().to_owned();
        }
        server.connection.ca_bundle = Some(testbed.ca_path().to_owned());
    });
    boundary.unwrap()
}

fn runtime(boundary: &Boundary) -> Runtime {
    let nobody = Arc::new(Nobody(ModelId("nobody".to_owned())));
    Runtime::builder().lm(nobody).boundary(boundary.clone()).audit(Audit::memory().0).build()
}

/// The protocol library with its own HTTP client, and a token from the same issuer.
async fn bare(testbed: &Testbed) -> Bare {
    let http = reqwest::Client::builder().tls_backend_preconfigured(tls(testbed)).no_proxy().build().unwrap();
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", testbed.client_id()),
        ("client_secret", testbed.client_secret()),
        ("resource", testbed.mcp_url()),
    ];
    let granted = http.post(format!("{}/token", testbed.issuer())).form(&form).send().await.unwrap();
    let granted: Value = granted.json().await.unwrap();
    let token = granted["access_token"].as_str().unwrap_or_else(|| panic!("no token: {granted}"));
    let config = StreamableHttpClientTransportConfig::with_uri(testbed.mcp_url()).auth_header(token);
    let mode = ClientLifecycleMode::Auto {
        preferred_versions: vec![ProtocolVersion::V_2026_07_28],
        legacy_version: Some(ProtocolVersion::V_2025_11_25),
    };
    ClientConfig::new(ClientCapabilities::default(), Implementation::new("bare", "1"))
        .serve_with_lifecycle(StreamableHttpClientTransport::with_client(http, config), mode)
        .await
        .unwrap()
}

fn tls(testbed: &Testbed) -> rustls::ClientConfig {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(testbed.ca_pem().as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

/// The CPU time of one call, in microseconds.
async fn bare_calls(service: &Bare) -> f64 {
    let start = on_cpu(THREAD);
    for nth in 0..CALLS {
        let params = CallToolRequestParams::new("get_customer_info").with_arguments(arguments(nth));
        let result = service.call_tool(params).await.unwrap();
        assert!(result.structured_content.is_some_and(|content| content.is_object()));
    }
    each(on_cpu(THREAD) - start)
}

/// The same calls in a run of a program.
async fn guarded_calls(runtime: &Runtime, program: &LookUps) -> f64 {
    let input = |nth: usize| arguments(nth)["customer_id"].as_str().unwrap().to_owned();
    let ids = format!("{}, {}", input(0), input(1));
    let start = on_cpu(THREAD);
    let run = runtime.run(program, ids).await;
    assert!(run.outcome.is_ok(), "{:?}", run.outcome);
    each(on_cpu(THREAD) - start)
}

fn arguments(nth: usize) -> Map<String, Value> {
    let id = ["ABC123", "ACC914"][nth % 2];
    [("customer_id".to_owned(), json!(id))].into_iter().collect()
}

fn each(took: Duration) -> f64 {
    took.as_secs_f64() * 1e6 / CALLS as f64
}

/// What disturbs a round, such as a neighbour on the same core, only makes it longer.
fn first_decile(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 10]
}

impl Module for LookUps {
    type Input = String;
    type Output = ();

    async fn forward(&self, cx: &Cx, _: String) -> Result<(), CallError> {
        for nth in 0..CALLS {
            let call =
                ToolCall { tool: "crm.get_customer_info".to_owned().try_into().unwrap(), arguments: arguments(nth) };
            match self.0.call(cx, call).await {
                ToolOutcome::Replied { observation } if observation["result"].is_object() => {}
                other => panic!("{other:?}"),
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Lm for Nobody {
    fn model(&self) -> &ModelId {
        &self.0
    }

    async fn complete(&self, _: &LmRequest) -> Result<LmReply, LmError> {
        panic!("nobody is asked")
    }
}
