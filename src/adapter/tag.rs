//! The tags in which models think.

/// Words of the tags in which models think.
const WORDS: [&str; 5] = ["think", "thinking", "thought", "reasoning", "seed:think"];

/// What such tags begin with.
pub(super) const OPENERS: [char; 3] = ['<', '[', '\u{25c1}'];

/// Where a tag begins and ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Found {
    pub(super) start: usize,
    pub(super) end: usize,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Tag {
    Open,
    Close,
}

/// The first tag of thoughts: `<think>` in any case, `[THINK]`, `◁think▷`. `is_field` says which words are fields of the signature, in
/// a layout that has tags for them.
pub(super) fn first_tag(text: &str, tag: Tag, is_field: &dyn Fn(&str) -> bool) -> Option<Found> {
    let mut at = 0;
    while let Some(start) = text.get(at..)?.find(OPENERS).map(|start| at + start) {
        let opener = text.get(start..)?.chars().next()?;
        at = start + opener.len_utf8();
        let inner = match tag {
            Tag::Open => text.get(at..),
            Tag::Close => text.get(at..).and_then(|inner| inner.strip_prefix('/')),
        };
        let known = inner.and_then(|inner| tag_word(opener, inner)).filter(|(word, _)| !is_field(word));
        if let (Some(inner), Some((_, length))) = (inner, known) {
            return Some(Found { start, end: text.len() - inner.len() + length });
        }
    }
    None
}

/// The word of a tag of thoughts after its opener and slash, and the length up to its end.
pub(super) fn tag_word(opener: char, inner: &str) -> Option<(&str, usize)> {
    let length = inner.find(|c: char| !c.is_ascii_alphabetic() && c != ':').unwrap_or(inner.len());
    let (word, rest) = inner.split_at(length);
    let is_word = || WORDS.iter().any(|known| known.eq_ignore_ascii_case(word));
    let close = match opener {
        '<' if is_word() => '>',
        '[' if word == "THINK" => ']',
        '\u{25c1}' if is_word() => '\u{25b7}',
        _ => return None,
    };
    let after = rest.trim_start_matches(' ').strip_prefix(close)?;
    Some((word, inner.len() - after.len()))
}
