//! A text as others could read it: with escapes and encodings undone.

use std::borrow::Cow;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use percent_encoding::percent_decode_str;

/// Shorter pieces hold nothing that could be told from chance.
const MIN_ENCODED: usize = 8;

/// The text itself, and what it becomes when percent escapes, Base64 or hexadecimal pieces in it are decoded, once. Each takes time linear in
/// the length of the text.
pub(super) fn views(text: &str) -> Vec<Cow<'_, str>> {
    let mut views = vec![Cow::Borrowed(text)];
    if text.contains('%') {
        views.extend(percent_decode_str(text).decode_utf8().ok().filter(|decoded| decoded != text));
    }
    let is_code = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '-' | '_');
    for piece in text.split(|c: char| !is_code(c)).filter(|piece| piece.len() >= MIN_ENCODED) {
        views.extend([base64(piece), hexadecimal(piece)].into_iter().flatten().map(Cow::Owned));
    }
    views
}

/// Letters and digits only, in lower case: how values are compared that may be written with blanks, dots or dashes.
pub(super) fn folded(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn base64(piece: &str) -> Option<String> {
    let bytes = STANDARD_NO_PAD.decode(piece).or_else(|_| URL_SAFE_NO_PAD.decode(piece)).ok()?;
    readable(bytes)
}

fn hexadecimal(piece: &str) -> Option<String> {
    if !piece.len().is_multiple_of(2) || !piece.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    readable(piece.as_bytes().chunks(2).map(byte).collect::<Option<_>>()?)
}

fn readable(bytes: Vec<u8>) -> Option<String> {
    String::from_utf8(bytes).ok().filter(|text| !text.chars().any(|c| c.is_control() && !c.is_whitespace()))
}
