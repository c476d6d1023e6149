use std::path::PathBuf;

use abide::guard::audit::ChainHash;
use clap::{Parser, Subcommand};

use crate::{audit, call, parse, testbed};

/// Looks at compiled programs, logs in to servers, and starts local servers to try things on.
#[derive(Debug, Parser)]
#[command(name = "abide", version, disable_help_subcommand = true)]
pub(super) struct Args {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
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
    /// Says what replies of a model give: one JSON value on each line of standard input, a reply's text or a provider's whole reply;
    /// exits with 1 when one gives nothing, 2 on errors
    Parse {
        /// A file with the signature as JSON, or a line such as `question -> answer: int`
        #[arg(long, value_name = "FILE|LINE")]
        signature: String,
        /// How replies are laid out
        #[arg(long, value_enum, default_value = "chat")]
        adapter: parse::Layout,
    },
    /// Logs in to a server in the browser and stores the refresh token (mode 0600)
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
    /// Revokes the stored grant and deletes it
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
pub(super) enum Audit {
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
pub(super) enum Guard {
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
pub(super) enum Boundary {
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
    /// Lints a boundary file: rules that are ineffective, let too much through or contradict each other; exits with 0, with 1 when there
    /// are warnings or errors, with 2 when the boundary cannot be used
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
pub(super) enum Tools {
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
