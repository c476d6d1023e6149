//! Names of runs and of models.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One run. Also its W3C trace id, so that a server's log and ours can be joined.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunId(u128);

/// A model at an endpoint, such as `openai/gpt-5-mini`. Without secrets, without the endpoint's address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ModelId(pub String);

impl RunId {
    /// A random id; never zero, which W3C Trace Context forbids.
    pub fn random() -> Self {
        Self(rand::random::<u128>().max(1))
    }

    /// The `traceparent` of a call of this run ([W3C Trace Context](https://www.w3.org/TR/trace-context/)).
    pub fn traceparent(self) -> String {
        format!("00-{self}-{:016x}-01", rand::random::<u64>().max(1))
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for RunId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match u128::from_str_radix(&text, 16) {
            Ok(id) if id != 0 && text.len() == 32 => Ok(Self(id)),
            _ => Err("a run id has 32 hex digits and is not zero".into()),
        }
    }
}

impl From<RunId> for String {
    fn from(id: RunId) -> Self {
        id.to_string()
    }
}

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
