//! Files of episodes: one JSON object on each line.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
};

use abide::guard::recording::Recording;

use crate::error::CliError;

/// The longest line of a file of episodes, in bytes.
const MAX_LINE: u64 = 64 * 1024 * 1024;

/// Why reading stops before the end.
pub(super) enum Stop {
    /// The line says what cannot be.
    Line(String),
    /// The output is broken.
    Output(io::Error),
}

/// Reads episodes one by one.
pub(super) fn each(path: &Path, mut visit: impl FnMut(Recording) -> Result<(), Stop>) -> Result<(), CliError> {
    let failed = |reason: String| CliError::Episodes { file: path.display().to_string(), reason };
    let file = File::open(path).map_err(|error| failed(error.to_string()))?;
    let (mut lines, mut line) = (BufReader::new(file), Vec::new());
    for number in 1_usize.. {
        line.clear();
        let read = lines.by_ref().take(MAX_LINE + 1).read_until(b'\n', &mut line);
        let read = read.map_err(|error| failed(format!("line {number}: {error}")))?;
        if read == 0 {
            break;
        }
        if line.len() as u64 > MAX_LINE {
            return Err(failed(format!("line {number}: is longer than {MAX_LINE} bytes")));
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        let recording = Recording::read(number, &line).map_err(|error| failed(error.to_string()))?;
        match visit(recording) {
            Ok(()) => {}
            Err(Stop::Line(reason)) => return Err(failed(format!("line {number}: {reason}"))),
            Err(Stop::Output(error)) => return Err(CliError::Output(error)),
        }
    }
    Ok(())
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}
