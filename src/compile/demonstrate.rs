//! Demonstrations out of runs, without the text of tools.
//!
//! A tool's reply is kept as its shape. Where a reply's value turns up elsewhere (in a thought, an answer, an argument) it
//! becomes `<field>`, unless it also stands in the run's own input. A run that quotes a tool's prose teaches nothing, and ids, numbers and
//! addresses out of prose are treated as values. Keys are the tool's words too: only those stay that look like names of fields.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::{
    Demo, Fields, Origin,
    episode::{Episode, Exchange},
};

/// Words of prose that must not turn up together in a demonstration.
const SHINGLE: usize = 4;
/// Shorter values turn up by chance.
const MIN_VALUE: usize = 3;
/// A longer key is no name of a field, nor is one with more digits.
const MAX_NAME: usize = 32;
const MAX_NAME_DIGITS: usize = 2;

/// What tools said in one run.
pub(super) struct ToolText {
    input: String,
    /// Values by their text, longest first, with the name of the field they stood in.
    values: Vec<(String, String)>,
    shingles: Vec<String>,
}

impl ToolText {
    pub(super) fn of(episode: &Episode, input: &Fields) -> Self {
        let mut texts = Vec::new();
        input.iter().for_each(|(_, value)| text_of(value, &mut texts));
        let input = texts.join("\n");
        let mut leaves = BTreeMap::new();
        for step in episode.tool_steps() {
            said(&step.observation).into_iter().for_each(|said| leaves_of("value", said, &mut leaves));
        }
        let mut heard = Self { input, values: Vec::new(), shingles: Vec::new() };
        for (text, name) in leaves {
            heard.learn(text, name);
        }
        heard.values.sort_by(|(a, _), (b, _)| b.len().cmp(&a.len()).then(a.cmp(b)));
        heard
    }

    /// The demonstration that an exchange makes; `None` if it quotes a tool.
    pub(super) fn demo(&self, exchange: &Exchange, origin: Origin) -> Option<Demo> {
        let clean = |fields: &Fields| -> Option<Fields> {
            let cleaned: Map<String, Value> =
                fields.iter().map(|(name, value)| (name.to_owned(), self.clean(value))).collect();
            (!self.quotes(&Value::Object(cleaned.clone()))).then_some(Fields(cleaned))
        };
        Some(Demo { inputs: clean(&exchange.inputs)?, outputs: clean(&exchange.outputs)?, origin })
    }

    fn learn(&mut self, text: String, name: String) {
        let words = words(&text);
        if words.len() >= SHINGLE {
            let input = words_text(&self.input);
            let shingles =
                words.windows(SHINGLE).map(|w| w.join(" ")).filter(|shingle| !input.contains(shingle.as_str()));
            self.shingles.extend(shingles);
            for value in values_in_prose(&text) {
                self.learn_value(value, &name);
            }
        } else {
            self.learn_value(text, &name);
        }
    }

    fn learn_value(&mut self, text: String, name: &str) {
        if text.chars().count() >= MIN_VALUE && !self.has_token(&text) {
            self.values.push((text, name.to_owned()));
        }
    }

    fn clean(&self, value: &Value) -> Value {
        match value {
            Value::Object(map) => Value::Object(
                map.iter().map(|(key, item)| (self.clean_key(key), self.clean_entry(key, item))).collect(),
            ),
            Value::Array(items) => Value::Array(items.iter().map(|item| self.clean(item)).collect()),
            Value::String(text) => Value::String(self.mask(text)),
            other => other.clone(),
        }
    }

    /// The model writes keys too: of arguments, and of objects in answers.
    fn clean_key(&self, key: &str) -> String {
        if is_name(key) { key.to_owned() } else { self.mask(key) }
    }

    fn clean_entry(&self, key: &str, value: &Value) -> Value {
        match (key, value.as_object()) {
            ("observation", Some(observation)) => {
                Value::Object(observation.iter().map(|(key, item)| (key.clone(), self.observed(key, item))).collect())
            }
            _ => self.clean(value),
        }
    }

    /// Our own words of an error are kept, a tool's reply is not.
    fn observed(&self, key: &str, value: &Value) -> Value {
        match (key, value) {
            ("error", Value::Object(error)) => Value::Object(
                error
                    .iter()
                    .filter(|(key, _)| *key != "message")
                    .map(|(key, item)| (key.clone(), item.clone()))
                    .collect(),
            ),
            _ => self.shape(value),
        }
    }

    /// Keys and types; values that also stand in the run's input survive. A key that does not look like the name of a field can say
    /// anything, as a value can.
    fn shape(&self, value: &Value) -> Value {
        match value {
            Value::Object(map) => {
                let kept = |key: &str| is_name(key) || self.may_stay(key);
                let key_of = |key: &str| if kept(key) { key.to_owned() } else { "<key>".to_owned() };
                Value::Object(map.iter().map(|(key, item)| (key_of(key), self.shape(item))).collect())
            }
            // one item tells the shape of a list; a list's length is a value too
            Value::Array(items) => Value::Array(items.iter().take(1).map(|item| self.shape(item)).collect()),
            Value::String(text) if self.may_stay(text) => value.clone(),
            Value::String(_) => Value::from("<string>"),
            Value::Number(number) if self.has_token(&number.to_string()) => value.clone(),
            Value::Number(_) => Value::from("<number>"),
            Value::Bool(_) => Value::from("<boolean>"),
            Value::Null => Value::Null,
        }
    }

