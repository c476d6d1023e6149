//! A date with a time of day: `May 26 at 5 pm`, `17:00 on 26.05.2024`. The two stand beside each other, and neither of them beside a third.

use super::{
    Spot, Word, date,
    date::{Day, month},
    date_and_time, time,
    time::Minute,
    words,
};
use crate::security::boundary::WrittenAs;

/// How a text writes the date of the moment that a value is, where its time stands beside it.
pub(super) fn find(text: &str, value: &str) -> Option<WrittenAs> {
    let (day, minute) = value.split_once(['T', ' '])?;
    let day = date::value_of(day)?;
    let minute = time::value_of(minute.strip_suffix('Z').unwrap_or(minute))?;
    let words: Vec<Word<'_>> = words(text).collect();
    let dates = date::spots(&words);
    let years = date::years(&dates);
    let form_of = |on: &Spot<Day>, at: &Spot<Minute>| at.form_of(minute).and_then(|_| on.form_of(day, &years));
    let times = time::spots(&words);
    if let Some(form) = in_one_word(&words, &dates, &times).find_map(|(on, at)| form_of(on, at)) {
        return Some(form);
    }
    let items = items(text, &words, dates, times);
    pairs(text, &words, &items).into_iter().find_map(|(on, at)| form_of(on, at))
}

/// The dates and times of `2024-05-26T17:00`.
fn in_one_word<'s>(
    words: &[Word<'_>],
    dates: &'s [Spot<Day>],
    times: &'s [Spot<Minute>],
) -> impl Iterator<Item = (&'s Spot<Day>, &'s Spot<Minute>)> {
    dates.iter().filter(|on| is_both(words, on)).filter_map(|on| {
        let at = times.binary_search_by_key(&on.words.start, |time| time.words.start).ok()?;
        Some((on, times.get(at)?))
    })
}

