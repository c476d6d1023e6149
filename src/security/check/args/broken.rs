use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

use crate::{
    Pattern,
    security::{
        policy::ArgumentRule,
        text::{invisible, link},
    },
};

pub(super) fn first_broken(rule: &ArgumentRule, value: &Value) -> Option<&'static str> {
    match value {
        Value::Null => None,
        Value::Array(list) => list.iter().find_map(|item| first_broken(rule, item)),
        value => broken(rule, value),
    }
}

/// The first rule that one value breaks.
pub(in crate::security) fn broken(rule: &ArgumentRule, value: &Value) -> Option<&'static str> {
    let text = value.as_str();
    let text_fits = |fits: &dyn Fn(&str) -> bool| text.is_some_and(fits);
    let pattern_holds = |p: &Pattern| text_fits(&|t| p.matches(t));
    let chars = || text.map(|t| t.chars().count());
    let number = value.as_f64();
    if rule.one_of.as_ref().is_some_and(|values| !values.contains(value)) {
        Some("enum")
    } else if rule.pattern.as_ref().is_some_and(|p| !pattern_holds(p)) {
        Some("pattern")
    } else if rule.min_chars.is_some_and(|min| chars().is_none_or(|n| n < min as usize)) {
        Some("min_chars")
    } else if rule.max_chars.is_some_and(|max| chars().is_none_or(|n| n > max as usize)) {
        Some("max_chars")
    } else if rule.prefix.as_ref().is_some_and(|all| !text_fits(&|t| all.iter().any(|prefix| t.starts_with(prefix)))) {
        Some("prefix")
    } else if rule.hosts.as_ref().is_some_and(|hosts| !text_fits(&|t| link::is_address_at(t, hosts))) {
        Some("hosts")
    } else if rule.links.as_ref().is_some_and(|hosts| !text_fits(&|t| link::leads_only_to(t, hosts))) {
        Some("links")
    } else if rule.path_root.as_ref().is_some_and(|root| !text_fits(&|t| is_within(t, root))) {
        Some("path_root")
    } else if rule.min.is_some_and(|min| number.is_none_or(|n| n < min) || is_short_of(value, min)) {
        Some("min")
    } else if rule.max.is_some_and(|max| number.is_none_or(|n| n > max) || is_beyond(value, max)) {
        Some("max")
    } else {
        None
    }
}

/// Whether a whole number is larger than a limit by less than a float can tell.
pub(in crate::security) fn is_beyond(value: &Value, max: f64) -> bool {
    whole(value).is_some_and(|n| max.is_finite() && n > max.floor() as i128)
}

/// Whether a whole number is smaller than a limit by less than a float can tell.
pub(in crate::security) fn is_short_of(value: &Value, min: f64) -> bool {
    whole(value).is_some_and(|n| min.is_finite() && n < min.ceil() as i128)
}

pub(in crate::security) fn whole(value: &Value) -> Option<i128> {
    value.as_i64().map(i128::from).or_else(|| value.as_u64().map(i128::from))
}

/// Whether a path leads to a folder or to something below it, however a server reads it: with `/` alone between its parts, and nothing that
/// goes up or that a server could decode into that. A slash may end it.
pub(in crate::security) fn is_within(path: &str, root: &str) -> bool {
    let folder = root.strip_suffix('/').unwrap_or(root);
    if path == root || path.strip_suffix('/').unwrap_or(path) == folder {
        return !path.is_empty();
    }
    let rest = path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/'));
    let is_up = |part: &str| part.chars().all(|c| c == '.' || c.is_whitespace());
    let is_name = |part: &str| part.trim() == part && !is_up(part);
    // a parameter (`..;`), a drive or a stream, a pipe, what a shell makes many names of
    let is_special = |c: char| "\\%~$*?;:|`{}[]\"<>".contains(c);
    rest.is_some_and(|rest| {
        rest.strip_suffix('/').unwrap_or(rest).split('/').all(is_name)
            && !rest.chars().any(|c| c.is_control() || looks_like_a_separator(c))
            && !rest.chars().chain(rest.nfkc()).any(is_special)
            && !invisible::has_invisible(rest)
    })
}

/// Characters that Unicode normalisation, or an older encoding, turns into dots and slashes.
pub(in crate::security) fn looks_like_a_separator(c: char) -> bool {
    matches!(
        c,
        '\u{fe19}' | '\u{fe30}' | '\u{2024}'
            ..='\u{2026}'
                | '\u{ff0e}'
                | '\u{ff0f}'
                | '\u{ff3c}'
                | '\u{2044}'
                | '\u{2215}'
                | '\u{29f8}'
                | '\u{fe52}'
                | '\u{fe68}'
                | '\u{2216}'
                | '\u{29f5}'
                | '\u{a5}'
                | '\u{20a9}'
    )
}
