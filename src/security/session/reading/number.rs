//! Numbers in words: `two hundred and fifty`, `2.5 million`, `a dozen`, `5k`. The parts of a longer number are none, and where it is in
//! doubt how long a number is, nothing is one.

mod piece;
mod sum;

use std::ops::Range;

use serde_json::Number;

use self::{
    piece::{Kind, Piece, pieces},
    sum::{Spoken, number},
};
use super::{Stop, words};
use crate::security::boundary::WrittenAs;

/// How a text writes a number.
pub(super) fn find(text: &str, wanted: &Number) -> Option<WrittenAs> {
    let wanted = wanted.as_f64()?;
    let pieces: Vec<Piece> = words(text).flat_map(pieces).collect();
    let mut next = 0;
    while next < pieces.len() {
        let end = run(&pieces, next);
        let numbers = if stands_alone(&pieces, next..end) { numbers(&pieces, next..end) } else { None };
        let found = numbers.into_iter().flatten().find(|number| number.value == wanted);
        if let Some(form) = found.and_then(|number| number.form) {
            return Some(form);
        }
        next = end.max(next + 1);
    }
    None
}

/// Where the words end that begin here and could be one number, or several with no other word between them.
fn run(pieces: &[Piece], start: usize) -> usize {
    let kind = |at: usize| pieces.get(at).map_or(Kind::Other, |piece| piece.kind);
    let goes_on = |at: usize| pieces.get(at).is_some_and(|piece| piece.stop == Stop::None);
    let begins = |at: usize| {
        let is_a = kind(at) == Kind::A && goes_on(at);
        kind(at).counts() || is_a && (kind(at + 1).is_factor() || kind(at + 1) == Kind::Fraction)
    };
    if !begins(start) {
        return start;
    }
    let mut at = start + 1;
    loop {
        let last = kind(at - 1);
        let is_next = match pieces.get(at - 1).map(|piece| piece.stop) {
            // `one million, two hundred thousand`
            Some(Stop::Comma) => {
                let is_and = kind(at) == Kind::And && goes_on(at) && begins(at + 1);
                matches!(last, Kind::Scale(_)) && (is_and || kind(at).counts())
            }
            Some(Stop::None) => match kind(at) {
                Kind::And | Kind::Or => goes_on(at) && begins(at + 1),
                Kind::Point => goes_on(at) && kind(at + 1).counts(),
                Kind::A => begins(at) && !matches!(last, Kind::Figures(_)),
                next => next.counts() && !is_apart(last, next),
            },
            _ => false,
        };
        if !is_next {
            return at;
        }
        at += 1;
    }
}

/// Whether two neighbours are no number together: `May 26 two tickets`, `two 5k runs`.
fn is_apart(last: Kind, next: Kind) -> bool {
    matches!(last, Kind::Figures(_)) && next.is_small()
        || matches!(last, Kind::Unit(_) | Kind::Teen(_)) && next.is_figures()
}

/// Whether nothing beside the words makes another number of them.
fn stands_alone(pieces: &[Piece], run: Range<usize>) -> bool {
    let kind = |at: Option<usize>| at.and_then(|at| pieces.get(at)).map_or(Kind::Other, |piece| piece.kind);
    let is_part = |kind: Kind| matches!(kind, Kind::Part | Kind::Fraction);
    let is_joined = |at: Option<usize>| at.and_then(|at| pieces.get(at)).is_some_and(|piece| piece.stop == Stop::None);
    let (before, last) = (run.start.checked_sub(1), run.end.checked_sub(1));
    let is_part_before = match kind(before) {
        // `three quarters of a million`
        Kind::Of => kind(run.start.checked_sub(2)) == Kind::Fraction,
        Kind::Point => is_joined(before),
        kind => is_part(kind),
    };
    let is_part_behind = is_joined(last)
        && match kind(Some(run.end)) {
            // `twenty first`, but not `one second`
            Kind::Part => !matches!(kind(last), Kind::Unit(_) | Kind::Teen(_)),
            // `two hundred and first`
            Kind::And => is_part(kind(Some(run.end + 1))) || is_part(kind(Some(run.end + 2))),
            _ => false,
        };
    !is_part_before && !is_part_behind
}

/// The numbers that follow each other; none where one of them cannot be read, or could be a part of another.
fn numbers(pieces: &[Piece], run: Range<usize>) -> Option<Vec<Spoken>> {
    let before = run.start.checked_sub(1).and_then(|before| pieces.get(before)).map(|piece| piece.kind);
    let mut parts = split(pieces.get(run)?).into_iter();
    let (_, first) = parts.next()?;
    let (mut words, mut left, mut found) = (first.to_vec(), number(first)?, Vec::new());
    for (joint, part) in parts {
        let right = number(part)?;
        let whole: Vec<Piece> = words.iter().chain(part).copied().collect();
        let is_open = match joint {
            Joint::And => left.grain > 1.0 && before != Some(Kind::Between),
            Joint::Comma => left.grain > 1.0,
            Joint::Or => false,
        };
        if let Some(number) = number(&whole).filter(|_| is_open) {
            (words, left) = (whole, number);
            continue;
        }
        let is_list = joint == Joint::Comma && right.form.is_none();
        if joint != Joint::Or && right.value < left.grain && !is_list {
            return None;
        }
        found.push(left);
        (words, left) = (part.to_vec(), right);
    }
    found.push(left);
    if let Some(first) = found.first_mut().filter(|_| before == Some(Kind::Minus)) {
        first.value = -first.value;
    }
    // the first of `two or three hundred` can be two hundred
    let grains: Vec<f64> = found.iter().map(|number| number.grain).skip(1).collect();
    let is_whole = |at: usize, number: &Spoken| grains.get(at).is_none_or(|next| number.grain >= *next);
    Some(found.into_iter().enumerate().filter(|(at, number)| is_whole(*at, number)).map(|(_, number)| number).collect())
}

/// What stands between two numbers.
#[derive(Clone, Copy, PartialEq)]
enum Joint {
    And,
    Or,
    Comma,
}

/// The parts between `and`, `or` and commas, each with what is before it.
fn split(pieces: &[Piece]) -> Vec<(Joint, &[Piece])> {
    let is_number = |at: usize| pieces.get(at).is_some_and(|piece| piece.kind != Kind::And);
    let (mut found, mut start, mut joint) = (Vec::new(), 0, Joint::Comma);
    for (at, piece) in pieces.iter().enumerate() {
        let (end, next, behind) = match piece.kind {
            Kind::And => (at, at + 1, Joint::And),
            Kind::Or => (at, at + 1, Joint::Or),
            _ if piece.stop == Stop::Comma && is_number(at + 1) => (at + 1, at + 1, Joint::Comma),
            _ => continue,
        };
        found.push((joint, pieces.get(start..end).unwrap_or_default()));
        (start, joint) = (next, behind);
    }
    found.push((joint, pieces.get(start..).unwrap_or_default()));
    found
}
