use std::ops::Range;

use serde_json::Number;

use super::super::word::{Stop, words};
use super::{
    kind::{Kind, Piece},
    piece::pieces,
    sum::{Spoken, number},
};
use crate::policy::WrittenAs;

/// How a text writes a number.
pub(in crate::session::reading) fn find(text: &str, wanted: &Number) -> Option<WrittenAs> {
    let wanted = wanted.as_f64()?;
    let pieces = pieces(&words(text));
    let (mut runs, mut next) = (Vec::new(), 0);
    while next < pieces.len() {
        let end = run(&pieces, next);
        if end > next {
            runs.push(next..end);
        }
        next = end.max(next + 1);
    }
    // the first of `two or three hundred` can be two hundred, and so can that of `two, three or four hundred`
    let mut largest = 0.0;
    for run in runs.into_iter().rev() {
        if !is_in_list(&pieces, run.end) {
            largest = 0.0;
        }
        let numbers = if stands_alone(&pieces, &run) { numbers(&pieces, &run) } else { None };
        if numbers.is_none() && run.len() > 1 {
            largest = f64::INFINITY;
        }
        for number in numbers.into_iter().flatten().rev() {
            if let Some(form) = number.form.filter(|_| number.value == wanted && number.grain >= largest) {
                return Some(form);
            }
            largest = number.grain.max(largest);
        }
    }
    None
}

fn kind(pieces: &[Piece], at: usize) -> Kind {
    pieces.get(at).map_or(Kind::Other, |piece| piece.kind)
}

fn is_joined(pieces: &[Piece], at: usize) -> bool {
    pieces.get(at).is_some_and(|piece| piece.stop == Stop::None)
}

fn behind_breaks(pieces: &[Piece], start: usize) -> usize {
    let breaks = pieces.iter().skip(start).take_while(|piece| piece.kind == Kind::Break);
    start + breaks.count()
}

/// Whether a number can begin with a piece.
fn begins(pieces: &[Piece], at: usize) -> bool {
    let is_a = kind(pieces, at) == Kind::A && is_joined(pieces, at);
    let next = kind(pieces, behind_breaks(pieces, at + 1));
    kind(pieces, at).counts() || is_a && (next.is_factor() || next == Kind::Fraction)
}

/// Where the words end that begin here and could be one number, or several with no other word between them.
fn run(pieces: &[Piece], start: usize) -> usize {
    if !begins(pieces, start) {
        return start;
    }
    let mut end = start + 1;
    while let Some(next) = goes_on(pieces, end) {
        end = next + 1;
    }
    end
}

/// The piece that goes on with a run which ends here so far.
fn goes_on(pieces: &[Piece], end: usize) -> Option<usize> {
    let last = pieces.get(end.checked_sub(1)?)?;
    let next = behind_joints(pieces, end);
    let joints = pieces.get(end..next).unwrap_or_default();
    let has = |kinds: &[Kind]| joints.iter().any(|joint| kinds.contains(&joint.kind));
    let is_next = match (last.stop, kind(pieces, next)) {
        (Stop::End, _) => false,
        // `one million, two hundred thousand`
        (Stop::Comma, _) => matches!(last.kind, Kind::Scale(_)) && !has(&[Kind::Or]) && begins(pieces, next),
        _ if has(&[Kind::And, Kind::Or]) => begins(pieces, next),
        (_, of_next) if has(&[Kind::Sign, Kind::Minus]) => {
            begins(pieces, next) && !(matches!(last.kind, Kind::Figures(_)) && of_next.is_small())
        }
        (_, Kind::Point) => is_joined(pieces, next) && kind(pieces, behind_breaks(pieces, next + 1)).counts(),
        (_, Kind::A) => begins(pieces, next) && !matches!(last.kind, Kind::Figures(_)),
        (_, of_next) => of_next.counts() && !is_apart(last.kind, of_next),
    };
    is_next.then_some(next)
}

/// The piece behind `and`, `or` and signs.
fn behind_joints(pieces: &[Piece], start: usize) -> usize {
    let mut at = start;
    let mut has_word = false;
    while is_joined(pieces, at) {
        match kind(pieces, at) {
            Kind::And | Kind::Or => has_word = true,
            Kind::Minus if has_word => break,
            Kind::Sign | Kind::Break | Kind::Minus => {}
            _ => break,
        }
        at += 1;
    }
    at
}

/// Whether a comma that leads to another number stands before a piece.
fn is_in_list(pieces: &[Piece], end: usize) -> bool {
    let is_comma = end.checked_sub(1).and_then(|last| pieces.get(last)).is_some_and(|last| last.stop == Stop::Comma);
    is_comma && begins(pieces, behind_joints(pieces, end))
}

/// Whether two neighbours are no number together: `May 26 two tickets`, `two 5k runs`, `two multi-million deals`.
fn is_apart(last: Kind, next: Kind) -> bool {
    next == Kind::Tail
        || matches!(last, Kind::Figures(_)) && next.is_small()
        || matches!(last, Kind::Unit(_) | Kind::Teen(_)) && next.is_figures()
}

