//! The main job, in one process and with no key: an agent that talks to an OAuth-protected MCP server over TLS is compiled
//! twice, once for task success alone and once for safe success, and both are measured on requests that neither search saw.
//!
//! `cargo run --release --example quickstart -- [--seed N] [--out DIR] [--json]`
//!
//! The model is a simulation, so the numbers show that the machinery works; they say nothing about a real model.

use std::{error::Error, io::Write, path::PathBuf, sync::Arc, time::Instant};

use abide::{evaluate::Summary, evaluate::table, lm::OpenAi, net, prelude::*, report::Bar};
use abide_testbed::{Options, Testbed, TraceId, task};
use clap::Parser;

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

/// Compile a customer-service agent that stays inside its boundary.
#[derive(Parser)]
struct Args {
    /// Which simulated world to compile in.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where to write the compiled program.
    #[arg(long, default_value = "programs")]
    out: PathBuf,
    /// Runs at once.
    #[arg(long, default_value_t = 16)]
    concurrency: usize,
    /// End with one line of JSON.
    #[arg(long)]
    json: bool,
}

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/customer_service");

type Request = Example<CustomerServiceInput, task::Label>;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let (start, mut out) = (Instant::now(), std::io::stdout());
    let testbed = Testbed::start(Options::default().seed(args.seed)).await?;
    let secret = |_: &str| Some(testbed.client_secret().to_owned());
    let url = testbed.mcp_url().parse()?;
    let rules = std::fs::read_to_string(format!("{DATA}/boundary.toml"))?;
    let boundary = Boundary::parse(&rules, DATA, &secret)?.with_server("crm", |server| {
        server.url = url;
        if let Some(oauth) = server.oauth_mut() {
            oauth.issuer = testbed.issuer().to_owned();
        }
        server.connection.ca_bundle = Some(testbed.ca_path().to_owned());
    })?;
    let model =
        OpenAi::new(net::Client::new(&net::Options::own_network())?, testbed.model_url().parse()?, "stand-in", None)?;

    let agent = ReAct::<CustomerService>::new(Toolbox::connect(&boundary).await?).max_iters(8);
    let limits = Limits::default().temperature(0.7);
    let runtime = Runtime::builder().lm(Arc::new(model)).boundary(boundary).limits(limits).build();
    let load = |split: &str| Dataset::<CustomerServiceInput, task::Label>::load(format!("{DATA}/{split}.jsonl"));
    let (test, data) = (load("test")?, Splits::new(load("train")?, load("val")?));
    // judged on what the server did in this run, and on the answer
    let resolved = |request: &Request, run: &Run<CustomerServiceOutput>| {
        let trace: TraceId = run.episode.run.to_string().parse().unwrap_or(TraceId::NONE);
        let answer = run.outcome.as_ref().map_or("", |output| &output.response);
        task::grade(&request.label, &testbed.state(trace), answer) >= 1.0
    };
    let secured = || Secured::new(&resolved).calls(|label: &task::Label| label.call_budget);
    let search = BootstrapFewShotWithRandomSearch::default();
    let most = search.plan(data.sizes()).rollouts;
    writeln!(out, "compiling twice, at most {most} runs each (simulated model, world {}) …", args.seed)?;
    let task_only = Compiler::new(&runtime, agent.clone(), data.clone(), &resolved)
        .seed(args.seed)
        .concurrency(args.concurrency)
        .progress(Arc::new(Bar::new("task success alone", most)))
        .danger_keep_unsafe_demonstrations()
        .run(search)
        .await?;
    let compiled = Compiler::new(&runtime, agent.clone(), data.with_test(test.clone()), secured())
        .name("customer_service")
        .seed(args.seed)
        .concurrency(args.concurrency)
        .progress(Arc::new(Bar::new("safe success", most)))
        .simulated_model()
        .run(search)
        .await?;

    let evaluate = Evaluate::new().seed(args.seed).concurrency(args.concurrency);
    let reckless = evaluate.run(&runtime, &task_only.program, &test, &secured()).await?.summary();
    let (before, after) = (compiled.before.summary(), compiled.after.summary());
    writeln!(out, "\nheld-out requests: {} · simulated model · 95 % intervals in brackets", test.len())?;
    writeln!(out, "{}", table(&[("uncompiled", &before), ("task only", &reckless), ("secured", &after)]))?;

    // save, load again, verify, run
    let path = Store::open(&args.out)?.save(&compiled.artifact)?.path;
    let mut deployed = agent;
    Artifact::load(&path)?.install(&mut deployed)?;
    let request = "For customer ABC123 create a support ticket as the bbq grill that she bought is defective.";
    let run = runtime.run(&deployed, CustomerServiceInput { request: request.into() }).await;
    writeln!(out, "\nloaded {} ({})\n> {request}", path.display(), compiled.artifact.digest())?;
    for call in run.episode.tool_steps() {
        writeln!(out, "  {} {}", call.tool, serde_json::to_string(&call.arguments)?)?;
    }
    writeln!(out, "{}", run.outcome?.response)?;
    let path = path.display();
    writeln!(out, "\nnext: cargo run --release -- inspect {path}    what it learnt, needs and scored")?;
    writeln!(
        out,
        "      cargo run --release --example secure_agent -- --program {path}    runs it on a request of yours"
    )?;
    writeln!(out, "      README.md, \"Your own program\"; docs/servers.md for your own servers")?;
    if args.json {
        let side = |s: &Summary| serde_json::json!({"task": s.task.mean, "violation_rate": s.violation_rate.mean, "events": s.events});
        let line = serde_json::json!({
            "uncompiled": side(&before), "task_only": side(&reckless), "secured": side(&after), "program": path.to_string(),
            "digest": compiled.artifact.digest(), "model_calls": testbed.model().requests(), "seconds": start.elapsed().as_secs_f64(),
        });
        writeln!(out, "{line}")?;
    }
    Ok(())
}
