use super::super::word::is_currency;
use super::group::{Next, one};
use crate::policy::WrittenAs;

/// How a text writes the number that a value is.
pub(in crate::session::reading) fn find(text: &str, value: &str) -> Option<WrittenAs> {
    let wanted = value_of(value)?;
    let is_part = |c: char| c.is_ascii_digit() || matches!(c, '+' | '(' | ')' | ' ' | '\u{a0}' | '-' | '.' | '/');
    let mut at = 0;
    while let Some(skipped) = text.get(at..).and_then(|rest| rest.find(is_part)) {
        let (before, rest) = text.split_at(at + skipped);
        let (run, after) = rest.split_at(rest.find(|c| !is_part(c)).unwrap_or(rest.len()));
        if begins_apart(before, run) && ends_apart(run, after) && numbers(run, next(run, after)).contains(&wanted) {
            return Some(WrittenAs::Figures);
        }
        at = text.len() - after.len();
    }
    None
}

fn next(run: &str, after: &str) -> Next {
    let is_word = run.ends_with([' ', '\u{a0}']) && after.starts_with(char::is_alphabetic);
    if is_word { Next::Word } else { Next::Other }
}

fn begins_apart(before: &str, run: &str) -> bool {
    run.starts_with(' ') || run.starts_with(") ") || !before.chars().next_back().is_some_and(is_beside)
}

fn ends_apart(run: &str, after: &str) -> bool {
    const DASH: char = '\u{2014}';
    let is_sentence = after.strip_prefix(DASH).is_some_and(|rest| rest.starts_with(char::is_alphabetic));
    run.ends_with([' ', '.']) || run.ends_with(" (") || is_sentence || !after.chars().next().is_some_and(is_beside)
}

/// What makes figures a part of a name, such as an order's, or of a longer number, or an amount.
fn is_beside(c: char) -> bool {
    c.is_alphanumeric() || is_currency(c) || matches!(c, '_' | '#' | '%' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

/// The number that a whole value is, with nothing before or behind it: all of the value is sent.
fn value_of(value: &str) -> Option<String> {
    let begins = value.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '('));
    let ends = value.ends_with(|c: char| c.is_ascii_digit());
    one(value, Next::Other).filter(|_| begins && ends)
}

/// The numbers in figures and what can join them. If it is in doubt where one of them ends, there are none.
fn numbers(run: &str, next: Next) -> Vec<String> {
    // other figures are too few to be a part of one
    const MOST_BEFORE: usize = 2;
    const MOST_BEHIND: usize = 4;
    let run = run.strip_suffix(' ').unwrap_or(run);
    let run = run.strip_suffix(" 24/7").unwrap_or(run);
    let (mut found, mut sentences) = (Vec::new(), sentences(run).into_iter().peekable());
    while let Some(sentence) = sentences.next() {
        let next = if sentences.peek().is_none() { next } else { Next::Other };
        let numbers = in_sentence(sentence, next);
        let most = if found.is_empty() { MOST_BEFORE } else { MOST_BEHIND };
        let is_count = sentence.len() <= most && sentence.bytes().all(|b| b.is_ascii_digit());
        if numbers.is_empty() && (!is_count || sentence.starts_with('0')) {
            return Vec::new();
        }
        found.extend(numbers);
    }
    found
}

/// What stands between full stops, and before and behind the beginning of a bracket with words in it, `(2 of us)`.
fn sentences(run: &str) -> Vec<&str> {
    let open = run.rfind(" (").filter(|at| run.get(*at..).is_some_and(|rest| !rest.contains(')')));
    let (run, words) = run.split_at(open.unwrap_or(run.len()));
    let begins = |c: char| c.is_ascii_digit() || matches!(c, '+' | '(');
    let parts = run.split(". ").chain([words.trim_start_matches([' ', '('])]);
    let trimmed = parts.filter_map(|part| {
        let part = part.trim_end_matches(|c: char| !c.is_ascii_digit());
        part.get(part.find(begins)?..)
    });
    trimmed.collect()
}

fn in_sentence(run: &str, next: Next) -> Vec<String> {
    if let Some(number) = one(run, next) {
        return vec![number];
    }
    let all = |items: Vec<&str>| {
        let last = items.len().saturating_sub(1);
        let next = |at: usize| if at == last { next } else { Next::Other };
        items.into_iter().enumerate().map(|(at, item)| one(item, next(at))).collect::<Option<Vec<String>>>()
    };
    let grouped = || {
        let items: Vec<&str> = run.split(' ').collect();
        let is_grouped = |item: &&str| item.starts_with('+') || item.contains(['-', '.', '/']);
        items.iter().all(is_grouped).then(|| all(items)).flatten()
    };
    all(apart(run)).or_else(grouped).unwrap_or_default()
}

/// What stands between signs that end a number: two blanks, a dash or a slash between blanks, and a `+` behind one.
fn apart(run: &str) -> Vec<&str> {
    const ENDS: [&str; 5] = ["  ", " - ", " / ", " +", " (+"];
    let (mut found, mut rest) = (Vec::new(), run);
    let end = |rest: &str| {
        let is_end = |at: &usize| rest.get(*at..).is_some_and(|rest| ENDS.iter().any(|end| rest.starts_with(end)));
        (0..rest.len()).find(is_end)
    };
    while let Some(end) = end(rest) {
        found.push(rest.get(..end).unwrap_or_default());
        rest = rest.get(end..).unwrap_or_default().trim_start_matches([' ', '-', '/', '.']);
    }
    found.push(rest);
    found
}
