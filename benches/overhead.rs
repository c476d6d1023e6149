//! What the framework itself costs, in CPU time: around one model call, and around an agent's tool calls.
//!
//! `cargo bench --bench overhead`; see `benches/README.md`.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a bench")]

use std::{
    cell::RefCell,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use abide::{
    async_trait,
    id::ModelId,
    lm::{LmError, LmReply, LmRequest},
    net::{self, Request},
    prelude::*,
};
use abide_benches::{Verdict, is_measuring, on_cpu, say};
use abide_testbed::{Options, Testbed, trace::TraceId};
use criterion::{Criterion, SamplingMode};
use http::{HeaderMap, HeaderValue, header};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

/// Handle customer service requests using the available tools.
#[derive(Signature)]
struct CustomerService {
    /// Customer service request
    #[input(max_chars = 2_000)]
    request: String,
    /// Helpful customer service response
    #[output(max_chars = 2_000)]
    response: String,
}

/// A model in this process that says its lines in turn, at once.
struct Script {
    id: ModelId,
    lines: Vec<String>,
    next: AtomicUsize,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Customer {
    customer_id: String,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Account {
    customer_id: String,
    amounts: Vec<f64>,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Ticket {
    customer_id: String,
    issue: String,
}

type Agent = ReAct<CustomerService>;

const THREAD: &str = "/proc/thread-self";
const SAMPLES: usize = 30;
const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/data/customer_service");
const REQUEST: &str =
    "Create a support ticket for customer ABC123: the kettle is broken. And what do 12.50, 30 and 7.25 add up to?";
const CALLS: [&str; 3] = ["get_customer_info", "calculate_account_value", "create_support_ticket"];
const RULES: &str = r#"
[tools.get_customer_info]
scopes = []
effect = "read"
distinct = { argument = "customer_id", max = 2 }
arguments.customer_id = { pattern = "[A-Z]{3}[0-9]{3}", from = ["input"] }

[tools.calculate_account_value]
scopes = []
effect = "read"
max_calls = 2
arguments.customer_id = { pattern = "[A-Z]{3}[0-9]{3}", from = ["input"] }
arguments.amounts = {}

[tools.create_support_ticket]
scopes = []
effect = "write"
max_calls = 2
arguments.customer_id = { pattern = "[A-Z]{3}[0-9]{3}", from = ["input"] }
arguments.issue = { max_chars = 500 }

[limits]
tool_calls = 6
rate = "1000000/s"
"#;

#[async_trait]
impl Lm for Script {
    fn model(&self) -> &ModelId {
        &self.id
    }

    async fn complete(&self, _: &LmRequest) -> Result<LmReply, LmError> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % self.lines.len();
        Ok(LmReply::new(self.lines[turn].clone()))
    }
}

fn main() -> ExitCode {
    let mut criterion = Criterion::default().configure_from_args();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let predict = predict(&mut criterion, &runtime);
    let functions = functions(&mut criterion, &runtime);
    // the servers have a thread of their own, so the time of this thread is the client's
    let servers = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let testbed = servers.block_on(Testbed::start(Options::default().calls_per_second(1_000_000))).unwrap();
    let raw = raw(&mut criterion, &runtime, &testbed);
    let served = served(&mut criterion, &runtime, &testbed);
    criterion.final_summary();
    if !is_measuring() {
        return ExitCode::SUCCESS;
    }
    let mut verdict = Verdict::default();
    if let Some(predict) = predict {
        verdict.number("one Predict call, model in this process", predict, "µs CPU", ..=30.0);
    }
    if let Some(functions) = functions {
        verdict.number("one ReAct episode, three guarded Rust functions", functions, "µs CPU", ..=700.0);
    }
    if let (Some(raw), Some(served)) = (raw, served) {
        let what = "one ReAct episode, three guarded MCP calls over TLS, on top of raw HTTP";
        verdict.number(what, served - raw, "µs CPU", ..=700.0);
        say(&format!(
            "  (the episode: {served:.1} µs CPU; three raw HTTP exchanges with the same server: {raw:.1} µs CPU)"
        ));
    }
    verdict.exit_code()
}

fn predict(criterion: &mut Criterion, runtime: &tokio::runtime::Runtime) -> Option<f64> {
    let program = Predict::<CustomerService>::new();
    let reply = format!("{}\n\n[[ ## completed ## ]]", field("response", "The ticket is open."));
    measure(criterion, runtime, "predict", async |times| {
        let abide = world(&Boundary::parse(RULES, DATA, &|_| None).unwrap(), vec![reply.clone()]);
        episodes(&abide, &program, times).await
    })
}

fn functions(criterion: &mut Criterion, runtime: &tokio::runtime::Runtime) -> Option<f64> {
    let known = async |customer: Customer| {
        Ok::<_, String>(json!({ "customer_id": customer.customer_id, "name": "Ann Example", "tier": "gold" }))
    };
    let total = async |account: Account| {
        let total: f64 = account.amounts.iter().sum();
        Ok::<_, String>(json!({ "customer_id": account.customer_id, "total": total, "count": account.amounts.len() }))
    };
    let opened = async |ticket: Ticket| {
        Ok::<_, String>(json!({ "customer_id": ticket.customer_id, "ticket_id": "TCK-1", "issue": ticket.issue }))
    };
    let tools = Toolbox::new()
        .with(Function::new(CALLS[0], "Looks a customer up.", known).unwrap())
        .with(Function::new(CALLS[1], "Adds amounts up.", total).unwrap())
        .with(Function::new(CALLS[2], "Files a ticket.", opened).unwrap());
    let agent = Agent::new(tools);
    measure(criterion, runtime, "react_functions", async |times| {
        let abide = world(&Boundary::parse(RULES, DATA, &|_| None).unwrap(), lines(""));
        episodes(&abide, &agent, times).await
    })
}

fn served(criterion: &mut Criterion, runtime: &tokio::runtime::Runtime, testbed: &Testbed) -> Option<f64> {
    let rules = std::fs::read_to_string(format!("{DATA}/boundary.toml")).unwrap().replace("2000/s", "1000000/s");
    let boundary = Boundary::parse(&rules, DATA, &|_| Some(testbed.client_secret().to_owned())).unwrap();
    let boundary = boundary.with_server("crm", |server| {
        server.url = testbed.mcp_url().parse().unwrap();
        if let Some(oauth) = server.oauth_mut() {
            oauth.issuer = testbed.issuer().to_owned();
        }
        server.connection.ca_bundle = Some(testbed.ca_path().to_owned());
    });
    let boundary = boundary.unwrap();
    let agent = Agent::new(runtime.block_on(Toolbox::connect(&boundary)).unwrap());
    measure(criterion, runtime, "react_mcp_tls", async |times| {
        episodes(&world(&boundary, lines("crm.")), &agent, times).await
    })
}

/// The same three calls with nothing around them but HTTP and TLS.
fn raw(criterion: &mut Criterion, runtime: &tokio::runtime::Runtime, testbed: &Testbed) -> Option<f64> {
    let client = net::Client::new(&net::Options::own_network().ca_bundle(Some(testbed.ca_path().to_owned()))).unwrap();
    let token = runtime.block_on(token(&client, testbed));
    let mut run = 0_u128;
    measure(criterion, runtime, "raw_http_tls", async |times| {
        let start = on_cpu(THREAD);
        for _ in 0..times {
            run += 1;
            for (tool, arguments) in CALLS.into_iter().zip(arguments()) {
                let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": tool, "arguments": arguments } });
                let mut request = Request::post(testbed.mcp_url().parse().unwrap(), message.to_string());
                request.headers = headers(&token, run);
                let reply = client.send(request).await.unwrap();
                let body: Value = serde_json::from_slice(&reply.body).unwrap();
                assert!(body["result"]["structuredContent"].is_object(), "{body}");
            }
        }
        assert_eq!(testbed.state(format!("{run:032x}").parse::<TraceId>().unwrap()).tickets.len(), 1);
        on_cpu(THREAD) - start
    })
}

async fn token(client: &net::Client, testbed: &Testbed) -> String {
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}&resource={}",
        testbed.client_id(),
        testbed.client_secret(),
        testbed.mcp_url(),
    );
    let mut request = Request::post(format!("{}/token", testbed.issuer()).parse().unwrap(), form);
    request.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    let reply = client.send(request).await.unwrap();
    let granted: Value = serde_json::from_slice(&reply.body).unwrap();
    granted["access_token"].as_str().unwrap_or_else(|| panic!("no token: {granted}")).to_owned()
}

fn headers(token: &str, run: u128) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
    headers.insert(header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
    headers.insert("mcp-protocol-version", HeaderValue::from_static("2025-11-25"));
    headers.insert("traceparent", format!("00-{run:032x}-00000000000000aa-01").parse().unwrap());
    headers
}

/// A runtime over a script, with an audit in memory.
fn world(boundary: &Boundary, lines: Vec<String>) -> Runtime {
    let script = Script { id: ModelId("script".to_owned()), lines, next: AtomicUsize::new(0) };
    Runtime::builder().lm(Arc::new(script)).boundary(boundary.clone()).audit(Audit::memory().0).build()
}

/// The CPU time of some runs one after the other, after one that does what is done once.
async fn episodes<P>(runtime: &Runtime, program: &P, times: u64) -> Duration
where
    P: Program<Input = CustomerServiceInput, Output = CustomerServiceOutput>,
{
    let input = || CustomerServiceInput { request: REQUEST.to_owned() };
    let first = runtime.run(program, input()).await;
    assert_eq!(first.episode.events, [], "{:?}", first.outcome);
    let start = on_cpu(THREAD);
    for _ in 0..times {
        assert!(runtime.run(program, input()).await.outcome.is_ok());
    }
    on_cpu(THREAD) - start
}

/// What an agent's model says in one episode.
fn lines(server: &str) -> Vec<String> {
    let step = |tool: &str, arguments: &Value| {
        let [thought, tool, arguments] =
            [field("thought", "The next step."), field("tool", tool), field("arguments", &arguments.to_string())];
        format!("{thought}\n\n{tool}\n\n{arguments}\n\n[[ ## completed ## ]]")
    };
    let calls =
        CALLS.into_iter().zip(arguments()).map(|(tool, arguments)| step(&format!("{server}{tool}"), &arguments));
    calls.chain([step("finish", &json!({ "response": "The ticket is open, and the total is 49.75." }))]).collect()
}

fn arguments() -> [Value; 3] {
    [
        json!({ "customer_id": "ABC123" }),
        json!({ "customer_id": "ABC123", "amounts": [12.5, 30, 7.25] }),
        json!({ "customer_id": "ABC123", "issue": "the kettle is broken" }),
    ]
}

fn field(name: &str, value: &str) -> String {
    format!("[[ ## {name} ## ]]\n{value}")
}

/// The median of the CPU time of one time, in microseconds; none if it was not asked for. `batch` does something some times and says
/// what that took.
fn measure(
    criterion: &mut Criterion,
    runtime: &tokio::runtime::Runtime,
    name: &str,
    mut batch: impl AsyncFnMut(u64) -> Duration,
) -> Option<f64> {
    let each = RefCell::new(Vec::new());
    let mut group = criterion.benchmark_group("overhead");
    group.sampling_mode(SamplingMode::Flat).sample_size(SAMPLES).measurement_time(Duration::from_secs(4));
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|times| {
            let took = runtime.block_on(batch(times));
            each.borrow_mut().push(took.as_secs_f64() * 1e6 / times as f64);
            took
        });
    });
    group.finish();
    // the first ones were warming up
    let each = each.into_inner();
    let mut last: Vec<f64> = each.into_iter().rev().take(SAMPLES).collect();
    last.sort_by(f64::total_cmp);
    last.get(last.len() / 2).copied()
}
