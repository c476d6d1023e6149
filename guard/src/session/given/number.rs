//! Numbers as people write them.

use serde_json::Number;

/// Whether a number stands in `text`: alone, with a currency, a percent sign or an ordinal ending, with its thousands in groups, as an
/// end of a range, or behind a `#`.
pub(crate) fn has_number(text: &str, number: &Number) -> bool {
    words(text).any(|word| {
        let word = trimmed(word);
        is(word, number)
            || ends_of_range(word).is_some_and(|ends| ends.iter().any(|end| is(trimmed(end), number)))
            || listed(word).any(|item| is(item, number))
            || numbered(word).is_some_and(|figures| is(figures, number))
    })
}

/// The number that a whole text is, as JSON writes it; `None` if it could be a name, as with a zero in front.
pub(crate) fn written(text: &str) -> Option<Number> {
    let figures = text.strip_prefix('-').unwrap_or(text);
    let is_plain = figures.bytes().all(|b| b.is_ascii_digit() || b == b'.') && figures.len() <= MAX_GROUPED;
    is_plain.then(|| serde_json::from_str(text).ok()).flatten()
}

/// The number that a word is, without a currency or a sign.
pub(crate) fn number_of(word: &str) -> Option<f64> {
    digits(amount(word))?.parse().ok()
}

/// What stands between blanks. A narrow or fixed one between groups of three figures is part of a number.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        let mut figures = false;
        let end = rest.char_indices().find(|(at, c)| {
            let groups = figures && matches!(c, '\u{a0}' | '\u{202f}' | '\u{2009}');
            figures = c.is_ascii_digit();
            c.is_whitespace() && !(groups && is_group(rest.get(at + c.len_utf8()..).unwrap_or_default()))
        });
        let (word, after) = rest.split_at(end.map_or(rest.len(), |(at, _)| at));
        rest = after;
        (!word.is_empty()).then_some(word)
    })
}

