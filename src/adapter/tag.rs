//! The tags in which models think.

/// Words of the tags in which models think.
const WORDS: [&str; 4] = ["think", "thinking", "thought", "reasoning"];

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Tag {
    Open,
    Close,
}

/// Where the first tag of thoughts begins and ends: `<think>` in any case, `[THINK]`.
pub(super) fn first_tag(text: &str, tag: Tag) -> Option<(usize, usize)> {
    let mut at = 0;
    while let Some(open) = text.get(at..)?.find(['<', '[']).map(|open| at + open) {
        at = open + 1;
        let inner = match tag {
            Tag::Open => text.get(at..),
            Tag::Close => text.get(at..).and_then(|inner| inner.strip_prefix('/')),
        };
        let length = inner.and_then(|inner| tag_word(text.get(open..at)?, inner));
        if let (Some(inner), Some(length)) = (inner, length) {
            return Some((open, text.len() - inner.len() + length));
        }
    }
    None
}

/// The length of a tag of thoughts after its opener and slash, with its end.
pub(super) fn tag_word(opener: &str, inner: &str) -> Option<usize> {
    let length = inner.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(inner.len());
    let (word, rest) = inner.split_at(length);
    let is_known = match opener {
        "<" => WORDS.iter().any(|known| known.eq_ignore_ascii_case(word)) && rest.starts_with('>'),
        _ => word == "THINK" && rest.starts_with(']'),
    };
    is_known.then_some(length + 1)
}
