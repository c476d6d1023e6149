//! Reads TOML key by key, and keeps every problem with its line instead of stopping at the first.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    fmt,
    num::NonZeroU32,
    path::Path,
    str::FromStr,
};

use abide_signatures::Pattern;
use serde_json::Value;
use toml::de::{DeTable, DeValue};

use super::{Problem, read_text};

/// The largest file of stand-ins or definitions, in bytes.
const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;

/// What all tables of one file share: the lines of its keys, and the problems so far.
pub(crate) struct Findings<'t> {
    text: &'t str,
    base_dir: &'t Path,
    lines: RefCell<Lines>,
    problems: RefCell<Vec<Problem>>,
}

/// One table, and which of its keys were read.
pub struct Table<'t> {
    name: String,
    path: String,
    line: usize,
    entries: Vec<Entry<'t>>,
    findings: &'t Findings<'t>,
}

/// The lines of keys in a file, from 1.
#[derive(Clone, Debug, Default)]
pub struct Lines(BTreeMap<String, usize>);

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
    pub(crate) fn new(text: &'t str, base_dir: &'t Path) -> Self {
        Self { text, base_dir, lines: RefCell::default(), problems: RefCell::default() }
    }

    /// The line of a place in the text, from 1.
    pub(crate) fn line_at(&self, offset: usize) -> usize {
        let before = self.text.as_bytes().get(..offset).unwrap_or_default();
        1 + before.iter().filter(|b| **b == b'\n').count()
    }

    /// Adds a problem; its line is that of its key, or of the closest table around it.
    pub(crate) fn add(&self, mut problem: Problem) {
        if problem.line.is_none() {
            problem.line = self.lines.borrow().of(&problem.key);
        }
        self.problems.borrow_mut().push(problem);
    }

    /// With the problems that a validation found: all problems in the order of the file, or else where its keys are. A key that could not
    /// be read has its problem already, whatever would follow from that.
    pub(crate) fn conclude(self, validated: Vec<Problem>) -> Result<Lines, Vec<Problem>> {
        let misread: BTreeSet<String> = self.problems.borrow().iter().map(|problem| problem.key.clone()).collect();
        validated.into_iter().filter(|problem| !misread.contains(&problem.key)).for_each(|problem| self.add(problem));
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|p| p.line);
        if problems.is_empty() { Ok(self.lines.into_inner()) } else { Err(problems) }
    }
}

impl Lines {
    /// The line of a key, or of the closest table around it.
    pub fn of(&self, key: &str) -> Option<usize> {
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
    /// The table `table` at `path`, which ends with `name`.
    pub(crate) fn new(
        name: String,
        path: String,
        line: usize,
        table: &'t DeTable<'t>,
        findings: &'t Findings<'t>,
    ) -> Self {
        let entries = table
            .iter()
            .map(|(key, value)| Entry {
                key: key.get_ref().to_string(),
                value: value.get_ref(),
                line: findings.line_at(key.span().start),
                used: Cell::new(Used::No),
            })
            .collect();
        let this = Self { name, path, line, entries, findings };
        for entry in &this.entries {
            let path = this.path_of(&entry.key);
            findings.lines.borrow_mut().0.insert(path, entry.line);
        }
        this
    }

    /// The key that it stands under.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The path of a key; quoted where it has a dot, as it is written in the file.
    pub(crate) fn path_of(&self, key: &str) -> String {
        join(&self.path, key)
    }

    /// The keys.
    pub fn keys(&self) -> impl Iterator<Item = String> {
        self.entries.iter().map(|e| e.key.clone())
    }

    /// Adds a problem with the table itself.
    pub fn problem_here(&self, reason: impl Into<String>) {
        self.findings.add(Problem { key: self.path.clone(), line: Some(self.line), reason: reason.into() });
    }

    /// Adds a problem with one of the keys.
    pub fn problem(&self, key: &str, reason: impl Into<String>) {
        let line = self.entries.iter().find(|e| e.key == key).map(|e| e.line);
        self.findings.add(Problem {
            key: self.path_of(key),
            line: Some(line.unwrap_or(self.line)),
            reason: reason.into(),
        });
    }

    /// Every key that was not read is a problem. Consumes the table: after this none can be read.
    pub fn finish(self, known: &[&str]) {
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

    /// Whether the table has a key.
    pub fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|e| e.key == key)
    }

