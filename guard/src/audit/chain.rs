//! How a row becomes a line that holds on to the line before it.
//!
//! A line is the row as JSON, whose last two members are `prev`, the hash of the line before, and `hash`: SHA-256 over the bytes of
//! the line without `,"hash":"…"`. Nothing is written anew to be checked, so there is one text for one hash.

use serde::{Deserialize, Serialize};

use super::{
    ChainFault,
    hash::{ChainHash, DIGITS, LogId},
};

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
pub(super) fn read(line: &[u8]) -> Result<Link, ChainFault> {
    let (content, hash) = split(line).ok_or(ChainFault::NoRow)?;
    if ChainHash::of(&[content, b"}"]) != hash {
        return Err(ChainFault::Changed);
    }
    let tie = serde_json::from_slice(line).map_err(|_| ChainFault::NoRow)?;
    Ok(Link { hash, tie })
}

fn split(line: &[u8]) -> Option<(&[u8], ChainHash)> {
    let line = line.strip_suffix(AFTER_HASH)?;
    let (line, digits) = line.split_at_checked(line.len().checked_sub(DIGITS)?)?;
    let hash = std::str::from_utf8(digits).ok()?.parse().ok()?;
    Some((line.strip_suffix(BEFORE_HASH)?, hash))
}

impl From<ChainHash> for String {
    fn from(hash: ChainHash) -> Self {
        hash.to_string()
    }
}
