//! One number from its first word to its last.

use super::kind::{Kind, Piece};
use crate::policy::WrittenAs;

/// A number that was read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spoken {
    pub(super) value: f64,
    /// `None` for figures alone, which are no words.
    pub(super) form: Option<WrittenAs>,
    /// What its last word counts: hundreds in `two hundred`, ones in `two hundred and five`. A smaller number behind it could go on with
    /// it.
    pub(super) grain: f64,
}

/// Most figures behind a point.
const MAX_FRACTION: usize = 9;

/// The number that all of the words are together; `None` if one of them is left over.
pub(super) fn number(pieces: &[Piece]) -> Option<Spoken> {
    let kinds: Vec<Kind> = pieces.iter().map(|piece| piece.kind).collect();
    let scaled = |value, grain| Some(Spoken { value, form: Some(WrittenAs::Scaled), grain });
    match kinds.as_slice() {
        [Kind::Figures(value)] => Some(Spoken { value: *value, form: None, grain: 1.0 }),
        [Kind::Figures(value), Kind::Hundred] => scaled(times(*value, 2)?, 100.0),
        [Kind::Figures(value), Kind::Scale(scale)] => scaled(times(*value, *scale)?, power(*scale)),
        [Kind::Figures(value), Kind::Dozen] => scaled(value * 12.0, 12.0),
        [Kind::Scaled(value, scale)] => scaled(times(*value, *scale)?, power(*scale)),
        kinds => in_words(kinds),
    }
}

fn in_words(kinds: &[Kind]) -> Option<Spoken> {
    let mut sum = Sum::default();
    let used = kinds.iter().take_while(|kind| sum.take(**kind)).count();
    let (whole, grain) = (sum.number()?, sum.grain());
    let words = |value, grain| Some(Spoken { value, form: Some(WrittenAs::Words), grain });
    let behind = match kinds.get(used..)? {
        [] => return words(whole, grain),
        [Kind::Point, behind @ ..] => behind,
        _ => return None,
    };
    let (figures, scale) = match behind {
        [figures @ .., Kind::Scale(scale)] => (figures, *scale),
        figures => (figures, 0),
    };
    let unit = |kind: &Kind| if let Kind::Unit(unit) = kind { Some(unit.to_string()) } else { None };
    let fraction: String = figures.iter().map(unit).collect::<Option<_>>()?;
    let is_fraction = (1..=MAX_FRACTION).contains(&fraction.len());
    words(is_fraction.then(|| format!("{whole:.0}.{fraction}e{scale}").parse().ok())??, power(scale))
}

/// A number with its point moved, without what a multiplication would round.
fn times(value: f64, scale: u8) -> Option<f64> {
    format!("{value}e{scale}").parse().ok()
}

fn power(scale: u8) -> f64 {
    10_f64.powi(i32::from(scale))
}

/// A number that is being read.
#[derive(Clone, Default)]
struct Sum {
    total: f64,
    group: f64,
    scale: Option<u8>,
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
                self.total += self.group * power(scale);
                (self.group, self.scale) = (0.0, Some(scale));
            }
            _ => {}
        }
        self.last = Some(kind);
        true
    }

    fn grain(&self) -> f64 {
        match self.last {
            Some(Kind::Hundred) => 100.0,
            Some(Kind::Dozen) => 12.0,
            Some(Kind::Scale(scale)) => power(scale),
            _ => 1.0,
        }
    }

    fn number(&self) -> Option<f64> {
        (!matches!(self.last, None | Some(Kind::A))).then_some(self.total + self.group)
    }
}
