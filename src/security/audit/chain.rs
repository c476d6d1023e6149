//! How a row becomes a line that holds on to the line before it.
//!
//! A line is the row as JSON, whose last two members are `prev`, the hash of the line before, and `hash`: SHA-256 over the bytes of
//! the line without `,"hash":"…"`. Nothing is written anew to be checked, so there is one text for one hash.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::Flaw;

/// SHA-256 of a row together with all rows before it. Written as 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ChainHash([u8; 32]);

/// A text that is no hash of a row.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the hash of a row: expected 64 lower-case hex digits")]
pub struct HashError(String);

/// The name of a log: 128 random bits. All its files have it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogId(String);

/// What ties a row to the one before it.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) hash: ChainHash,
    pub(super) tie: Tie,
}

/// What every row says of its place.
#[derive(Debug, Deserialize)]
pub(super) struct Tie {
    pub(super) kind: String,
    pub(super) seq: u64,
    #[serde(default)]
    pub(super) time: String,
    pub(super) prev: ChainHash,
    /// In the first row of a file.
    #[serde(default)]
    pub(super) log: Option<LogId>,
    #[serde(default)]
    pub(super) file: Option<u32>,
}

/// No row is longer, in bytes.
pub(super) const MAX_LINE: usize = 1024 * 1024;

const BEFORE_HASH: &[u8] = b",\"hash\":\"";
const AFTER_HASH: &[u8] = b"\"}";
const DIGITS: usize = 64;

#[derive(Serialize)]
struct Chained<'a, E> {
    #[serde(flatten)]
    entry: &'a E,
    prev: ChainHash,
}

/// Appends an entry to the buffer as a line.
pub(super) fn seal(buffer: &mut Vec<u8>, entry: &impl Serialize, prev: ChainHash) -> Result<ChainHash, String> {
    let start = buffer.len();
    serde_json::to_writer(&mut *buffer, &Chained { entry, prev }).map_err(|error| error.to_string())?;
    let hash = ChainHash::of(&[buffer.get(start..).unwrap_or_default()]);
    // the brace that closes it comes after the hash
    buffer.pop();
    buffer.extend_from_slice(BEFORE_HASH);
    buffer.extend_from_slice(&hash.digits());
    buffer.extend_from_slice(AFTER_HASH);
    buffer.push(b'\n');
    match buffer.len() - start <= MAX_LINE {
        true => Ok(hash),
        false => Err(format!("it would be longer than {MAX_LINE} bytes")),
    }
}

/// Reads a line without its end.
pub(super) fn read(line: &[u8]) -> Result<Link, Flaw> {
    let (content, hash) = split(line).ok_or(Flaw::NoRow)?;
    if ChainHash::of(&[content, b"}"]) != hash {
        return Err(Flaw::Changed);
    }
    let tie = serde_json::from_slice(line).map_err(|_| Flaw::NoRow)?;
    Ok(Link { hash, tie })
}

fn split(line: &[u8]) -> Option<(&[u8], ChainHash)> {
    let line = line.strip_suffix(AFTER_HASH)?;
    let (line, digits) = line.split_at_checked(line.len().checked_sub(DIGITS)?)?;
    let hash = std::str::from_utf8(digits).ok()?.parse().ok()?;
    Some((line.strip_suffix(BEFORE_HASH)?, hash))
}

impl ChainHash {
    /// What the first row of a log follows.
    pub(super) fn genesis(log: &LogId) -> Self {
        Self::of(&[b"abide audit 1 ", log.0.as_bytes()])
    }

    fn of(parts: &[&[u8]]) -> Self {
        let hash = parts.iter().fold(Sha256::new(), |hash, part| hash.chain_update(part));
        Self(hash.finalize().into())
    }

    fn digits(self) -> [u8; DIGITS] {
        let mut digits = [b'0'; DIGITS];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(self.0) {
            for (digit, half) in pair.iter_mut().zip([byte >> 4, byte & 0xf]) {
                *digit = if half < 10 { b'0' + half } else { b'a' + half - 10 };
            }
        }
        digits
    }
}

impl LogId {
    pub(super) fn random() -> Self {
        Self(format!("{:032x}", rand::random::<u128>()))
    }

    /// The text form: 32 hex digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ChainHash {
    type Err = HashError;

    fn from_str(text: &str) -> Result<Self, HashError> {
        let wrong = || HashError(text.chars().take(80).collect());
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            _ => None,
        };
        if text.len() != DIGITS {
            return Err(wrong());
        }
        let mut hash = [0; 32];
        for (byte, pair) in hash.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            for half in pair {
                *byte = *byte << 4 | digit(*half).ok_or_else(wrong)?;
            }
        }
        Ok(Self(hash))
    }
}

impl TryFrom<String> for ChainHash {
    type Error = HashError;

    fn try_from(text: String) -> Result<Self, HashError> {
        text.parse()
    }
}

impl From<ChainHash> for String {
    fn from(hash: ChainHash) -> Self {
        hash.to_string()
    }
}

impl fmt::Display for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.digits()).unwrap_or_default())
    }
}

impl fmt::Debug for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
