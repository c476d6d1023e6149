use std::ops::Range;

use crate::policy::WrittenAs;

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
