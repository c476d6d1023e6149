//! The agent of `quickstart.rs` against your own servers and model:
//! `cargo run --release --example secure_agent -- [BOUNDARY] [--program FILE] [--audit FILE] [REQUEST]`

use std::{error::Error, io::Write, path::PathBuf, process::ExitCode, sync::Arc};

use abide::prelude::*;
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

/// Answer one customer service request inside a boundary; without one and without ABIDE_MODEL, on local servers.
#[derive(Parser)]
#[command(after_help = "Environment:
  ABIDE_MODEL        the model, as openai/NAME or anthropic/NAME
  OPENAI_API_KEY     its key; ANTHROPIC_API_KEY for anthropic/NAME
  ABIDE_BASE_URL     another server that speaks the same API; may need no key
  …                  whatever the boundary file names in `client_secret_env`")]
struct Args {
    /// Boundary file, ends in `.toml`; by default that of the example data
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
    let Err(error) = answer(Args::parse()).await else { return ExitCode::SUCCESS };
    let _ = writeln!(std::io::stderr(), "error: {error}");
    ExitCode::FAILURE
}

async fn answer(args: Args) -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout();
    let (file, request) = match (args.boundary, args.request) {
        (Some(request), None) if !request.ends_with(".toml") => (None, Some(request)),
        given => given,
    };
    let testbed; // serves until the end
    let (boundary, model) = if file.is_none() && std::env::var_os("ABIDE_MODEL").is_none() {
        writeln!(out, "`ABIDE_MODEL` is not set: using local servers and a simulated model, see --help\n")?;
        testbed = Testbed::start(Options::default()).await?;
        local(&testbed)?
    } else {
        let boundary = Boundary::load(file.as_deref().unwrap_or(BOUNDARY));
        (boundary.map_err(|e| format!("{e}\n  how to write one: see `{BOUNDARY}`"))?, lm::from_env()?)
    };
    let audit = args.audit.map_or_else(|| Ok(Audit::discard()), Audit::file)?;
    let mut agent = ReAct::<CustomerService>::new(Toolbox::connect(&boundary).await?);
    if let Some(file) = args.program {
        Artifact::load(file)?.install(&mut agent)?;
    }
    let request = request.unwrap_or_else(|| REQUEST.to_owned());
    writeln!(out, "> {request}")?;
    let runtime = Runtime::builder().lm(model).boundary(boundary).audit(audit).build();
    let run = runtime.run(&agent, CustomerServiceInput { request }).await;
    for call in run.episode.tool_steps() {
        writeln!(out, "  {:?}: {} {}", call.verdict, call.tool, serde_json::to_string(&call.arguments)?)?;
    }
    for event in &run.episode.events {
        writeln!(out, "  ! {}", event.feedback())?;
    }
    Ok(writeln!(out, "{}", run.outcome?.response)?)
}

/// The example's rules at the addresses of a testbed, and its model.
fn local(testbed: &Testbed) -> Result<(Boundary, Arc<dyn Lm>), Box<dyn Error>> {
    let env = |name: &str| match name {
        "ABIDE_MODEL" => Some("openai/stand-in".to_owned()),
        "ABIDE_BASE_URL" => Some(testbed.model_url()),
        "CRM_CLIENT_SECRET" => Some(testbed.client_secret().to_owned()),
        _ => None,
    };
    let url = testbed.mcp_url().parse()?;
    let boundary = Boundary::parse(&std::fs::read_to_string(BOUNDARY)?, "", &env)?.with_server("crm", |server| {
        server.url = url;
        if let Some(oauth) = server.oauth_mut() {
            oauth.issuer = testbed.issuer().to_owned();
        }
        server.connection.ca_bundle = Some(testbed.ca_path().to_owned());
    })?;
    Ok((boundary, lm::from(env)?))
}
