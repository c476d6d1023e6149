//! Reads TOML key by key, and keeps every problem with its line instead of stopping at the first.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    num::NonZeroU32,
};

use serde_json::Value;
use toml::de::{DeTable, DeValue};

use super::Problem;

/// What all tables of one file share: the lines of its keys, and the problems so far.
pub(super) struct Findings<'t> {
    text: &'t str,
    lines: RefCell<Lines>,
    problems: RefCell<Vec<Problem>>,
}

/// One table, and which of its keys somebody asked for.
pub(super) struct Table<'t> {
    path: String,
    line: usize,
    entries: Vec<Entry<'t>>,
    findings: &'t Findings<'t>,
}

/// The lines of keys in a file, from 1.
#[derive(Clone, Debug, Default)]
pub(super) struct Lines(BTreeMap<String, usize>);

struct Entry<'t> {
    key: String,
    value: &'t DeValue<'t>,
    line: usize,
    used: Cell<Used>,
}

#[derive(Clone, Copy, PartialEq)]
enum Used {
    Yes,
    No,
}

impl<'t> Findings<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, lines: RefCell::default(), problems: RefCell::default() }
    }

    /// The line of a place in the text, from 1.
    pub(super) fn line_at(&self, offset: usize) -> usize {
        let before = self.text.as_bytes().get(..offset).unwrap_or_default();
        1 + before.iter().filter(|b| **b == b'\n').count()
    }

    /// Adds a problem; its line is that of its key, or of the closest table around it.
    pub(super) fn add(&self, mut problem: Problem) {
        if problem.line.is_none() {
            problem.line = self.lines.borrow().of(&problem.key);
        }
        self.problems.borrow_mut().push(problem);
    }

    /// The keys that have a problem.
    pub(super) fn keys_with_problems(&self) -> BTreeSet<String> {
        self.problems.borrow().iter().map(|problem| problem.key.clone()).collect()
    }

    /// All problems, in the order of the file; and where its keys are.
    pub(super) fn into_parts(self) -> (Vec<Problem>, Lines) {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|p| p.line);
        (problems, self.lines.into_inner())
    }
}

impl Lines {
    /// The line of a key, or of the closest table around it.
    pub(super) fn of(&self, key: &str) -> Option<usize> {
        let mut key = key;
        loop {
            if let Some(line) = self.0.get(key) {
                return Some(*line);
            }
            key = key.get(..key.rfind('.')?)?;
        }
    }
}

impl<'t> Table<'t> {
    /// The table `table` at `path`.
    pub(super) fn new(path: String, line: usize, table: &'t DeTable<'t>, findings: &'t Findings<'t>) -> Self {
        let entries = table
            .iter()
            .map(|(key, value)| Entry {
                key: key.get_ref().to_string(),
                value: value.get_ref(),
                line: findings.line_at(key.span().start),
                used: Cell::new(Used::No),
            })
            .collect();
        let this = Self { path, line, entries, findings };
        for entry in &this.entries {
            let path = this.path_of(&entry.key);
            findings.lines.borrow_mut().0.insert(path, entry.line);
        }
        this
    }

    /// The path of a key; quoted where it has a dot, as it is written in the file.
    pub(super) fn path_of(&self, key: &str) -> String {
        join(&self.path, key)
    }

    /// The keys.
    pub(super) fn keys(&self) -> impl Iterator<Item = String> {
        self.entries.iter().map(|e| e.key.clone())
    }

    /// Adds a problem with the table itself.
    pub(super) fn problem_here(&self, reason: impl Into<String>) {
        self.findings.add(Problem { key: self.path.clone(), line: Some(self.line), reason: reason.into() });
    }

    /// Adds a problem with one of the keys.
    pub(super) fn problem(&self, key: &str, reason: impl Into<String>) {
        let line = self.entries.iter().find(|e| e.key == key).map(|e| e.line);
        self.findings.add(Problem {
            key: self.path_of(key),
            line: Some(line.unwrap_or(self.line)),
            reason: reason.into(),
        });
    }

