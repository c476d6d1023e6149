//! The command line program `abide`.

use std::{env, io, process::ExitCode};

use tracing_subscriber::EnvFilter;

/// The protocol library logs what servers send, and that may be anything.
const QUIET: &str = "rmcp=off";

fn main() -> ExitCode {
    let filter = EnvFilter::from_env("ABIDE_LOG");
    let filter = QUIET.parse().into_iter().fold(filter, EnvFilter::add_directive);
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init();
    abide_cli::run(env::args_os(), &mut io::stdout(), &mut io::stderr()).into()
}
