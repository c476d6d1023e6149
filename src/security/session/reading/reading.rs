use std::ops::Range;

use serde_json::Value;

use crate::security::policy::{ReadAs, WrittenAs};

/// How a text of the input writes a value, if it does.
pub(in crate::security::session) fn find(read_as: ReadAs, text: &str, value: &Value) -> Option<WrittenAs> {
    match (read_as, value) {
        (ReadAs::Number, Value::Number(number)) => super::number::find(text, number),
        (ReadAs::Number, Value::String(figures)) => super::number::find(text, &super::super::given::written(figures)?),
        (ReadAs::Phone, Value::Number(number)) => super::phone::find(text, &number.to_string()),
        (_, Value::String(value)) if value.len() <= MAX_VALUE => match read_as {
            ReadAs::Date => super::date::find(text, value),
            ReadAs::Time => super::time::find(text, value),
            ReadAs::DateTime => super::moment::find(text, value),
            ReadAs::Phone => super::phone::find(text, value),
            ReadAs::Number => None,
        },
        _ => None,
    }
}

/// Longer texts are no dates, times or numbers.
const MAX_VALUE: usize = 64;

/// The date and the time of `2024-05-26T17:00`.
pub(super) fn date_and_time(word: &str) -> Option<(&str, &str)> {
    word.split_once('T').filter(|(_, time)| time.starts_with(|c: char| c.is_ascii_digit()))
}

/// A place in a text that says something, in each way that it can be read.
#[derive(Clone, Debug)]
pub(super) struct Spot<T> {
    /// The first of its words, and the one behind its last.
    pub(super) words: Range<usize>,
    pub(super) says: Vec<(T, WrittenAs)>,
}

pub(super) fn is_currency(c: char) -> bool {
    matches!(c, '$' | '\u{a2}'..='\u{a5}' | '\u{20a0}'..='\u{20cf}')
}
