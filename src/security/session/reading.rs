//! Values that people write in other ways than tools take them: `May 26` for `2024-05-26`, `two hundred` for 200. Only where a rule says
//! so (`as`), and only in the input.
//!
//! A value is read first: it must say one thing only. Then the input is looked through for the same thing, however it is written there.

mod date;
mod moment;
mod number;
mod phone;
mod time;

use std::ops::Range;

use serde_json::Value;

use crate::security::boundary::{ReadAs, WrittenAs};

/// How a text of the input writes a value, if it does.
pub(super) fn find(read_as: ReadAs, text: &str, value: &Value) -> Option<WrittenAs> {
    match (read_as, value) {
        (ReadAs::Number, Value::Number(number)) => number::find(text, number),
        (ReadAs::Number, Value::String(figures)) => number::find(text, &super::given::written(figures)?),
        (ReadAs::Phone, Value::Number(number)) => phone::find(text, &number.to_string()),
        (_, Value::String(value)) if value.len() <= MAX_VALUE => match read_as {
            ReadAs::Date => date::find(text, value),
            ReadAs::Time => time::find(text, value),
            ReadAs::DateTime => moment::find(text, value),
            ReadAs::Phone => phone::find(text, value),
            ReadAs::Number => None,
        },
        _ => None,
    }
}

/// Longer texts are no dates, times or numbers.
const MAX_VALUE: usize = 64;

/// The words of a text, without the punctuation around them. A word that is followed by a comma is marked.
fn words(text: &str) -> impl Iterator<Item = Word<'_>> + Clone {
    let pieces = text.split_inclusive(char::is_whitespace).scan(0, |end, piece| {
        let start = *end;
        *end += piece.len();
        Some((start, piece.trim_end()))
    });
    pieces.filter(|(_, word)| !word.is_empty()).map(|(start, word)| {
        let is_outside = |c: char| !c.is_alphanumeric() && c != '-';
        let trimmed = word.trim_start_matches(is_outside);
        let start = start + word.len() - trimmed.len();
        Word {
            text: trimmed.trim_end_matches(is_outside).trim_end_matches('-'),
            start,
            stop: if word.ends_with([',', ';']) {
                Stop::Comma
            } else if word.ends_with(['.', '!', '?', ':']) {
                Stop::End
            } else {
                Stop::None
            },
        }
    })
}

/// The date and the time of `2024-05-26T17:00`.
fn date_and_time(word: &str) -> Option<(&str, &str)> {
    word.split_once('T').filter(|(_, time)| time.starts_with(|c: char| c.is_ascii_digit()))
}

/// A word of a text.
#[derive(Clone, Copy)]
struct Word<'t> {
    text: &'t str,
    /// Where it begins, in bytes.
    start: usize,
    stop: Stop,
}

impl Word<'_> {
    fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

/// A place in a text that says something, in each way that it can be read.
#[derive(Clone, Debug)]
struct Spot<T> {
    /// The first of its words, and the one behind its last.
    words: Range<usize>,
    says: Vec<(T, WrittenAs)>,
}

/// What comes right behind a word.
#[derive(Clone, Copy, PartialEq)]
enum Stop {
    None,
    Comma,
    End,
}

#[cfg(test)]
mod tests;
