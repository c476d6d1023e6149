//! The agent of `quickstart.rs` against your own servers and model, to run a compiled program or to see what an uncompiled one does.
//!
//! `cargo run --release --example secure_agent -- [BOUNDARY.toml] [--program FILE] [--audit FILE] [REQUEST]`
//!
//! Without a boundary and without `ABIDE_MODEL` it starts local servers and a simulated model, and needs no network.

use std::{error::Error, io::Write, path::PathBuf, process::ExitCode, sync::Arc};

use abide::{lm::openai::OpenAi, net, prelude::*, security::BoundaryError};
use abide_testbed::{Options, Testbed};
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

const BOUNDARY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/customer_service/boundary.toml");
const REQUEST: &str = "For customer ABC123 create a support ticket as the bbq grill that she bought is defective.";

/// Answer one customer service request inside a boundary.
///
/// Without a boundary and without ABIDE_MODEL, local servers and a simulated model are started.
#[derive(Parser)]
#[command(after_help = "Environment:
  ABIDE_MODEL        the model, as openai/NAME or anthropic/NAME
  OPENAI_API_KEY     its key; ANTHROPIC_API_KEY for anthropic/NAME
  ABIDE_BASE_URL     another server that speaks the same API; may need no key
  and the variables that the boundary file names in `client_secret_env`")]
struct Args {
    /// Boundary file, ends in `.toml`; by default that of the example data
    #[arg(value_name = "BOUNDARY.toml")]
    boundary: Option<String>,
    /// What the customer wants; by default a ticket for a broken grill
    request: Option<String>,
    /// Compiled program to load; without one the agent is as written
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// File to append each decision of the guard to
    #[arg(long, value_name = "FILE")]
    audit: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match answer(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn answer(args: Args) -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout();
    let (file, request) = match (args.boundary, args.request) {
        (Some(request), None) if !request.ends_with(".toml") => (None, Some(request)),
        given => given,
    };
    let offline = file.is_none() && std::env::var_os("ABIDE_MODEL").is_none();
    let testbed = if offline { Some(Testbed::start(Options::default()).await?) } else { None };
    let (boundary, model): (_, Arc<dyn Lm>) = match &testbed {
        Some(testbed) => {
            writeln!(out, "`ABIDE_MODEL` is not set: using local servers and a simulated model, see --help\n")?;
            let model_url = testbed.model_url().parse()?;
            let model = OpenAi::new(net::Client::new(&net::Options::default())?, model_url, "stand-in", None)?;
            (local(testbed)?, Arc::new(model))
        }
        None => (Boundary::load(file.as_deref().unwrap_or(BOUNDARY)).map_err(|e| hint(&e))?, lm::from_env()?),
    };
    let program = args.program.map(Artifact::load).transpose()?;
    let audit = args.audit.map(Audit::file).transpose()?;

    let mut agent = ReAct::<CustomerService>::new(Toolbox::connect(&boundary).await?).max_iters(8);
    if let Some(program) = program {
        program.install(&mut agent)?;
    }
    let runtime = Runtime::builder().lm(model).boundary(boundary).audit(audit.unwrap_or_else(Audit::discard)).build();
    let request = request.unwrap_or_else(|| REQUEST.to_owned());
    writeln!(out, "> {request}")?;
    let run = runtime.run(&agent, CustomerServiceInput { request }).await;
    for call in run.episode.tool_steps() {
        let verdict = serde_json::to_string(&call.verdict)?;
        writeln!(out, "  {} {} {}", verdict.trim_matches('"'), call.tool, serde_json::to_string(&call.arguments)?)?;
    }
    for event in &run.episode.events {
        writeln!(out, "  ! {}", event.feedback())?;
    }
    writeln!(out, "{}", run.outcome?.response)?;
    Ok(())
}

/// The example's rules at the addresses of a testbed.
fn local(testbed: &Testbed) -> Result<Boundary, Box<dyn Error>> {
    let secret = |_: &str| Some(testbed.client_secret().to_owned());
    let (url, rules) = (testbed.mcp_url().parse()?, std::fs::read_to_string(BOUNDARY)?);
    let boundary = Boundary::parse(&rules, "", &secret)?.with_server("crm", |server| {
        server.url = url;
        server.issuer = testbed.issuer().to_owned();
        server.ca_bundle = Some(testbed.ca_path().to_owned());
    })?;
    Ok(boundary)
}

fn hint(error: &BoundaryError) -> String {
    format!("{error}\n  a boundary file says what the agent may touch; start from a copy of `{BOUNDARY}`")
}
