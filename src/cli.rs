//! The command line program `abide`: looks at artifacts, logs in to servers, and starts a testbed.

mod artifact;
mod audit;
mod boundary;
mod call;
mod episodes;
mod guard;
mod login;
mod testbed;
mod text;
mod tools;

use std::{
    ffi::OsString,
    io::{self, Write},
    path::PathBuf,
};

use clap::{Parser, Subcommand};

use crate::{
    artifact::ArtifactError,
    call::{NameError, ToolName},
    net,
    security::{
        BoundaryError,
        audit::{ChainHash, Known, VerifyError},
        infer::InferError,
        oauth::AuthError,
        policy::LockError,
    },
    tool::{ToolboxError, mcp::ConnectError},
};

/// Looks at compiled programs, logs in to servers, and starts local servers to try things on.
#[derive(Debug, Parser)]
#[command(name = "abide", version, disable_help_subcommand = true)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Shows what is in a compiled program, after checking it
    Inspect {
        /// The compiled program
        file: PathBuf,
    },
    /// Checks a compiled program: form, digest and numbers; exits with 1 when anything is wrong
    Verify {
        /// The compiled program
        file: PathBuf,
    },
    /// Shows what changed between two compiled programs; exits with 0 when nothing did, 1 when something did, 2 on errors
    Diff {
        /// The one before
        old: PathBuf,
        /// The one after
        new: PathBuf,
    },
    /// Gets a person's consent for programs to use a server, and keeps the token for new tokens in a file of its owner's
    Login {
        /// The server's id in the boundary; or its address, to see whose tokens it takes
        server: String,
        /// The boundary
        #[arg(long, default_value = "boundary.toml")]
        boundary: PathBuf,
        /// The program that opens the page, such as `xdg-open` or `open`; without one, its address is only shown
        #[arg(long, value_name = "PROGRAM")]
        browser: Option<PathBuf>,
    },
    /// Takes back what `login` got: at the issuer, and out of the file
    Logout {
        /// The server's id in the boundary
        server: String,
        /// The boundary
        #[arg(long, default_value = "boundary.toml")]
        boundary: PathBuf,
    },
    /// Looks at audit files
    #[command(subcommand)]
    Audit(Audit),
    /// Tries a boundary on recorded calls
    #[command(subcommand)]
    Guard(Guard),
    /// Proposes, checks and compares boundaries
    #[command(subcommand)]
    Boundary(Boundary),
    /// Locks the definitions of tools, shows what servers have changed since, and makes one guarded call
    #[command(subcommand)]
    Tools(Tools),
    /// Starts an authorization server, an MCP server and a simulated model on this machine, until ctrl-c
    Testbed(testbed::Served),
}

#[derive(Debug, Subcommand)]
enum Audit {
    /// Finds the first row that was changed, removed, repeated or moved; exits with 0 when there is none, 1 when there is one, 2 on errors
    Verify {
        /// The current file, to which those that were filled before it are added; or all files of a log in order
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// A head that an earlier look printed: some row must have it, or rows are missing at the end
        #[arg(long, value_name = "HASH", value_parser = audit::hash)]
        head: Option<ChainHash>,
        /// The head of the files before, where they were moved away
        #[arg(long, value_name = "HASH", value_parser = audit::hash)]
        after: Option<ChainHash>,
    },
    /// Shows decisions and what came of them; does not verify
    Query {
        /// The current file; those that were filled before it are read too
        file: PathBuf,
        #[command(flatten)]
        filter: audit::Filter,
        /// Shows rows as lines of JSON instead of a table
        #[arg(long)]
        json: bool,
        /// Counts rows instead of showing them
        #[arg(long, value_enum, value_name = "PART")]
        count_by: Option<audit::Key>,
    },
}

