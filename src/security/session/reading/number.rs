//! Numbers in words: `two hundred and fifty`, `2.5 million`, `a dozen`, `5k`. The parts of a longer number are none.

use serde_json::Number;

use super::{Stop, Word, words};
use crate::security::{boundary::WrittenAs, session::given::number_of};

/// How a text writes a number.
pub(super) fn find(text: &str, wanted: &Number) -> Option<WrittenAs> {
    let wanted = wanted.as_f64()?;
    let pieces: Vec<Piece> = words(text).flat_map(pieces).collect();
    let mut next = 0;
    while next < pieces.len() {
        let Some((number, form, used)) = phrase(&pieces, next) else {
            next += 1;
            continue;
        };
        let before = next.checked_sub(1).and_then(|before| pieces.get(before)).map(|piece| piece.kind);
        let number = if before == Some(Kind::Minus) { -number } else { number };
        if number == wanted && before != Some(Kind::Part) {
            return Some(form);
        }
        next += used;
    }
    None
}

/// What a word is to a number.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// 0 to 9.
    Unit(u8),
    /// 10 to 19.
    Teen(u8),
    /// 20, 30 and so on.
    Tens(u8),
    Hundred,
    /// A thousand and more.
    Scale(f64),
    /// A number in figures.
    Figures(f64),
    /// `5k`.
    Scaled(f64),
    Dozen,
    A,
    And,
    Point,
    Minus,
    /// `half`, and ordinals: what they stand beside is another number.
    Part,
    Other,
}

#[derive(Clone, Copy)]
struct Piece {
    kind: Kind,
    stop: Stop,
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
const SCALES: [(&str, f64); 3] = [("thousand", 1e3), ("million", 1e6), ("billion", 1e9)];
const PARTS: [&str; 14] = [
    "half",
    "third",
    "quarter",
    "first",
    "second",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "hundredth",
    "thousandth",
    "millionth",
];

/// The pieces of a word: `twenty-five` has two, where both are numbers.
fn pieces(word: Word<'_>) -> Vec<Piece> {
    let kinds: Vec<Kind> = word.text.split('-').map(kind).collect();
    let stop = word.stop;
    let all_count = kinds
        .iter()
        .all(|kind| matches!(kind, Kind::Unit(_) | Kind::Teen(_) | Kind::Tens(_) | Kind::Hundred | Kind::Scale(_)));
    match kinds.as_slice() {
        [kind] => vec![Piece { kind: *kind, stop }],
        kinds if all_count => {
            let last = kinds.len() - 1;
            kinds
                .iter()
                .enumerate()
                .map(|(at, kind)| Piece { kind: *kind, stop: if at == last { stop } else { Stop::None } })
                .collect()
        }
        // `twenty-fifth`, `ten-year`
        kinds if kinds.contains(&Kind::Part) => vec![Piece { kind: Kind::Part, stop }],
        _ => vec![Piece { kind: figures(word.text), stop }],
    }
}

fn kind(word: &str) -> Kind {
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
        "point" => Kind::Point,
        "minus" | "negative" => Kind::Minus,
        _ if PARTS.contains(&lower.as_str()) || lower.ends_with("teenth") || lower.ends_with("tieth") => Kind::Part,
        _ => figures(word),
    }
}

fn figures(word: &str) -> Kind {
    let scaled = [("k", 1e3), ("K", 1e3), ("M", 1e6)]
        .iter()
        .find_map(|(ending, scale)| Some(Kind::Scaled(number_of(word.strip_suffix(ending)?)? * scale)));
    scaled.or_else(|| number_of(word).map(Kind::Figures)).unwrap_or(Kind::Other)
}

