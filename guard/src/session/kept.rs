use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    ops::Bound,
};

use serde_json::{Deserializer, Value};

use crate::{policy::NoEgressFields, text::decodings::normalize};

/// What must not leave, as it was said: values and quotations. Looking for them takes time linear in the text that is looked through,
/// however many there are.
#[derive(Default)]
pub(crate) struct NoEgressIndex {
    /// Values and quotations without case, blanks and punctuation, each with the fields that had it.
    values: BTreeMap<String, BTreeSet<Field>>,
    /// Their first letters: most places of a text cost no more than a look at these.
    starts: HashSet<String>,
    fields: HashMap<String, Field>,
    /// The only fields that are asked for; none: all.
    only: Option<HashSet<Field>>,
    size: usize,
    full: bool,
}

/// A name of a field, by number: a value counts for every key above it.
type Field = usize;

/// Of what stands in JSON that cannot be read, any field could be the one.
const EVERY: Field = Field::MAX;

/// Shorter values turn up in texts by chance.
const MIN_VALUE: usize = 6;

/// Longer ones are kept in pieces of so many bytes.
const MAX_VALUE: usize = 512;

/// So many words in a row are a quotation, and where no blanks stand between words, so many characters.
const QUOTED_WORDS: usize = 5;
const QUOTED_CHARS: usize = 10;

/// Shorter numbers inside of a name turn up by chance.
const MIN_FIGURES: usize = 4;

/// Most bytes to keep. When there was more, it cannot be said any more what a text carries.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// What a value takes beside its letters, and each of its fields.
const VALUE_BYTES: usize = 128;
const FIELD_BYTES: usize = 16;

/// Most comparisons for one text, and for each of its bytes: only values that were made to begin alike take so many.
const MAX_STEPS: usize = 1_024;
const STEPS_PER_BYTE: usize = 2;

impl NoEgressIndex {
    /// Remembers all that a value says. A text that is JSON counts also as what it holds.
    pub(super) fn add(&mut self, field: Option<&str>, value: &Value) {
        let mut path = field.map(|name| self.field(name)).into_iter().collect();
        self.add_below(&mut path, value);
    }

    /// As [`NoEgressIndex::add`], of all that a tool says: what stands under these fields.
    pub(super) fn add_reply(&mut self, fields: &NoEgressFields, reply: &Value) {
        self.only = match fields {
            NoEgressFields::All => None,
            NoEgressFields::Only(names) => Some(names.iter().map(|name| self.field(name)).collect()),
        };
        self.add(None, reply);
    }

    fn is_wanted(&self, path: &[Field]) -> bool {
        self.only.as_ref().is_none_or(|only| path.iter().any(|field| *field == EVERY || only.contains(field)))
    }

    /// Whether one of the decodings of a text has a value of the field (of any, where none is named), or quotes a longer text of it.
    pub(crate) fn is_in<V: AsRef<str>>(&self, field: Option<&str>, decodings: &[V]) -> bool {
        if self.full {
            return true;
        }
        let number = field.map(|name| self.fields.get(name).copied().unwrap_or(EVERY));
        let bytes = decodings.iter().map(|decoding| decoding.as_ref().len()).fold(0, usize::saturating_add);
        let mut steps = MAX_STEPS.saturating_add(bytes.saturating_mul(STEPS_PER_BYTE));
        decodings.iter().any(|decoding| self.has_value(number, &normalize(decoding.as_ref()), &mut steps))
    }

    fn has_value(&self, field: Option<Field>, decoding: &str, steps: &mut usize) -> bool {
        decoding.char_indices().any(|(at, _)| {
            let rest = decoding.get(at..).unwrap_or_default();
            start_of(rest).is_some_and(|start| self.starts.contains(start) && self.begins(field, rest, steps))
        })
    }

    /// Whether a text begins with a value. Of those that sort before it, the last begins like it for as long as any does; and so on
    /// for what they have in common.
    fn begins(&self, field: Option<Field>, text: &str, steps: &mut usize) -> bool {
        let mut alike = text;
        while start_of(alike).is_some() {
            let before = (Bound::Unbounded, Bound::Included(alike));
            let Some((value, fields)) = self.values.range::<str, _>(before).next_back() else { return false };
            let is_it = alike.starts_with(value.as_str());
            if *steps == 0 || is_it && field.is_none_or(|field| fields.contains(&field) || fields.contains(&EVERY)) {
                return true;
            }
            *steps -= 1;
            let shared = if is_it {
                value.len() - 1
            } else {
                alike.bytes().zip(value.bytes()).take_while(|(a, b)| a == b).count()
            };
            alike = alike.get(..alike.floor_char_boundary(shared)).unwrap_or_default();
        }
        false
    }

    fn add_below(&mut self, path: &mut Vec<Field>, value: &Value) {
        match value {
            _ if self.full => {}
            Value::Null | Value::Bool(_) => {}
            Value::Number(number) => self.add_value(path, &number.to_string()),
            Value::String(text) => self.add_text(path, text),
            Value::Array(list) => list.iter().for_each(|item| self.add_below(path, item)),
            Value::Object(map) => {
                for (key, item) in map {
                    if is_telling(key) {
                        self.add_text(path, key);
                    }
                    path.push(self.field(key));
                    self.add_below(path, item);
                    path.pop();
                }
            }
        }
    }

    fn add_text(&mut self, path: &mut Vec<Field>, text: &str) {
        let json = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
        if json.starts_with(['{', '[', '"']) {
            // JSON lines too
            let mut values = Deserializer::from_str(json).into_iter::<Value>();
            values.by_ref().map_while(Result::ok).for_each(|value| self.add_below(path, &value));
            let rest = json.get(values.byte_offset()..).unwrap_or_default();
            if has_keys(rest) {
                path.push(EVERY);
                self.add_plain(path, rest);
                path.pop();
            }
        }
        self.add_plain(path, text);
    }

