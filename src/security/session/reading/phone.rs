//! Numbers of phones: `+49 (0)30 123-456` is `+4930123456`. The code of a country is never added, and numbers that stand beside each other
//! are never read as one.

mod group;

use self::group::one;
use crate::security::boundary::WrittenAs;

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
        let is_apart = (run.starts_with(' ') || !is_beside(before))
            && (run.ends_with([' ', '.']) || !is_beside(after.chars().next()));
        if is_apart && numbers(run).contains(&wanted) {
            return Some(WrittenAs::Figures);
        }
        before = run.chars().next_back();
        rest = after;
    }
    None
}

/// What makes figures a part of a name, such as an order's, or of a longer number.
fn is_beside(c: Option<char>) -> bool {
    c.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '#' | '\u{2010}'..='\u{2015}' | '\u{2212}'))
}

/// The number that a whole value is, with nothing before or behind it: all of the value is sent.
fn value_of(value: &str) -> Option<String> {
    let begins = value.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '('));
    let ends = value.ends_with(|c: char| c.is_ascii_digit());
    one(value).filter(|_| begins && ends)
}

/// The numbers in figures and what can join them. Where it is in doubt where one of them ends, there are none.
fn numbers(run: &str) -> Vec<String> {
    let run = run.trim_start_matches(|c: char| !c.is_ascii_digit() && !matches!(c, '+' | '('));
    let run = run.trim_end_matches(|c: char| !c.is_ascii_digit());
    if let Some(number) = one(run) {
        return vec![number];
    }
    let whole = apart(run).into_iter().map(one).collect::<Option<Vec<String>>>();
    let grouped = || {
        let items = run.split(' ').filter(|item| item.starts_with('+') || item.contains(['-', '.', '/']));
        let is_all = items.clone().count() == run.split(' ').count();
        items.map(one).collect::<Option<Vec<String>>>().filter(|_| is_all)
    };
    whole.or_else(grouped).unwrap_or_default()
}

/// What stands between signs that end a number: two blanks, a dash or a slash between blanks, a full stop before one, and a `+` behind one.
fn apart(run: &str) -> Vec<&str> {
    const ENDS: [&str; 6] = ["  ", " - ", " / ", ". ", " +", " (+"];
    let (mut found, mut rest) = (Vec::new(), run);
    let end = |rest: &str| {
        let is_end = |at: &usize| rest.get(*at..).is_some_and(|rest| ENDS.iter().any(|end| rest.starts_with(end)));
        (0..rest.len()).find(is_end)
    };
    while let Some(end) = end(rest) {
        found.push(rest.get(..end).unwrap_or_default());
        rest = rest.get(end..).unwrap_or_default().trim_start_matches([' ', '-', '/', '.']);
    }
    found.push(rest);
    found
}
