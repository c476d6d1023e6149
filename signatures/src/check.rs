use std::fmt;

use regex::Regex;
use serde::Serialize;
use serde_json::Value;

/// What a field's value must satisfy beyond its type.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Constraints {
    /// At most this many characters (Unicode scalar values) of text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_chars: Option<usize>,
    /// At least this many characters of text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_chars: Option<usize>,
    /// A regular expression the whole text must match.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<Pattern>,
    /// Smallest number allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// Largest number allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// At least this many items of an array or entries of a map.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_items: Option<usize>,
    /// At most this many items of an array or entries of a map.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_items: Option<usize>,
}

/// A compiled regular expression that must match the *whole* text.
#[derive(Clone)]
pub struct Pattern {
    source: String,
    whole: Regex,
}

/// A pattern that is not a regular expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{pattern}` is not a regular expression: {reason}")]
pub struct PatternError {
    /// The pattern as given.
    pub pattern: String,
    /// What the parser says.
    pub reason: String,
}

/// A value that a field does not admit. Says what is wrong, never the value itself.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FieldError {
    /// A required field is not there.
    #[error("field `{0}` is missing")]
    Missing(String),
    /// A field that the signature does not have.
    #[error("field `{0}` is not part of the signature")]
    Unknown(String),
    /// Another type.
    #[error("field `{field}` must be {expected}, and is {got}")]
    Kind {
        /// The field's name, and the place in it.
        field: String,
        /// What it must be.
        expected: String,
        /// What it is, never in its own words.
        got: String,
    },
    /// Too much or too little text.
    #[error("field `{field}` has {actual} characters; {bound} {limit}")]
    Length {
        /// The field's name.
        field: String,
        /// How many characters there are.
        actual: usize,
        /// `at most` or `at least`.
        bound: Bound,
        /// How many there may be.
        limit: usize,
    },
    /// The text does not match the field's pattern.
    #[error("field `{field}` does not match `{pattern}`")]
    Mismatch {
        /// The field's name.
        field: String,
        /// The regular expression.
        pattern: String,
    },
    /// A number out of range.
    #[error("field `{field}` must be {bound} {limit}")]
    Range {
        /// The field's name.
        field: String,
        /// `at most` or `at least`.
        bound: Bound,
        /// The limit.
        limit: f64,
    },
    /// Too many or too few items.
    #[error("field `{field}` has {actual} items; {bound} {limit}")]
    Items {
        /// The field's name.
        field: String,
        /// How many items there are.
        actual: usize,
        /// `at most` or `at least`.
        bound: Bound,
        /// How many there may be.
        limit: usize,
    },
}

impl FieldError {
    /// The field, and the place in it.
    pub fn field(&self) -> &str {
        match self {
            Self::Missing(field) | Self::Unknown(field) => field,
            Self::Kind { field, .. }
            | Self::Length { field, .. }
            | Self::Mismatch { field, .. }
            | Self::Range { field, .. }
            | Self::Items { field, .. } => field,
        }
    }
}

/// Which side of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// An upper limit.
    AtMost,
    /// A lower limit.
    AtLeast,
}

impl Pattern {
    /// Compiles a regular expression ([syntax](https://docs.rs/regex)); it is anchored at both ends.
    ///
    /// # Errors
    /// It is not one by itself.
    pub fn new(source: &str) -> Result<Self, PatternError> {
        let refuse = |reason: String| PatternError { pattern: source.to_owned(), reason };
        Regex::new(source).map_err(|e| refuse(e.to_string()))?;
        let whole = Regex::new(&format!(r"\A(?:{source})\z")).map_err(|e| refuse(e.to_string()))?;
        Ok(Self { source: source.to_owned(), whole })
    }

    /// A pattern of a JSON Schema, which may match anywhere in a text; `None` where it is of another dialect.
    pub(crate) fn anywhere(source: &str) -> Option<Self> {
        let whole = Regex::new(&format!(r"\A(?s:.*)(?:{source})(?s:.*)\z")).ok()?;
        Regex::new(source).ok().map(|_| Self { source: source.to_owned(), whole })
    }

    /// Whether the whole text matches.
    pub fn matches(&self, text: &str) -> bool {
        self.whole.is_match(text)
    }

    /// The pattern as given.
    pub fn as_str(&self) -> &str {
        &self.source
    }
}

impl Constraints {
    /// Checks the value of a field, but not what is inside an array or object; adds what is wrong to `errors`.
    pub fn check(&self, field: &str, value: &Value, errors: &mut Vec<FieldError>) {
        match value {
            Value::String(text) => self.check_text(field, text, errors),
            Value::Number(number) => self.check_number(field, number.as_f64().unwrap_or(f64::NAN), errors),
            Value::Array(items) => self.check_items(field, items.len(), errors),
            Value::Object(map) => self.check_items(field, map.len(), errors),
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn check_text(&self, field: &str, text: &str, errors: &mut Vec<FieldError>) {
        let actual = text.chars().count();
        let length = |bound, limit| FieldError::Length { field: field.to_owned(), actual, bound, limit };
        if let Some(limit) = self.max_chars.filter(|limit| actual > *limit) {
            errors.push(length(Bound::AtMost, limit));
        }
        if let Some(limit) = self.min_chars.filter(|limit| actual < *limit) {
            errors.push(length(Bound::AtLeast, limit));
        }
        if let Some(pattern) = self.pattern.as_ref().filter(|pattern| !pattern.matches(text)) {
            errors.push(FieldError::Mismatch { field: field.to_owned(), pattern: pattern.source.clone() });
        }
    }

    fn check_number(&self, field: &str, number: f64, errors: &mut Vec<FieldError>) {
        let range = |bound, limit| FieldError::Range { field: field.to_owned(), bound, limit };
        if let Some(limit) = self.max.filter(|limit| number > *limit || number.is_nan()) {
            errors.push(range(Bound::AtMost, limit));
        }
        if let Some(limit) = self.min.filter(|limit| number < *limit || number.is_nan()) {
            errors.push(range(Bound::AtLeast, limit));
        }
    }

    fn check_items(&self, field: &str, actual: usize, errors: &mut Vec<FieldError>) {
        if let Some(limit) = self.max_items.filter(|limit| actual > *limit) {
            errors.push(FieldError::Items { field: field.to_owned(), actual, bound: Bound::AtMost, limit });
        }
        if let Some(limit) = self.min_items.filter(|limit| actual < *limit) {
            errors.push(FieldError::Items { field: field.to_owned(), actual, bound: Bound::AtLeast, limit });
        }
    }
}

/// For prompts: `, at most 600 characters, matching …`; empty where there is nothing to say.
impl fmt::Display for Constraints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(n) = self.min_chars {
            write!(f, ", at least {n} characters")?;
        }
        if let Some(n) = self.max_chars {
            write!(f, ", at most {n} characters")?;
        }
        if let Some(p) = &self.pattern {
            write!(f, ", matching `{}`", p.source)?;
        }
        if let Some(n) = self.min {
            write!(f, ", at least {n}")?;
        }
        if let Some(n) = self.max {
            write!(f, ", at most {n}")?;
        }
        if let Some(n) = self.min_items {
            write!(f, ", at least {n} items")?;
        }
        if let Some(n) = self.max_items {
            write!(f, ", at most {n} items")?;
        }
        Ok(())
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AtMost => "at most",
            Self::AtLeast => "at least",
        })
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({:?})", self.source)
    }
}

impl Serialize for Pattern {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.source)
    }
}
