use std::{
    ffi::OsString,
    io::{self, Write},
};

use abide::guard::audit::Known;
use clap::Parser;

use crate::{
    args::{Args, Audit, Boundary, Command, Guard, Tools},
    artifact, audit, boundary, call,
    error::{CliError, USAGE},
    guard, login, parse, testbed, text, tools,
};

/// Runs the program with its arguments, the first of which is its own name; returns the exit code, which is 64 for arguments that cannot
/// be used.
/// Errors go to `err`, as `error: …`; a closed `out` is no error.
pub fn run(args: impl IntoIterator<Item = OsString>, out: &mut dyn Write, err: &mut dyn Write) -> u8 {
    let command = match Args::try_parse_from(args) {
        Ok(args) => args.command,
        Err(usage) => return say(&usage, out, err),
    };
    // 1 says that a check found something; a command that says so cannot use it for a failure
    let failure = match &command {
        Command::Tools(Tools::Call(_)) => call::FAILED,
        Command::Diff { .. }
        | Command::Parse { .. }
        | Command::Guard(_)
        | Command::Audit(_)
        | Command::Boundary(_)
        | Command::Tools(_) => 2,
        _ => 1,
    };
    let done = match command {
        Command::Inspect { file } => artifact::inspect(&file, out),
        Command::Verify { file } => artifact::verify(&file, out),
        Command::Diff { old, new } => artifact::diff(&old, &new, out),
        Command::Parse { signature, adapter } => parse::parse(&signature, adapter, out),
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
            // standard error is closed: no message can be shown
            let _ = writeln!(err, "error: {}", text::message(&error.to_string()));
            failure
        }
    }
}

/// Help and version are answers; everything else clap says is a mistake in the arguments.
pub(super) fn say<'a>(usage: &clap::Error, out: &'a mut dyn Write, err: &'a mut dyn Write) -> u8 {
    let (to, code) = if usage.use_stderr() { (err, USAGE) } else { (out, 0) };
    let _ = write!(to, "{}", usage.render()).and_then(|()| to.flush());
    code
}
