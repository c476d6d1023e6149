//! Words, numbers and truth values as models write them.

use serde_json::{Number, Value};

use super::{Leniency, Word};

type Matches<'a> = &'a dyn Fn(&Word) -> bool;

/// A text without the quotes, backticks, asterisks or punctuation around it, and what was taken off.
pub(super) fn bare(text: &str, flags: &mut Vec<Leniency>) -> String {
    let mut bare = text.trim();
    loop {
        let before = bare;
        for (open, close) in [
            ("\"", "\""),
            ("'", "'"),
            ("`", "`"),
            ("**", "**"),
            ("*", "*"),
            ("\u{201c}", "\u{201d}"),
            ("\u{2018}", "\u{2019}"),
        ] {
            let inner = bare.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
            if let Some(inner) = inner.filter(|inner| !inner.is_empty() && bare.len() > open.len()) {
                flags.push(Leniency::Quoted);
                bare = inner.trim();
            }
        }
        if let Some(inner) = bare.strip_suffix(['.', ',', ';', ':', '!']).filter(|inner| !inner.is_empty()) {
            flags.push(Leniency::Punctuation);
            bare = inner.trim();
        }
        if bare == before {
            flags.dedup();
            return bare.to_owned();
        }
    }
}

/// The word of a choice that a text means: as it is, else in another case or with other marks, else by its meaning. `None` where it
/// means none, or more than one.
pub(super) fn choose(words: &[Word], text: &str, flags: &mut Vec<Leniency>) -> Option<String> {
    let one = |matches: &dyn Fn(&Word) -> bool| {
        let mut found = words.iter().filter(|word| matches(word));
        match (found.next(), found.next()) {
            (Some(word), None) => Some(word.word.clone()),
            _ => None,
        }
    };
    if let Some(word) = one(&|word| word.word == text) {
        return Some(word);
    }
    let mut strayed = Vec::new();
    let bare = bare(text, &mut strayed);
    let ways: [(Option<Leniency>, Matches<'_>); 4] = [
        (None, &|word| word.word == bare),
        (Some(Leniency::Case), &|word| word.word.to_lowercase() == bare.to_lowercase()),
        (Some(Leniency::Punctuation), &|word| letters(&word.word) == letters(&bare)),
        (Some(Leniency::Described), &|word| {
            let (means, says) = (letters(&word.docs), letters(&bare));
            !means.is_empty() && (means == says || says == letters(&format!("{} {}", word.word, word.docs)))
        }),
    ];
    let (way, word) = ways.into_iter().find_map(|(way, matches)| Some((way, one(matches)?)))?;
    flags.extend(strayed);
    flags.extend(way);
    Some(word)
}

/// Whether two keys are one word, whatever their case and the blanks, `_` and `-` between their letters.
pub fn same_word(a: &str, b: &str) -> bool {
    a == b || letters(a) == letters(b)
}

/// A key out of a reply, as errors and flags may show it: as it is where it looks like a name, which says nothing of the reply.
pub fn shown_key(key: &str) -> String {
    let is_name = key.len() <= 32 && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if is_name { key.to_owned() } else { "a key that is no name".to_owned() }
}

/// In lower case, without blanks, `_` and `-` between letters: `In Progress`, `in-progress` and `InProgress` are one word; `C#` and `C`,
/// `1-5` and `15` are not.
pub(super) fn letters(text: &str) -> String {
    let chars: Vec<char> = text.trim().chars().collect();
    let at = |i: Option<usize>| i.and_then(|i| chars.get(i)).copied();
    let joins = |i: usize| {
        let (before, after) = (at(i.checked_sub(1)), at(Some(i + 1)));
        let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let is_digit = |c: Option<char>| c.is_some_and(char::is_numeric);
        is_word(before) && is_word(after) && !(is_digit(before) && is_digit(after))
    };
    let kept = chars.iter().enumerate().filter(|(i, c)| !(matches!(c, ' ' | '_' | '-') && joins(*i)));
    kept.flat_map(|(_, c)| c.to_lowercase()).collect()
}

/// A number as models write it; `None` where there is anything beside it.
pub(super) fn number(text: &str, flags: &mut Vec<Leniency>) -> Option<Number> {
    let mut strayed = Vec::new();
    let bare = bare(text, &mut strayed);
    if let Ok(number) = serde_json::from_str(&bare) {
        flags.extend(strayed);
        return Some(number);
    }
    let plain = ungrouped(bare.strip_prefix('+').unwrap_or(&bare))?;
    let number = serde_json::from_str(&plain).ok()?;
    flags.extend(strayed);
    flags.push(Leniency::GroupedNumber);
    Some(number)
}

/// `1,234,567.5` and `1_234` without the marks; `None` where groups are not of three digits, since `1,5` may mean 1.5.
fn ungrouped(text: &str) -> Option<String> {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(whole, fraction)| (whole, Some(fraction)));
    let mark = if whole.contains(',') {
        ','
    } else if whole.contains('_') {
        '_'
    } else {
        ' '
    };
    let mut groups = whole.split(mark);
    let first = groups.next()?;
    let is_digits = |group: &str| !group.is_empty() && group.bytes().all(|b| b.is_ascii_digit());
    let rest: Vec<&str> = groups.collect();
    let grouped = is_digits(first) && first.len() <= 3 && rest.iter().all(|group| is_digits(group) && group.len() == 3);
    if !(rest.is_empty() && is_digits(first) || grouped) || fraction.is_some_and(|fraction| !is_digits(fraction)) {
        return None;
    }
    // `007` is an id, not a number
    if whole.len() > 1 && whole.starts_with('0') {
        return None;
    }
    let fraction = fraction.map(|fraction| format!(".{fraction}")).unwrap_or_default();
    Some(format!("{sign}{first}{}{fraction}", rest.concat()))
}

/// A truth value as models write it.
pub(super) fn truth(text: &str, flags: &mut Vec<Leniency>) -> Option<bool> {
    let mut strayed = Vec::new();
    let bare = bare(text, &mut strayed);
    let (value, plain) = match bare.to_ascii_lowercase().as_str() {
        "true" => (true, bare == "true"),
        "false" => (false, bare == "false"),
        "yes" => (true, false),
        "no" => (false, false),
        _ => return None,
    };
    flags.extend(strayed);
    flags.extend((!plain).then_some(Leniency::BooleanWord));
    Some(value)
}

/// Whether a text stands for no value.
pub(super) fn is_null(text: &str, flags: &mut Vec<Leniency>) -> bool {
    match text.trim() {
        "null" => true,
        "" | "None" | "none" | "Null" | "NULL" | "`null`" => {
            flags.push(Leniency::NullWord);
            true
        }
        _ => false,
    }
}

/// A number that is whole, as an integer.
pub(super) fn integer(number: &Number, flags: &mut Vec<Leniency>) -> Option<Value> {
    if number.is_i64() || number.is_u64() {
        return Some(Value::Number(number.clone()));
    }
    let float = number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() < 9_007_199_254_740_992.0)?;
    flags.push(Leniency::IntegralFloat);
    Some(Value::from(float as i64))
}
