//! The command line program `abide`.

use std::{env, io, process::ExitCode};

use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    tracing_subscriber::fmt().with_env_filter(EnvFilter::from_env("ABIDE_LOG")).with_writer(io::stderr).init();
    abide::cli::run(env::args_os(), &mut io::stdout(), &mut io::stderr()).into()
}
