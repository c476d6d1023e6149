use std::{io::Write, path::Path};

use abide::artifact::{self, Artifact};

use crate::error::CliError;

pub(super) fn inspect(file: &Path, out: &mut dyn Write) -> Result<u8, CliError> {
    let verified = Artifact::load(file)?;
    write!(out, "{}", verified.summary())?;
    Ok(0)
}

pub(super) fn verify(file: &Path, out: &mut dyn Write) -> Result<u8, CliError> {
    let verified = Artifact::load(file)?;
    let program = &verified.program;
    writeln!(out, "ok: program {}, {}", program.name, verified.digest())?;
    Ok(0)
}

pub(super) fn diff(old: &Path, new: &Path, out: &mut dyn Write) -> Result<u8, CliError> {
    let diff = artifact::diff(&*Artifact::load(old)?, &*Artifact::load(new)?);
    write!(out, "{diff}")?;
    Ok(u8::from(!diff.is_empty()))
}