fn is_both(words: &[Word<'_>], on: &Spot<Day>) -> bool {
    words.get(on.words.start).is_some_and(|word| date_and_time(word.text).is_some())
}

enum Item {
    /// A date; one that says nothing is a day that only a calendar could tell.
    Date(Spot<Day>),
    Time(Spot<Minute>),
}

impl Item {
    fn words(&self) -> &std::ops::Range<usize> {
        match self {
            Self::Date(spot) => &spot.words,
            Self::Time(spot) => &spot.words,
        }
    }
}

const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
const OTHER_DAYS: [&str; 4] = ["yesterday", "today", "tomorrow", "tonight"];

/// The dates and times of a text that are words of their own, in order.
fn items(text: &str, words: &[Word<'_>], mut dates: Vec<Spot<Day>>, times: Vec<Spot<Minute>>) -> Vec<Item> {
    let is_weekday = |at: usize| {
        let name = words.get(at).map(|word| word.text.to_ascii_lowercase()).unwrap_or_default();
        name.len() >= 3 && WEEKDAYS.iter().any(|day| *day == name || name.len() == 3 && day.starts_with(&name))
    };
    let touches = |left: usize, right: usize| link(text, words, left, right) >= Link::Sign;
    let mut is_free = vec![true; words.len()];
    for date in &mut dates {
        // `Sunday, the 26th of May`
        let the = date.words.start.checked_sub(1).filter(|at| words.get(*at).is_some_and(|word| word.text == "the"));
        let before = the.unwrap_or(date.words.start).checked_sub(1);
        if let Some(at) = before.filter(|at| is_weekday(*at) && touches(*at, date.words.start)) {
            date.words.start = at;
        } else if is_weekday(date.words.end) && touches(date.words.end - 1, date.words.end) {
            date.words.end += 1;
        }
        is_free.get_mut(date.words.clone()).into_iter().flatten().for_each(|is_free| *is_free = false);
    }
    let is_free = |at: &usize| is_free.get(*at).copied().unwrap_or_default();
    let other_days = (0..words.len()).filter(is_free).filter(|at| {
        let word = words.get(*at).map(|word| word.text).unwrap_or_default();
        is_weekday(*at) || OTHER_DAYS.iter().any(|day| word.eq_ignore_ascii_case(day))
    });
    let other_days: Vec<_> = other_days.map(|at| Item::Date(Spot { words: at..at + 1, says: Vec::new() })).collect();
    let times = times.into_iter().filter(|time| is_free(&time.words.start)).collect();
    let mut items: Vec<Item> = together(text, words, times).into_iter().map(Item::Time).collect();
    items.extend(dates.into_iter().filter(|date| !is_both(words, date)).map(Item::Date));
    items.extend(other_days);
    items.sort_by_key(|item| item.words().start);
    items
}

/// Times with `10:00 to 11:00` as one.
fn together(text: &str, words: &[Word<'_>], times: Vec<Spot<Minute>>) -> Vec<Spot<Minute>> {
    const JOINS: [&str; 8] = ["to", "until", "till", "and", "or", "-", "\u{2013}", "\u{2014}"];
    let mut found: Vec<Spot<Minute>> = Vec::new();
    for time in times {
        let join = |last: &&mut Spot<Minute>| {
            gap(text, words, last.words.end - 1, time.words.start)
                .is_some_and(|between| JOINS.contains(&between.trim()) && !between.contains(['\n', '\r']))
        };
        match found.last_mut().filter(join) {
            Some(last) => {
                last.words.end = time.words.end;
                last.says.extend(time.says);
            }
            None => found.push(time),
        }
    }
    found
}

/// Each date with the time that is closer to it than any other, and it to that.
fn pairs<'i>(text: &str, words: &[Word<'_>], items: &'i [Item]) -> Vec<(&'i Spot<Day>, &'i Spot<Minute>)> {
    let both = |pair: &'i [Item]| match pair {
        [Item::Date(on), Item::Time(at)] | [Item::Time(at), Item::Date(on)] => Some((on, at)),
        _ => None,
    };
    let links: Vec<Link> = items
        .windows(2)
        .map(|pair| match pair {
            [first, second] if both(pair).is_some() => link(text, words, first.words().end - 1, second.words().start),
            _ => Link::None,
        })
        .collect();
    let at = |index: Option<usize>| index.and_then(|index| links.get(index)).copied().unwrap_or(Link::None);
    let is_closest = |index: usize| at(Some(index)) > at(index.checked_sub(1)).max(at(Some(index + 1)));
    items.windows(2).enumerate().filter(|(index, _)| is_closest(*index)).filter_map(|(_, pair)| both(pair)).collect()
}

/// How close two neighbours are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Link {
    None,
    /// The second is on a later line.
    Line,
    /// A comma, a dash or the like is between.
    Sign,
    Beside,
}

/// How close two words are: only words that connect dates with times may be between.
fn link(text: &str, words: &[Word<'_>], left: usize, right: usize) -> Link {
    const CONNECT: [&str; 10] = ["at", "@", "on", "the", "from", "between", "by", "um", "date", "time"];
    let is_sign = |c: char| matches!(c, ',' | ':' | '-' | '\u{2013}' | '\u{2014}' | '(' | ')' | '[' | ']' | '*' | '"');
    let Some(gap) = gap(text, words, left, right) else { return Link::None };
    let connects = |word: &str| {
        let bare = word.trim_matches(is_sign).to_ascii_lowercase();
        bare.is_empty() || CONNECT.contains(&bare.as_str())
    };
    if !gap.split_whitespace().all(connects) {
        Link::None
    } else if gap.contains(['\n', '\r']) {
        Link::Line
    } else if gap.contains(is_sign) {
        Link::Sign
    } else {
        Link::Beside
    }
}

/// What stands between two words, without the full stop of `p.m.` and `Jan.`.
fn gap<'t>(text: &'t str, words: &[Word<'_>], left: usize, right: usize) -> Option<&'t str> {
    let (left, right) = (words.get(left)?, words.get(right)?);
    let gap = text.get(left.end()..right.start)?;
    let name = left.text.to_ascii_lowercase();
    let is_month = name != "may" && (name.len() == 3 || name == "sept") && month(&name).is_some();
    let is_shortened = is_month || matches!(name.as_str(), "a.m" | "p.m");
    Some(gap.strip_prefix('.').filter(|_| is_shortened).unwrap_or(gap))
}
