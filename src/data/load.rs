use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    path::Path,
    sync::Arc,
};

use abide_base::strict;
use serde::{
    Deserializer,
    de::{self, DeserializeOwned, Visitor},
    forward_to_deserialize_any,
};
use serde_json::{Map, Value};

use super::{
    data::Dataset,
    error::{DataError, Place},
    example::{Example, Row},
};

const MAX_LINE: usize = 1 << 20;

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
            let example = Columns::of(text, place())?.example(line)?;
            rows.push(Row { example, line });
        }
    }
    Ok(rows)
}

/// The columns of a line, until they are taken.
struct Columns {
    place: Place,
    rest: Map<String, Value>,
}

impl Columns {
    fn of(text: &str, place: Place) -> Result<Self, DataError> {
        match strict::object(text.as_bytes()) {
            Ok(rest) => Ok(Self { place, rest }),
            // the line within the line is always 1
            Err(error) => Err(refused(place, ".", error.to_string().replace(" at line 1 column ", " at column "))),
        }
    }

    /// Without an id, it is `line-` and the number of the line.
    fn example<I: DeserializeOwned, L: DeserializeOwned>(mut self, line: usize) -> Result<Example<I, L>, DataError> {
        let id = self.take::<Option<String>>("id")?.unwrap_or_else(|| format!("line-{line}"));
        let (input, label, kind) = (self.take("input")?, self.take("label")?, self.take("kind")?);
        match self.rest.keys().find_map(|key| Some((key, meant(key)?))) {
            Some((key, meant)) => {
                let reason = format!("`{key}` is close to `{meant}`: correct it, or name the column otherwise");
                Err(refused(self.place, ".", reason))
            }
            None => Ok(Example { id, input, label, kind, columns: self.rest }),
        }
    }

    /// The value of a column; one that is missing is `null` for types that take it.
    fn take<T: DeserializeOwned>(&mut self, name: &str) -> Result<T, DataError> {
        let Some(value) = self.rest.remove(name) else {
            return T::deserialize(Absent).map_err(|_| self.missing(name));
        };
        serde_path_to_error::deserialize(value).map_err(|error| {
            let path = error.path().to_string();
            let field = if path == "." { name.to_owned() } else { format!("{name}.{path}") };
            refused(self.place.clone(), &field, error.into_inner().to_string())
        })
    }

    fn missing(&self, name: &str) -> DataError {
        let others: Vec<String> = self.rest.keys().map(|key| format!("`{key}`")).collect();
        let others = if others.is_empty() { "nothing else".to_owned() } else { others.join(", ") };
        refused(self.place.clone(), ".", format!("missing field `{name}`; the line has {others}"))
    }
}

fn refused(place: Place, field: &str, reason: String) -> DataError {
    DataError::Field { place, field: field.to_owned(), reason }
}

/// The column that a name was meant to be, if it looks like one of ours: a misspelt `kind` would lose its examples' group.
fn meant(name: &str) -> Option<&'static str> {
    let name = name.to_lowercase();
    ["id", "input", "label", "kind"]
        .into_iter()
        .find(|known| name == *known || (known.len() > 2 && strsim::osa_distance(&name, known) == 1))
}

/// A column that is not there: `None` for an optional type, and nothing for any other.
struct Absent;

impl<'de> Deserializer<'de> for Absent {
    type Error = de::value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(de::Error::custom("not there"))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_none()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct newtype_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

impl<I, L> Dataset<I, L> {
    /// Loads JSON Lines in UTF-8: an object with `input`, `label` and, if wanted, `id` and `kind` on each line. Without an id, it is
    /// `line-` and the number of the line. Other columns are kept in [`Example::columns`]; lines of blanks are passed over.
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
