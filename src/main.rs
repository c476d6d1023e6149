//! The command line program `abide`.

use std::{env, io, process::ExitCode};

use tracing_subscriber::EnvFilter;

const QUIET: [&str; 1] = ["rmcp=info"];

fn main() -> ExitCode {
    let filter = EnvFilter::from_env("ABIDE_LOG");
    // below `info` the protocol library logs whole replies, with whatever a server put into them
    let filter = QUIET.iter().filter_map(|directive| directive.parse().ok()).fold(filter, EnvFilter::add_directive);
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init();
    abide::cli::run(env::args_os(), &mut io::stdout(), &mut io::stderr()).into()
}
