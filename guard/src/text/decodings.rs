//! A text as others could read it: with escapes and encodings undone.

use std::borrow::Cow;

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use percent_encoding::percent_decode_str;
use unicode_normalization::UnicodeNormalization;

use super::invisible::is_invisible;

/// Shorter pieces hold nothing that could be told from chance.
const MIN_ENCODED: usize = 8;

/// Its reader may be lenient.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The text itself, and what it becomes when percent escapes, Base64 or hexadecimal pieces in it are decoded, once, wherever in a
/// piece that begins. Each takes time linear in the length of the text.
pub(crate) fn decodings(text: &str) -> Vec<Cow<'_, str>> {
    let mut decodings = vec![Cow::Borrowed(text)];
    let plain = plain(text);
    if let Cow::Owned(plain) = &plain {
        decodings.push(Cow::Owned(plain.clone()));
    }
    if text.contains('%') {
        decodings.push(Cow::Owned(percent_decode_str(text).decode_utf8_lossy().into_owned()));
    }
    // both alphabets of Base64
    let standard = plain.replace('-', "+").replace('_', "/");
    let is_code = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/');
    let pieces: Vec<&str> = standard.split(|c: char| !is_code(c)).filter(|piece| piece.len() >= MIN_ENCODED).collect();
    decodings.extend((0..4).filter_map(|offset| decoded(&pieces, offset, base64)).map(Cow::Owned));
    // wrapped, or in groups
    let joined: String = standard.chars().filter(|c| is_code(*c)).collect();
    if joined.len() < plain.trim_end_matches('=').len() {
        decodings.extend((0..4).filter_map(|offset| decoded(&[&joined], offset, base64)).map(Cow::Owned));
    }
    let pairs = plain.to_ascii_lowercase().replace("0x", "").replace("\\x", "");
    let digits: String = pairs.split(|c: char| !c.is_alphanumeric()).map(pair).collect();
    let runs: Vec<&str> = digits.split(|c: char| !c.is_ascii_hexdigit()).collect();
    decodings.extend((0..2).filter_map(|offset| decoded(&runs, offset, hexadecimal)).map(Cow::Owned));
    decodings
}

/// A text in plain letters: without the full-width and other forms that some have, and without what is invisible.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().filter(|c| !is_invisible(*c)).nfkc().filter(|c| !is_invisible(*c)).collect())
}

/// Letters and digits only, in lower case, in their plain forms and without marks: how values are compared that may be written with
/// blanks, dots or dashes.
pub fn normalize(text: &str) -> String {
    let is_letter = |c: &char| c.is_alphanumeric();
    if text.is_ascii() {
        return text.chars().filter(is_letter).flat_map(char::to_lowercase).collect();
    }
    // taken apart first: a letter can have a mark in one case only, and a sign of its own with it in the other
    let lower = plain(text).nfkd().filter(is_letter).flat_map(char::to_lowercase).collect::<String>();
    lower.nfkd().filter(is_letter).nfc().collect()
}

/// The two figures of `x34` and `34h`.
fn pair(word: &str) -> &str {
    let bare = word.strip_prefix('x').or_else(|| word.strip_suffix('h')).unwrap_or(word);
    if bare.len() == 2 { bare } else { word }
}

/// What all pieces say that are long enough, each from the same place on.
fn decoded(pieces: &[&str], offset: usize, decode: fn(&str) -> Vec<u8>) -> Option<String> {
    let mut decoded = String::new();
    for piece in pieces.iter().filter_map(|piece| piece.get(offset..)).filter(|piece| piece.len() >= MIN_ENCODED) {
        decoded.push_str(&String::from_utf8_lossy(&decode(piece)));
        decoded.push(' ');
    }
    (!decoded.is_empty()).then_some(decoded)
}

fn base64(piece: &str) -> Vec<u8> {
    // a single character at the end of a group decodes to nothing
    let whole = piece.len() - usize::from(piece.len() % 4 == 1);
    LENIENT.decode(piece.get(..whole).unwrap_or_default()).unwrap_or_default()
}

fn hexadecimal(run: &str) -> Vec<u8> {
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    run.as_bytes().chunks_exact(2).filter_map(byte).collect()
}
