//! `abide testbed --odd`: one misbehaving server or issuer of `testbed/wild/`, for any client.

use std::io::Write;

use abide_testbed::odd::{Case, Launch, Odd, cases, speak};

use crate::{
    error::{CliError, USAGE},
    text::message,
};

/// Serves the case of this name, and says how to try it, until ctrl-c. Without a name, or with an unknown one, names all of them.
pub(super) fn serve(name: Option<&str>, out: &mut dyn Write, err: &mut dyn Write) -> Result<u8, CliError> {
    let Some(case) = find(name, err)? else { return Ok(USAGE) };
    let program = std::env::current_exe()?;
    let args = ["testbed", "--stdio", "--odd", &case.name].map(str::to_owned).to_vec();
    let launch = Launch { program, args, ..Launch::default() };
    tokio::runtime::Runtime::new()?.block_on(async {
        let odd = Odd::start(&case, &launch).await.map_err(failed)?;
        let directions = directions(&case, &odd)?;
        let tell = async {
            write!(out, "{directions}")?;
            out.flush()
        };
        tokio::try_join!(biased; tokio::signal::ctrl_c(), tell)?;
        Ok(0)
    })
}

/// Serves the case on standard input and output.
pub(super) fn serve_stdio(name: Option<&str>, err: &mut dyn Write) -> Result<u8, CliError> {
    let Some(case) = find(name, err)? else { return Ok(USAGE) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(speak(&case)).map_err(failed)?;
    // reading standard input is done by a thread that cannot be woken
    runtime.shutdown_background();
    Ok(0)
}

/// The case of this name; `None` if there is none, after an error that lists all names.
fn find(name: Option<&str>, err: &mut dyn Write) -> Result<Option<Case>, CliError> {
    let cases = cases().map_err(failed)?;
    let found = cases.iter().find(|case| Some(case.name.as_str()) == name);
    if found.is_none() {
        let problem = name.map_or_else(
            || "`--odd` needs a name".to_owned(),
            |name| format!("there is no odd server `{}`", message(name)),
        );
        writeln!(err, "error: {problem}; these are there:")?;
        let width = cases.iter().map(|case| case.name.len()).max().unwrap_or_default();
        cases.iter().try_for_each(|case| writeln!(err, "  {:width$}  {}", case.name, case.about))?;
    }
    Ok(found.cloned())
}

fn failed(error: abide_testbed::odd::Error) -> CliError {
    CliError::Testbed(format!("cannot serve the odd server: {error}"))
}

/// Shell lines that write the files of a client and make one call.
fn directions(case: &Case, odd: &Odd) -> Result<String, CliError> {
    let mut text =
        format!("# {}: {}, until ctrl-c. Paste this into another terminal:\nmkdir -p odd\n", case.name, case.about);
    for (name, content) in odd.files() {
        text.push_str(&format!("cat > odd/{name} <<'END'\n{}\nEND\n", content.trim_end()));
    }
    let arguments = case.arguments().map_err(failed)?.to_string();
    text.push_str(&format!(
        "abide tools call --boundary odd/boundary.toml {} {}",
        quoted(&case.tool),
        quoted(&arguments)
    ));
    if let Some(input) = &case.input {
        text.push_str(&format!(" --input {}", quoted(input)));
    }
    text.push_str(if case.live { " --live\n" } else { "\n" });
    Ok(text)
}

/// As one word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests;
