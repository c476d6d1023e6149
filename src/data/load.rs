use std::{
    collections::HashMap,
    fs::File,
    io::{BufRead, BufReader, Read},
    path::Path,
    sync::Arc,
};

use serde::{Deserialize, de::DeserializeOwned};

use super::{DataError, Dataset, Example, Place, data::Row};

const MAX_LINE: usize = 1 << 20;
const MAX_ID: usize = 256;

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

/// Refuses what cannot be told apart, or is empty.
pub(super) fn check_ids<I, L>(dataset: &Dataset<I, L>) -> Result<(), DataError> {
    if dataset.is_empty() {
        return Err(DataError::Empty(dataset.place(0)));
    }
    let mut seen = HashMap::new();
    for row in &dataset.rows {
        let id = row.example.id.as_str();
        if id.is_empty() || id.len() > MAX_ID {
            return Err(DataError::Id(dataset.place(row.line)));
        }
        if let Some(first) = seen.insert(id, row.line) {
            return Err(DataError::Duplicate {
                place: dataset.place(row.line),
                first: dataset.place(first),
                id: id.to_owned(),
            });
        }
    }
    Ok(())
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
