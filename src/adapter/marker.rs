//! Field markers, finding them however a model writes them, and keeping values from forging them.

use std::borrow::Cow;

use super::tag::{OPENERS, tag_word};

/// The marker of a field, as it stands alone on its line.
pub(super) fn marker(name: &str) -> String {
    format!("[[ ## {name} ## ]]")
}

/// A marker in a text.
pub(super) struct Found<'t> {
    pub(super) name: &'t str,
    /// Where the marker begins, with what belongs to it before it on its line.
    pub(super) start: usize,
    /// Where it ends, with what belongs to it.
    pub(super) end: usize,
    /// Whether it stands alone on its line and is written as told.
    pub(super) is_plain: bool,
    /// Whether nothing but decoration stands before it on its line.
    pub(super) starts_line: bool,
}

/// Stands between the white space at an end of a value and the value's end, so that it is not taken for layout.
const EDGE: &str = "[[\\edge]]";

/// All markers of a text, in order: anywhere, with any blanks in them, and asterisks, backticks or number signs around them. Values are
/// neutralised, so none of them is part of a value.
pub(super) fn find(text: &str) -> Vec<Found<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(open) = text.get(at..).and_then(|rest| rest.find("[[")).map(|open| at + open) {
        at = open + 1;
        if let Some((name, end)) = marker_at(text, open) {
            found.push(whole(text, name, open, end));
            at = end;
        }
    }
    found
}

/// The name in a marker that opens here, and where its brackets end.
fn marker_at(text: &str, open: usize) -> Option<(&str, usize)> {
    let inner = text.get(open + 2..)?;
    let rest = inner.trim_start_matches(is_blank).strip_prefix("##")?.trim_start_matches(is_blank);
    let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
    let (name, rest) = rest.split_at(length);
    let rest = rest.trim_start_matches(is_blank).strip_prefix("##")?.trim_start_matches(is_blank).strip_prefix("]]")?;
    (!name.is_empty()).then_some((name, text.len() - rest.len()))
}

/// With the decoration around it, which is no value's either: that of a line with nothing else before the marker, and what stands on
/// both sides of it.
fn whole<'t>(text: &'t str, name: &'t str, open: usize, close: usize) -> Found<'t> {
    let before = text.get(..open).unwrap_or_default();
    let bare = before.trim_end_matches(['*', '`', '#', '>', ' ', '\t']);
    let starts_line = bare.is_empty() || bare.ends_with('\n');
    let run = before.get(before.trim_end_matches(['*', '`']).len()..).unwrap_or_default();
    let after = text.get(close..).unwrap_or_default();
    let dressed = after.strip_prefix(run).filter(|_| !run.is_empty());
    let tail = dressed.unwrap_or(after);
    let tail = tail.strip_prefix(':').unwrap_or(tail);
    let start = match (starts_line, dressed) {
        (true, _) => bare.len(),
        (false, Some(_)) => open - run.len(),
        (false, None) => open,
    };
    let is_told = text.get(open..close) == Some(marker(name).as_str());
    let is_alone = bare.len() == open && tail.split('\n').next().is_some_and(|rest| rest.trim().is_empty());
    let is_plain = is_told && starts_line && is_alone && tail.len() == after.len();
    Found { name, start, end: text.len() - tail.len(), is_plain, starts_line }
}

/// Makes a value unable to hold a marker, or what ends a model's thoughts: one backslash more after `[[` before blanks and `##`, and
/// in `</think>` before the `/`.
pub(super) fn neutralise(text: &str) -> Cow<'_, str> {
    rewrite(text, |out, slashes| {
        out.push('\\');
        out.extend(std::iter::repeat_n('\\', slashes));
    })
}

/// Undoes [`neutralise`].
pub(super) fn restore(text: &str) -> Cow<'_, str> {
    rewrite(text, |out, slashes| out.extend(std::iter::repeat_n('\\', slashes.saturating_sub(1))))
}

/// A value as it stands below its marker: neutralised, with the white space at its ends kept from being layout.
pub(super) fn write_value(text: &str) -> Cow<'_, str> {
    let clean = neutralise(text);
    let edge = |c: Option<char>| if c.is_some_and(char::is_whitespace) { EDGE } else { "" };
    let (first, last) = (edge(text.chars().next()), edge(text.chars().next_back()));
    if first.is_empty() && last.is_empty() { clean } else { Cow::Owned(format!("{first}{clean}{last}")) }
}

/// Undoes [`write_value`]; the white space around is layout.
pub(super) fn read_value(raw: &str) -> Cow<'_, str> {
    let bare = raw.trim();
    let bare = bare.strip_prefix(EDGE).unwrap_or(bare);
    restore(bare.strip_suffix(EDGE).unwrap_or(bare))
}

fn rewrite(text: &str, put_slashes: impl Fn(&mut String, usize)) -> Cow<'_, str> {
    if !text.contains(OPENERS) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    let mut rest = text;
    while let Some(at) = rest.find(OPENERS) {
        let (before, tail) = rest.split_at(at);
        out.push_str(before);
        // of `[[[ ##` the last two brackets count, so that goes one step
        let first = tail.chars().next().unwrap_or_default();
        let single = tail.get(..first.len_utf8()).unwrap_or_default();
        let opener = if tail.starts_with("[[") && !tail.starts_with("[[[") { "[[" } else { single };
        let after = tail.get(opener.len()..).unwrap_or_default();
        let bare = after.trim_start_matches('\\');
        let slashes = after.len() - bare.len();
        out.push_str(opener);
        let means_layout = match opener {
            "[[" => opens_marker(bare) || (slashes > 0 && bare.starts_with("edge]]")),
            _ => ends_thoughts(first, bare),
        };
        if means_layout {
            put_slashes(&mut out, slashes);
            rest = bare;
        } else {
            rest = after;
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

fn opens_marker(bare: &str) -> bool {
    bare.trim_start_matches(is_blank).starts_with("##")
}

/// Whether this is the end of what a model thinks, but for its opener.
fn ends_thoughts(opener: char, bare: &str) -> bool {
    bare.strip_prefix('/').is_some_and(|rest| tag_word(opener, rest).is_some())
}

/// White space, and characters that show as nothing.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{ad}')
}