/// The number that begins with a piece, and how many pieces it takes. What is not a number as a whole is not one in part.
fn phrase(pieces: &[Piece], start: usize) -> Option<(f64, WrittenAs, usize)> {
    let first = pieces.get(start)?;
    let behind = |at: usize| {
        pieces.get(at).filter(|_| at > 0 && pieces.get(at - 1).is_some_and(|piece| piece.stop == Stop::None))
    };
    match first.kind {
        Kind::Scaled(number) => return Some((number, WrittenAs::Scaled, 1)),
        Kind::Figures(number) => {
            let scale = match behind(start + 1)?.kind {
                Kind::Hundred => 1e2,
                Kind::Scale(scale) => scale,
                Kind::Dozen => 12.0,
                _ => return None,
            };
            return Some((number * scale, WrittenAs::Scaled, 2));
        }
        _ => {}
    }
    let mut sum = Sum::default();
    let mut at = start;
    while let Some(piece) = pieces.get(at) {
        let next = || behind(at + 1).is_some_and(|next| sum.clone().take(next.kind));
        let joins = piece.kind == Kind::And && sum.joins_and() && next();
        if !joins && !sum.take(piece.kind) {
            break;
        }
        at += 1;
        // `one million, two hundred thousand`
        if piece.stop == Stop::End || piece.stop == Stop::Comma && !matches!(piece.kind, Kind::Scale(_)) {
            break;
        }
    }
    let mut number = sum.number()?;
    match behind(at).map(|piece| piece.kind) {
        Some(Kind::Point) => {
            let unit = |piece: &Piece| if let Kind::Unit(unit) = piece.kind { Some(unit) } else { None };
            let figures: String =
                pieces.get(at + 1..)?.iter().map_while(unit).take(MAX_FRACTION).map(|unit| unit.to_string()).collect();
            number = format!("{number:.0}.{figures}").parse().ok()?;
            at += 1 + figures.len();
        }
        // `twenty fifth`, `two and a half`
        Some(Kind::Part) if !sum.ends_in_unit() => number = f64::NAN,
        Some(Kind::And) if pieces.iter().skip(at + 1).take(2).any(|piece| piece.kind == Kind::Part) => {
            number = f64::NAN
        }
        _ => {}
    }
    Some((number, WrittenAs::Words, at - start))
}

/// Most figures behind a point.
const MAX_FRACTION: usize = 9;

/// A number that is being read.
#[derive(Clone, Default)]
struct Sum {
    total: f64,
    group: f64,
    scale: Option<f64>,
    last: Option<Kind>,
}

impl Sum {
    /// Whether a word goes on with the number, which then has it.
    fn take(&mut self, kind: Kind) -> bool {
        let after_larger = matches!(self.last, None | Some(Kind::Hundred | Kind::Scale(_)));
        let fits = match kind {
            Kind::A => self.last.is_none(),
            Kind::Unit(unit) => {
                (after_larger || matches!(self.last, Some(Kind::Tens(_)))) && (unit > 0 || self.last.is_none())
            }
            Kind::Teen(_) | Kind::Tens(_) => after_larger,
            Kind::Hundred => (1.0..100.0).contains(&self.group) && !matches!(self.last, Some(Kind::Hundred)),
            Kind::Scale(scale) => self.group > 0.0 && self.scale.is_none_or(|last| scale < last),
            Kind::Dozen => self.group > 0.0 && self.total == 0.0,
            _ => false,
        };
        if !fits {
            return false;
        }
        match kind {
            Kind::A => self.group = 1.0,
            Kind::Unit(number) | Kind::Teen(number) | Kind::Tens(number) => self.group += f64::from(number),
            Kind::Hundred => self.group *= 100.0,
            Kind::Dozen => self.group *= 12.0,
            Kind::Scale(scale) => {
                self.total += self.group * scale;
                (self.group, self.scale) = (0.0, Some(scale));
            }
            _ => {}
        }
        self.last = Some(kind);
        true
    }

    fn joins_and(&self) -> bool {
        matches!(self.last, Some(Kind::Hundred | Kind::Scale(_)))
    }

    fn ends_in_unit(&self) -> bool {
        matches!(self.last, Some(Kind::Unit(_) | Kind::Teen(_)))
    }

    fn number(&self) -> Option<f64> {
        (!matches!(self.last, None | Some(Kind::A))).then_some(self.total + self.group)
    }
}