    /// Every key that nobody asked for is a problem. Consumes the table: after this nobody can ask.
    pub(super) fn finish(self, known: &[&str]) {
        for entry in self.entries.iter().filter(|e| e.used.get() == Used::No) {
            let reason = if known.contains(&entry.key.as_str()) {
                "means nothing beside the other keys of this table: take it away".to_owned()
            } else if let Some(meant) = nearest(&entry.key, known) {
                format!("is not known: did you mean `{meant}`?")
            } else {
                format!("is not known; use one of `{}`", known.join("`, `"))
            };
            self.problem(&entry.key, reason);
        }
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|e| e.key == key)
    }

    /// Whether a key has a table; it does not count as asked for.
    pub(super) fn has_table(&self, key: &str) -> bool {
        self.entries.iter().any(|e| e.key == key && e.value.is_table())
    }

    /// The table without some of its keys, which are not reported as unknown.
    pub(super) fn without(mut self, keys: &[&str]) -> Self {
        self.entries.retain(|entry| !keys.contains(&entry.key.as_str()));
        self
    }

    pub(super) fn value(&self, key: &str) -> Option<&'t DeValue<'t>> {
        let entry = self.entries.iter().find(|e| e.key == key)?;
        entry.used.set(Used::Yes);
        Some(entry.value)
    }

    pub(super) fn text(&self, key: &str) -> Option<&'t str> {
        self.expect(key, "a text", DeValue::as_str)
    }

    /// A text that must be there.
    pub(super) fn required(&self, key: &str) -> Option<&'t str> {
        if !self.has(key) {
            self.problem(key, "is missing: set it");
        }
        self.text(key).and_then(|text| {
            if text.trim().is_empty() {
                self.problem(key, "is empty: set it");
                None
            } else {
                Some(text)
            }
        })
    }

    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        self.expect(key, "`true` or `false`", DeValue::as_bool)
    }

    pub(super) fn texts(&self, key: &str) -> Option<Vec<&'t str>> {
        self.expect(key, "a list of texts", |value| {
            let items = value.as_array()?;
            items.iter().map(|item| item.get_ref().as_str()).collect()
        })
    }

    /// The entries of a list: a text, or a list of texts.
    pub(super) fn alternatives(&self, key: &str) -> Option<Vec<Vec<&'t str>>> {
        let entry = |value: &'t DeValue<'t>| match value.as_array() {
            Some(texts) => texts.iter().map(|text| text.get_ref().as_str()).collect(),
            None => value.as_str().map(|text| vec![text]),
        };
        self.expect(key, "a list of texts, and of lists of texts of which one is enough", |value| {
            value.as_array()?.iter().map(|item| entry(item.get_ref())).collect()
        })
    }

    pub(super) fn number(&self, key: &str) -> Option<f64> {
        self.expect(key, "a finite number", |value| {
            let number = match value {
                DeValue::Integer(_) | DeValue::Float(_) => json(value)?.as_f64()?,
                _ => return None,
            };
            number.is_finite().then_some(number)
        })
    }

    pub(super) fn count(&self, key: &str) -> Option<NonZeroU32> {
        self.expect(key, "a whole number from 1 to 4294967295", |value| {
            let number = json(value)?.as_u64()?;
            NonZeroU32::new(u32::try_from(number).ok()?)
        })
    }

    /// A value of any type, as JSON.
    pub(super) fn any(&self, key: &str) -> Option<Value> {
        self.expect(key, "a value that JSON can hold", json)
    }

    pub(super) fn values(&self, key: &str) -> Option<Vec<Value>> {
        self.expect(key, "a list of texts, numbers or booleans", |value| {
            let items = value.as_array()?.iter().map(|item| json(item.get_ref()));
            items.map(|item| item.filter(|v| !v.is_object() && !v.is_array())).collect()
        })
    }

    pub(super) fn table(&self, key: &str) -> Option<Table<'t>> {
        let table = self.expect(key, "a table", DeValue::as_table)?;
        let line = self.entries.iter().find(|e| e.key == key)?.line;
        Some(Table::new(self.path_of(key), line, table, self.findings))
    }

    /// The tables under this one, by key; for tables whose keys are names.
    pub(super) fn tables(&self) -> Vec<(String, Table<'t>)> {
        self.keys().filter_map(|key| self.table(&key).map(|table| (key, table))).collect()
    }

    fn expect<T>(&self, key: &str, what: &str, convert: impl FnOnce(&'t DeValue<'t>) -> Option<T>) -> Option<T> {
        let value = self.value(key)?;
        let converted = convert(value);
        if converted.is_none() {
            self.problem(key, format!("must be {what}, not {}", kind(value)));
        }
        converted
    }
}

/// The known key that somebody who wrote `key` most probably meant.
fn nearest<'k>(key: &str, known: &[&'k str]) -> Option<&'k str> {
    let distance = |other: &&str| strsim::damerau_levenshtein(key, other);
    known.iter().min_by_key(|other| distance(other)).filter(|other| distance(other) <= 2 && key.len() > 3).copied()
}

/// The path of a key in a table, as TOML writes it.
pub(in crate::security) fn join(path: &str, key: &str) -> String {
    let bare = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    let key = if bare { key.to_owned() } else { format!("{key:?}") };
    if path.is_empty() { key } else { format!("{path}.{key}") }
}

fn json(value: &DeValue<'_>) -> Option<Value> {
    Some(match value {
        DeValue::String(text) => Value::from(text.as_ref()),
        DeValue::Integer(n) => Value::from(i64::from_str_radix(&n.as_str().replace('_', ""), n.radix()).ok()?),
        DeValue::Float(n) => {
            let n: f64 = n.as_str().replace('_', "").parse().ok()?;
            Value::Number(serde_json::Number::from_f64(n)?)
        }
        DeValue::Boolean(b) => Value::from(*b),
        DeValue::Datetime(time) => Value::from(time.to_string()),
        DeValue::Array(items) => {
            let items = items.iter().map(|item| json(item.get_ref()));
            Value::Array(items.collect::<Option<_>>()?)
        }
        DeValue::Table(table) => {
            let items = table.iter().map(|(key, item)| Some((key.get_ref().to_string(), json(item.get_ref())?)));
            Value::Object(items.collect::<Option<_>>()?)
        }
    })
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "this text",
        DeValue::Integer(_) | DeValue::Float(_) => "this number",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a time",
        DeValue::Array(_) => "this list",
        DeValue::Table(_) => "a table",
    }
}
