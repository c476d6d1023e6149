use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    path::Path,
    sync::Arc,
};

use serde::{Deserialize, de::DeserializeOwned};

use super::{
    data::Dataset,
    error::{DataError, Place},
    example::{Example, Row},
};

const MAX_LINE: usize = 1 << 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<I, L> {
    id: String,
    input: I,
    label: L,
    kind: Option<String>,
}

/// The examples of a file, each with its line; ids are not looked at.
pub(super) fn rows<I: DeserializeOwned, L: DeserializeOwned>(path: &Arc<Path>) -> Result<Vec<Row<I, L>>, DataError> {
    let read_error = |reason| DataError::Read { path: Arc::clone(path), reason };
    let mut file = BufReader::new(File::open(path).map_err(read_error)?);
    let mut rows = Vec::new();
    let mut bytes = Vec::new();
    for line in 1.. {
        let place = || Place::new(Some(Arc::clone(path)), line);
        bytes.clear();
        // one byte for the newline, one to see that there is more
        let mut window = file.by_ref().take(MAX_LINE as u64 + 2);
        if window.read_until(b'\n', &mut bytes).map_err(read_error)? == 0 {
            break;
        }
        if bytes.strip_suffix(b"\n").unwrap_or(&bytes).len() > MAX_LINE {
            return Err(DataError::Long(place()));
        }
        let text = std::str::from_utf8(&bytes).map_err(|_| DataError::Encoding(place()))?;
        if !text.trim().is_empty() {
            let example = example(text, place)?;
            rows.push(Row { example, line });
        }
    }
    Ok(rows)
}

fn example<I: DeserializeOwned, L: DeserializeOwned>(
    text: &str,
    place: impl Fn() -> Place,
) -> Result<Example<I, L>, DataError> {
    let refuse = |field: String, reason: serde_json::Error| DataError::Field {
        place: place(),
        field,
        // the line within the line is always 1
        reason: reason.to_string().replace(" at line 1 column ", " at column "),
    };
    let mut reader = serde_json::Deserializer::from_str(text);
    let line: Line<I, L> =
        serde_path_to_error::deserialize(&mut reader).map_err(|e| refuse(e.path().to_string(), e.into_inner()))?;
    reader.end().map_err(|e| refuse(".".to_owned(), e))?;
    Ok(Example { id: line.id, input: line.input, label: line.label, kind: line.kind })
}

impl<I, L> Dataset<I, L> {
    /// Loads JSON Lines in UTF-8: an object with `id`, `input`, `label` and, if wanted, `kind` on each line.
    /// Lines of blanks are passed over.
    ///
    /// # Errors
    /// The first thing that is wrong, with file, line and field; see [`DataError`].
    pub fn load(path: impl AsRef<Path>) -> Result<Self, DataError>
    where
        I: DeserializeOwned,
        L: DeserializeOwned,
    {
        let path: Arc<Path> = path.as_ref().into();
        let rows = rows(&path)?;
        Self::of_rows(rows, Some(path))
    }
}
