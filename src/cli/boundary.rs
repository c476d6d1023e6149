use std::{fs::File, io::Write, path::Path};

use super::{CliError, episodes};
use crate::{
    call::ToolName,
    security::infer::{Known, infer as propose},
};

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
    // what stands there may have been read and corrected by somebody
    let written = File::create_new(file).and_then(|mut new| new.write_all(text.as_bytes()));
    written.map_err(|error| CliError::File { file: file.display().to_string(), error })?;
    Ok(0)
}
