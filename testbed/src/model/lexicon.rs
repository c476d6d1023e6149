//! English, as far as the stand-in knows it: themes and their words.

use std::collections::BTreeMap;

use super::rule::Rule;

/// Plausible English words of every theme, real ones and decoys: what a speaker of English would think of.
#[must_use]
pub fn themes() -> Vec<Vec<&'static str>> {
    let about_rules = |theme: &LexiconTheme| matches!(theme.kind, ThemeKind::Rule(_) | ThemeKind::Decoy);
    lexicon().into_iter().filter(about_rules).map(|theme| theme.words).collect()
}

/// Lower-case stemmed words of a text, in order.
pub fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_alphabetic()).filter(|word| word.len() > 1).map(stem)
}

/// Words that carry little meaning of their own.
#[must_use]
pub fn is_function_word(word: &str) -> bool {
    const WORDS: &str = " a an and are as at be been but by can could do does for from had has have he her him his how i if in into is it its \
        me my of on or our she so that the their them there they this to up us was we were what when which who will with would you your please ";
    let at = WORDS.match_indices(word);
    let bytes = WORDS.as_bytes();
    at.into_iter().any(|(start, found)| {
        start > 0 && bytes.get(start - 1) == Some(&b' ') && bytes.get(start + found.len()) == Some(&b' ')
    })
}

#[derive(Debug)]
pub(super) enum ThemeKind {
    Rule(Rule),
    Decoy,
    Family,
    General,
}

#[derive(Debug)]
pub(super) struct LexiconTheme {
    pub(super) kind: ThemeKind,
    pub(super) words: Vec<&'static str>,
}

pub(super) fn lexicon() -> Vec<LexiconTheme> {
    let by_name: BTreeMap<&str, Rule> = Rule::ALL.iter().map(|rule| (rule.name(), *rule)).collect();
    let lines = include_str!("words.txt").lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| {
            let (head, words) = line.split_once(':')?;
            let (kind, name) = head.split_once(' ').unwrap_or((head, ""));
            let kind = match (kind, by_name.get(name)) {
                ("security" | "task", Some(rule)) => ThemeKind::Rule(*rule),
                ("decoy", _) => ThemeKind::Decoy,
                ("family", _) => ThemeKind::Family,
                _ => ThemeKind::General,
            };
            Some(LexiconTheme { kind, words: words.split_whitespace().collect() })
        })
        .collect()
}

pub(super) fn stem(word: &str) -> String {
    let word = word.to_lowercase();
    let stripped = word.strip_suffix('s').filter(|rest| rest.len() > 2 && !rest.ends_with(['s', 'u', 'i']));
    stripped.map_or_else(|| word.clone(), str::to_owned)
}
