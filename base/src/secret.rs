//! Values that must not be seen, and taking them out of texts.

use std::{
    borrow::Cow,
    fmt,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
};

use aho_corasick::{AhoCorasick, MatchKind};
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
    known: Arc<RwLock<Known>>,
}

#[derive(Default)]
struct Known {
    /// Secrets that are configured, and live as long as the program.
    kept: Vec<Zeroizing<String>>,
    /// Tokens and what else comes and goes.
    passing: Vec<Zeroizing<String>>,
    /// Finds all needles in one pass over a text: prompts are long, and scrubbed before every model call.
    finder: Option<AhoCorasick>,
}

/// What stands where a secret stood.
pub const REDACTED: &str = "[redacted]";

/// Shorter secrets are not searched for: they would turn up by chance.
const MIN_LENGTH: usize = 8;
/// Tokens are renewed for ever; the oldest make room for new ones, and never those that are configured.
const MAX_PASSING: usize = 512;
/// More secrets than any program has, each in all its forms; further ones may be forgotten.
const MAX_KEPT: usize = 4_096;

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

    /// Learns a secret that comes and goes, such as a token: as it is, percent-encoded and escaped as in JSON, and all that in Base64
    /// at each of the three alignments. It may be forgotten when many others have come since.
    pub fn learn(&self, secret: &Secret<String>) {
        self.known.write().unwrap_or_else(PoisonError::into_inner).add(secret, |known| {
            let excess = known.passing.len().saturating_sub(MAX_PASSING);
            known.passing.drain(..excess);
            &mut known.passing
        });
    }

    /// Learns a secret for good: one that is configured. A server that makes many tokens come and go cannot make it be forgotten.
    pub fn keep(&self, secret: &Secret<String>) {
        self.known
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .add(secret, |known| if known.kept.len() < MAX_KEPT { &mut known.kept } else { &mut known.passing });
    }

    /// The text without the secrets it had.
    pub fn scrub<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.known().scrub(text)
    }

    /// Whether a text has a secret in it.
    pub fn finds(&self, text: &str) -> bool {
        text.len() >= MIN_LENGTH && matches!(self.scrub(text), Cow::Owned(_))
    }

    /// Scrubs every string of a JSON value, keys included.
    pub fn scrub_json(&self, value: &mut Value) {
        self.known().scrub_json(value);
    }

    /// Scrubs every string of a JSON object, keys included.
    pub fn scrub_map(&self, map: &mut Map<String, Value>) {
        self.known().scrub_map(map);
    }

    fn known(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn add(&mut self, secret: &Secret<String>, place: impl Fn(&mut Self) -> &mut Vec<Zeroizing<String>>) {
        let text = secret.expose();
        if text.len() < MIN_LENGTH || self.needles().any(|needle| needle == *text) {
            return;
        }
        place(self).extend(forms(text));
        self.finder = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(self.needles()).ok();
    }

    fn scrub<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match &self.finder {
            // no needle is so short
            _ if text.len() < MIN_LENGTH => Cow::Borrowed(text),
            Some(finder) if !finder.is_match(text) => Cow::Borrowed(text),
            Some(finder) => Cow::Owned(finder.replace_all(text, &vec![REDACTED; finder.patterns_len()])),
            None if self.is_empty() => Cow::Borrowed(text),
            // an automaton that could not be built finds nothing, so nothing may pass
            None => Cow::Owned(REDACTED.to_owned()),
        }
    }

    fn scrub_json(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if let Cow::Owned(clean) = self.scrub(text) {
                    *text = clean;
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.scrub_json(item)),
            Value::Object(map) => self.scrub_map(map),
            _ => {}
        }
    }

    fn scrub_map(&self, map: &mut Map<String, Value>) {
        if map.keys().any(|key| matches!(self.scrub(key), Cow::Owned(_))) {
            *map = std::mem::take(map).into_iter().map(|(k, v)| (self.scrub(&k).into_owned(), v)).collect();
        }
        map.values_mut().for_each(|item| self.scrub_json(item));
    }

    fn needles(&self) -> impl Iterator<Item = &str> {
        self.kept.iter().chain(&self.passing).map(|needle| needle.as_str())
    }

    fn is_empty(&self) -> bool {
        self.kept.is_empty() && self.passing.is_empty()
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor")
    }
}

/// A secret as it is and as forms, addresses and JSON spell it, each also in Base64.
fn forms(text: &str) -> Vec<Zeroizing<String>> {
    let form: Zeroizing<String> = Zeroizing::new(byte_serialize(text.as_bytes()).collect());
    let percent = Zeroizing::new(form.replace('+', "%20"));
    // JSON inside a text, as some write it also with `\/`
    let json = Zeroizing::new(serde_json::to_string(text).unwrap_or_default());
    let json = json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    let slashes = Zeroizing::new(json.replace('/', "\\/"));
    let mut forms = Vec::new();
    for spelling in [text, form.as_str(), percent.as_str(), json, slashes.as_str()] {
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
