//! Values that must not be seen, and taking them out of texts.

use std::{
    borrow::Cow,
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use serde_json::{Map, Value};
use url::form_urlencoded::byte_serialize;
use zeroize::{Zeroize, Zeroizing};

/// A value that neither `Debug` nor a serializer shows; wiped when dropped.
#[derive(Clone)]
pub struct Secret<T: Zeroize>(Zeroizing<T>);

/// Takes known secrets out of texts before they are shown, logged or saved. Clones share what they know.
#[derive(Clone, Default)]
pub struct Redactor {
    needles: Arc<RwLock<Vec<Zeroizing<String>>>>,
}

/// What stands where a secret stood.
pub const REDACTED: &str = "[redacted]";

/// Shorter secrets are not searched for: they would turn up by chance.
const MIN_LENGTH: usize = 8;
/// Tokens are renewed for ever; the oldest needles make room.
const MAX_NEEDLES: usize = 512;

impl<T: Zeroize> Secret<T> {
    /// Wraps a value.
    pub fn new(value: T) -> Self {
        Self(Zeroizing::new(value))
    }

    /// The value; the name makes its uses easy to find.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl Redactor {
    /// Knows no secret yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Learns a secret: as it is and percent-encoded, and both in Base64 at each of the three alignments.
    pub fn learn(&self, secret: &Secret<String>) {
        let text = secret.expose();
        if text.len() < MIN_LENGTH {
            return;
        }
        let mut needles = self.needles.write().unwrap_or_else(PoisonError::into_inner);
        if needles.iter().any(|known| **known == *text) {
            return;
        }
        needles.extend(forms(text));
        let excess = needles.len().saturating_sub(MAX_NEEDLES);
        needles.drain(..excess);
    }

    /// The text without the secrets it had.
    pub fn scrub<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let needles = self.needles.read().unwrap_or_else(PoisonError::into_inner);
        let mut clean = Cow::Borrowed(text);
        for needle in needles.iter() {
            if clean.contains(needle.as_str()) {
                clean = Cow::Owned(clean.replace(needle.as_str(), REDACTED));
            }
        }
        clean
    }

    /// Scrubs every string of a JSON value, keys included.
    pub fn scrub_json(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if let Cow::Owned(clean) = self.scrub(text) {
                    *text = clean;
                }
            }
            Value::Array(items) => {
                items.iter_mut().for_each(|item| self.scrub_json(item))
            }
            Value::Object(map) => self.scrub_map(map),
            _ => {}
        }
    }

    /// Scrubs every string of a JSON object, keys included.
    pub fn scrub_map(&self, map: &mut Map<String, Value>) {
        if map.keys().any(|key| matches!(self.scrub(key), Cow::Owned(_))) {
            *map = std::mem::take(map).into_iter().map(|(k, v)| (self.scrub(&k).into_owned(), v)).collect();
        }
        map.values_mut().for_each(|item| self.scrub_json(item));
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor")
    }
}

/// A secret as it is and as forms and addresses spell it, each also in Base64.
fn forms(text: &str) -> Vec<Zeroizing<String>> {
    let form: Zeroizing<String> = Zeroizing::new(byte_serialize(text.as_bytes()).collect());
    let percent = Zeroizing::new(form.replace('+', "%20"));
    let mut forms = Vec::new();
    for spelling in [text, form.as_str(), percent.as_str()] {
        if !forms.iter().any(|known: &Zeroizing<String>| **known == *spelling) {
            forms.push(Zeroizing::new(spelling.to_owned()));
            forms.extend(in_base64(spelling).map(Zeroizing::new));
        }
    }
    forms
}

/// At each of the three alignments; only whole groups of three bytes keep their form in any context.
fn in_base64(text: &str) -> impl Iterator<Item = String> {
    let whole = |skip: usize| {
        let tail = text.as_bytes().get(skip..)?;
        tail.get(..tail.len() / 3 * 3).filter(|whole| whole.len() >= MIN_LENGTH)
    };
    (0..3).filter_map(whole).flat_map(|whole| [STANDARD_NO_PAD.encode(whole), URL_SAFE_NO_PAD.encode(whole)])
}

#[cfg(test)]
mod tests;
