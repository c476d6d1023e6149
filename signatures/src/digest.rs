use std::fmt::{self, Write};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// SHA-256 over canonical JSON ([RFC 8785](https://www.rfc-editor.org/rfc/rfc8785)), written `sha256:` and 64 hex digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(String);

/// Why a value has no canonical form, or a text is no digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CanonicalError {
    /// JSON numbers above 2^53 lose digits in other readers, so two documents could share a digest.
    #[error("the integer `{0}` at `{1}` is beyond 2^53: write it as a string")]
    LargeInteger(String, String),
    /// The value cannot be written as JSON.
    #[error("cannot be written as JSON: {0}")]
    Json(String),
    /// Not of the form `sha256:` and 64 lower-case hex digits.
    #[error("`{0}` is not a digest: expected `sha256:` and 64 lower-case hex digits")]
    NotADigest(String),
}

const PREFIX: &str = "sha256:";

/// The canonical JSON text of a value (RFC 8785).
///
/// # Errors
/// The value cannot be written as JSON, or holds an integer beyond 2^53.
pub fn canonical_json<T: Serialize + ?Sized>(value: &T) -> Result<String, CanonicalError> {
    let value = serde_json::to_value(value).map_err(|e| CanonicalError::Json(e.to_string()))?;
    refuse_large_integers(&value, &mut String::new())?;
    serde_jcs::to_string(&value).map_err(|e| CanonicalError::Json(e.to_string()))
}

impl Digest {
    /// The digest of a value's canonical JSON.
    ///
    /// # Errors
    /// As [`canonical_json`].
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Result<Self, CanonicalError> {
        Ok(Self::of_bytes(canonical_json(value)?.as_bytes()))
    }

    /// The digest of bytes as they are.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        let mut text = String::with_capacity(PREFIX.len() + 64);
        text.push_str(PREFIX);
        let hash: [u8; 32] = Sha256::digest(bytes).into();
        for half in hash.as_chunks().0 {
            // a string takes all that is written to it
            let _ = write!(text, "{:032x}", u128::from_be_bytes(*half));
        }
        Self(text)
    }

    /// The text form, `sha256:…`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first eight hex digits, for people.
    pub fn short(&self) -> &str {
        self.0.get(7..15).unwrap_or(&self.0)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Digest {
    type Error = CanonicalError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let hex = text.strip_prefix(PREFIX).unwrap_or_default();
        let lower_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if hex.len() == 64 && hex.bytes().all(lower_hex) {
            Ok(Self(text))
        } else {
            Err(CanonicalError::NotADigest(text.chars().take(80).collect()))
        }
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.0
    }
}

fn refuse_large_integers(value: &Value, at: &mut String) -> Result<(), CanonicalError> {
    const LIMIT: u64 = 1 << 53;
    match value {
        Value::Number(n) => {
            let large = n.as_u64().is_some_and(|u| u > LIMIT) || n.as_i64().is_some_and(|i| i.unsigned_abs() > LIMIT);
            if large { Err(CanonicalError::LargeInteger(n.to_string(), at.clone())) } else { Ok(()) }
        }
        Value::Array(items) => items.iter().enumerate().try_for_each(|(i, item)| descend(item, at, &i.to_string())),
        Value::Object(map) => map.iter().try_for_each(|(key, item)| descend(item, at, key)),
        Value::Null | Value::Bool(_) | Value::String(_) => Ok(()),
    }
}

fn descend(value: &Value, at: &mut String, key: &str) -> Result<(), CanonicalError> {
    let length = at.len();
    at.push('/');
    at.push_str(key);
    refuse_large_integers(value, at)?;
    at.truncate(length);
    Ok(())
}
