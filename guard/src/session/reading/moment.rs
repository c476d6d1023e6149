//! A date with a time of day: `May 26 at 5 pm`, `17:00 on 26.05.2024`. The two stand beside each other, and neither of them beside a third.

use super::{
    date::{self, Day, month},
    spot::{Spot, date_and_time},
    time::{self, Minute},
    word::{Word, words},
};
use crate::policy::WrittenAs;

/// How a text writes the date of the moment that a value is, where its time stands beside it.
pub(super) fn find(text: &str, value: &str) -> Option<WrittenAs> {
    let (day, minute) = value.split_once(['T', ' '])?;
    let day = date::value_of(day)?;
    let minute = time::value_of(minute.strip_suffix('Z').unwrap_or(minute))?;
    let words = words(text);
    let dates = date::spots(&words);
    let years = date::years(&dates);
    let form_of = |on: &Spot<Day>, at: &Spot<Minute>| at.form_of(minute).and_then(|_| on.form_of(day, &years));
    let times = time::spots(&words);
    if let Some(form) = in_one_word(&words, &dates, &times).find_map(|(on, at)| form_of(on, at)) {
        return Some(form);
    }
    let items = together(text, &words, items(text, &words, dates, times));
    pairs(text, &words, &items).into_iter().find_map(|(on, at)| form_of(on, at))
}

/// The dates and times of `2024-05-26T17:00`.
fn in_one_word<'s>(
    words: &[Word<'_>],
    dates: &'s [Spot<Day>],
    times: &'s [Spot<Minute>],
) -> impl Iterator<Item = (&'s Spot<Day>, &'s Spot<Minute>)> {
    dates
        .iter()
        .filter(|on| is_both(words, on))
        .flat_map(|on| times.iter().filter(|at| at.words.start == on.words.start).map(move |at| (on, at)))
}

