use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

/// Lists of values that the operator keeps, by name: accounts of known payees, addresses of colleagues. What a model or a tool says
/// never gets in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Registry(BTreeMap<String, BTreeSet<String>>);

impl Registry {
    /// No lists.
    pub fn new() -> Self {
        Self::default()
    }

    /// With a list. An entry is a value, compared letter by letter; one that begins with `@` stands for every plain mail address at
    /// that domain.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, entries: impl IntoIterator<Item: Into<String>>) -> Self {
        self.0.entry(name.into()).or_default().extend(entries.into_iter().map(Into::into));
        self
    }

    /// Whether there is a list of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The names of the lists, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The entries of a list, in order.
    pub fn entries(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.get(name).into_iter().flatten().map(String::as_str)
    }

    /// Whether there are no lists.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a list has a value; only texts are ever listed.
    pub fn has(&self, name: &str, value: &Value) -> bool {
        let (Some(list), Some(text)) = (self.0.get(name), value.as_str()) else {
            return false;
        };
        let domain = || text.split_once('@').filter(|(mailbox, _)| is_plain(mailbox)).map(|(_, domain)| domain);
        // the text of a domain entry is no value itself
        list.contains(text) && !text.starts_with('@')
            || domain().is_some_and(|domain| list.contains(&format!("@{}", domain.to_ascii_lowercase())))
    }
}

/// A mailbox that no reader takes for something else: no quotes, comments, routes or second address (RFC 5322, section 3.4).
fn is_plain(mailbox: &str) -> bool {
    !mailbox.is_empty() && mailbox.bytes().all(|b| b.is_ascii_alphanumeric() || b"._+-".contains(&b))
}

#[cfg(test)]
mod tests;
