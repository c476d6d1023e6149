//! What a model thinks before it answers, where it stands in the reply itself. It is never the answer.

use super::{
    ParseError,
    marker::find,
    tag::{Tag, first_tag},
};

/// A reply without what the model thought.
pub(super) struct Answer<'t> {
    pub(super) text: &'t str,
    /// Whether there were thoughts.
    pub(super) after_thoughts: bool,
}

/// The answer in a reply: after every block of thoughts that begins before the answer does, and after an end of thoughts that nothing
/// began, since some servers keep the beginning back. Values hold no such end: they are neutralised.
///
/// # Errors
/// There are thoughts only, or more than one end that nothing began, so that it is not known where the answer begins.
pub(super) fn answer(reply: &str) -> Result<Answer<'_>, ParseError> {
    let mut rest = reply;
    let mut after_thoughts = false;
    while let Some((open, end)) = first_tag(rest, Tag::Open).filter(|(open, _)| is_before_answer(rest, *open)) {
        // an end without a beginning comes first: it is none of this block
        if first_tag(rest, Tag::Close).is_some_and(|(close, _)| close < open) {
            break;
        }
        let inner = rest.get(end..).unwrap_or_default();
        let (_, close) = first_tag(inner, Tag::Close).ok_or(ParseError::OnlyThoughts)?;
        rest = inner.get(close..).unwrap_or_default();
        after_thoughts = true;
    }
    if let Some((_, end)) = first_tag(rest, Tag::Close) {
        rest = rest.get(end..).unwrap_or_default();
        after_thoughts = true;
        if first_tag(rest, Tag::Close).is_some() {
            return Err(ParseError::Thoughts);
        }
    }
    if after_thoughts && rest.trim().is_empty() {
        return Err(ParseError::OnlyThoughts);
    }
    Ok(Answer { text: rest, after_thoughts })
}

/// Whether nothing of an answer stands before this place: no marker, no JSON, no tag.
fn is_before_answer(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    find(before).is_empty() && !before.contains(['{', '<'])
}

#[cfg(test)]
mod tests;
