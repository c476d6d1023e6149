//! `abide boundary`.

use std::{fs::File, io::Write, path::Path};

use abide::{
    artifact::replace,
    call::ToolName,
    mcp::{Boundary, boundary::Draft},
    review::{
        cedar,
        compare::compare,
        infer::{Known, infer as propose},
        lint::{self, Severity},
    },
    tool::Toolbox,
};

use crate::{
    episodes,
    error::CliError,
    output_format::OutputFormat,
    text::{plural, say},
};

/// What a boundary is checked against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// The file alone, and the lock that it names.
    File,
    /// What its servers list now.
    Servers,
}

/// Shows what should be looked at; 1 when some of it is more than a note.
pub(super) fn check(file: &Path, reach: Reach, form: OutputFormat, out: &mut dyn Write) -> Result<u8, CliError> {
    let draft = Draft::load(file)?;
    let live = match reach {
        Reach::File => None,
        Reach::Servers => {
            let boundary = Boundary::load(file)?;
            Some(tokio::runtime::Runtime::new()?.block_on(Toolbox::survey(&boundary))?)
        }
    };
    let mut findings = lint::check(&draft, live.as_ref().map(|live| live.tools.as_slice()));
    let oddities = live.iter().flat_map(|live| &live.oddities);
    findings.extend(
        oddities.map(|odd| lint::unusable_part(&draft, &odd.server, odd.tool.as_ref(), &odd.part, &odd.reason)),
    );
    for finding in &findings {
        say(finding, form, out)?;
    }
    let of = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let (errors, warnings, notes) = (of(Severity::Error), of(Severity::Warning), of(Severity::Note));
    if form == OutputFormat::Summary {
        let [errors, warnings, notes] =
            [(errors, "error"), (warnings, "warning"), (notes, "note")].map(|(count, what)| plural(count, what));
        writeln!(out, "{errors}, {warnings}, {notes}")?;
    }
    Ok(u8::from(errors + warnings > 0))
}

/// Shows what two boundaries let through that the other does not; 1 when they differ.
pub(super) fn diff(old: &Path, new: &Path, form: OutputFormat, out: &mut dyn Write) -> Result<u8, CliError> {
    let (old, new) = (Draft::load(old)?, Draft::load(new)?);
    let changes = compare(old.boundary(), new.boundary());
    for change in &changes {
        say(change, form, out)?;
    }
    Ok(u8::from(!changes.is_empty()))
}

/// Writes the rules as Cedar policies, and their schema beside them.
pub(super) fn export(file: &Path, policies: &Path, out: &mut dyn Write) -> Result<u8, CliError> {
    let draft = Draft::load(file)?;
    let exported = cedar::export(draft.boundary().policy());
    let schema = policies.with_extension("cedarschema");
    replace(policies, exported.policies.as_bytes())?;
    replace(&schema, exported.schema.as_bytes())?;
    writeln!(out, "wrote `{}` and `{}`", policies.display(), schema.display())?;
    Ok(0)
}

/// Proposes a boundary, to the output or into a new file.
pub(super) fn infer(
    episodes: &Path,
    read: Vec<String>,
    file: Option<&Path>,
    out: &mut dyn Write,
) -> Result<u8, CliError> {
    let reads =
        read.into_iter().map(|text| ToolName::try_from(text.clone()).map_err(|error| CliError::Tool { text, error }));
    let known = Known { reads: reads.collect::<Result<_, _>>()? };
    let mut recordings = Vec::new();
    episodes::each(episodes, |recording| {
        recordings.push(recording);
        Ok(())
    })?;
    let text = propose(&recordings, &known)?.to_toml();
    let Some(file) = file else {
        out.write_all(text.as_bytes())?;
        return Ok(0);
    };
    // what stands there may have been read and corrected by an author
    let written = File::create_new(file).and_then(|mut new| new.write_all(text.as_bytes()));
    written.map_err(|error| CliError::File { file: file.display().to_string(), error })?;
    Ok(0)
}
