//! Field markers, and keeping values from forging them.

use std::borrow::Cow;

/// The marker of a field, as it stands alone on its line.
pub(super) fn marker(name: &str) -> String {
    format!("[[ ## {name} ## ]]")
}

/// A marker at the start of a line: the field's name, and what follows on the line.
pub(super) fn at_start(line: &str) -> Option<(&str, &str)> {
    let (name, rest) = line.strip_prefix("[[ ## ")?.split_once(" ## ]]")?;
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_name.then_some((name, rest))
}

/// Makes a value unable to hold a marker: `[[`, any backslashes, blanks and `##` get one more backslash.
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

fn rewrite(text: &str, put_slashes: impl Fn(&mut String, usize)) -> Cow<'_, str> {
    if !text.contains("[[") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    let mut rest = text;
    while let Some(at) = rest.find("[[") {
        let (before, after) = rest.split_at(at + 2);
        out.push_str(before);
        let bare = after.trim_start_matches('\\');
        if bare.trim_start_matches(is_blank).starts_with("##") {
            put_slashes(&mut out, after.len() - bare.len());
            rest = bare;
        } else if after.starts_with('[') {
            // `[[[ ##`: the last two brackets count, so step by one
            out.pop();
            rest = rest.get(at + 1..).unwrap_or_default();
        } else {
            rest = after;
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// White space, and characters that show as nothing.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{ad}')
}
