//! What a model thinks before it answers, where it stands in the reply itself. It is never the answer.

use abide_lm::LmReply;

use super::{
    ParseError, Parsed,
    marker::find,
    tag::{Found, Tag, first_tag},
};
use crate::{
    Leniency,
    shape::{find_objects, parse_json},
};

/// A reply without what the model thought.
pub(super) struct Answer<'t> {
    pub(super) text: &'t str,
    /// Whether there were thoughts.
    pub(super) after_thoughts: bool,
}

impl Answer<'_> {
    /// What was read in it, with a flag where there were thoughts.
    pub(super) fn flagged(&self, parsed: Parsed) -> Parsed {
        if self.after_thoughts { parsed.flagged(Leniency::Thinking) } else { parsed }
    }
}

/// The answer in a reply: after every block of thoughts that begins before the answer does, and after an end of thoughts that nothing
/// began, where it stands alone on its line: some servers keep the beginning back. Values hold no such end: they are neutralised.
///
/// # Errors
/// There are thoughts only, or it is not known where the answer begins.
pub(super) fn answer<'t>(reply: &'t LmReply, is_field: &dyn Fn(&str) -> bool) -> Result<Answer<'t>, ParseError> {
    let first = |text: &str, tag| first_tag(text, tag, is_field);
    let text = reply.text.as_str();
    if is_json(text) {
        return Ok(Answer { text, after_thoughts: false });
    }
    if let Some(channels) = text.trim_start().strip_prefix("<|channel|>") {
        return final_channel(channels);
    }
    let mut rest = text;
    let mut after_thoughts = false;
    while let Some(open) =
        first(rest, Tag::Open).filter(|open| is_before_answer(rest.get(..open.start).unwrap_or_default(), is_field))
    {
        // an end without a beginning comes first: it is none of this block
        if first(rest, Tag::Close).is_some_and(|close| close.start < open.start) {
            break;
        }
        let inner = rest.get(open.end..).unwrap_or_default();
        let close = first(inner, Tag::Close).ok_or(ParseError::OnlyThoughts)?;
        rest = inner.get(close.end..).unwrap_or_default();
        after_thoughts = true;
    }
    if let Some(end) = lone_end(rest, &first) {
        let (before, after) = (rest.get(..end.start).unwrap_or_default(), rest.get(end.end..).unwrap_or_default());
        let is_answered_before = !find(before).is_empty() && find(after).is_empty();
        if after_thoughts || !reply.reasoning.is_empty() || is_answered_before || lone_end(after, &first).is_some() {
            return Err(ParseError::Thoughts);
        }
        rest = after;
        after_thoughts = true;
    }
    if after_thoughts && rest.trim().is_empty() {
        return Err(ParseError::OnlyThoughts);
    }
    Ok(Answer { text: rest, after_thoughts })
}

/// An end of thoughts that nothing began, alone on its line. Within a line it is a word of the answer.
fn lone_end(text: &str, first: &dyn Fn(&str, Tag) -> Option<Found>) -> Option<Found> {
    let mut from = 0;
    while let Some(found) = first(text.get(from..)?, Tag::Close) {
        let found = Found { start: from + found.start, end: from + found.end };
        let line = text.get(..found.start)?.rsplit('\n').next()?;
        let rest = text.get(found.end..)?.split('\n').next()?;
        if line.trim().is_empty() && rest.trim().is_empty() {
            return Some(found);
        }
        from = found.end;
    }
    None
}

/// Whether a text is one JSON object, perhaps in a fence: then tags in it are parts of its texts.
fn is_json(text: &str) -> bool {
    let text = text.trim();
    let bare = text.strip_prefix("```").and_then(|rest| rest.strip_suffix("```"));
    let bare = bare.map_or(text, |inner| inner.trim_start_matches(|c: char| c.is_ascii_alphanumeric()).trim());
    bare.starts_with('{') && parse_json(bare).is_ok_and(|parsed| parsed.read == bare.len())
}

/// What a model says in its last channel, where its server gives all of them.
fn final_channel(channels: &str) -> Result<Answer<'_>, ParseError> {
    let (_, text) = channels.split_once("<|channel|>final<|message|>").ok_or(ParseError::OnlyThoughts)?;
    let text = text.split("<|return|>").next().unwrap_or_default();
    Ok(Answer { text: text.trim_end().trim_end_matches("<|end|>"), after_thoughts: true })
}

/// Whether nothing of an answer stands in what comes before: no marker, no JSON object, no tag of a field.
fn is_before_answer(before: &str, is_field: &dyn Fn(&str) -> bool) -> bool {
    let mut tags = before.split('<').skip(1).filter_map(|tag| tag.split_once('>'));
    find(before).is_empty() && find_objects(before).is_empty() && !tags.any(|(word, _)| is_field(word))
}

#[cfg(test)]
mod tests;
