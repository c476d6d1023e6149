//! Demonstrations out of runs, without the text of tools.
//!
//! A tool's reply is kept as its shape. Where a reply's value turns up elsewhere (in a thought, an answer, an argument) it
//! becomes `<field>`, unless it also stands in the run's own input. A run that quotes a tool's prose teaches nothing.

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

/// What tools said in one run.
pub(super) struct Heard {
    input: String,
    /// Values by their text, longest first, with the name of the field they stood in.
    values: Vec<(String, String)>,
    shingles: Vec<String>,
}

impl Heard {
    pub(super) fn of(episode: &Episode, input: &Fields) -> Self {
        let mut texts = Vec::new();
        input.iter().for_each(|(_, value)| text_of(value, &mut texts));
        let input = texts.join("\n");
        let mut leaves = BTreeMap::new();
        for step in episode.tool_steps() {
            heard_in(&step.observation, &mut leaves);
        }
        let mut heard = Self { input, values: Vec::new(), shingles: Vec::new() };
        for (text, name) in leaves {
            heard.learn(text, name);
        }
        heard.values.sort_by(|(a, _), (b, _)| b.len().cmp(&a.len()).then(a.cmp(b)));
        heard
    }

    /// The demonstration that an exchange makes; none where it quotes a tool.
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
        } else if text.chars().count() >= MIN_VALUE && !self.input.contains(&text) {
            self.values.push((text, name));
        }
    }

    fn clean(&self, value: &Value) -> Value {
        match value {
            Value::Object(map) => {
                Value::Object(map.iter().map(|(key, item)| (key.clone(), self.clean_entry(key, item))).collect())
            }
            Value::Array(items) => Value::Array(items.iter().map(|item| self.clean(item)).collect()),
            Value::String(text) => Value::String(self.mask(text)),
            other => other.clone(),
        }
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

    /// Keys and types; values that also stand in the run's input survive.
    fn shape(&self, value: &Value) -> Value {
        match value {
            Value::Object(map) => {
                Value::Object(map.iter().map(|(key, item)| (key.clone(), self.shape(item))).collect())
            }
            // one item tells the shape of a list; a list's length is a value too
            Value::Array(items) => Value::Array(items.iter().take(1).map(|item| self.shape(item)).collect()),
            Value::String(text) if !text.is_empty() && words(text).len() < SHINGLE && self.has_token(text) => {
                value.clone()
            }
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

    fn has_token(&self, text: &str) -> bool {
        replace_tokens(&self.input, text, "") != self.input
    }
}

/// What of an observation is a tool's, and not ours.
fn heard_in(observation: &Value, leaves: &mut BTreeMap<String, String>) {
    match observation.get("error").and_then(Value::as_object) {
        Some(error) => {
            error.iter().filter(|(key, _)| !is_ours(key)).for_each(|(key, item)| leaves_of(key, item, leaves))
        }
        None => leaves_of("value", observation, leaves),
    }
}

/// Every string and number in a value, with the name of its field; numbers in the forms that answers use.
fn leaves_of(name: &str, value: &Value, leaves: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, item)| leaves_of(key, item, leaves)),
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

/// Parts of an error observation that we write ourselves.
fn is_ours(key: &str) -> bool {
    matches!(key, "code" | "advice" | "missing" | "argument" | "rule")
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
        Value::Object(map) => map.values().for_each(|item| text_of(item, texts)),
        Value::Array(items) => items.iter().for_each(|item| text_of(item, texts)),
        Value::String(text) => texts.push(text.clone()),
        Value::Number(number) => texts.push(number.to_string()),
        Value::Bool(_) | Value::Null => {}
    }
}

fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_lowercase).collect()
}

fn words_text(text: &str) -> String {
    words(text).join(" ")
}

/// Replaces a text where it stands as a whole token, not inside a longer word or number.
fn replace_tokens(text: &str, token: &str, with: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut before: Option<char> = None;
    while let Some(at) = rest.find(token).filter(|_| !token.is_empty()) {
        let (head, tail) = rest.split_at(at);
        let after = tail.get(token.len()..).unwrap_or_default();
        let left = head.chars().next_back().or(before);
        let joined = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        out.push_str(head);
        out.push_str(if joined(left) || joined(after.chars().next()) { token } else { with });
        before = token.chars().next_back();
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests;
