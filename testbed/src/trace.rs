//! Which run a request belongs to.

#[cfg(test)]
mod tests;

use std::{fmt, str::FromStr};

use serde::{Serialize, Serializer};

/// The trace id of a W3C trace context; the key by which the servers tell runs apart.
///
/// Requests that carry none share [`TraceId::NONE`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TraceId(u128);

impl TraceId {
    /// No trace id. The W3C rules out the all-zero id, so it stands for absence here.
    pub const NONE: Self = Self(0);

    /// The trace id in a `traceparent` value (W3C Trace Context, section 3.2), if it is well-formed.
    #[must_use]
    pub fn from_traceparent(value: &str) -> Option<Self> {
        let mut fields = value.trim().split('-');
        let (version, trace, parent) = (fields.next()?, fields.next()?, fields.next()?);
        fields.next()?;
        let well_formed = is_hex(version, 2) && version != "ff" && is_hex(parent, 16);
        let id: Self = trace.parse().ok()?;
        (well_formed && id != Self::NONE).then_some(id)
    }
}

/// The text is neither `none` nor 32 lower-case hex digits.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a trace id: write 32 lower-case hex digits, or `none`")]
pub struct ParseError(String);

impl FromStr for TraceId {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "none" {
            return Ok(Self::NONE);
        }
        let id = is_hex(text, 32).then(|| u128::from_str_radix(text, 16).ok());
        id.flatten().map(Self).ok_or_else(|| ParseError(text.to_owned()))
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::NONE { f.write_str("none") } else { write!(f, "{:032x}", self.0) }
    }
}

impl Serialize for TraceId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
