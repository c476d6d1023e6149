//! Markup in texts: what a screen would not show as it is written.

use std::ops::Range;

use super::{
    control::{self, is_control},
    invisible::{has_invisible, is_invisible, is_invisible_between},
    link::is_mail_address,
};

/// Whether a text has HTML tags, links or images of Markdown, or invisible or control characters. What a reader of Markdown could take
/// for a link is one, whatever stands between its brackets.
pub(crate) fn is_in(text: &str) -> bool {
    let opens = |(at, _): (usize, &str)| text.get(at + 1..).is_some_and(begins_a_tag);
    text.contains("](")
        || definitions(text).next().is_some()
        || has_invisible(text)
        || control::is_in(text)
        || text.match_indices('<').any(opens)
}

/// The text without tags and without invisible and control characters; of links and images the words stay. Markup that only comes about
/// by taking out other markup goes too, if need be with its brackets.
pub(crate) fn strip(text: &str) -> String {
    let mut kept = text.to_owned();
    for _ in 0..MAX_PASSES {
        if !is_in(&kept) {
            return kept;
        }
        kept = strip_once(&kept);
    }
    kept.replace(|c| matches!(c, '<' | '[' | ']' | '!') || is_control(c, ""), "")
}

/// Markup that people write is never nested as deeply.
const MAX_PASSES: usize = 8;

fn strip_once(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut links = Links { text, hopeless: 0, last_round: text.rfind(')'), last_square: text.rfind(']') };
    let mut definitions = definitions(text).peekable();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        rest = match c {
            '<' if begins_a_tag(after) => after.split_once('>').map_or("", |(_, rest)| rest),
            '!' if after.starts_with('[') && links.at(after).is_some() => after,
            '[' => match links.at(rest) {
                Some((words, after)) => {
                    kept.push_str(&plain(words));
                    after
                }
                None => {
                    let start = text.len() - rest.len();
                    while definitions.next_if(|defined| defined.start < start).is_some() {}
                    match definitions.next_if(|defined| defined.start == start) {
                        Some(defined) => {
                            text.get(defined.end..).and_then(|rest| rest.split_once('\n')).map_or("", |(_, rest)| rest)
                        }
                        None => push(&mut kept, c, after),
                    }
                }
            },
            c if is_control(c, after) => {
                let (instead, behind) = control::taken_out(c, after);
                kept.extend(instead);
                behind
            }
            c if is_invisible_between(kept.chars().next_back(), c, after) => after,
            c => push(&mut kept, c, after),
        };
    }
    kept
}

/// Finds links of Markdown in time linear in the text, however many brackets are never closed.
struct Links<'t> {
    text: &'t str,
    /// Brackets before this place begin no link.
    hopeless: usize,
    last_round: Option<usize>,
    last_square: Option<usize>,
}

impl<'t> Links<'t> {
    /// The words of a link and what comes after it, given the text from its `[` on.
    fn at(&mut self, rest: &'t str) -> Option<(&'t str, &'t str)> {
        let start = self.text.len() - rest.len();
        if start < self.hopeless || self.last_square.is_none_or(|last| last <= start) {
            return None;
        }
        let (words, behind) = rest.get(1..)?.split_once(']')?;
        let closed = self.text.len() - behind.len();
        let found = self.target(closed, behind).map(|after| (words, after));
        if found.is_none() {
            self.hopeless = closed;
        }
        found
    }

    /// What comes after `(address)` or `[name]`.
    fn target(&self, at: usize, behind: &'t str) -> Option<&'t str> {
        let (close, last) = match behind.chars().next()? {
            '(' => (')', self.last_round),
            '[' => (']', self.last_square),
            _ => return None,
        };
        last.filter(|last| *last > at).and_then(|_| behind.split_once(close)).map(|(_, rest)| rest)
    }
}

/// Where `[words]:` stands at the beginning of a line, or behind nothing but signs and numbers of a list: it defines a link that
/// another place uses, and shows nothing itself.
pub(super) fn definitions(text: &str) -> impl Iterator<Item = Range<usize>> {
    let (mut line, mut open, mut before) = (Line::Begins, None, None);
    text.char_indices().filter_map(move |(at, c)| {
        line = line.then(c);
        let escaped = before.replace(c) == Some('\\');
        if c == '[' && line == Line::Begins {
            open = Some(at);
        }
        let start = open.filter(|_| c == ']')?;
        if !escaped {
            open = None;
        }
        text.get(at + 1..).is_some_and(|rest| rest.starts_with(':')).then_some(start..at + 2)
    })
}

/// What stands on a line so far.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    Begins,
    Number,
    Words,
}

impl Line {
    fn then(self, c: char) -> Self {
        match (self, c) {
            (_, '\n' | '\r') | (Self::Number, '.' | ')') => Self::Begins,
            (Self::Begins | Self::Number, '0'..='9') => Self::Number,
            (Self::Begins, c) if !c.is_alphanumeric() => Self::Begins,
            _ => Self::Words,
        }
    }
}

fn push<'t>(kept: &mut String, c: char, after: &'t str) -> &'t str {
    kept.push(c);
    after
}

/// What is left of the words of a link; brackets in them are no further links.
fn plain(words: &str) -> String {
    words.chars().filter(|c| !is_invisible(*c) && !is_control(*c, "") && !matches!(c, '<' | '>' | '[' | ']')).collect()
}

/// Whether a tag, a comment or a declaration begins, given what comes after its `<`. One that is never closed reaches to the end, and
/// one that closes nothing (`</ …>`) is a comment. A mail address alone (`<ann@corp.example>`) is none.
pub(super) fn begins_a_tag(after: &str) -> bool {
    after.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?')) && !is_mail(after)
}

fn is_mail(after: &str) -> bool {
    let is_of_mail = |c: char| c.is_ascii_alphanumeric() || "._+-@".contains(c);
    let (address, behind) = after.split_at(after.find(|c| !is_of_mail(c)).unwrap_or(after.len()));
    behind.starts_with('>') && is_mail_address(address)
}

#[cfg(test)]
mod tests;
