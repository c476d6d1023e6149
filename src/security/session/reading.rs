//! Values that people write in other ways than tools take them: `May 26` for `2024-05-26`, `two hundred` for 200. Only where a rule says
//! so (`as`), and only in the input.
//!
//! A value is read first: it must say one thing only. Then the input is looked through for the same thing, however it is written there.

mod date;
mod moment;
mod number;
mod phone;
mod time;
mod word;

use std::ops::Range;

use serde_json::Value;

use self::word::{Stop, Word, words};
use crate::security::policy::{ReadAs, WrittenAs};

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

/// The date and the time of `2024-05-26T17:00`.
fn date_and_time(word: &str) -> Option<(&str, &str)> {
    word.split_once('T').filter(|(_, time)| time.starts_with(|c: char| c.is_ascii_digit()))
}

/// A place in a text that says something, in each way that it can be read.
#[derive(Clone, Debug)]
struct Spot<T> {
    /// The first of its words, and the one behind its last.
    words: Range<usize>,
    says: Vec<(T, WrittenAs)>,
}

fn is_currency(c: char) -> bool {
    matches!(c, '$' | '\u{a2}'..='\u{a5}' | '\u{20a0}'..='\u{20cf}')
}

#[cfg(test)]
mod tests;
