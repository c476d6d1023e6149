use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use crate::text::invisible::is_invisible;

/// Words of which the case says nothing: names of people and places.
pub(super) fn is_of_letters(word: &str) -> bool {
    word.chars().all(|c| c.is_alphabetic() || matches!(c, ' ' | '-' | '\'' | '\u{2019}' | '.') || is_combining_mark(c))
        && !word.split(' ').any(is_host)
}

/// Whether a word could be the name of a host: two labels at least, the last of them of letters.
pub(super) fn is_host(word: &str) -> bool {
    let is_label = |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let last = word.rsplit('.').next().unwrap_or_default();
    word.contains('.')
        && word.split('.').all(is_label)
        && (last.len() > 1 && last.bytes().all(|b| b.is_ascii_alphabetic()) || last.starts_with("xn--"))
}

/// Whether what stands from `start` to `end` is no part of anything longer.
pub(in crate::session) fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    let before = text.get(..start).unwrap_or_default();
    let word = text.get(start..end).unwrap_or_default();
    let after = text.get(end..).unwrap_or_default();
    is_emphasis(before, after) || begins(before, word) && ends(word, after)
}

/// Whether a word stands between underscores that only make it stand out: `_word_`.
pub(super) fn is_emphasis(before: &str, after: &str) -> bool {
    let outside = |c: Option<char>| c.is_none_or(|c| !is_word(c) && !is_glue(plain(c)));
    let marks = |count: usize| {
        let mark = "_".repeat(count);
        before.strip_suffix(&mark).is_some_and(|before| outside(before.chars().next_back()))
            && after.strip_prefix(&mark).is_some_and(|after| outside(after.chars().next()))
    };
    marks(1) || marks(2)
}

pub(super) fn begins(before: &str, word: &str) -> bool {
    let first = word.chars().next();
    if word.contains("://") {
        // within another address
        let chunk = before.rsplit(ends_address).next().unwrap_or_default();
        let is_apart = !chunk.contains("://") || before.ends_with([',', ';']);
        return is_apart && !before.chars().next_back().is_some_and(is_word);
    }
    let mut back = before.chars().rev();
    match (back.next(), back.next()) {
        (None, _) => true,
        (Some(c), next) => !goes_on(c, next, back.next(), first, Towards::Start),
    }
}

pub(super) fn ends(word: &str, after: &str) -> bool {
    if word.contains("://") {
        let chunk = after.split(ends_address).next().unwrap_or_default();
        let is_next = after.strip_prefix([',', ';']).is_some_and(|next| next.starts_with("http"));
        return is_next
            || !chunk.contains(char::is_alphanumeric)
            || is_possessive(chunk)
            || begins_sentence(word, after);
    }
    let mut next = after.chars();
    match (next.next(), next.next()) {
        (None, _) => true,
        (Some(c), second) => {
            !goes_on(c, second, next.next(), word.chars().next_back(), Towards::End) && !is_port(word, after)
                || begins_sentence(word, after)
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Towards {
    Start,
    End,
}

/// Whether a word goes on beyond its last character (or, backwards, its first), `edge`, into `c` and what comes behind it: `CUST1` into
/// `-ADMIN`, `.evil.example` or `23`, but not into `. Then` or `'s`.
pub(super) fn goes_on(
    c: char,
    second: Option<char>,
    third: Option<char>,
    edge: Option<char>,
    towards: Towards,
) -> bool {
    let is_figure = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    let is_in_word = |c: Option<char>| c.is_some_and(is_word);
    match plain(c) {
        c if is_word(c) => true,
        '\'' if towards == Towards::End && second == Some('s') => is_in_word(third),
        '\'' => is_in_word(second),
        // a number, or a time
        ',' | ':' => is_figure(second) && is_figure(edge),
        c => is_glue(c) && is_in_word(second),
    }
}

pub(super) fn is_possessive(chunk: &str) -> bool {
    let rest = chunk.strip_prefix("'s").or_else(|| chunk.strip_prefix("\u{2019}s"));
    rest.is_some_and(|rest| !rest.contains(char::is_alphanumeric))
}

/// Whether the port of a host comes next.
pub(super) fn is_port(word: &str, after: &str) -> bool {
    let host = word.rsplit('@').next().unwrap_or_default();
    is_host(host) && after.strip_prefix(':').is_some_and(|port| port.starts_with(|c: char| c.is_ascii_digit()))
}

/// The most common last labels of three letters and more: an address goes on into them.
pub(super) const DOMAINS: [&str; 12] =
    ["com", "net", "org", "edu", "gov", "mil", "int", "info", "biz", "app", "dev", "example"];

/// Whether the full stop behind a host ends a sentence, and the next one begins without a blank: `www.example.com.They`. It begins with a
/// capital, goes on in small letters, and has no label of a host: no two letters, and none of the common ones.
pub(super) fn begins_sentence(word: &str, after: &str) -> bool {
    let address = word.rsplit("://").next().unwrap_or_default();
    let host = address.rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
    let last = host.rsplit('.').next().unwrap_or_default();
    // and no name of a file
    let is_address = address != word || host != address.to_ascii_lowercase() || host.starts_with("www.");
    if !is_host(&host) || !is_address && last.len() != 2 && !DOMAINS.contains(&last) {
        return false;
    }
    let Some(next) = after.strip_prefix('.') else { return false };
    let length = next.find(|c: char| !c.is_alphabetic()).unwrap_or(next.len());
    let (next, rest) = next.split_at(length);
    let mut letters = next.chars();
    letters.next().is_some_and(char::is_uppercase)
        && letters.all(char::is_lowercase)
        && next.chars().count() != 2
        && !DOMAINS.contains(&next.to_ascii_lowercase().as_str())
        && rest.chars().next().is_none_or(|c| c.is_whitespace() || matches!(c, ',' | ';' | ':' | '!' | '?' | '\''))
}

/// What no address has in it, or what ends one in a text.
pub(super) fn ends_address(c: char) -> bool {
    c.is_whitespace() || matches!(c, '<' | '>' | '"' | '`' | '|' | ')' | ']' | '}') || !c.is_ascii() && !is_word(c)
}

/// What joins the parts of a name, an address or a number.
pub(super) fn is_glue(c: char) -> bool {
    matches!(c, '.' | '-' | '@' | '/' | '\\' | '+' | '%' | '~')
}

/// Letters and digits, with their marks; and what cannot be seen, or has no known meaning.
pub(super) fn is_word(c: char) -> bool {
    let is_private = matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}');
    c.is_alphanumeric()
        || matches!(c, '_' | '\u{b7}')
        || !c.is_ascii() && (is_combining_mark(c) || is_invisible(c) || c.is_control() || is_private)
}

/// The sign in ASCII that another one stands for: full-width forms, hyphens and slashes that look alike.
pub(super) fn plain(c: char) -> char {
    match c {
        _ if c.is_ascii() || c.is_alphanumeric() => c,
        '\u{2010}' | '\u{2011}' | '\u{2212}' => '-',
        '\u{2019}' | '\u{2bc}' => '\'',
        '\u{2044}' | '\u{2215}' | '\u{29f8}' => '/',
        '\u{29f5}' | '\u{2216}' => '\\',
        '\u{3002}' => c,
        _ => {
            let mut form = std::iter::once(c).nfkc();
            match (form.next(), form.next()) {
                (Some(form), None) if form.is_ascii() => form,
                _ => c,
            }
        }
    }
}