    fn add_plain(&mut self, path: &[Field], text: &str) {
        if !self.is_wanted(path) {
            return;
        }
        self.add_value(path, text);
        let words = text.split_whitespace();
        let pieces = text.split(|c: char| !c.is_alphanumeric() && !matches!(c, '@' | '.' | '_' | '-'));
        words.chain(pieces).filter(|piece| is_telling(piece)).for_each(|piece| self.add_value(path, piece));
        let figures = |name: &&str| name.bytes().filter(u8::is_ascii_digit).count() >= MIN_FIGURES;
        text.split(|c: char| !c.is_alphanumeric()).filter(figures).for_each(|name| self.add_value(path, name));
        for cell in std::iter::once(text).chain(text.split(separates_cells)) {
            let words: Vec<&str> = cell.split_whitespace().collect();
            for run in words.split(|word| !is_group(word)).filter(|run| run.len() > 1) {
                self.add_value(path, &run.concat());
            }
        }
        quotations(text, &mut |quotation| self.add_folded(path, quotation));
    }

    fn add_value(&mut self, path: &[Field], text: &str) {
        self.add_folded(path, &normalize(text));
    }

    fn add_folded(&mut self, path: &[Field], value: &str) {
        if value.len() <= MAX_VALUE {
            return self.keep(path, value);
        }
        let mut rest = value;
        while rest.len() >= MAX_VALUE {
            let (piece, after) = rest.split_at(rest.floor_char_boundary(MAX_VALUE));
            self.keep(path, piece);
            rest = after;
        }
    }

    fn keep(&mut self, path: &[Field], value: &str) {
        let Some(start) = start_of(value).filter(|_| self.is_wanted(path)) else { return };
        let known = self.values.get(value);
        if known.is_some_and(|fields| path.iter().all(|field| fields.contains(field))) {
            return;
        }
        let own = if known.is_some() { 0 } else { value.len() + VALUE_BYTES };
        if !self.has_room(own + path.len() * FIELD_BYTES) {
            return;
        }
        if !self.starts.contains(start) {
            self.starts.insert(start.to_owned());
        }
        self.values.entry(value.to_owned()).or_default().extend(path);
    }

    fn field(&mut self, name: &str) -> Field {
        if let Some(known) = self.fields.get(name) {
            return *known;
        }
        let number = self.fields.len();
        if self.has_room(name.len() + VALUE_BYTES) {
            self.fields.insert(name.to_owned(), number);
        }
        number
    }

    fn has_room(&mut self, bytes: usize) -> bool {
        self.size = self.size.saturating_add(bytes);
        self.full |= self.size > MAX_BYTES;
        !self.full
    }
}

/// Whether a word is likely to be a value: a number, an address, and a key that is not a name of a field.
pub(super) fn is_telling(word: &str) -> bool {
    word.contains(|c: char| c.is_ascii_digit() || c == '@')
}

/// Whether what is left of a text after its JSON names fields.
fn has_keys(rest: &str) -> bool {
    let is_key = |(at, _): (usize, &str)| rest.get(..at).is_some_and(|before| before.trim_end().ends_with(['"', '\'']));
    rest.trim_start_matches([',', ' ', '\t', '\r', '\n']).starts_with('{') || rest.match_indices(':').any(is_key)
}

/// As much of a text as the shortest value has.
fn start_of(text: &str) -> Option<&str> {
    let (last, c) = text.char_indices().nth(MIN_VALUE - 1)?;
    text.get(..last + c.len_utf8())
}

/// What stands between values in tables and lists.
fn separates_cells(c: char) -> bool {
    matches!(c, '\t' | '\n') || c.is_ascii_punctuation() && !matches!(c, '@' | '.' | '_' | '-' | '/')
}

/// A group of a longer number as people write it: `DE89`, `3704`, `ab12`, and what stands between groups.
fn is_group(word: &str) -> bool {
    let has_figure = word.contains(|c: char| c.is_ascii_digit());
    let is_figure = |c: char| {
        c.is_ascii_digit() || c.is_ascii_uppercase() || c.is_ascii_punctuation() || c.is_ascii_lowercase() && has_figure
    };
    word.chars().all(is_figure) && word.chars().count() <= 8
}

/// Every run of so many words, and in scripts without blanks every other run of characters, each as [`normalize`] writes it.
fn quotations(text: &str, found: &mut dyn FnMut(&str)) {
    let words: Vec<String> =
        text.split_whitespace().flat_map(words).map(normalize).filter(|word| !word.is_empty()).collect();
    for run in words.windows(QUOTED_WORDS) {
        let run = run.concat();
        if run.chars().nth(QUOTED_CHARS - 1).is_some() {
            found(&run);
        }
    }
    for word in text.split_whitespace().filter(|word| word.contains(is_unspaced)) {
        let chars: Vec<char> = normalize(word).chars().collect();
        for run in chars.windows(QUOTED_CHARS).step_by(QUOTED_CHARS / 2) {
            found(&run.iter().collect::<String>());
        }
    }
}

/// The words of what stands between two blanks; an address is one.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let is_address = text.contains("://") || text.contains('@');
    text.split(move |c: char| !is_address && !c.is_alphanumeric() && !matches!(c, '\'' | '\u{2019}'))
}

/// Letters of scripts that put no blanks between words: from Thai to Burmese, Khmer, and those of China and Japan.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}')
        || matches!(c, '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}
