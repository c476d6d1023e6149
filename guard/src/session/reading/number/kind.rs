use super::super::word::Stop;
use crate::session::given::number_of;

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
    pub(super) fn connects(self) -> bool {
        self.counts() || matches!(self, Self::A | Self::And | Self::Or | Self::Point)
    }
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

pub(super) const SMALL: [&str; 20] = [
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

pub(super) const TENS: [&str; 8] = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

pub(super) const SCALES: [(&str, u8); 4] = [("thousand", 3), ("million", 6), ("billion", 9), ("trillion", 12)];

pub(super) const UNREAD: [&str; 17] = [
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

pub(super) fn is_fraction(lower: &str) -> bool {
    let one = lower.strip_suffix('s').unwrap_or(lower);
    FRACTIONS.contains(&lower)
        || FRACTIONS.contains(&one)
        || one.ends_with("teenth")
        || one.ends_with("tieth")
        || IN_FIGURES.contains(&lower)
        || lower.ends_with(|c: char| matches!(c, '\u{bc}'..='\u{be}' | '\u{2150}'..='\u{215f}'))
}

pub(super) fn figures(word: &str) -> Kind {
    let scaled = [("k", 3), ("K", 3), ("M", 6)]
        .iter()
        .find_map(|(ending, scale)| Some(Kind::Scaled(number_of(word.strip_suffix(ending)?)?, *scale)));
    scaled.or_else(|| number_of(word).map(Kind::Figures)).unwrap_or(Kind::Other)
}

pub(super) const FRACTIONS: [&str; 18] = [
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

pub(super) const IN_FIGURES: [&str; 7] = ["1/2", "1/3", "2/3", "1/4", "3/4", "1/5", "1/8"];
