//! Numbers of phones: `+49 (0)30 123-456` is `+4930123456`. The code of a country is never added.

use crate::security::boundary::WrittenAs;

/// Shorter and longer ones are something else (ITU-T E.164).
const FEWEST: usize = 7;
const MOST: usize = 15;

/// How a text writes the number that a value is.
pub(super) fn find(text: &str, value: &str) -> Option<WrittenAs> {
    let wanted = value_of(value)?;
    let is_part = |c: char| c.is_ascii_digit() || matches!(c, '+' | '(' | ')' | ' ' | '\u{a0}' | '-' | '.' | '/');
    let mut rest = text;
    let mut before = None;
    while let Some(start) = rest.find(is_part) {
        before = rest.get(..start).and_then(|skipped| skipped.chars().next_back()).or(before);
        let run = rest.get(start..).unwrap_or_default();
        let (run, after) = run.split_at(run.find(|c| !is_part(c)).unwrap_or(run.len()));
        // no part of a name, such as an order's
        let is_beside = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '#');
        let is_apart = (run.starts_with(' ') || !is_beside(before))
            && (run.ends_with([' ', '.']) || !is_beside(after.chars().next()));
        if is_apart && plain(run).is_some_and(|number| number == wanted) {
            return Some(WrittenAs::Figures);
        }
        before = run.chars().next_back();
        rest = after;
    }
    None
}

/// The number that a whole value is, with nothing before or behind it: all of the value is sent.
fn value_of(value: &str) -> Option<String> {
    let begins = value.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '('));
    let ends = value.ends_with(|c: char| c.is_ascii_digit());
    plain(value).filter(|_| begins && ends)
}

/// The figures of a number, behind a `+` where it has the code of its country.
fn plain(text: &str) -> Option<String> {
    let text = text.trim_matches(|c: char| !c.is_ascii_digit() && !matches!(c, '+' | '('));
    // in brackets as a whole
    let text = text.strip_prefix('(').filter(|rest| rest.starts_with('+')).unwrap_or(text);
    let is_part = |c: char| c.is_ascii_digit() || matches!(c, '(' | ')' | ' ' | '\u{a0}' | '-' | '.' | '/');
    let (is_international, rest) = match text.strip_prefix('+').or_else(|| text.strip_prefix("00")) {
        Some(rest) => (true, rest.replacen("(0)", "", 1)),
        None => (false, text.to_owned()),
    };
    if !rest.chars().all(is_part) {
        return None;
    }
    let figures: String = rest.chars().filter(char::is_ascii_digit).collect();
    let is_number = (FEWEST..=MOST).contains(&figures.len());
    is_number.then(|| if is_international { format!("+{figures}") } else { figures })
}
