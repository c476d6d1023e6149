use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::Value;

use crate::security::check::views::folded;

/// What must not leave, as it was said: values and quotations. Looking for them takes time linear in the text that is looked through, however
/// many there are.
#[derive(Default)]
pub(in crate::security) struct KeptIn {
    /// Values without case and punctuation, by their first letters, each with the fields that had it.
    values: HashMap<String, HashMap<String, Fields>>,
    /// Runs of words, each with the fields that had it.
    phrases: HashMap<String, Fields>,
    size: usize,
    full: bool,
}

/// Names of fields; an empty one for what had none.
type Fields = BTreeSet<String>;

/// Shorter values turn up in texts by chance.
const MIN_VALUE: usize = 6;

/// Longer texts are known by their phrases.
const MAX_VALUE: usize = 512;

/// So many words in a row are a quotation.
const QUOTED_WORDS: usize = 5;

/// Most bytes to keep. When there was more, nobody can say any more what a text carries.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// Most comparisons for one text: only values that were made to begin alike take so many.
const MAX_STEPS: usize = 1 << 20;

impl KeptIn {
    /// Remembers all that a value says. A text that is JSON counts as what it holds.
    pub(super) fn add(&mut self, field: Option<&str>, value: &Value) {
        match value {
            Value::Null | Value::Bool(_) => {}
            Value::Number(number) => self.add_value(field, &number.to_string()),
            Value::String(text) => self.add_text(field, text),
            Value::Array(list) => list.iter().for_each(|item| self.add(field, item)),
            Value::Object(map) => {
                for (key, item) in map {
                    // a key that is no name of a field is a value
                    if key.contains(|c: char| c.is_ascii_digit() || c == '@') {
                        self.add_value(field, key);
                    }
                    self.add(Some(key), item);
                }
            }
        }
    }

    /// Whether one of the views of a text has a value of the field (of any, where none is named), or quotes a longer text of it.
    pub(in crate::security) fn is_in<V: AsRef<str>>(&self, field: Option<&str>, views: &[V]) -> bool {
        let counts = |fields: &Fields| field.is_none_or(|field| fields.contains(field));
        self.full
            || views.iter().any(|view| {
                let quoted = phrases(view.as_ref()).any(|phrase| self.phrases.get(&phrase).is_some_and(counts));
                quoted || self.has_value(&counts, &folded(view.as_ref()))
            })
    }

    fn has_value(&self, counts: &dyn Fn(&Fields) -> bool, view: &str) -> bool {
        let mut steps = 0_usize;
        let starts: Vec<usize> = view.char_indices().map(|(at, _)| at).chain([view.len()]).collect();
        starts.windows(MIN_VALUE + 1).any(|window| {
            let (Some(start), Some(end)) = (window.first(), window.last()) else { return false };
            let Some(alike) = view.get(*start..*end).and_then(|first| self.values.get(first)) else { return false };
            steps = steps.saturating_add(alike.len());
            let rest = view.get(*start..).unwrap_or_default();
            steps > MAX_STEPS || alike.iter().any(|(value, fields)| rest.starts_with(value.as_str()) && counts(fields))
        })
    }

    fn add_text(&mut self, field: Option<&str>, text: &str) {
        if text.trim_start().starts_with(['{', '['])
            && let Ok(value @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str(text)
        {
            return self.add(field, &value);
        }
        self.add_value(field, text);
        let words: Vec<&str> = text.split_whitespace().collect();
        if words.len() < 2 {
            return;
        }
        let telling = |word: &&&str| word.contains(|c: char| c.is_ascii_digit() || c == '@');
        words.iter().filter(telling).for_each(|word| self.add_value(field, word));
        for run in words.split(|word| !is_group(word)).filter(|run| run.len() > 1) {
            self.add_value(field, &run.concat());
        }
        for phrase in phrases(text).collect::<HashSet<_>>() {
            let known = self.phrases.get(&phrase).is_some_and(|fields| fields.contains(field.unwrap_or_default()));
            if !known && self.has_room(phrase.len()) {
                self.phrases.entry(phrase).or_default().insert(named(field));
            }
        }
    }

    fn add_value(&mut self, field: Option<&str>, text: &str) {
        let value = folded(text);
        let Some((end, _)) = value.char_indices().nth(MIN_VALUE - 1) else { return };
        let end = value.get(end..).and_then(|rest| rest.chars().next()).map_or(end, |last| end + last.len_utf8());
        let Some(first) = value.get(..end).filter(|_| value.len() <= MAX_VALUE) else { return };
        let known = self.values.get(first).and_then(|alike| alike.get(&value));
        if known.is_some_and(|fields| fields.contains(field.unwrap_or_default())) || !self.has_room(value.len()) {
            return;
        }
        let alike = self.values.entry(first.to_owned()).or_default();
        alike.entry(value).or_default().insert(named(field));
    }

    fn has_room(&mut self, bytes: usize) -> bool {
        self.size = self.size.saturating_add(bytes).saturating_add(128);
        self.full |= self.size > MAX_BYTES;
        !self.full
    }
}

fn named(field: Option<&str>) -> String {
    field.unwrap_or_default().to_owned()
}

/// A group of a longer number as people write it: `DE89`, `3704`, and what stands between groups.
fn is_group(word: &str) -> bool {
    let is_figure = |c: char| c.is_ascii_digit() || c.is_ascii_uppercase() || c.is_ascii_punctuation();
    word.chars().all(is_figure) && word.chars().count() <= 8
}

/// Every run of so many words, without punctuation and case.
fn phrases(text: &str) -> impl Iterator<Item = String> {
    let words: Vec<String> = text.split_whitespace().map(folded).filter(|word| !word.is_empty()).collect();
    let runs: Vec<String> = words.windows(QUOTED_WORDS).map(|run| run.join(" ")).collect();
    runs.into_iter()
}
