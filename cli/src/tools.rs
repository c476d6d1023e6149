//! `abide tools`.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use abide::{
    Boundary,
    artifact::replace,
    call::ToolSpec,
    guard::policy::{Drift, ToolLock, read_text},
    tool::Toolbox,
};
use abide_base::shown::shown;
use serde_json::Value;
use similar::TextDiff;

use crate::error::CliError;

/// The largest lock, in bytes.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// Writes down the definitions of the tools that a boundary names, and shows how they differ from those that were there.
pub(super) fn lock(boundary: &Path, file: Option<&Path>, out: &mut dyn Write) -> Result<u8, CliError> {
    let file = &lock_of(boundary, file);
    let boundary = Boundary::load_unlocked(boundary)?;
    let tools = tokio::runtime::Runtime::new()?.block_on(Toolbox::connect(&boundary))?;
    let lock = ToolLock::of(tools.specs());
    let wrong = |error| CliError::Lock { file: file.display().to_string(), error };
    if let Ok(before) = read(file) {
        let now: Vec<&ToolSpec> = tools.specs().iter().collect();
        before.drifts(&now).iter().try_for_each(|drift| show(drift, out))?;
    }
    replace(file, lock.to_text().map_err(wrong)?.as_bytes())?;
    writeln!(out, "locked {} tools in `{}`", lock.tools.len(), file.display())?;
    for tool in lock.tools.keys() {
        writeln!(out, "  {tool}")?;
    }
    Ok(0)
}

/// Shows how the tools that a boundary names differ from their locked definitions; 1 when they do.
pub(super) fn diff(boundary: &Path, file: Option<&Path>, out: &mut dyn Write) -> Result<u8, CliError> {
    let lock = lock_of(boundary, file);
    let boundary = Boundary::load_unlocked(boundary)?;
    let lock = read(&lock)?;
    let live = tokio::runtime::Runtime::new()?.block_on(Toolbox::list(&boundary))?;
    let concerns =
        |spec: &&ToolSpec| boundary.policy().tool(&spec.name).is_some() || lock.tools.contains_key(&spec.name);
    let live: Vec<&ToolSpec> = live.iter().filter(concerns).collect();
    let drifts = lock.drifts(&live);
    for drift in &drifts {
        show(drift, out)?;
    }
    Ok(u8::from(!drifts.is_empty()))
}

/// The file that was named, or the one beside the boundary.
fn lock_of(boundary: &Path, named: Option<&Path>) -> PathBuf {
    named.map_or_else(|| boundary.with_file_name("tools.lock"), Path::to_owned)
}

fn read(file: &Path) -> Result<ToolLock, CliError> {
    let unreadable = |error: io::Error| CliError::LockFile { file: file.display().to_string(), error };
    let text = read_text(file, MAX_BYTES).map_err(unreadable)?;
    ToolLock::parse(&text).map_err(|error| CliError::Lock { file: file.display().to_string(), error })
}

fn show(drift: &Drift<'_>, out: &mut dyn Write) -> io::Result<()> {
    match drift {
        Drift::Added(now) => writeln!(out, "added {}: its server lists it, and the lock does not have it", now.name),
        Drift::Gone(tool) => writeln!(out, "gone {tool}: the lock has it, and its server does not list it"),
        Drift::Changed { approved, now } => {
            writeln!(out, "changed {}: {} -> {}", now.name, approved.digest.short(), now.digest.short())?;
            let before = definition(&approved.description, &approved.input_schema, approved.output_schema.as_ref());
            let after = definition(&now.description, &now.input_schema, now.output_schema.as_ref());
            lines(&before, &after, out)
        }
    }
}

/// A definition as lines.
fn definition(description: &str, input: &Value, output: Option<&Value>) -> String {
    let output = output.map(|output| format!("output schema:\n{output:#}\n")).unwrap_or_default();
    format!("description:\n{description}\ninput schema:\n{input:#}\n{output}")
}

/// What a server says must not steer a terminal.
fn lines(before: &str, after: &str, out: &mut dyn Write) -> io::Result<()> {
    let compared = TextDiff::from_lines(before, after);
    for hunk in compared.unified_diff().context_radius(3).iter_hunks() {
        writeln!(out, "  {}", hunk.header())?;
        for change in hunk.iter_changes() {
            writeln!(out, "  {}{}", change.tag(), shown(change.value().trim_end_matches('\n')))?;
        }
    }
    Ok(())
}
