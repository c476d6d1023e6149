//! The command line program `abide`.

use std::{env, io, process::ExitCode};

use tracing_subscriber::EnvFilter;

/// What the protocol library says of a connection that failed is what we say ourselves, better.
const QUIET: [&str; 2] = ["rmcp=info", "rmcp::transport::worker=off"];

fn main() -> ExitCode {
    let filter = EnvFilter::from_env("ABIDE_LOG");
    // below `info` the protocol library logs whole replies, with whatever a server put into them
    let filter = QUIET.iter().filter_map(|directive| directive.parse().ok()).fold(filter, EnvFilter::add_directive);
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init();
    abide::cli::run(env::args_os(), &mut io::stdout(), &mut io::stderr()).into()
}
