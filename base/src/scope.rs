//! Scopes of tokens and tools (RFC 6749, section 3.3).

use std::{collections::BTreeSet, fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

/// One scope: visible ASCII without `"` and `\` (RFC 6749, section 3.3).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Scope(String);

/// A set of scopes; its text form is sorted and separated by blanks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ScopeSet(Arc<BTreeSet<Scope>>);

/// A text that is not a scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a scope: use visible ASCII without blanks, quotes and backslashes")]
pub struct ScopeError(String);

impl ScopeSet {
    /// No scopes.
    pub fn new() -> Self {
        Self::default()
    }

    /// The scopes of a blank-separated text, as token responses and claims have it.
    ///
    /// # Errors
    /// One of its words is no scope.
    pub fn parse(text: &str) -> Result<Self, ScopeError> {
        text.split(' ').filter(|s| !s.is_empty()).map(Scope::from_str).collect()
    }

    /// Whether all of `needed` are in here.
    pub fn covers(&self, needed: &Self) -> bool {
        needed.0.is_subset(&self.0)
    }

    /// Those of `needed` that are not in here.
    #[must_use]
    pub fn missing(&self, needed: &Self) -> Self {
        needed.0.difference(&self.0).cloned().collect()
    }

    /// All scopes of both.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.0.union(&other.0).cloned().collect()
    }

    /// In sorted order.
    pub fn iter(&self) -> impl Iterator<Item = &Scope> {
        self.0.iter()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Scope {
    /// The text form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Scope {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, ScopeError> {
        let visible = |b: u8| (0x21..=0x7e).contains(&b) && b != b'"' && b != b'\\';
        if !text.is_empty() && text.len() <= 256 && text.bytes().all(visible) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ScopeError(text.chars().take(80).collect()))
        }
    }
}

impl FromIterator<Scope> for ScopeSet {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(Arc::new(scopes.into_iter().collect()))
    }
}

impl TryFrom<String> for Scope {
    type Error = ScopeError;

    fn try_from(text: String) -> Result<Self, ScopeError> {
        text.parse()
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.0
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, scope) in self.0.iter().enumerate() {
            let gap = if i == 0 { "" } else { " " };
            write!(f, "{gap}{scope}")?;
        }
        Ok(())
    }
}
