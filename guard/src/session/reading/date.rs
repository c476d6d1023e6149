//! Dates: `2024-05-26`, `26.05.2024`, `5/26/2024`, `May 26`, `the 26th of May 2024`.

use std::collections::BTreeSet;

use time::{Date, Month};

use super::{
    spot::{Spot, date_and_time},
    word::{Stop, Word, words},
};
use crate::policy::WrittenAs;

/// A day of a year, or of any.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Day {
    year: Option<i32>,
    month: u8,
    day: u8,
}

/// How a text writes the date that a value is.
pub(super) fn find(text: &str, value: &str) -> Option<WrittenAs> {
    let wanted = value_of(value)?;
    let spots = spots(&words(text));
    let years = years(&spots);
    let forms: Vec<WrittenAs> = spots.iter().filter_map(|spot| spot.form_of(wanted, &years)).collect();
    let is_exact = |form: &&WrittenAs| **form != WrittenAs::MonthDay;
    forms.iter().find(is_exact).or(forms.first()).copied()
}

/// The years of all dates that have one.
pub(super) fn years(spots: &[Spot<Day>]) -> BTreeSet<i32> {
    spots.iter().flat_map(|spot| &spot.says).filter_map(|(day, _)| day.year).collect()
}

impl Spot<Day> {
    /// How a date is written here, if it is. A date without a year is of any, unless other dates of the text have one: then it is of
    /// one of theirs.
    pub(super) fn form_of(&self, wanted: Day, years: &BTreeSet<i32>) -> Option<WrittenAs> {
        let is_wanted = |day: &Day| {
            (day.month, day.day) == (wanted.month, wanted.day)
                && match day.year {
                    None => years.is_empty() || wanted.year.is_some_and(|year| years.contains(&year)),
                    year => year == wanted.year,
                }
        };
        self.says.iter().find(|(day, _)| is_wanted(day)).map(|(_, form)| *form)
    }
}

/// The date that a whole value is, with its year. `None` if it can be read in two ways, or if anything stands beside the date: all of the
/// value is sent.
pub(super) fn value_of(value: &str) -> Option<Day> {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, ' ' | ',' | '-' | '/' | '.');
    let ends_plainly = value.starts_with(char::is_alphanumeric) && value.ends_with(char::is_alphanumeric);
    if !ends_plainly || !value.chars().all(is_part) || date_and_time(value).is_some() {
        return None;
    }
    let all = words(value);
    let (found, used) = at(&all, 0)?;
    let mut days = found.into_iter().map(|(day, _)| day).collect::<BTreeSet<_>>().into_iter();
    let only = days.next().filter(|_| days.next().is_none() && used == all.len())?;
    only.year.map(|_| only)
}

