//! A text as others could read it: with escapes and encodings undone.

use std::borrow::Cow;

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use percent_encoding::percent_decode_str;
use unicode_normalization::UnicodeNormalization;

/// Shorter pieces hold nothing that could be told from chance.
const MIN_ENCODED: usize = 8;

/// Whoever reads it may be lenient.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The text itself, and what it becomes when percent escapes, Base64 or hexadecimal pieces in it are decoded, once. Each takes time linear in
/// the length of the text.
pub(super) fn views(text: &str) -> Vec<Cow<'_, str>> {
    let mut views = vec![Cow::Borrowed(text)];
    if text.contains('%') {
        views.push(Cow::Owned(percent_decode_str(text).decode_utf8_lossy().into_owned()));
    }
    let is_code = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '-' | '_');
    let pieces = text.split(|c: char| !is_code(c)).filter(|piece| piece.len() >= MIN_ENCODED);
    views.extend(pieces.filter_map(base64).map(Cow::Owned));
    // wrapped, or in groups
    let joined: String = text.chars().filter(|c| is_code(*c)).collect();
    if joined.len() >= MIN_ENCODED && joined.len() < text.trim_end_matches('=').len() {
        views.extend(base64(&joined).map(Cow::Owned));
    }
    views.extend(hexadecimal(text).map(Cow::Owned));
    views
}

/// Letters and digits only, in lower case and in their plain forms: how values are compared that may be written with blanks, dots or dashes.
pub(in crate::security) fn folded(text: &str) -> String {
    let fold = |c: char| c.is_alphanumeric().then(|| c.to_lowercase());
    if text.is_ascii() {
        text.chars().filter_map(fold).flatten().collect()
    } else {
        text.nfkc().filter_map(fold).flatten().collect()
    }
}

fn base64(piece: &str) -> Option<String> {
    let standard: String = piece
        .chars()
        .map(|c| {
            if c == '-' {
                '+'
            } else if c == '_' {
                '/'
            } else {
                c
            }
        })
        .collect();
    // a single character at the end of a group decodes to nothing
    let whole = standard.len() - usize::from(standard.len() % 4 == 1);
    let bytes = LENIENT.decode(standard.get(..whole)?).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Every run of hexadecimal digits, with blanks, colons and `0x` between pairs or without.
fn hexadecimal(text: &str) -> Option<String> {
    let plain = text.replace("0x", "").replace("\\x", "");
    let separates = |c: char| c.is_whitespace() || matches!(c, ':' | '-' | ',');
    let digits: String = plain.chars().filter(|c| !separates(*c)).collect();
    let mut decoded = String::new();
    for run in digits.split(|c: char| !c.is_ascii_hexdigit()).filter(|run| run.len() >= MIN_ENCODED) {
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        let bytes: Vec<u8> = run.as_bytes().chunks_exact(2).filter_map(byte).collect();
        decoded.push_str(&String::from_utf8_lossy(&bytes));
        decoded.push(' ');
    }
    (!decoded.is_empty()).then_some(decoded)
}