/// Whether nothing beside the words makes another number of them.
fn stands_alone(pieces: &[Piece], run: &Range<usize>) -> bool {
    let is_word = |piece: &&Piece| piece.kind != Kind::Break;
    let mut before = pieces.iter().take(run.start).rev().filter(is_word);
    let mut behind = pieces.iter().skip(run.end).filter(is_word).map(|piece| piece.kind);
    let words = pieces.get(run.clone()).unwrap_or_default();
    let (first, second) = (before.next(), before.next());
    let is_part = |kind: Kind| matches!(kind, Kind::Part | Kind::Ordinal | Kind::Fraction);
    let is_part_before = first.is_some_and(|first| match first.kind {
        // `three quarters of a million`
        Kind::Of => second.is_some_and(|second| second.kind == Kind::Fraction),
        Kind::Point => {
            let is_decimal = !words.iter().any(|piece| piece.kind == Kind::Hundred);
            is_decimal
                && !second.is_some_and(|second| second.kind == Kind::This && second.stop == Stop::None)
                && first.stop == Stop::None
        }
        kind => matches!(kind, Kind::Part | Kind::Fraction),
    });
    let Some(last) = words.last().filter(|last| last.stop == Stop::None) else { return !is_part_before };
    let is_part_behind = match behind.next() {
        // `twenty first`, but not `one second`
        Some(Kind::Part | Kind::Ordinal | Kind::Compound) => !matches!(last.kind, Kind::Unit(_) | Kind::Teen(_)),
        // `two hundred and first`
        Some(Kind::And) => {
            let next = behind.next();
            next == Some(Kind::Compound) || next.into_iter().chain(behind.next()).any(is_part)
        }
        _ => false,
    };
    !is_part_before && !is_part_behind
}

/// The numbers that follow each other; `None` if one of them cannot be read, or could be a part of another.
fn numbers(pieces: &[Piece], run: &Range<usize>) -> Option<Vec<Spoken>> {
    let before = run.start.checked_sub(1).map(|before| kind(pieces, before));
    let mut parts = split(pieces.get(run.clone())?).into_iter();
    let first = parts.next()?.pieces;
    let (mut words, mut left, mut found) = (first.to_vec(), number(first)?, Vec::new());
    for part in parts {
        let right = number(part.pieces)?;
        let whole: Vec<Piece> = words.iter().chain(part.pieces).copied().collect();
        let is_open = match part.joint {
            Joint::And => left.grain > 1.0 && before != Some(Kind::Between),
            Joint::Comma => left.grain > 1.0,
            Joint::Or => false,
        };
        if let Some(number) = number(&whole).filter(|_| is_open) {
            if part.is_broken {
                return None;
            }
            (words, left) = (whole, number);
            continue;
        }
        let is_list = part.joint == Joint::Comma && right.form.is_none();
        if part.joint != Joint::Or && right.value < left.grain && !is_list {
            return None;
        }
        found.push(left);
        (words, left) = (part.pieces.to_vec(), right);
    }
    found.push(left);
    if let Some(first) = found.first_mut().filter(|_| before == Some(Kind::Minus)) {
        first.value = -first.value;
    }
    Some(found)
}

/// What stands between two numbers.
#[derive(Clone, Copy, PartialEq)]
enum Joint {
    And,
    Or,
    Comma,
}

/// What stands between two joints.
struct Part<'p> {
    /// The joint before it.
    joint: Joint,
    pieces: &'p [Piece],
    /// Whether the end of a line, a quotation mark or the like is at that joint.
    is_broken: bool,
}

/// The parts between `and`, `or` and commas.
fn split(pieces: &[Piece]) -> Vec<Part<'_>> {
    let joint = |at: usize| match kind(pieces, at) {
        Kind::And => Some(Joint::And),
        Kind::Or => Some(Joint::Or),
        _ => None,
    };
    let (mut found, mut start, mut before) = (Vec::new(), 0, Joint::Comma);
    for (at, piece) in pieces.iter().enumerate() {
        let (end, next, behind) = match joint(at) {
            Some(joint) => (at, at + 1, joint),
            None if piece.stop == Stop::Comma && at + 1 < pieces.len() && joint(at + 1) != Some(Joint::And) => {
                (at + 1, at + 1, Joint::Comma)
            }
            None => continue,
        };
        found.push((before, pieces.get(start..end).unwrap_or_default()));
        (start, before) = (next, behind);
    }
    found.push((before, pieces.get(start..).unwrap_or_default()));
    let mut is_broken = false;
    let parts = found.into_iter().map(|(joint, pieces)| {
        let (inner, ends_broken) = unbroken(pieces);
        let begins_broken = pieces.first().is_some_and(|piece| piece.kind == Kind::Break);
        let part = Part { joint, pieces: inner, is_broken: is_broken || begins_broken };
        is_broken = ends_broken;
        part
    });
    parts.collect()
}

/// The pieces without the breaks at their ends, and whether there was one at the last.
fn unbroken(pieces: &[Piece]) -> (&[Piece], bool) {
    let is_word = |piece: &Piece| piece.kind != Kind::Break;
    let start = pieces.iter().position(is_word).unwrap_or(pieces.len());
    let end = pieces.iter().rposition(is_word).map_or(pieces.len(), |last| last + 1);
    (pieces.get(start..end).unwrap_or_default(), end < pieces.len())
}