/// Every date among the words of a text.
pub(super) fn spots(all: &[Word<'_>]) -> Vec<Spot<Day>> {
    let (mut next, mut found) = (0, Vec::new());
    while next < all.len() {
        let Some((says, used)) = at(all, next) else {
            next += 1;
            continue;
        };
        let end = next + used.max(1);
        found.push(Spot { words: next..end, says });
        next = end;
    }
    found
}

type Found = Vec<(Day, WrittenAs)>;

/// The dates that begin with a word, and how many words they take.
fn at(all: &[Word<'_>], start: usize) -> Option<(Found, usize)> {
    let first = all.get(start)?.text;
    if let Some(found) = figures(first) {
        return Some((found, 1));
    }
    match days_of_month(first) {
        Some(days) => by_day(all, start, &days),
        None => by_month(all, start, month(first)?),
    }
}

/// `26 May`, `26th of May`, `the 26-28 May`
fn by_day(all: &[Word<'_>], start: usize, days: &[u8]) -> Option<(Found, usize)> {
    let first = all.get(start).filter(|word| !word.is_amount())?;
    let of = usize::from(all.get(start + 1).is_some_and(|word| word.text.eq_ignore_ascii_case("of")));
    let month_at = start + 1 + of;
    let word = all.get(month_at).filter(|_| are_beside(all.get(start..=month_at)))?;
    let month = month(word.text)?;
    let year = all.get(month_at + 1).filter(|_| word.stop != Stop::End).and_then(year_of);
    // `the 3 may be late`
    let is_verb =
        of == 0 && year.is_none() && is_a_verb(word.text) && first.text.ends_with(|c: char| c.is_ascii_digit());
    let form = if year.is_some() { WrittenAs::DayMonthYear } else { WrittenAs::MonthDay };
    let found = (!is_verb).then(|| dated(year, month, days, form))?;
    Some((found, 2 + of + usize::from(year.is_some())))
}

/// `May 26`, `May the 26th`
fn by_month(all: &[Word<'_>], start: usize, month: u8) -> Option<(Found, usize)> {
    let name = all.get(start)?;
    let the = usize::from(all.get(start + 1).is_some_and(|word| word.text.eq_ignore_ascii_case("the")));
    let behind = all.get(start + 1..=start + 1 + the);
    let first = behind.and_then(<[Word<'_>]>::first)?;
    // a full stop behind `Jan.` says that it is short
    let is_short = name.text.len() == 3 && !is_a_verb(&name.text.to_ascii_lowercase());
    let is_shortened = is_short && name.behind == "." && first.before.is_empty() && !name.ends_line;
    let day = all.get(start + 1 + the).filter(|_| is_shortened || name.is_beside(first))?;
    let days = days_of_month(day.text).filter(|_| are_beside(behind) && !day.is_amount())?;
    let year = all.get(start + 2 + the).filter(|_| day.stop != Stop::End).and_then(year_of);
    let form = if year.is_some() { WrittenAs::MonthDayYear } else { WrittenAs::MonthDay };
    Some((dated(year, month, &days, form), 2 + the + usize::from(year.is_some())))
}

fn are_beside(words: Option<&[Word<'_>]>) -> bool {
    words.is_some_and(|words| {
        words.windows(2).all(|pair| if let [left, right] = pair { left.is_beside(right) } else { true })
    })
}

fn dated(year: Option<i32>, month: u8, days: &[u8], form: WrittenAs) -> Found {
    days.iter().filter_map(|day| Some((real(year, month, *day)?, form))).collect()
}

/// A day that there is; one without a year may be the 29th of February.
fn real(year: Option<i32>, month: u8, day: u8) -> Option<Day> {
    let month_of_year = Month::try_from(month).ok()?;
    Date::from_calendar_date(year.unwrap_or(2024), month_of_year, day).ok()?;
    Some(Day { year, month, day })
}

/// A date in one word: of figures, or with the name of a month between signs. What can be read in two ways is both.
fn figures(word: &str) -> Option<Found> {
    let word = date_and_time(word).map_or(word, |(date, _)| date);
    let sign = word.chars().find(|c| matches!(c, '-' | '/' | '.'))?;
    let parts: Vec<&str> = word.split(sign).collect();
    let [first, second, third] = parts.as_slice() else { return None };
    if let Some(month) = month(second) {
        let day = number(first, 2)?;
        return Some(dated(Some(full_year(third)?), month, &[day], WrittenAs::DayMonthYear));
    }
    if first.len() == 4 {
        let (month, day) = (number(second, 2)?, number(third, 2)?);
        return Some(dated(Some(year(first)?), month, &[day], WrittenAs::YearMonthDay));
    }
    let (first, second, year) = (number(first, 2)?, number(second, 2)?, full_year(third)?);
    let by_day = dated(Some(year), second, &[first], WrittenAs::DayMonthYear);
    let by_month = if sign == '.' { Vec::new() } else { dated(Some(year), first, &[second], WrittenAs::MonthDayYear) };
    Some(by_day.into_iter().chain(by_month).collect())
}

fn number(text: &str, most: usize) -> Option<u8> {
    let is_figures = !text.is_empty() && text.len() <= most && text.bytes().all(|b| b.is_ascii_digit());
    is_figures.then(|| text.parse().ok()).flatten()
}

fn year(text: &str) -> Option<i32> {
    let is_year = text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit());
    is_year.then(|| text.parse().ok()).flatten().filter(|year| (1800..2200).contains(year))
}

fn year_of(word: &Word<'_>) -> Option<i32> {
    year(word.text).filter(|_| !word.is_amount())
}

/// `2024`, and `24` for it.
fn full_year(text: &str) -> Option<i32> {
    year(text).or_else(|| (text.len() == 2).then(|| number(text, 2)).flatten().map(|short| 2000 + i32::from(short)))
}

/// `26`, `26th`, and both ends of `26-28`.
fn days_of_month(word: &str) -> Option<Vec<u8>> {
    let day = |word: &str| {
        let bare = ["st", "nd", "rd", "th"].iter().find_map(|ending| {
            let (figures, end) = word.split_at_checked(word.len().checked_sub(2)?)?;
            end.eq_ignore_ascii_case(ending).then_some(figures)
        });
        number(bare.unwrap_or(word), 2).filter(|day| (1..=31).contains(day))
    };
    let ends = word.split(['-', '\u{2013}']).map(day).collect::<Option<Vec<u8>>>()?;
    (ends.len() <= 2).then_some(ends)
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// The number of a month, by its English name or the first letters of it.
pub(super) fn month(word: &str) -> Option<u8> {
    let word = word.trim_end_matches('.').to_ascii_lowercase();
    let is_short = word.len() == 3 || word == "sept";
    let at = MONTHS.iter().position(|name| *name == word || is_short && name.starts_with(word.as_str()))?;
    u8::try_from(at + 1).ok()
}

/// Months that are words of another kind, written small.
fn is_a_verb(month: &str) -> bool {
    matches!(month, "may" | "march" | "mar")
}