    /// Whether a key has a table; it does not count as asked for.
    pub(crate) fn has_table(&self, key: &str) -> bool {
        self.entries.iter().any(|e| e.key == key && e.value.is_table())
    }

    /// The table without some of its keys, which are not reported as unknown.
    pub(crate) fn without(mut self, keys: &[&str]) -> Self {
        self.entries.retain(|entry| !keys.contains(&entry.key.as_str()));
        self
    }

    /// The value of a key.
    pub(crate) fn value(&self, key: &str) -> Option<&'t DeValue<'t>> {
        let entry = self.entries.iter().find(|e| e.key == key)?;
        entry.used.set(Used::Yes);
        Some(entry.value)
    }

    /// The text of a key; `None` if it is anything else.
    pub fn plain(&self, key: &str) -> Option<&'t str> {
        self.value(key)?.as_str()
    }

    /// Whether the table has a key, which then counts as asked for.
    pub fn takes(&self, key: &str) -> bool {
        self.value(key).is_some()
    }

    /// The text of a key; anything else is a problem.
    pub fn text(&self, key: &str) -> Option<&'t str> {
        self.expect(key, "a text", DeValue::as_str)
    }

    /// A text that must be there.
    pub fn required(&self, key: &str) -> Option<&'t str> {
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

    /// The truth value of a key; anything else is a problem.
    pub fn flag(&self, key: &str) -> Option<bool> {
        self.expect(key, "`true` or `false`", DeValue::as_bool)
    }

    /// The texts in the list of a key; anything else is a problem.
    pub fn texts(&self, key: &str) -> Option<Vec<&'t str>> {
        self.expect(key, "a list of texts", |value| {
            let items = value.as_array()?;
            items.iter().map(|item| item.get_ref().as_str()).collect()
        })
    }

    /// The entries of a list: a text, or a list of texts.
    pub(crate) fn alternatives(&self, key: &str) -> Option<Vec<Vec<&'t str>>> {
        let entry = |value: &'t DeValue<'t>| match value.as_array() {
            Some(texts) => texts.iter().map(|text| text.get_ref().as_str()).collect(),
            None => value.as_str().map(|text| vec![text]),
        };
        self.expect(key, "a list of texts, and of lists of texts of which one is enough", |value| {
            value.as_array()?.iter().map(|item| entry(item.get_ref())).collect()
        })
    }

    pub(crate) fn number(&self, key: &str) -> Option<f64> {
        self.expect(key, "a finite number", |value| {
            let number = match value {
                DeValue::Integer(_) | DeValue::Float(_) => json(value)?.as_f64()?,
                _ => return None,
            };
            number.is_finite().then_some(number)
        })
    }

    pub(crate) fn count(&self, key: &str) -> Option<NonZeroU32> {
        self.expect(key, "a whole number from 1 to 4294967295", |value| {
            let number = json(value)?.as_u64()?;
            NonZeroU32::new(u32::try_from(number).ok()?)
        })
    }

    pub(crate) fn number_of(&self, key: &str) -> Option<u32> {
        self.count(key).map(NonZeroU32::get)
    }

    pub(crate) fn owned_text(&self, key: &str) -> Option<String> {
        self.text(key).map(str::to_owned)
    }

    pub(crate) fn owned_texts(&self, key: &str) -> Option<Vec<String>> {
        self.texts(key).map(|texts| texts.into_iter().map(str::to_owned).collect())
    }

    pub(crate) fn pattern(&self, key: &str) -> Option<Pattern> {
        let pattern = Pattern::new(self.text(key)?);
        pattern
            .map_err(|error| {
                self.problem(key, format!("is not a regular expression of the crate `regex`: {}", error.reason));
            })
            .ok()
    }

    /// A value of any type, as JSON.
    pub fn any(&self, key: &str) -> Option<Value> {
        self.expect(key, "a value that JSON can hold", json)
    }

    pub(crate) fn values(&self, key: &str) -> Option<Vec<Value>> {
        self.expect(key, "a list of texts, numbers or booleans", |value| {
            let items = value.as_array()?.iter().map(|item| json(item.get_ref()));
            items.map(|item| item.filter(|v| !v.is_object() && !v.is_array())).collect()
        })
    }

    /// The table of a key; anything else is a problem.
    pub fn table(&self, key: &str) -> Option<Table<'t>> {
        let table = self.expect(key, "a table", DeValue::as_table)?;
        let line = self.entries.iter().find(|e| e.key == key)?.line;
        Some(Table::new(key.to_owned(), self.path_of(key), line, table, self.findings))
    }

    /// The tables under this one, by key; for tables whose keys are names.
    pub fn tables(&self) -> Vec<(String, Table<'t>)> {
        self.keys().filter_map(|key| self.table(&key).map(|table| (key, table))).collect()
    }

    /// What stands in a file that a key names.
    pub(crate) fn beside<T>(&self, key: &str, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let path = self.findings.base_dir.join(self.text(key)?);
        let unreadable = |error: std::io::Error| {
            let make = if key == "lock" { "; make it with `abide tools lock --boundary FILE`" } else { "" };
            format!(
                "the file `{}` cannot be read: {error}; paths start at the boundary file's folder{make}",
                path.display()
            )
        };
        let read = || {
            let text = read_text(&path, MAX_FILE_BYTES).map_err(unreadable)?;
            parse(&text).map_err(|reason| format!("the file `{}`: {reason}", path.display()))
        };
        read().map_err(|reason| self.problem(key, reason)).ok()
    }

    /// One of some words.
    pub fn choice<T: Copy>(&self, key: &str, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(key)?;
        let chosen = words.iter().find(|(word, _)| *word == text);
        if chosen.is_none() {
            let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            self.problem(key, format!("must be one of `{}`", words.join("`, `")));
        }
        chosen.map(|(_, value)| *value)
    }

    /// A text of a key, parsed.
    pub fn parsed<T: FromStr<Err: fmt::Display>>(&self, key: &str, text: &str) -> Option<T> {
        text.parse().map_err(|error: T::Err| self.problem(key, error.to_string())).ok()
    }

    /// Every text of a list, parsed.
    pub(crate) fn all<T: FromStr<Err: fmt::Display>>(&self, key: &str) -> Vec<T> {
        let texts = self.texts(key).into_iter().flatten();
        texts.filter_map(|text| self.parsed::<T>(key, text)).collect()
    }

    /// As [`Table::all`]; `None` if the key is not there.
    pub(crate) fn parsed_list<T: FromStr<Err: fmt::Display>>(&self, key: &str) -> Option<Vec<T>> {
        self.has(key).then(|| self.all(key))
    }

    /// A count that must be there.
    pub(crate) fn required_count(&self, key: &str) -> Option<NonZeroU32> {
        if !self.has(key) {
            self.problem(key, "is missing: set it");
        }
        self.count(key)
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

/// The known key that the author of `key` most probably meant.
fn nearest<'k>(key: &str, known: &[&'k str]) -> Option<&'k str> {
    let distance = |other: &&str| strsim::damerau_levenshtein(key, other);
    known.iter().min_by_key(|other| distance(other)).filter(|other| distance(other) <= 2 && key.len() > 3).copied()
}

/// The path of a key in a table, as TOML writes it.
pub fn join(path: &str, key: &str) -> String {
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
