//! What a regular expression costs: to translate, to compile, and for each byte that it is tried on.

use std::{iter::Peekable, str::Chars};

use super::limits::{Excess, MAX_PATTERN, MAX_STATES, MAX_TRANSLATION};

/// What all patterns of a schema cost together.
#[derive(Default)]
pub(super) struct Patterns {
    translation: u64,
    states: u64,
}

impl Patterns {
    /// Adds a pattern, and says how many states it has.
    pub(super) fn add(&mut self, pattern: &str) -> Result<u64, Excess> {
        if pattern.len() > MAX_PATTERN {
            return Err(Excess::Pattern);
        }
        let escapes = pattern.bytes().filter(|byte| *byte == b'\\').count();
        self.translation = self.translation.saturating_add((pattern.len() * (escapes + 1)) as u64);
        if self.translation > MAX_TRANSLATION {
            return Err(Excess::Translation);
        }
        let states = states(pattern);
        self.states = self.states.saturating_add(states);
        if self.states > MAX_STATES { Err(Excess::Repetition) } else { Ok(states) }
    }
}

/// States for one character, whatever it may be: it has up to four bytes.
const ANY: u64 = 12;
/// States for a property of characters, such as `\p{L}`.
const PROPERTY: u64 = 600;

/// About how many states the automaton of a pattern has: each is looked at for each byte, in the worst case. Sizes of groups are
/// multiplied by how often they are repeated.
pub(super) fn states(pattern: &str) -> u64 {
    let mut open: Vec<u64> = Vec::new();
    let (mut sum, mut last) = (1_u64, 0_u64);
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        // what comes before the last thing is repeated by nothing any more
        let atom = match c {
            '(' => {
                open.push(sum.saturating_add(last));
                (sum, last) = (2, 0);
                continue;
            }
            ')' => {
                let group = sum.saturating_add(last);
                sum = open.pop().unwrap_or(1);
                last = group;
                continue;
            }
            '{' => {
                last = last.saturating_mul(repeats(&mut chars));
                continue;
            }
            '*' | '+' | '?' => {
                last = last.saturating_add(2);
                continue;
            }
            '\\' => match chars.next() {
                Some('p' | 'P') => {
                    // `\p{L}`: no repetition
                    if chars.next_if_eq(&'{').is_some() {
                        chars.by_ref().find(|c| *c == '}');
                    }
                    PROPERTY
                }
                Some('w' | 'W' | 'd' | 'D' | 's' | 'S' | 'b' | 'B') => 2 * ANY,
                _ => 4,
            },
            '[' => class(&mut chars),
            '.' => ANY,
            c => 1 + c.len_utf8() as u64,
        };
        sum = sum.saturating_add(last);
        last = atom;
    }
    // of a group that is not closed it is not a pattern any more
    let whole = open.iter().fold(sum.saturating_add(last), |sum, outer| sum.saturating_add(*outer));
    // letters of both cases
    if pattern.contains("(?") && pattern.contains('i') { whole.saturating_mul(3) } else { whole }
}

/// What a repetition such as `{2,5}` multiplies by: its largest number, and one more where there is no end.
fn repeats(chars: &mut Peekable<Chars<'_>>) -> u64 {
    let (mut largest, mut number) = (0_u64, 0_u64);
    while let Some(c) = chars.next_if(|c| c.is_ascii_digit() || matches!(c, ',' | ' ' | '}')) {
        match c.to_digit(10) {
            Some(digit) => number = number.saturating_mul(10).saturating_add(u64::from(digit)),
            None => number = 0,
        }
        largest = largest.max(number);
        if c == '}' {
            break;
        }
    }
    largest.saturating_add(1)
}

/// The states of a class in brackets.
fn class(chars: &mut Peekable<Chars<'_>>) -> u64 {
    let mut states = ANY;
    let mut is_first = true;
    while let Some(c) = chars.next() {
        let item = match c {
            ']' if !is_first => break,
            '\\' => match chars.next() {
                Some('p' | 'P') => PROPERTY,
                _ => 4,
            },
            c if c.is_ascii() => 1,
            _ => ANY,
        };
        states = states.saturating_add(item);
        is_first = is_first && c == '^';
    }
    states
}