/// Whether a text begins with three figures and no more.
fn is_group(text: &str) -> bool {
    text.len() >= 3
        && text.bytes().take(3).all(|b| b.is_ascii_digit())
        && !text.get(3..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
}

/// Signs that can stand before a number.
fn is_sign(c: char) -> bool {
    matches!(c, '-' | '\u{2212}')
}

fn is_currency(c: char) -> bool {
    matches!(c, '$' | '\u{a2}'..='\u{a5}' | '\u{20a0}'..='\u{20cf}')
}

/// A word without what stands around a number, but for its sign and for the point of `.5`.
fn trimmed(word: &str) -> &str {
    let is_part = |c: char| c.is_alphanumeric() || is_sign(c) || is_currency(c);
    let start = word.find(|c: char| is_part(c)).unwrap_or(word.len());
    let (before, _) = word.split_at(start);
    let is_point = before.ends_with('.')
        && !before.ends_with("..")
        && word.get(start..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let word = word.get(start - usize::from(is_point)..).unwrap_or_default();
    word.trim_end_matches(|c: char| !c.is_alphanumeric() && !is_currency(c))
}

/// Codes of currencies that are written right beside an amount.
const CODES: [&str; 12] = ["EUR", "USD", "GBP", "CHF", "JPY", "CNY", "INR", "AUD", "CAD", "SEK", "NOK", "DKK"];

/// Whether a word is a number.
fn is(word: &str, number: &Number) -> bool {
    let (is_negative, word) = match word.strip_prefix(is_sign) {
        Some(rest) => (true, rest),
        None => (false, word),
    };
    let amount = amount(word);
    let (is_negative, amount) = match amount.strip_prefix(is_sign) {
        // `$-5`
        Some(rest) if !is_negative && amount.len() < word.len() => (true, rest),
        _ => (is_negative, amount),
    };
    let Some(mut digits) = digits(amount) else { return false };
    if is_negative {
        digits.insert(0, '-');
    }
    let exact = digits.parse::<i128>().ok();
    let wanted = number.as_i64().map(i128::from).or(number.as_u64().map(i128::from));
    match (exact, wanted) {
        (Some(exact), Some(wanted)) => exact == wanted,
        // a whole number beyond what a float can tell apart is another one
        (Some(exact), None) => {
            number.as_f64().is_some_and(|n| n.fract() == 0.0 && n.abs() < 9e15 && n as i128 == exact)
        }
        _ => digits.parse::<f64>().is_ok_and(|n| Some(n) == number.as_f64()),
    }
}

/// An amount without its currency, or an ordinal without its ending.
fn amount(word: &str) -> &str {
    let letters = word.len() - word.trim_start_matches(|c: char| c.is_ascii_uppercase()).len();
    let behind_code = word.get(letters..).unwrap_or_default();
    if let Some(rest) = behind_code.strip_prefix(is_currency).filter(|_| letters <= 3) {
        return rest;
    }
    if let Some(rest) = word.strip_suffix(is_currency) {
        return rest;
    }
    let code = CODES.iter().find_map(|code| word.strip_prefix(code).or_else(|| word.strip_suffix(code)));
    let ordinal = || {
        let (figures, ending) = word.split_at_checked(word.len().checked_sub(2)?)?;
        let is_ending = ["st", "nd", "rd", "th"].iter().any(|known| ending.eq_ignore_ascii_case(known));
        (is_ending && !figures.is_empty() && figures.bytes().all(|b| b.is_ascii_digit())).then_some(figures)
    };
    code.or_else(ordinal).unwrap_or(word)
}

/// The figures of a number, with a point before its fraction: of `1,234.50`, `1.234,50`, `1'234` and `12,5`. None for anything else, such
/// as a date, a version or a time. `1.200` is one and a fifth.
fn digits(word: &str) -> Option<String> {
    let is_figure = |c: char| c.is_ascii_digit();
    let is_part = |c: char| is_figure(c) || matches!(c, '.' | ',' | '\'' | '\u{2019}') || c.is_whitespace();
    if !word.contains(is_figure) || !word.chars().all(is_part) {
        return None;
    }
    let (whole, fraction) = match (word.rfind('.'), word.rfind(',')) {
        // several points are groups: `1.234.567`
        (Some(_), None) if word.matches('.').count() > 1 => (word, ""),
        (Some(point), comma) if comma.is_none_or(|comma| comma < point) => word.split_at(point),
        (None, Some(comma)) if word.matches(',').count() > 1 || is_group(word.get(comma + 1..)?) => (word, ""),
        (_, Some(comma)) => word.split_at(comma),
        _ => (word, ""),
    };
    let fraction = fraction.get(1..).unwrap_or_default();
    if !fraction.chars().all(is_figure) {
        return None;
    }
    let mut figures = ungrouped(whole)?;
    if !fraction.is_empty() {
        figures.push('.');
        figures.push_str(fraction);
    }
    Some(figures)
}

/// The figures of a whole number; its groups have three each, all separated alike.
fn ungrouped(whole: &str) -> Option<String> {
    let Some(separator) = whole.chars().find(|c| !c.is_ascii_digit()) else {
        return Some(if whole.is_empty() { "0".to_owned() } else { whole.to_owned() });
    };
    let mut groups = whole.split(separator);
    let is_first = |group: &str| (1..=3).contains(&group.len()) && group.bytes().all(|b| b.is_ascii_digit());
    let is_next = |group: &str| group.len() == 3 && group.bytes().all(|b| b.is_ascii_digit());
    (groups.next().is_some_and(is_first) && groups.all(is_next)).then(|| whole.replace(separator, ""))
}

/// The ends of `2-3` and `10–20`: the second is the larger, and they are no parts of a number that is written with dashes.
fn ends_of_range(word: &str) -> Option<[&str; 2]> {
    let dash = word.char_indices().skip(1).find(|(_, c)| matches!(c, '-' | '\u{2013}'))?;
    let (first, second) = (word.get(..dash.0)?, word.get(dash.0 + dash.1.len_utf8()..)?);
    let figures = |end: &str| end.chars().filter(char::is_ascii_digit).collect::<String>();
    let (one, other) = (figures(first), figures(second));
    let is_short = one.len().max(other.len()) <= 3 || one.len() == 4 && other.len() == 4;
    let is_end = |end: &str| end.chars().all(|c| c.is_ascii_digit() || is_currency(c) || c == '%');
    let is_range =
        is_end(first) && is_end(second) && is_short && one.parse::<u32>().ok()? < other.parse::<u32>().ok()?;
    is_range.then_some([first, second])
}

/// The items of a list of whole numbers without blanks, three at least: two could be a number with a fraction.
fn listed(word: &str) -> impl Iterator<Item = &str> {
    let is_list = word.matches(',').count() > 1
        && digits(word).is_none()
        && word.split(',').all(|item| !item.is_empty() && item.bytes().all(|b| b.is_ascii_digit()));
    word.split(',').filter(move |_| is_list)
}

/// The number behind the `#` of a name or behind its colon or equals sign: 12 of `widget#12` and `amount:12`. An address has none, nor has
/// a time.
fn numbered(word: &str) -> Option<&str> {
    let at = word.rfind(['#', ':', '='])?;
    let (name, figures) = word.split_at(at);
    let is_name = figures.starts_with('#') || !name.ends_with(|c: char| c.is_ascii_digit());
    (is_name && !word.contains("://")).then(|| trimmed(figures))
}

/// Shorter numbers could come about by reading two that stand side by side as one.
const MIN_GROUPED: usize = 12;
/// No account has a longer number.
const MAX_GROUPED: usize = 64;

/// Whether a long number, such as that of an account, stands in `text`, in groups or not, as people write it. Each group must have a
/// figure but the first.
pub(super) fn has_grouped(text: &str, word: &str) -> bool {
    let Some(word) = joined(word) else { return false };
    let Some(first) = word.chars().next() else { return false };
    let starts = [first.to_ascii_uppercase(), first.to_ascii_lowercase()];
    text.match_indices(starts).any(|(at, _)| {
        let length = grouped(text.get(at..).unwrap_or_default(), &word);
        length.map(|length| at + length).is_some_and(|end| {
            let is_in_one = text.get(at..end).is_some_and(|number| !number.contains(is_separator));
            super::stands_alone(text, at, end) && (is_in_one || !has_more_groups(text, at, end))
        })
    })
}

/// A long number without what separates its groups.
fn joined(word: &str) -> Option<String> {
    if word.len() > 2 * MAX_GROUPED {
        return None;
    }
    let joined: String = word.chars().filter(|c| !is_separator(*c)).collect();
    let is_number = (MIN_GROUPED..=MAX_GROUPED).contains(&joined.len())
        && joined.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
        && joined.bytes().filter(u8::is_ascii_digit).count() * 2 > joined.len()
        && grouped(word, &joined) == Some(word.len());
    is_number.then_some(joined)
}

fn is_separator(c: char) -> bool {
    matches!(c, ' ' | '-' | '\u{a0}')
}

/// Whether another group of figures stands beside a number, so that the number could be a part of a longer one.
fn has_more_groups(text: &str, start: usize, end: usize) -> bool {
    let has_figure = |group: &str| group.contains(|c: char| c.is_ascii_digit());
    let before = text.get(..start).and_then(|before| before.strip_suffix(is_separator));
    let after = text.get(end..).and_then(|after| after.strip_prefix(is_separator));
    let last = before.and_then(|before| before.rsplit(|c: char| !c.is_ascii_alphanumeric()).next());
    let next = after.and_then(|after| after.split(|c: char| !c.is_ascii_alphanumeric()).next());
    // a group of four on the next line, or behind two blanks, as forms print them
    let rest = text.get(end..).unwrap_or_default();
    let goes_on = rest.trim_start().split(|c: char| !c.is_ascii_alphanumeric()).next().is_some_and(|group| {
        rest.starts_with(char::is_whitespace) && group.len() == 4 && group.bytes().all(|b| b.is_ascii_digit())
    });
    last.is_some_and(has_figure) || next.is_some_and(has_figure) || goes_on
}

/// How much of the text it takes to spell the word, in groups of three or more but for the last.
fn grouped(text: &str, word: &str) -> Option<usize> {
    let (mut wanted, mut group, mut length) = (word.chars().peekable(), 0, 0);
    for c in text.chars() {
        let next = wanted.peek()?;
        match c {
            _ if c.to_ascii_uppercase() == *next => {
                wanted.next();
                group += 1;
            }
            c if is_separator(c) && group >= 3 => group = 0,
            _ => return None,
        }
        length += c.len_utf8();
        if wanted.peek().is_none() {
            return Some(length);
        }
    }
    None
}
