//! Words that have parts: `twenty-five`, `hundred-odd`, `two/three`, `twentyfive`.

use super::super::word::Stop;
use super::kind::{Kind, Piece, kind};

const HYPHENS: [char; 3] = ['-', '\u{2010}', '\u{2011}'];
/// What makes another number of the one before it: `twenty-odd`, `hundredfold`.
const ENDINGS: [&str; 6] = ["odd", "ish", "fold", "plus", "some", "something"];

/// The longest name of one number: `seventeen`.
const MAX_NAME: usize = 9;
/// Longer words are no numbers.
const MAX_GLUED: usize = 64;

/// The pieces of a word: `twenty-five` has two, where both are numbers.
pub(super) fn pieces(word: &str, stop: Stop) -> Vec<Piece> {
    let kinds: Vec<Kind> = word.split(HYPHENS).map(kind).collect();
    if let [_, .., last] = kinds.as_slice()
        && kinds.iter().all(|kind| is_number(*kind) && *kind != Kind::Dozen)
    {
        let joined = kinds.iter().take(kinds.len() - 1).map(|kind| Piece { kind: *kind, stop: Stop::None });
        return joined.chain([Piece { kind: *last, stop }]).collect();
    }
    let whole = match kinds.as_slice() {
        [kind] if *kind != Kind::Other => *kind,
        // `two-thirds`, `twenty-fifth`
        [numbers @ .., Kind::Fraction] if numbers.iter().all(|kind| is_number(*kind)) => Kind::Fraction,
        // `third-party`, `two-and-a-half`
        kinds if kinds.iter().any(|kind| matches!(kind, Kind::Ordinal | Kind::Fraction)) => Kind::Part,
        kinds if is_compound(word, kinds) => Kind::Compound,
        _ => of_parts(word),
    };
    vec![Piece { kind: whole, stop }]
}

/// 0 to 99, a hundred, a thousand and the like.
fn is_number(kind: Kind) -> bool {
    kind.is_small() || kind.is_factor()
}

/// Whether a small number and other words are one word that says no number, such as `five-star` or `one-to-one`.
fn is_compound(word: &str, kinds: &[Kind]) -> bool {
    let is_ending = || word.split(HYPHENS).any(|part| ENDINGS.contains(&part.to_ascii_lowercase().as_str()));
    match kinds {
        [first, Kind::Or, last] => first.is_small() && first == last,
        [first, rest @ ..] => {
            let other = rest.iter().find(|kind| !is_number(**kind));
            first.is_small() && other == Some(&Kind::Other) && !is_ending()
        }
        [] => false,
    }
}

/// What a word is that has numbers between signs, or glued to each other.
fn of_parts(word: &str) -> Kind {
    if word.contains('@') || word.contains("://") {
        return Kind::Other;
    }
    let parts: Vec<Kind> = word.split(|c: char| !c.is_alphanumeric()).map(part).collect();
    let is_joint = |kind: &Kind| matches!(kind, Kind::And | Kind::Or | Kind::A);
    match parts.as_slice() {
        // `and/or`
        [first, .., last] if [first, last].iter().all(|kind| matches!(kind, Kind::And | Kind::Or)) => Kind::Or,
        [first, .., last] if *first == Kind::Other && is_number(*last) => Kind::Tail,
        [first, ..] if is_number(*first) => Kind::Unread,
        [Kind::Unread, ..] => Kind::Unread,
        [first, .., last] if is_joint(first) && is_number(*last) => Kind::Unread,
        [first, rest @ ..] if first.is_figures() && rest.iter().any(|kind| is_number(*kind)) => Kind::Unread,
        _ => Kind::Other,
    }
}

fn part(text: &str) -> Kind {
    match kind(text) {
        // `k-pop`, `grand-slam`
        Kind::Unread if text.len() < 3 || text.eq_ignore_ascii_case("grand") => Kind::Other,
        Kind::Other if is_glued(&text.to_ascii_lowercase()) => Kind::Unread,
        kind => kind,
    }
}

/// Whether a word is of numbers without a blank or a sign between them, or of a number and an ending.
fn is_glued(lower: &str) -> bool {
    lower.len() <= MAX_GLUED
        && (3..lower.len().min(MAX_NAME + 1)).any(|at| {
            let Some((first, rest)) = lower.split_at_checked(at) else { return false };
            is_number(kind(first)) && (is_number(kind(rest)) || ENDINGS.contains(&rest) || is_glued(rest))
        })
}
