use std::fmt;

/// A policy or boundary file that cannot be used. Names files, keys and variables; never shows a value that could be a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BoundaryError {
    /// The file cannot be read.
    #[error("the boundary file `{path}` cannot be read: {reason}")]
    Unreadable {
        /// The file as named.
        path: String,
        /// The system's words.
        reason: String,
    },
    /// The file is larger than [`MAX_BYTES`](super::MAX_BYTES).
    #[error("the boundary `{name}` has more than 1 MiB: a boundary is written by people, so this is some other file")]
    TooLarge {
        /// The file as named.
        name: String,
    },
    /// Something in it is wrong; everything that was found at once.
    #[error("the boundary `{name}` cannot be used:{}", lines(.problems))]
    Invalid {
        /// The file as named.
        name: String,
        /// What is wrong, in the order of the file where it has lines.
        problems: Vec<Problem>,
    },
}

/// One thing that is wrong with a boundary, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The key, with the tables around it: `servers.crm.url`.
    pub key: String,
    /// The line in the file, from 1; none for boundaries made in code.
    pub line: Option<usize>,
    /// What is wrong and what to do.
    pub reason: String,
}

impl BoundaryError {
    /// What is wrong, one by one; empty where the file could not even be read.
    pub fn problems(&self) -> &[Problem] {
        match self {
            Self::Invalid { problems, .. } => problems,
            Self::Unreadable { .. } | Self::TooLarge { .. } => &[],
        }
    }
}

impl Problem {
    /// A problem at a key of the file.
    pub fn new(key: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { key: key.into(), line: None, reason: reason.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if !self.key.is_empty() {
            write!(f, "`{}`: ", self.key)?;
        }
        f.write_str(&self.reason)
    }
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(|p| format!("\n  {p}")).collect()
}
