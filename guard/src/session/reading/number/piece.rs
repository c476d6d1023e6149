//! What words are to a number.

use super::super::word::{Stop, Word};
use super::{
    compound,
    kind::{Kind, Piece},
};
use crate::session::reading::word::is_currency;

/// The pieces of all words, with a break between words for numbers that more than blanks and a comma part.
pub(super) fn pieces(words: &[Word<'_>]) -> Vec<Piece> {
    let mut found: Vec<Piece> = Vec::new();
    let mut before: Option<&Word<'_>> = None;
    for word in words {
        let of_word = of_word(word);
        if let (Some(before), Some(last), Some(first)) = (before, found.last_mut(), of_word.first())
            && last.kind.connects()
            && first.kind.connects()
        {
            if are_items(before, word) {
                last.stop = Stop::End;
            } else if are_parted(before, word) {
                found.push(Piece { kind: Kind::Break, stop: Stop::None });
            }
        }
        found.extend(of_word);
        before = Some(word);
    }
    found
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\'' | '`' | '\u{ab}' | '\u{bb}' | '\u{2018}'..='\u{201f}')
}

/// Whether two words are of several quotations in a list: `"one million", "two hundred thousand"`.
fn are_items(left: &Word<'_>, right: &Word<'_>) -> bool {
    left.stop == Stop::Comma && left.behind.contains(is_quote) && right.before.contains(is_quote)
}

/// Whether more than blanks and a comma is between two words.
fn are_parted(left: &Word<'_>, right: &Word<'_>) -> bool {
    let parts = |c: char| left.stop != Stop::Comma || is_quote(c) || matches!(c, '(' | ')' | '[' | ']' | '{' | '}');
    left.ends_line || left.behind.contains(parts) || right.before.contains(parts)
}

/// The pieces of a word: `twenty-five` has two, where both are numbers. A minus before it is one too.
fn of_word(word: &Word<'_>) -> Vec<Piece> {
    const MINUS: char = '\u{2212}';
    let stop = word.stop;
    if word.text.is_empty() {
        let kind = if word.before == "\u{2212}" { Kind::Minus } else { Kind::Sign };
        return vec![Piece { kind, stop }];
    }
    let (text, has_minus) = match word.text.strip_prefix('-') {
        Some(text) => (text.trim_start_matches(is_currency), true),
        None => (word.text, word.before.contains(MINUS)),
    };
    let mut found = compound::pieces(text, stop);
    let is_number = found.first().is_some_and(|first| first.kind.counts() || first.kind == Kind::A);
    // a dash before a number can be a minus
    let has_dash = word.before.contains(|c| matches!(c, '\u{2010}'..='\u{2013}' | '\u{b1}'));
    if is_number && (has_minus || has_dash) {
        let kind = if has_dash { Kind::Unread } else { Kind::Minus };
        found.insert(0, Piece { kind, stop: Stop::None });
    }
    found
}
