use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};

/// SHA-256 of a certificate's SubjectPublicKeyInfo, written `sha256/` and 44 characters of Base64 (RFC 7469).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpkiPin([u8; 32]);

/// A text that is no pin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a pin: {reason}; expected `sha256/` and the Base64 of 32 bytes")]
pub struct SpkiPinError {
    text: String,
    reason: String,
}

impl SpkiPin {
    /// The pin of a SHA-256 digest.
    pub fn new(digest: [u8; 32]) -> Self {
        Self(digest)
    }
}

impl std::str::FromStr for SpkiPin {
    type Err = SpkiPinError;

    fn from_str(text: &str) -> Result<Self, SpkiPinError> {
        let unusable = |reason: String| SpkiPinError { text: text.chars().take(80).collect(), reason };
        let b64 = text.strip_prefix("sha256/").ok_or_else(|| unusable("it does not begin with `sha256/`".into()))?;
        let digest = STANDARD.decode(b64).map_err(|e| unusable(format!("it is not Base64 ({e})")))?;
        let digest = <[u8; 32]>::try_from(digest);
        digest.map(Self).map_err(|bytes| unusable(format!("it has {} bytes", bytes.len())))
    }
}

impl fmt::Display for SpkiPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256/{}", STANDARD.encode(self.0))
    }
}

impl fmt::Debug for SpkiPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A trusted certificate without a pinned key.
#[derive(Debug, thiserror::Error)]
#[error("none of the pinned keys")]
pub(crate) struct PinMismatch;

#[cfg(test)]
mod tests;
