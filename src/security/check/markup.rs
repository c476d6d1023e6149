//! Markup in texts: what a screen would not show as it is written.

use super::link::is_invisible;

/// Whether a text has HTML tags, links or images of Markdown, or invisible characters.
pub(in crate::security) fn is_in(text: &str) -> bool {
    strip(text) != text
}

/// The text without tags and invisible characters; of links and images the words stay. Markup that only comes about by taking out other markup
/// goes too.
pub(in crate::security) fn strip(text: &str) -> String {
    let mut kept = strip_once(text);
    for _ in 0..MAX_PASSES {
        match strip_once(&kept) {
            again if again == kept => return kept,
            again => kept = again,
        }
    }
    kept.replace(['<', '[', '!'], "")
}

/// Nobody writes markup that is nested as deeply.
const MAX_PASSES: usize = 8;

fn strip_once(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        rest = match c {
            '<' => match tag(after) {
                Some(after) => after,
                None => push(&mut kept, c, after),
            },
            '!' if after.starts_with('[') && link(after.get(1..).unwrap_or_default()).is_some() => after,
            '[' => match link(after) {
                Some((words, after)) => {
                    kept.push_str(&plain(words));
                    after
                }
                None => push(&mut kept, c, after),
            },
            c if is_invisible(c) => after,
            c => push(&mut kept, c, after),
        };
    }
    kept
}

fn push<'t>(kept: &mut String, c: char, after: &'t str) -> &'t str {
    kept.push(c);
    after
}

/// What is left of the words of a link; brackets in them are no further links.
fn plain(words: &str) -> String {
    words.chars().filter(|c| !is_invisible(*c) && !matches!(c, '<' | '>' | '[' | ']')).collect()
}

/// What comes after a tag, a comment or a declaration, given what comes after its `<`. One that is never closed reaches to the end.
fn tag(after: &str) -> Option<&str> {
    let begins = after.strip_prefix('/').unwrap_or(after);
    if !begins.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '!' | '?')) {
        return None;
    }
    Some(after.split_once('>').map_or("", |(_, rest)| rest))
}

/// The words of a Markdown link and what comes after it, given what comes after its `[`.
fn link(after: &str) -> Option<(&str, &str)> {
    let (words, rest) = after.split_once(']')?;
    // `[words]: address` defines a link that another place uses, and shows nothing itself
    if let Some(defined) = rest.strip_prefix(':') {
        return Some(("", defined.split_once('\n').map_or("", |(_, rest)| rest)));
    }
    let target = |open: char, close: char| rest.strip_prefix(open).and_then(|rest| rest.split_once(close));
    let (_, rest) = target('(', ')').or_else(|| target('[', ']'))?;
    Some((words, rest))
}

#[cfg(test)]
mod tests;
