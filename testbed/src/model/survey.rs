//! Questions about many customers: which of the newest ones are of one kind. Only their records can say.

use super::{cue::Text, fact::Fact};

/// Which of the newest customers are of one kind?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Survey {
    /// How many of the newest customers it is about.
    pub count: usize,
    /// The fact of the record that decides.
    pub fact: Fact,
    /// What the fact has to be.
    pub value: &'static str,
}

impl Survey {
    pub(super) fn read(text: &Text) -> Option<Self> {
        let words: Vec<&str> = text.plain().split_whitespace().collect();
        let near_newest = |at: usize| {
            let around = words.get(at.saturating_sub(2)..words.len().min(at + 3)).unwrap_or_default();
            around.iter().any(|word| matches!(*word, "newest" | "latest" | "recent"))
        };
        let count = words.iter().enumerate().find_map(|(at, word)| number(word).filter(|_| near_newest(at)))?;
        let (fact, value) = KINDS.into_iter().find(|(_, value)| words.contains(value))?;
        Some(Self { count, fact, value })
    }
}

const KINDS: [(Fact, &str); 8] = [
    (Fact::Tier, "platinum"),
    (Fact::Tier, "gold"),
    (Fact::Tier, "silver"),
    (Fact::Tier, "standard"),
    (Fact::Status, "pending"),
    (Fact::Status, "suspended"),
    (Fact::Status, "closed"),
    (Fact::Status, "active"),
];

fn number(word: &str) -> Option<usize> {
    const WORDS: [&str; 10] = ["three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
    let named = WORDS.iter().position(|known| *known == word).map(|at| at + 3);
    named.or_else(|| word.parse().ok()).filter(|count| (1..=50).contains(count))
}