    fn mask(&self, text: &str) -> String {
        let mut masked = text.to_owned();
        for (value, name) in &self.values {
            masked = replace_tokens(&masked, value, &format!("<{name}>"));
        }
        masked
    }

    fn quotes(&self, value: &Value) -> bool {
        let mut texts = Vec::new();
        text_of(value, &mut texts);
        let texts: Vec<String> = texts.iter().map(|text| words_text(text)).collect();
        self.shingles.iter().any(|shingle| texts.iter().any(|text| text.contains(shingle.as_str())))
    }

    fn may_stay(&self, text: &str) -> bool {
        !text.is_empty() && words(text).len() < SHINGLE && self.has_token(text)
    }

    fn has_token(&self, text: &str) -> bool {
        replace_tokens(&self.input, text, "") != self.input
    }
}

/// What the tool itself said in an observation; of an error, the rest is ours.
fn said(observation: &Value) -> Vec<&Value> {
    match observation {
        Value::Object(parts) => parts
            .iter()
            .filter_map(|(key, part)| match part {
                Value::Object(error) if key == "error" => error.get("message"),
                part => Some(part),
            })
            .collect(),
        other => vec![other],
    }
}

/// Every string and number in a value, with the name of its field; numbers in the forms that answers use.
fn leaves_of(name: &str, value: &Value, leaves: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(map) => {
            for (key, item) in map {
                if is_name(key) {
                    leaves_of(key, item, leaves);
                } else {
                    leaves.insert(key.clone(), "key".to_owned());
                    leaves_of(name, item, leaves);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| leaves_of(name, item, leaves)),
        Value::String(text) => {
            leaves.insert(text.clone(), name.to_owned());
        }
        Value::Number(number) => {
            for form in number_forms(number) {
                leaves.insert(form, name.to_owned());
            }
        }
        Value::Bool(_) | Value::Null => {}
    }
}

/// Whether a key looks like the name of a field, not like a sentence or an id: the server writes keys as freely as values.
fn is_name(key: &str) -> bool {
    let starts_word = |pair: &[u8]| match pair {
        [before, c] => *before == b'_' || *before == b'-' || (before.is_ascii_lowercase() && c.is_ascii_uppercase()),
        _ => false,
    };
    let words = 1 + key.as_bytes().windows(2).filter(|pair| starts_word(pair)).count();
    key.len() <= MAX_NAME
        && words <= SHINGLE
        && key.starts_with(|c: char| c.is_ascii_alphabetic())
        && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
        && key.bytes().filter(u8::is_ascii_digit).count() <= MAX_NAME_DIGITS
}

/// Ids, numbers, addresses in a text: they do not appear by chance. Tools often answer with JSON as a text.
fn values_in_prose(text: &str) -> Vec<String> {
    let separates = |c: char| c.is_whitespace() || "\"'`,;(){}[]<>=|".contains(c);
    let telling = |word: &&str| word.contains(|c: char| c.is_numeric() || c == '@') || word.contains("://");
    text.split(separates)
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()))
        .filter(telling)
        .flat_map(|word| match serde_json::from_str(word) {
            Ok(Value::Number(number)) => number_forms(&number),
            _ => vec![word.to_owned()],
        })
        .collect()
}

fn number_forms(number: &serde_json::Number) -> Vec<String> {
    let plain = number.to_string();
    let Some(value) = number.as_f64() else { return vec![plain] };
    let cents = format!("{value:.2}");
    let (whole, fraction) = cents.split_once('.').unwrap_or((&cents, ""));
    let mut grouped = String::new();
    for (i, digit) in whole.chars().enumerate() {
        let left = whole.len() - i;
        if i > 0 && left.is_multiple_of(3) && !grouped.ends_with('-') {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    vec![plain, cents.clone(), format!("{grouped}.{fraction}"), grouped]
}

fn text_of(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, item)| {
            texts.extend((!is_name(key)).then(|| key.clone()));
            text_of(item, texts);
        }),
        Value::Array(items) => items.iter().for_each(|item| text_of(item, texts)),
        Value::String(text) => texts.push(text.clone()),
        Value::Number(number) => texts.push(number.to_string()),
        Value::Bool(_) | Value::Null => {}
    }
}

/// In lower case. Scripts that put no blanks between words count by characters.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for part in text.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()) {
        if part.contains(is_unspaced) {
            words.extend(part.chars().map(String::from));
        } else {
            words.push(part.to_lowercase());
        }
    }
    words
}

/// Thai, Lao, Burmese, Khmer, Japanese, Chinese.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}')
        || matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

fn words_text(text: &str) -> String {
    words(text).join(" ")
}

/// Replaces a text where it stands as a whole token, not inside a longer word or number; the case of ASCII letters does not count.
fn replace_tokens(text: &str, token: &str, with: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut before: Option<char> = None;
    let (lower, wanted) = (text.to_ascii_lowercase(), token.to_ascii_lowercase());
    let find = |rest: &str| lower.get(text.len() - rest.len()..).and_then(|rest| rest.find(&wanted));
    while let Some(at) = find(rest).filter(|_| !token.is_empty()) {
        let (head, tail) = rest.split_at(at);
        let (found, after) = tail.split_at(token.len());
        let left = head.chars().next_back().or(before);
        let joined = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        out.push_str(head);
        out.push_str(if joined(left) || joined(after.chars().next()) { found } else { with });
        before = found.chars().next_back();
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests;
