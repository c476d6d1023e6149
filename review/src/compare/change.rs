use std::fmt;

use abide_guard::policy::{key_path, order::Order};
use serde::Serialize;
use serde_json::Value;

/// One difference between two boundaries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Change {
    /// What it means.
    pub kind: Kind,
    /// The key, with the tables around it.
    pub key: String,
    /// What stood there; `None` if there was nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// What stands there now; `None` if there is nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// What a difference means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The second lets more through.
    Wider,
    /// The second lets less through.
    Narrower,
    /// Neither, both, or not to be decided.
    Changed,
}

/// Differences being written down.
pub(super) struct Changes(pub(super) Vec<Change>);

impl Changes {
    /// A line, unless the two are the same.
    pub(super) fn told(&mut self, key: impl Into<String>, order: Order, before: Option<String>, after: Option<String>) {
        let kind = match order {
            Order::Same => return,
            Order::Wider => Kind::Wider,
            Order::Narrower => Kind::Narrower,
            Order::Unclear => Kind::Changed,
        };
        self.0.push(Change { kind, key: key.into(), before, after });
    }

    /// A key of a table at `path`, as the tables of keys tell of it.
    pub(super) fn key(&mut self, path: &str, key: &str, order: Order, [old, new]: [Option<Value>; 2]) {
        self.told(key_path(path, key), order, old.as_ref().and_then(word), new.as_ref().and_then(word));
    }
}

/// A value as JSON; none for what says nothing.
pub(super) fn word<T: Serialize>(value: &T) -> Option<String> {
    match serde_json::to_value(value) {
        Ok(Value::Null) | Err(_) => None,
        Ok(Value::String(text)) => Some(text),
        Ok(value) => Some(value.to_string()),
    }
}

/// A list as JSON; `None` if it is empty.
pub(super) fn of<T: Serialize>(list: &[T]) -> Option<String> {
    if list.is_empty() { None } else { word(&list) }
}

impl Kind {
    fn sign(self) -> char {
        match self {
            Self::Wider => '+',
            Self::Narrower => '-',
            Self::Changed => '~',
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wider => "wider",
            Self::Narrower => "narrower",
            Self::Changed => "changed",
        })
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = |text: &Option<String>| text.clone().unwrap_or_else(|| "nothing".to_owned());
        write!(f, "{} {} {}: {} -> {}", self.kind.sign(), self.kind, self.key, side(&self.before), side(&self.after))
    }
}