fn is_both(words: &[Word<'_>], on: &Spot<Day>) -> bool {
    words.get(on.words.start).is_some_and(|word| date_and_time(word.text).is_some())
}

#[derive(Clone)]
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

    fn is_date(&self) -> bool {
        matches!(self, Self::Date(_))
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
    let times = times.into_iter().filter(|time| is_free(&time.words.start));
    let mut items: Vec<Item> = times.map(Item::Time).collect();
    items.extend(dates.into_iter().filter(|date| !is_both(words, date)).map(Item::Date));
    items.extend(other_days);
    items.sort_by_key(|item| item.words().start);
    items
}

/// Times with `10:00 to 11:00` as one, unless a date stands on each of its sides: then each time is of its own date.
fn together(text: &str, words: &[Word<'_>], items: Vec<Item>) -> Vec<Item> {
    let links = links(text, words, &items);
    let (mut found, mut start) = (Vec::new(), 0);
    while start < items.len() {
        let mut end = start + 1;
        let times = |end: usize| match (items.get(end - 1)?, items.get(end)?) {
            (Item::Time(first), Item::Time(second)) => Some((first, second)),
            _ => None,
        };
        while times(end).is_some_and(|(first, second)| joint(text, words, first, second).is_some()) {
            end += 1;
        }
        let group = items.get(start..end).unwrap_or_default();
        if is_between_dates(&links, &(start..end)) {
            found.extend_from_slice(group);
        } else {
            found.extend(as_one(text, words, group));
        }
        start = end;
    }
    found
}

/// What joins two times.
#[derive(Clone, Copy, PartialEq)]
enum Joint {
    List,
    Range,
}

fn joint(text: &str, words: &[Word<'_>], first: &Spot<Minute>, second: &Spot<Minute>) -> Option<Joint> {
    if first.words.start == second.words.start {
        return Some(Joint::Range);
    }
    let between = gap(text, words, first.words.end - 1, second.words.start)?;
    match between.trim() {
        _ if between.contains(['\n', '\r']) => None,
        "and" | "or" => Some(Joint::List),
        "to" | "until" | "till" | "-" | "\u{2013}" | "\u{2014}" => Some(Joint::Range),
        _ => None,
    }
}

/// Whether a date stands on each side of some items, on the same line, and is as close to no other time.
fn is_between_dates(links: &[Link], items: &std::ops::Range<usize>) -> bool {
    let at = |index| link_at(links, index);
    let before = items.start.checked_sub(1);
    let (left, right) = (at(before), at(items.end.checked_sub(1)));
    let (beyond_left, beyond_right) = (at(before.and_then(|before| before.checked_sub(1))), at(Some(items.end)));
    left.min(right) > Link::Line && left >= beyond_left && right >= beyond_right
}

/// Times that are joined. The end of `22:00 - 06:00` is on another day than its beginning.
fn as_one(text: &str, words: &[Word<'_>], group: &[Item]) -> Option<Item> {
    let (first, rest) = group.split_first()?;
    let Item::Time(first) = first else { return Some(first.clone()) };
    let (mut one, mut last) = (first.clone(), first);
    for item in rest {
        let Item::Time(time) = item else { continue };
        let joint = joint(text, words, last, time);
        let is_same_day =
            |minute: &Minute| joint != Some(Joint::Range) || last.says.iter().any(|(from, _)| from < minute);
        one.says.extend(time.says.iter().filter(|(minute, _)| is_same_day(minute)));
        one.words.end = time.words.end;
        last = time;
    }
    Some(Item::Time(one))
}

/// Each date with the time that is closer to it than any other, and it to that.
fn pairs<'i>(text: &str, words: &[Word<'_>], items: &'i [Item]) -> Vec<(&'i Spot<Day>, &'i Spot<Minute>)> {
    let links = links(text, words, items);
    let at = |index| link_at(&links, index);
    let is_closest = |index: usize| at(Some(index)) > at(index.checked_sub(1)).max(at(Some(index + 1)));
    let both = |pair: &'i [Item]| match pair {
        [Item::Date(on), Item::Time(at)] | [Item::Time(at), Item::Date(on)] => Some((on, at)),
        _ => None,
    };
    let is_in_rows = |at: usize| {
        links.get(at) == Some(&Link::Line) && is_row(text, words, items, at) && is_row(text, words, items, at + 2)
    };
    let found = items.windows(2).enumerate();
    let found = found.filter(|(at, _)| is_closest(*at) || is_record(&links, *at)).filter(|(at, _)| !is_in_rows(*at));
    found.filter_map(|(_, pair)| both(pair)).collect()
}

/// Whether a link is within one of several records of two lines: `Date: May 26`, `Time: 10:00`, `Date: May 27`, `Time: 11:00`.
fn is_record(links: &[Link], at: usize) -> bool {
    let is_line = |link: &&Link| **link == Link::Line;
    let (before, behind) = (links.get(..at).unwrap_or_default(), links.get(at..).unwrap_or_default());
    let first = at - before.iter().rev().take_while(is_line).count();
    let end = at + behind.iter().take_while(is_line).count();
    let is_none = |index| link_at(links, index) == Link::None;
    end > at
        && (end - first) % 2 == 1
        && (at - first).is_multiple_of(2)
        && is_none(first.checked_sub(1))
        && is_none(Some(end))
}

/// How close each item is to the next; two dates, or two times, are not.
fn links(text: &str, words: &[Word<'_>], items: &[Item]) -> Vec<Link> {
    let of_pair = |pair: &[Item]| match pair {
        [first, second] if first.is_date() != second.is_date() => {
            link(text, words, first.words().end - 1, second.words().start)
        }
        _ => Link::None,
    };
    items.windows(2).map(of_pair).collect()
}

fn link_at(links: &[Link], index: Option<usize>) -> Link {
    index.and_then(|index| links.get(index)).copied().unwrap_or(Link::None)
}

/// Whether an item has another of its kind right before it on its line, as in a table with a row of dates and one of times.
fn is_row(text: &str, words: &[Word<'_>], items: &[Item], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| items.get(before));
    before.zip(items.get(at)).is_some_and(|(first, second)| {
        let between = gap(text, words, first.words().end - 1, second.words().start);
        let is_cell = |between: &str| !between.contains(|c: char| c.is_alphanumeric() || matches!(c, '\n' | '\r'));
        first.is_date() == second.is_date() && between.is_some_and(is_cell)
    })
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

/// Words that lead from a date to its time, or the other way.
const LEAD: [&str; 11] = ["at", "@", "on", "from", "between", "by", "around", "starting", "um", "ab", "am"];
/// Other words that may be between a date and its time.
const OTHERS: [&str; 4] = ["the", "date", "time", "uhr"];

/// How close two words are: only words that connect dates with times may be between.
fn link(text: &str, words: &[Word<'_>], left: usize, right: usize) -> Link {
    let is_sign =
        |c: char| matches!(c, ',' | ':' | '-' | '\u{2013}' | '\u{2014}' | '(' | ')' | '[' | ']' | '*' | '"' | '|');
    let Some(gap) = gap(text, words, left, right) else { return Link::None };
    let connects = |word: &str| {
        let bare = word.trim_matches(is_sign).to_ascii_lowercase();
        bare.is_empty() || LEAD.contains(&bare.as_str()) || OTHERS.contains(&bare.as_str())
    };
    let line = gap.rfind(['\n', '\r']).and_then(|end| gap.get(end..));
    // the cells beside each other in one row of a table
    let is_in_table = gap.contains('|');
    let is_apart = is_in_table && (line.is_some() || gap.matches('|').count() > 1);
    if is_apart || !gap.split_whitespace().all(connects) {
        return Link::None;
    }
    match line {
        // a sentence that goes on: `May 26`, and `at 10:00` on the next line
        Some(line) if line.split_whitespace().any(|word| LEAD.contains(&word)) => Link::Sign,
        Some(_) => Link::Line,
        None if gap.contains(is_sign) => Link::Sign,
        None => Link::Beside,
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
