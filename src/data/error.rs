use std::{fmt, io, path::Path, sync::Arc};

use crate::FieldError;

/// Why examples cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The file cannot be read.
    #[error("cannot read `{}`: {reason}", path.display())]
    Read {
        /// The file.
        path: Arc<Path>,
        /// What the system says.
        reason: io::Error,
    },
    /// There is no example.
    #[error("{0} has no example: give at least one")]
    Empty(Place),
    /// A line longer than 1 MiB.
    #[error("{0} is longer than 1 MiB: shorten the example")]
    Long(Place),
    /// A line that is not UTF-8.
    #[error("{0} is not UTF-8: save the file as UTF-8")]
    Encoding(Place),
    /// A line that is not the JSON of an example.
    #[error("{place}, field `{}`: {}", field.escape_debug(), reason.escape_debug())]
    Field {
        /// Which line.
        place: Place,
        /// The field's path, such as `label.ticket.customer_id`; `.` is the whole line.
        field: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An id that is empty or longer than 256 bytes.
    #[error("{0}, field `id`: an id has 1 to 256 bytes")]
    Id(Place),
    /// Two examples of one id.
    #[error("{place}: id `{}` is taken by {first}: give each example an id of its own", id.escape_debug())]
    Duplicate {
        /// The later one.
        place: Place,
        /// The earlier one.
        first: Place,
        /// The id.
        id: String,
    },
    /// An input that is not a struct of fields.
    #[error("{0}, field `input`: must be written as a JSON object: {1}")]
    NotFields(Place, String),
    /// Inputs that break a signature's constraints.
    #[error("{} of the inputs do not fit the signature: {}", .0.len(), Listed(.0))]
    Broken(Vec<Broken>),
}

/// Where an example stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    source: Option<Arc<Path>>,
    line: usize,
}

/// One constraint that one input breaks.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Broken {
    /// Where.
    pub place: Place,
    /// The example.
    pub id: String,
    /// The constraint.
    pub error: FieldError,
}

impl Place {
    pub(super) fn new(source: Option<Arc<Path>>, line: usize) -> Self {
        Self { source, line }
    }

    /// The line of the file, or the number of the example where there is no file, from 1; 0 is the whole.
    pub fn line(&self) -> usize {
        self.line
    }
}

impl Broken {
    pub(super) fn new(place: Place, id: &str, error: FieldError) -> Self {
        let id = id.to_owned();
        Self { place, id, error }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.source, self.line) {
            (Some(path), 0) => write!(f, "`{}`", path.display()),
            (Some(path), line) => write!(f, "`{}`, line {line}", path.display()),
            (None, 0) => f.write_str("the dataset"),
            (None, number) => write!(f, "example {number}"),
        }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.id.escape_debug();
        write!(f, "{} (id `{id}`): {}", self.place, self.error)
    }
}

/// The first few, for a message that can be read.
struct Listed<'a>(&'a [Broken]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 5;
        for (i, broken) in self.0.iter().take(SHOWN).enumerate() {
            let gap = if i == 0 { "" } else { "; " };
            write!(f, "{gap}{broken}")?;
        }
        match self.0.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}
