use std::sync::OnceLock;

use serde_json::Value;
use unicode_normalization::{UnicodeNormalization, is_nfc};

use super::{
    edge::{is_host, is_of_letters, stands_alone},
    number::has_number,
};

/// A text of the input.
pub(in crate::session) struct Given {
    text: String,
    other: OnceLock<Forms>,
}

/// A text in the forms in which words of it are looked for, where it does not have them as they are.
struct Forms {
    /// Composed (NFC), and every run of white space one blank.
    plain: String,
    /// The same, with ASCII letters in lower case: every place is where it was.
    ascii: String,
    /// All letters in lower case.
    lower: String,
}

impl Given {
    pub(in crate::session) fn new(text: String) -> Self {
        Self { text, other: OnceLock::new() }
    }

    pub(in crate::session) fn text(&self) -> &str {
        &self.text
    }

    /// Whether a text stands in it letter by letter, or a number.
    pub(in crate::session) fn has(&self, value: &Value) -> bool {
        match value {
            Value::String(word) => has_token(&self.text, word),
            Value::Number(number) => has_number(&self.text, number),
            _ => false,
        }
    }

    /// Whether a text stands in it that people do not tell from this one. Takes longer.
    pub(in crate::session) fn has_form_of(&self, value: &Value) -> bool {
        let Value::String(word) = value else { return false };
        let id = word.strip_prefix('#').filter(|id| id.starts_with(char::is_alphanumeric));
        let number = super::number::written(word);
        if id.is_some_and(|id| has_token(&self.text, id))
            || number.is_some_and(|number| has_number(&self.text, &number))
        {
            return true;
        }
        if super::number::has_grouped(&self.text, word) {
            return true;
        }
        let forms = self.other.get_or_init(|| Forms::of(&self.text));
        let composed = word.nfc().collect::<String>();
        if has_token(&forms.plain, &composed) {
            return true;
        }
        if is_of_letters(&composed) {
            return has_token(&forms.lower, &composed.to_lowercase());
        }
        addresses(&composed).iter().any(|(start, rest)| {
            forms.ascii.match_indices(start.as_str()).any(|(at, _)| {
                let end = at + start.len() + rest.len();
                forms.plain.get(at + start.len()..end) == Some(rest) && stands_alone(&forms.plain, at, end)
            })
        })
    }
}

impl Forms {
    fn of(text: &str) -> Self {
        let composed = if is_nfc(text) { text.to_owned() } else { text.nfc().collect() };
        let plain = composed.split_whitespace().collect::<Vec<_>>().join(" ");
        Self { ascii: plain.to_ascii_lowercase(), lower: plain.to_lowercase(), plain }
    }
}

/// Whether `word` stands in `text` as a whole: not as a part of a longer word, name, address or number.
pub(in crate::session) fn has_token(text: &str, word: &str) -> bool {
    let is_word_like = word.trim() == word && word.contains(char::is_alphanumeric);
    is_word_like && text.match_indices(word).any(|(at, _)| stands_alone(text, at, at + word.len()))
}

/// The ways to write the same address: what of it is the same in small letters, and the rest. A host has a scheme or not, where nothing
/// comes behind it. Only what begins with `www.` gets one: `report.zip` is a file to one and a site to another.
fn addresses(word: &str) -> Vec<(String, &str)> {
    let lower = word.to_ascii_lowercase();
    if is_mail(&lower) {
        return vec![(lower, "")];
    }
    const SCHEME: &str = "https://";
    let scheme = if lower.starts_with(SCHEME) { SCHEME.len() } else { 0 };
    let rest = word.get(scheme..).unwrap_or_default();
    let host = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(host);
    let name = host.to_ascii_lowercase();
    if !is_host(name.split(':').next().unwrap_or_default()) {
        return Vec::new();
    }
    let with_scheme = format!("{SCHEME}{name}");
    match (path, scheme) {
        ("" | "/", 0) => vec![(name, ""), (with_scheme.clone(), ""), (with_scheme, "/")],
        ("" | "/", _) if name.starts_with("www.") => vec![(with_scheme.clone(), ""), (with_scheme, "/"), (name, "")],
        ("" | "/", _) => vec![(with_scheme.clone(), ""), (with_scheme, "/")],
        (path, 0) => vec![(name, path)],
        (path, _) => vec![(with_scheme, path)],
    }
}

fn is_mail(word: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '+' | '-');
    word.split_once('@')
        .is_some_and(|(mailbox, host)| !mailbox.is_empty() && mailbox.chars().all(is_plain) && is_host(host))
}
