//! Times of day: `17:00`, `5 pm`, `5:30 p.m.`, `noon`. Without `am` or `pm`, `5:30` is both.

use super::{
    spot::{Spot, date_and_time},
    word::{Word, words},
};
use crate::policy::WrittenAs;

/// Minutes since midnight.
pub(super) type Minute = u16;

const HOUR: Minute = 60;
const HALF_DAY: Minute = 12 * HOUR;

/// How a text writes the time that a value is.
pub(super) fn find(text: &str, value: &str) -> Option<WrittenAs> {
    let wanted = value_of(value)?;
    spots(&words(text)).iter().find_map(|spot| spot.form_of(wanted))
}

impl Spot<Minute> {
    /// How a time is written here, if it is.
    pub(super) fn form_of(&self, wanted: Minute) -> Option<WrittenAs> {
        self.says.iter().find(|(minute, _)| *minute == wanted).map(|(_, form)| *form)
    }
}

/// Every time among the words of a text. `9:00-17:00` is two that have the same words.
pub(super) fn spots(all: &[Word<'_>]) -> Vec<Spot<Minute>> {
    all.iter().enumerate().flat_map(|(at, word)| in_word(word, all.get(at + 1), at)).collect()
}

/// The times of a word, with its half of the day in the next one.
fn in_word(word: &Word<'_>, next: Option<&Word<'_>>, at: usize) -> Vec<Spot<Minute>> {
    if let Some(named) = named(word.text) {
        return vec![Spot { words: at..at + 1, says: vec![(named, WrittenAs::Named)] }];
    }
    let (mut found, mut end) = (Vec::new(), at + 1);
    for time in ranges(word.text) {
        let (figures, half) = halved(time, next.map(|word| word.text).unwrap_or_default());
        let is_half_next = half.is_some() && figures.len() == time.len();
        let Some((minute, form)) = minutes(figures, half.is_some()) else { continue };
        // `Seats: 5`, with `PM: Ann` on the next line
        let is_beside = next.is_some_and(|next| word.is_beside(next));
        if is_half_next && form == WrittenAs::Hour && !is_beside {
            continue;
        }
        if is_half_next {
            end = at + 2;
        }
        found.push(readings(minute, figures, half).map(|minute| (minute, form)).collect());
    }
    found.into_iter().map(|says| Spot { words: at..end, says }).collect()
}

/// The time that a whole value is, on a clock of 24 hours or with its half of the day.
pub(super) fn value_of(value: &str) -> Option<Minute> {
    let (figures, behind) = value.split_once(' ').unwrap_or((value, ""));
    let (whole, (figures, half)) = (figures, halved(figures, behind));
    // all of the value is sent, so nothing may stand there but the half of the day, once
    let beside = [whole != figures, !behind.is_empty()].into_iter().filter(|is_there| *is_there).count();
    if beside != usize::from(half.is_some()) {
        return None;
    }
    let figures = figures.strip_suffix(":00").filter(|rest| rest.contains(':')).unwrap_or(figures);
    let (minute, _) = minutes(figures, half.is_some())?;
    Some(half.map_or(minute, |half| half.of(minute)))
}

/// Both ends of `9:00-17:00`, and the time of `2024-05-26T17:00`; nothing if that has an offset from UTC, which is another time here.
fn ranges(word: &str) -> impl Iterator<Item = &str> {
    let time = date_and_time(word).map(|(_, time)| time);
    let has_offset = time.is_some_and(|time| time.contains(['+', '-']));
    let word = time.map_or(word, |time| time.strip_suffix('Z').unwrap_or(time));
    word.split(['-', '\u{2013}']).filter(move |_| !has_offset)
}

#[derive(Clone, Copy, PartialEq)]
enum Half {
    Am,
    Pm,
}

impl Half {
    fn named(text: &str) -> Option<Self> {
        let letters: String = text.chars().filter(|c| *c != '.').collect::<String>().to_ascii_lowercase();
        match letters.as_str() {
            "am" => Some(Self::Am),
            "pm" => Some(Self::Pm),
            _ => None,
        }
    }

    fn of(self, minute: Minute) -> Minute {
        let minute = minute % HALF_DAY;
        if self == Self::Pm { minute + HALF_DAY } else { minute }
    }
}

/// The figures of `5:30pm` and its half of the day, which may be the next word.
fn halved<'t>(word: &'t str, behind: &str) -> (&'t str, Option<Half>) {
    let figures = word.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '.');
    let ending = word.get(figures.len()..).unwrap_or_default();
    if ending.is_empty() { (word, Half::named(behind)) } else { (figures, Half::named(ending)) }
}

/// `17:00`, or the bare hour where the half of the day says that it is one.
fn minutes(figures: &str, is_hour: bool) -> Option<(Minute, WrittenAs)> {
    let number = |text: &str, below: Minute| {
        let is_figures = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        is_figures.then(|| text.parse().ok()).flatten().filter(|number: &Minute| *number < below)
    };
    let most = if is_hour { 13 } else { 24 };
    match figures.split_once(':') {
        Some((hour, minute)) if minute.len() == 2 => {
            Some((number(hour, most)? * HOUR + number(minute, 60)?, WrittenAs::HourMinute))
        }
        None if is_hour => Some((number(figures, most)? * HOUR, WrittenAs::Hour)),
        _ => None,
    }
}

/// What a time of the text can be. A zero in front says that the clock has 24 hours.
fn readings(minute: Minute, figures: &str, half: Option<Half>) -> impl Iterator<Item = Minute> {
    let has_halves = half.is_none() && (HOUR..HALF_DAY).contains(&minute) && !figures.starts_with('0');
    let first = half.map_or(minute, |half| half.of(minute));
    std::iter::once(first).chain(has_halves.then_some(minute + HALF_DAY))
}

fn named(word: &str) -> Option<Minute> {
    match word.to_ascii_lowercase().as_str() {
        "noon" | "midday" => Some(HALF_DAY),
        "midnight" => Some(0),
        _ => None,
    }
}
