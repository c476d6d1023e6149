//! What single values must be: patterns, hosts, folders (against path traversal), numbers. `enum` compares
//! letter by letter, so a value with homoglyphs is another one, which `not_enum` therefore does not find.

use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

pub(super) use crate::text::link::{is_address_at, leads_only_to};

use crate::{
    check::values::listed,
    text::{
        decodings::{normalize, plain},
        invisible,
    },
};

pub(super) fn is_text(value: &Value, fits: impl Fn(&str) -> bool) -> bool {
    value.as_str().is_some_and(fits)
}

/// Whether a value, a part of a list that is written as one text, or anything in an object may be taken for a refused value: numbers as
/// texts count as numbers, and texts are compared in plain letters.
pub(super) fn is_refused(refused: &Value, value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(|item| is_refused(refused, item)),
        Value::Object(fields) => fields
            .iter()
            .any(|(name, item)| is_refused(refused, &Value::from(name.as_str())) || is_refused(refused, item)),
        Value::String(text) => is_alike(refused, text) || listed(text).any(|part| is_alike(refused, part)),
        other => is_alike(refused, &other.to_string()),
    }
}

fn is_alike(refused: &Value, text: &str) -> bool {
    let refused = refused.as_str().map_or_else(|| refused.to_string(), str::to_owned);
    let bare = |text: &str| plain(text).trim().to_owned();
    let (one, other) = (bare(&refused), bare(text));
    let number = |text: &str| text.parse::<f64>().ok();
    if let (Some(one), Some(other)) = (number(&one), number(&other)) {
        return one == other;
    }
    let (letters, others) = (normalize(&refused), normalize(text));
    if letters.is_empty() { one == other } else { letters == others }
}

pub(super) fn is_at_least(value: &Value, min: f64) -> bool {
    value.as_f64().is_some_and(|n| n >= min) && !is_short_of(value, min)
}

pub(super) fn is_at_most(value: &Value, max: f64) -> bool {
    value.as_f64().is_some_and(|n| n <= max) && !is_beyond(value, max)
}

/// Whether a folder and everything below it are within the other.
pub(super) fn is_folder_within(folder: &str, other: &str) -> bool {
    is_within(folder.strip_suffix('/').unwrap_or(folder), other) || folder == other
}

/// Whether a whole number is larger than a limit by less than a float can tell.
fn is_beyond(value: &Value, max: f64) -> bool {
    whole(value).is_some_and(|n| max.is_finite() && n > max.floor() as i128)
}

/// Whether a whole number is smaller than a limit by less than a float can tell.
fn is_short_of(value: &Value, min: f64) -> bool {
    whole(value).is_some_and(|n| min.is_finite() && n < min.ceil() as i128)
}

fn whole(value: &Value) -> Option<i128> {
    value.as_i64().map(i128::from).or_else(|| value.as_u64().map(i128::from))
}

/// Whether a path leads to a folder or to something below it, however a server reads it: with `/` alone between its parts, and nothing that
/// goes up or that a server could decode into that. A slash may end it.
pub(super) fn is_within(path: &str, root: &str) -> bool {
    let folder = root.strip_suffix('/').unwrap_or(root);
    if path == root || path.strip_suffix('/').unwrap_or(path) == folder {
        return !path.is_empty();
    }
    let rest = path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/'));
    let is_up = |part: &str| part.chars().all(|c| c == '.' || c.is_whitespace());
    let is_name = |part: &str| part.trim() == part && !is_up(part);
    // a parameter (`..;`), a drive or a stream, a pipe, what a shell makes many names of
    let is_special = |c: char| "\\%~$*?;:|`{}[]\"<>".contains(c);
    rest.is_some_and(|rest| {
        rest.strip_suffix('/').unwrap_or(rest).split('/').all(is_name)
            && !rest.chars().any(|c| c.is_control() || looks_like_a_separator(c))
            && !rest.chars().chain(rest.nfkc()).any(is_special)
            && !invisible::has_invisible(rest)
    })
}

/// Characters that Unicode normalisation, or an older encoding, turns into dots and slashes.
fn looks_like_a_separator(c: char) -> bool {
    matches!(
        c,
        '\u{fe19}' | '\u{fe30}' | '\u{2024}'
            ..='\u{2026}'
                | '\u{ff0e}'
                | '\u{ff0f}'
                | '\u{ff3c}'
                | '\u{2044}'
                | '\u{2215}'
                | '\u{29f8}'
                | '\u{fe52}'
                | '\u{fe68}'
                | '\u{2216}'
                | '\u{29f5}'
                | '\u{a5}'
                | '\u{20a9}'
    )
}