#[derive(Debug, Subcommand)]
enum Guard {
    /// Decides recorded calls offline, one after the other; exits with 0, with 1 when a line expects something else, with 2 on errors
    Replay {
        /// The boundary; its servers and secrets are not looked at
        #[arg(long)]
        boundary: PathBuf,
        /// Shows each decision as a line of JSON instead of a summary
        #[arg(long)]
        json: bool,
        /// The episodes, one JSON object on each line (docs/episodes.md)
        episodes: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
enum Boundary {
    /// Proposes the least boundary that admits good episodes, with its reasons as comments; a person decides
    Infer {
        /// A tool that changes nothing, which calls do not show; may be repeated
        #[arg(long, value_name = "TOOL")]
        read: Vec<String>,
        /// A new file for the boundary, instead of the output
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// The good episodes, one JSON object on each line (docs/episodes.md)
        episodes: PathBuf,
    },
    /// Looks for rules that mean nothing, let too much through, or contradict each other; exits with 0, with 1 when there are warnings or
    /// errors, with 2 when the boundary cannot be used
    Check {
        /// Also asks every server for its tools, for which the secrets must be there
        #[arg(long)]
        connect: bool,
        /// Shows each finding as a line of JSON
        #[arg(long)]
        json: bool,
        /// The boundary
        file: PathBuf,
    },
    /// Writes the rules of a boundary in another language
    Export {
        /// The file for Cedar policies; their schema goes beside it, as `.cedarschema`
        #[arg(long, value_name = "FILE")]
        cedar: PathBuf,
        /// The boundary
        file: PathBuf,
    },
    /// Shows what one boundary lets through and another does not; exits with 0 when they mean the same, with 1 when not, with 2 on errors
    Diff {
        /// Shows each change as a line of JSON
        #[arg(long)]
        json: bool,
        /// The one before
        old: PathBuf,
        /// The one after
        new: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
enum Tools {
    /// Asks the servers for the tools that a boundary names, and writes down their definitions as approved
    Lock {
        /// The boundary; its own lock is not looked at
        #[arg(long)]
        boundary: PathBuf,
        /// The file to write; `tools.lock` beside the boundary when not given
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Shows what servers have changed in the definitions of tools since they were locked; exits with 0 when nothing, with 1 when
    /// something, with 2 on errors
    Diff {
        /// The boundary; its own lock is not looked at
        #[arg(long)]
        boundary: PathBuf,
        /// The lock; `tools.lock` beside the boundary when not given
        lock: Option<PathBuf>,
    },
    /// Makes one call through the guard, as a program would; exits with 0 when the tool replied or a stand-in did, with 1 when the call
    /// was refused, with 3 when it failed or may have been made without a reply that can be used
    Call(call::Wanted),
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
enum CliError {
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
    #[error(transparent)]
    Boundary(#[from] BoundaryError),
    #[error(transparent)]
    Auth(#[from] AuthError),
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error(transparent)]
    Net(#[from] net::Error),
    #[error(transparent)]
    Audit(#[from] VerifyError),
    #[error("the episodes in `{file}` cannot be read: {reason}")]
    Episodes { file: String, reason: String },
    #[error("`{file}` cannot be written: {error}; name a new file")]
    File { file: String, error: io::Error },
    #[error("`{text}` is no tool: {error}")]
    Tool { text: String, error: NameError },
    #[error(transparent)]
    Infer(#[from] InferError),
    #[error(transparent)]
    Toolbox(Box<ToolboxError>),
    #[error("the lock `{file}` cannot be read: {error}")]
    LockFile { file: String, error: io::Error },
    #[error("the file `{file}` {error}")]
    Lock { file: String, error: LockError },
    #[error(
        "`{tool}` is a tool of no server in the boundary: write SERVER.TOOL with one of its servers, which are {known}"
    )]
    NoServer { tool: ToolName, known: String },
    #[error("{0}")]
    Login(String),
    #[error("{0}")]
    Testbed(String),
}

impl From<ToolboxError> for CliError {
    fn from(error: ToolboxError) -> Self {
        Self::Toolbox(Box::new(error))
    }
}

/// Runs the program with its arguments, the first of which is its own name; returns the exit code, which is 64 for arguments that cannot
/// be used.
/// Errors go to `err`, as `error: …`; a closed `out` is no error.
pub fn run(args: impl IntoIterator<Item = OsString>, out: &mut dyn Write, err: &mut dyn Write) -> u8 {
    let command = match Args::try_parse_from(args) {
        Ok(args) => args.command,
        Err(usage) => return say(&usage, out, err),
    };
    let failure = match &command {
        Command::Tools(Tools::Call(_)) => call::FAILED,
        Command::Diff { .. } | Command::Guard(_) | Command::Audit(_) | Command::Boundary(_) | Command::Tools(_) => 2,
        _ => 1,
    };
    let done = match command {
        Command::Inspect { file } => artifact::inspect(&file, out),
        Command::Verify { file } => artifact::verify(&file, out),
        Command::Diff { old, new } => artifact::diff(&old, &new, out),
        Command::Login { server, boundary, browser } => login::login(&server, &boundary, browser.as_deref(), out),
        Command::Logout { server, boundary } => login::logout(&server, &boundary, out),
        Command::Guard(Guard::Replay { boundary, json, episodes }) => {
            guard::replay_all(&boundary, &episodes, json.into(), out)
        }
        Command::Audit(Audit::Verify { files, head, after }) => audit::verify_all(&files, Known { after, head }, out),
        Command::Audit(Audit::Query { file, filter, json, count_by }) => {
            let form = json.into();
            match count_by {
                Some(by) => audit::count(&file, &filter, by, form, out),
                None => audit::query(&file, &filter, form, out),
            }
        }
        Command::Boundary(Boundary::Infer { read, out: file, episodes }) => {
            boundary::infer(&episodes, read, file.as_deref(), out)
        }
        Command::Boundary(Boundary::Check { connect, json, file }) => {
            let reach = if connect { boundary::Reach::Servers } else { boundary::Reach::File };
            boundary::check(&file, reach, json.into(), out)
        }
        Command::Boundary(Boundary::Diff { json, old, new }) => boundary::diff(&old, &new, json.into(), out),
        Command::Boundary(Boundary::Export { cedar, file }) => boundary::export(&file, &cedar, out),
        Command::Tools(Tools::Lock { boundary, out: file }) => tools::lock(&boundary, file.as_deref(), out),
        Command::Tools(Tools::Diff { boundary, lock }) => tools::diff(&boundary, lock.as_deref(), out),
        Command::Tools(Tools::Call(wanted)) => call::call(wanted, out),
        Command::Testbed(served) => testbed::serve(&served, out, err),
    };
    match done.and_then(|code| out.flush().map(|()| code).map_err(CliError::Output)) {
        Ok(code) => code,
        Err(CliError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => 0,
        Err(error) => {
            // there is nobody left to tell
            let _ = writeln!(err, "error: {}", text::message(&error.to_string()));
            failure
        }
    }
}

/// How results are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// For people.
    Summary,
    /// One line of JSON for each.
    Json,
}

impl From<bool> for Form {
    /// Of the flag `--json`.
    fn from(json: bool) -> Self {
        if json { Self::Json } else { Self::Summary }
    }
}

/// The exit code of every mistake in the arguments: `EX_USAGE` of sysexits.h. Other codes say what a command found.
const USAGE: u8 = 64;

/// Help and version are answers; everything else clap says is a mistake in the arguments.
fn say<'a>(usage: &clap::Error, out: &'a mut dyn Write, err: &'a mut dyn Write) -> u8 {
    let (to, code) = if usage.use_stderr() { (err, USAGE) } else { (out, 0) };
    let _ = write!(to, "{}", usage.render()).and_then(|()| to.flush());
    code
}
