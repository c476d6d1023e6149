//! What words are to a number.

use super::{
    super::word::{Stop, Word},
    compound,
};
use crate::security::session::{given::number_of, reading::reading::is_currency};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    /// 0 to 9.
    Unit(u8),
    /// 10 to 19.
    Teen(u8),
    /// 20, 30 and so on.
    Tens(u8),
    Hundred,
    /// A thousand and more, as a power of ten.
    Scale(u8),
    /// A number in figures.
    Figures(f64),
    /// `5k`, and the power of ten that it has.
    Scaled(f64, u8),
    Dozen,
    A,
    And,
    /// `to`, `or`: another number comes behind it.
    Or,
    Of,
    Between,
    /// `this`, `that`: a `point` behind it is none of a number.
    This,
    Point,
    Minus,
    /// A sign between blanks, or `plus`: between two numbers it makes a third of them.
    Sign,
    /// The end of a line, a quotation mark or the like, between two words for numbers.
    Break,
    /// `first`, `second`: what they stand beside is another number.
    Ordinal,
    /// `third-party`, `two-and-a-half`.
    Part,
    /// `five-star`: what stands before it is another number, unless it can go on with the `five`.
    Compound,
    /// `multi-million`: what stands before it is another number, and what stands behind it is not read.
    Tail,
    /// `half`, `thirds`: a number before it is a part of it.
    Fraction,
    /// A word for a number that is not read, such as `millions` or `hundred-odd`.
    Unread,
    Other,
}

#[derive(Clone, Copy)]
pub(super) struct Piece {
    pub(super) kind: Kind,
    pub(super) stop: Stop,
}

impl Kind {
    /// 0 to 99 in words.
    pub(super) fn is_small(self) -> bool {
        matches!(self, Self::Unit(_) | Self::Teen(_) | Self::Tens(_))
    }

    /// What a smaller number can be multiplied by.
    pub(super) fn is_factor(self) -> bool {
        matches!(self, Self::Hundred | Self::Scale(_) | Self::Dozen)
    }

    pub(super) fn is_figures(self) -> bool {
        matches!(self, Self::Figures(_) | Self::Scaled(..))
    }

    /// What is part of a number wherever it stands.
    pub(super) fn counts(self) -> bool {
        self.is_small()
            || self.is_factor()
            || self.is_figures()
            || matches!(self, Self::Fraction | Self::Unread | Self::Tail)
    }

    /// What can be next to a break within a number.
    fn connects(self) -> bool {
        self.counts() || matches!(self, Self::A | Self::And | Self::Or | Self::Point)
    }
}

const SMALL: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 8] = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const SCALES: [(&str, u8); 4] = [("thousand", 3), ("million", 6), ("billion", 9), ("trillion", 12)];
const UNREAD: [&str; 17] = [
    "hundreds",
    "thousands",
    "millions",
    "billions",
    "trillions",
    "quadrillion",
    "quintillion",
    "dozens",
    "grand",
    "lakh",
    "lakhs",
    "crore",
    "crores",
    "k",
    "mn",
    "bn",
    "tn",
];
const FRACTIONS: [&str; 18] = [
    "half",
    "halves",
    "third",
    "quarter",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "hundredth",
    "thousandth",
    "millionth",
    "billionth",
    "trillionth",
];
const IN_FIGURES: [&str; 7] = ["1/2", "1/3", "2/3", "1/4", "3/4", "1/5", "1/8"];

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

/// What a word is that has no parts.
pub(super) fn kind(word: &str) -> Kind {
    let lower = word.to_ascii_lowercase();
    let small = SMALL.iter().position(|name| *name == lower).and_then(|at| u8::try_from(at).ok());
    let tens = TENS.iter().position(|name| *name == lower).and_then(|at| u8::try_from(at + 2).ok());
    match (small, tens) {
        (Some(small), _) if small < 10 => return Kind::Unit(small),
        (Some(small), _) => return Kind::Teen(small),
        (_, Some(tens)) => return Kind::Tens(tens * 10),
        _ => {}
    }
    if let Some((_, scale)) = SCALES.iter().find(|(name, _)| *name == lower) {
        return Kind::Scale(*scale);
    }
    match lower.as_str() {
        "hundred" => Kind::Hundred,
        "dozen" => Kind::Dozen,
        "a" | "an" => Kind::A,
        "and" => Kind::And,
        "to" | "or" => Kind::Or,
        "of" => Kind::Of,
        "between" => Kind::Between,
        "this" | "that" => Kind::This,
        "point" => Kind::Point,
        "minus" | "negative" => Kind::Minus,
        "plus" => Kind::Sign,
        "first" | "second" => Kind::Ordinal,
        _ if is_fraction(&lower) => Kind::Fraction,
        _ if UNREAD.contains(&lower.as_str()) => Kind::Unread,
        _ => figures(word),
    }
}

fn is_fraction(lower: &str) -> bool {
    let one = lower.strip_suffix('s').unwrap_or(lower);
    FRACTIONS.contains(&lower)
        || FRACTIONS.contains(&one)
        || one.ends_with("teenth")
        || one.ends_with("tieth")
        || IN_FIGURES.contains(&lower)
        || lower.ends_with(|c: char| matches!(c, '\u{bc}'..='\u{be}' | '\u{2150}'..='\u{215f}'))
}

fn figures(word: &str) -> Kind {
    let scaled = [("k", 3), ("K", 3), ("M", 6)]
        .iter()
        .find_map(|(ending, scale)| Some(Kind::Scaled(number_of(word.strip_suffix(ending)?)?, *scale)));
    scaled.or_else(|| number_of(word).map(Kind::Figures)).unwrap_or(Kind::Other)
}
