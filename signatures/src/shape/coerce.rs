//! Reading what a model wrote as a value of a shape.

use std::cell::Cell;

use serde_json::{Map, Value};

use super::{
    Flag, JsonFault, Kind, Leniency, Member, Node, Reading, Shape, Strictness,
    candidates::{Candidates, candidates},
    notation::expected,
    parse_json, scalar,
};
use crate::FieldError;

pub(super) struct Coercion<'s> {
    shape: &'s Shape,
    strictness: Strictness,
    /// Nodes that may still be tried, over all alternatives.
    left: Cell<u32>,
    depth: Cell<u32>,
}

/// Trying more alternatives is too much for one value.
const MAX_TRIED: u32 = 100_000;
/// Types that name each other more often without an end in the value have none.
const MAX_DEPTH: u32 = 256;

/// More names of types in a row mean no type.
const MAX_NAMES: u32 = 16;

type Read = Result<Reading, Vec<FieldError>>;

impl<'s> Coercion<'s> {
    pub(super) fn new(shape: &'s Shape, strictness: Strictness) -> Self {
        Self { shape, strictness, left: Cell::new(MAX_TRIED), depth: Cell::new(0) }
    }

    pub(super) fn text(&self, field: &str, text: &str) -> Read {
        let reading = self.node_text(field, &self.shape.root, text)?;
        self.allowed(reading, field, &self.shape.root)
    }

    pub(super) fn value(&self, field: &str, value: &Value) -> Read {
        let reading = self.node(field, &self.shape.root, value)?;
        self.allowed(reading, field, &self.shape.root)
    }

    /// Where nothing may stray, a value that had to is none.
    fn allowed(&self, reading: Reading, field: &str, root: &Node) -> Read {
        let may_stray = |leniency: Leniency| match self.strictness {
            Strictness::Lenient => true,
            Strictness::Arguments => {
                matches!(leniency, Leniency::IntegralFloat | Leniency::NullWord | Leniency::NestedJson)
            }
            Strictness::Strict => false,
        };
        match reading.flags.iter().find(|flag| !may_stray(flag.leniency)) {
            Some(flag) => {
                let path = if flag.path.is_empty() { field } else { &flag.path };
                let node = if path == field { expected(root) } else { "exactly what its type says".to_owned() };
                Err(vec![misfit(path, node, format!("what strays from it ({})", flag.leniency))])
            }
            None => Ok(reading),
        }
    }

    /// A type by its name; what has no such name is open.
    fn named(&self, name: &str) -> Option<&'s Node> {
        self.shape.definitions.get(name)
    }

    /// A value of a node, within what may be tried.
    fn node(&self, path: &str, node: &Node, value: &Value) -> Read {
        let left = self.left.get().saturating_sub(1);
        self.left.set(left);
        if left == 0 || self.depth.get() >= MAX_DEPTH {
            return Err(vec![misfit(path, expected(node), "too deep, or of too many kinds, to be read")]);
        }
        self.depth.set(self.depth.get() + 1);
        let reading = self.node_within(path, node, value);
        self.depth.set(self.depth.get() - 1);
        reading
    }

    /// A value of a node, with its constraints.
    fn node_within(&self, path: &str, node: &Node, value: &Value) -> Read {
        let reading = match &node.kind {
            Kind::Text => text_of(path, node, value),
            Kind::Choice(words) => {
                scalar_of(path, node, value, |text, flags| scalar::choose(words, text, flags).map(Value::String))
            }
            Kind::Integer => number_of(path, node, value, scalar::integer),
            Kind::Number => number_of(path, node, value, |number, _| Some(Value::Number(number.clone()))),
            Kind::Boolean => match value {
                Value::Bool(_) => fits(value.clone()),
                _ => scalar_of(path, node, value, |text, flags| scalar::truth(text, flags).map(Value::Bool)),
            },
            Kind::Null => match value {
                Value::Null => fits(Value::Null),
                _ => Err(vec![misfit(path, expected(node), kind_of(value))]),
            },
            Kind::Any => fits(value.clone()),
            Kind::Named(name) => match self.named(name) {
                Some(node) => return self.node(path, node, value),
                None => fits(value.clone()),
            },
            Kind::Optional(inner) => self.optional(path, inner, value),
            Kind::OneOf(nodes) => self.one_of(path, node, nodes, value),
            Kind::List(item) => self.list(path, node, item, value),
            Kind::Tuple(items) => self.tuple(path, node, items, value),
            Kind::Map(inner) => self.map(path, node, inner, value),
            Kind::Object(members) => self.object(path, node, members, value),
        }?;
        constrained(path, node, reading)
    }

    /// A text that a model wrote for a node.
    fn node_text(&self, path: &str, node: &Node, text: &str) -> Read {
        let reading = match &node.kind {
            Kind::Text => fits(Value::String(text.to_owned())),
            Kind::Choice(_) | Kind::Integer | Kind::Number | Kind::Boolean => {
                return self
                    .node(path, node, &Value::String(unfenced(text).to_owned()))
                    .map(|r| written(r, node, text));
            }
            Kind::Null => {
                let mut flags = Vec::new();
                if !scalar::is_null(text, &mut flags) {
                    return Err(vec![misfit(path, expected(node), "other text")]);
                }
                flagged(path, Value::Null, flags)
            }
            Kind::Optional(inner) => return self.optional_text(path, inner, text),
            Kind::Named(name) => match self.named(name) {
                Some(node) => return self.node_text(path, node, text),
                None => self.any_text(path, text),
            },
            Kind::Any => self.any_text(path, text),
            Kind::OneOf(nodes) => return self.one_of_text(path, node, nodes, text),
            Kind::List(item) => return self.list_text(path, node, item, text),
            Kind::Tuple(_) | Kind::Map(_) | Kind::Object(_) => return self.json_text(path, node, text),
        }?;
        constrained(path, node, reading)
    }

    fn optional(&self, path: &str, inner: &Node, value: &Value) -> Read {
        let is_text = matches!(inner.kind, Kind::Text);
        match value {
            Value::Null => fits(Value::Null),
            Value::String(text) if !is_text && text != "null" => {
                let mut flags = Vec::new();
                let exact = self.node(path, inner, value);
                match exact {
                    Ok(reading) if reading.flags.is_empty() => Ok(reading),
                    _ if scalar::is_null(text, &mut flags) => flagged(path, Value::Null, flags),
                    other => other,
                }
            }
            _ => self.node(path, inner, value),
        }
    }

    /// Optional texts are written as JSON, so that `null` the word and no value are two.
    fn optional_text(&self, path: &str, inner: &Node, text: &str) -> Read {
        let mut flags = Vec::new();
        if scalar::is_null(text, &mut flags) {
            return flagged(path, Value::Null, flags);
        }
        if !matches!(inner.kind, Kind::Text | Kind::Choice(_)) {
            return self.node_text(path, inner, text);
        }
        if let Ok(quoted) = serde_json::from_str::<String>(text.trim()) {
            return self.node(path, inner, &Value::String(quoted));
        }
        let mut reading = self.node_text(path, inner, text)?;
        reading.flags.push(Flag::new(path, Leniency::Unquoted));
        Ok(reading)
    }

    fn any_text(&self, path: &str, text: &str) -> Read {
        let Candidates { mut found, .. } = candidates(text, &['{', '[']);
        match (found.pop(), found.is_empty()) {
            (Some(only), true) if !only.flags.contains(&Leniency::Prose) => flagged(path, only.value, only.flags),
            _ => flagged(path, Value::String(text.to_owned()), vec![Leniency::Unquoted]),
        }
    }

    /// The variant that fits with the fewest flags; the first of equals. Variants that cannot fit are not looked into.
    fn one_of(&self, path: &str, node: &Node, nodes: &[Node], value: &Value) -> Read {
        let likely: Vec<&Node> = nodes.iter().filter(|node| self.may_fit(node, value, MAX_NAMES)).collect();
        let best = likely.iter().filter_map(|node| self.node(path, node, value).ok()).min_by_key(|r| r.flags.len());
        best.ok_or_else(|| match likely.as_slice() {
            [only] => self.node(path, only, value).err().unwrap_or_default(),
            _ => vec![misfit(path, expected(node), "what fits none of them")],
        })
    }

    /// Whether the keys that an object must have are there, and those with one word have it.
    fn may_fit(&self, node: &Node, value: &Value, names: u32) -> bool {
        match (&node.kind, value) {
            (Kind::Named(name), value) => {
                names > 0 && self.named(name).is_none_or(|node| self.may_fit(node, value, names - 1))
            }
            (Kind::Object(members), Value::Object(map)) => members.iter().filter(|m| m.required).all(|member| {
                let same = map.iter().find(|(key, _)| scalar::same_word(key, &member.name));
                same.is_some_and(|(_, value)| match (&member.node.kind, value) {
                    (Kind::Choice(words), Value::String(text)) => {
                        scalar::choose(words, text, &mut Vec::new()).is_some()
                    }
                    _ => true,
                })
            }),
            _ => true,
        }
    }

    /// Whether values of a node are lists, or may be.
    fn is_list(&self, node: &Node, names: u32) -> bool {
        match &node.kind {
            Kind::List(_) | Kind::Tuple(_) | Kind::Any => true,
            Kind::Named(name) => names == 0 || self.named(name).is_none_or(|node| self.is_list(node, names - 1)),
            Kind::Optional(inner) => self.is_list(inner, names),
            Kind::OneOf(nodes) => nodes.iter().any(|node| self.is_list(node, names)),
            _ => false,
        }
    }

    fn one_of_text(&self, path: &str, node: &Node, nodes: &[Node], text: &str) -> Read {
        // they are told to be written as JSON
        if let Ok(value) = serde_json::from_str::<Value>(text.trim())
            && let Ok(reading) = self.one_of(path, node, nodes, &value)
            && reading.flags.is_empty()
        {
            return Ok(reading);
        }
        // texts fit whatever is written, so they come last
        let (texts, others): (Vec<&Node>, Vec<&Node>) = nodes.iter().partition(|node| matches!(node.kind, Kind::Text));
        let best = |nodes: &[&Node]| {
            let read = nodes.iter().filter_map(|node| self.node_text(path, node, text).ok());
            read.min_by_key(|reading| reading.flags.len())
        };
        let found = best(&others).or_else(|| best(&texts));
        found.ok_or_else(|| vec![misfit(path, expected(node), "what fits none of them")])
    }

    /// The JSON values in a text; the one that fits best. Where two different ones fit, neither is taken.
    fn json_text(&self, path: &str, node: &Node, text: &str) -> Read {
        let openers: &[char] = if matches!(node.kind, Kind::Object(_) | Kind::Map(_)) { &['{'] } else { &['{', '['] };
        let Candidates { found, fault } = candidates(text, openers);
        let mut fitting: Vec<Reading> = Vec::new();
        let mut misfits: Option<Vec<FieldError>> = None;
        for candidate in found {
            match self.node(path, node, &candidate.value) {
                // `[1]` in prose is a note, not a list of texts
                Ok(reading)
                    if candidate.flags.contains(&Leniency::Prose)
                        && reading.flags.iter().any(|flag| flag.leniency == Leniency::TextAsJson) => {}
                Ok(mut reading) => {
                    reading.flags.splice(0..0, candidate.flags.into_iter().map(|leniency| Flag::new(path, leniency)));
                    fitting.push(reading);
                }
                Err(errors) if misfits.as_ref().is_none_or(|known| errors.len() < known.len()) => {
                    misfits = Some(errors)
                }
                Err(_) => {}
            }
        }
        fitting.sort_by_key(|reading| reading.flags.len());
        let mut fitting = fitting.into_iter();
        match (fitting.next(), fitting.next()) {
            (Some(best), None) => Ok(best),
            (Some(best), Some(other)) if fitting.all(|more| more.value == best.value) && other.value == best.value => {
                Ok(best)
            }
            (Some(_), Some(_)) => Err(vec![misfit(path, expected(node), "several values that fit and differ")]),
            (None, _) => Err(misfits.unwrap_or_else(|| {
                let got = match fault {
                    Some(JsonFault::Duplicate(_)) => "an object with one key twice".to_owned(),
                    Some(JsonFault::CutOff) if text.contains(['{', '[']) => "JSON that ends in the middle".to_owned(),
                    _ => "text that is not JSON".to_owned(),
                };
                vec![misfit(path, expected(node), got)]
            })),
        }
    }

    fn list(&self, path: &str, node: &Node, item: &Node, value: &Value) -> Read {
        if let Value::Array(items) = value {
            return collected(
                items.iter().enumerate().map(|(i, value)| self.node(&format!("{path}[{i}]"), item, value)),
            )
            .map(|(values, flags)| Reading { value: Value::Array(values), flags });
        }
        if let Some(reading) = self.nested(path, node, value) {
            return reading;
        }
        let one = |text: &str| !text.contains([',', ';', '\n']);
        match value {
            // a list of such lists has no end
            _ if self.is_list(item, MAX_NAMES) => Err(vec![misfit(path, expected(node), kind_of(value))]),
            Value::String(text) if !one(text) => Err(vec![misfit(path, expected(node), "text")]),
            Value::Null => Err(vec![misfit(path, expected(node), "null")]),
            _ => match self.node(&format!("{path}[0]"), item, value) {
                Ok(reading) => {
                    let flags = std::iter::once(Flag::new(path, Leniency::SingleItem)).chain(reading.flags).collect();
                    Ok(Reading { value: Value::Array(vec![reading.value]), flags })
                }
                Err(errors) => match only_member(value) {
                    Some(list @ Value::Array(_)) => self.list(path, node, item, list).map(|r| wrapped(path, r)),
                    // what is wrong with the one item helps where it is of the items' kind
                    _ if value.is_object() && matches!(item.kind, Kind::Object(_)) => Err(errors),
                    _ => Err(vec![misfit(path, expected(node), kind_of(value))]),
                },
            },
        }
    }

    fn list_text(&self, path: &str, node: &Node, item: &Node, text: &str) -> Read {
        let bulleted = bullets(text);
        let errors = match self.json_text(path, node, text) {
            Ok(reading) if bulleted.is_none() => return Ok(reading),
            Ok(_) => Vec::new(),
            Err(errors) => errors,
        };
        let (items, leniency) = match bulleted {
            Some(items) if !self.is_list(item, MAX_NAMES) => (items, Leniency::Bullets),
            None if text.contains(['{', '[']) || self.is_list(item, MAX_NAMES) => return Err(errors),
            None if text.trim().is_empty() || text.trim().contains([',', ';', '\n']) => return Err(errors),
            None => (vec![text.trim()], Leniency::SingleItem),
            Some(_) => return self.json_text(path, node, text),
        };
        let read = items.iter().enumerate().map(|(i, text)| self.node_text(&format!("{path}[{i}]"), item, text));
        let (values, flags) = collected(read)?;
        let flags = std::iter::once(Flag::new(path, leniency)).chain(flags).collect();
        constrained(path, node, Reading { value: Value::Array(values), flags })
    }

    fn tuple(&self, path: &str, node: &Node, nodes: &[Node], value: &Value) -> Read {
        match value {
            Value::Array(items) if items.len() == nodes.len() => {
                let read = items.iter().zip(nodes).enumerate();
                let (values, flags) =
                    collected(read.map(|(i, (value, node))| self.node(&format!("{path}[{i}]"), node, value)))?;
                Ok(Reading { value: Value::Array(values), flags })
            }
            Value::Array(items) => Err(vec![misfit(path, expected(node), format!("a list of {} items", items.len()))]),
            _ => self
                .nested(path, node, value)
                .unwrap_or_else(|| Err(vec![misfit(path, expected(node), kind_of(value))])),
        }
    }

    fn map(&self, path: &str, node: &Node, inner: &Node, value: &Value) -> Read {
        let Value::Object(map) = value else {
            return self
                .nested(path, node, value)
                .unwrap_or_else(|| Err(vec![misfit(path, expected(node), kind_of(value))]));
        };
        let (values, flags) =
            collected(map.iter().map(|(key, value)| self.node(&joined(path, &scalar::shown_key(key)), inner, value)))?;
        Ok(Reading { value: Value::Object(map.keys().cloned().zip(values).collect()), flags })
    }

    fn object(&self, path: &str, node: &Node, members: &[Member], value: &Value) -> Read {
        let Value::Object(map) = value else {
            return self
                .nested(path, node, value)
                .unwrap_or_else(|| Err(vec![misfit(path, expected(node), kind_of(value))]));
        };
        let mut left: Map<String, Value> = map.clone();
        let mut object = Map::new();
        let (mut flags, mut errors) = (Vec::new(), Vec::new());
        for member in members {
            let at = joined(path, &member.name);
            if differ(&left, member, members) {
                errors.push(misfit(&at, "one value", "several under keys that are the same word"));
                continue;
            }
            let Some((value, key)) = take(&mut left, member, members) else {
                if member.required {
                    errors.push(FieldError::Missing(at));
                }
                continue;
            };
            flags.extend(key.map(|leniency| Flag::new(&at, leniency)));
            match self.node(&at, &member.node, &value) {
                Ok(reading) => {
                    flags.extend(reading.flags);
                    object.insert(member.name.clone(), reading.value);
                }
                Err(misfits) => errors.extend(misfits),
            }
        }
        if let (true, Some(inner @ Value::Object(_))) = (object.is_empty() && !members.is_empty(), only_member(value))
            && let Ok(reading) = self.object(path, node, members, inner)
        {
            return Ok(wrapped(path, reading));
        }
        flags.extend(left.keys().map(|key| Flag::new(joined(path, &scalar::shown_key(key)), Leniency::UnknownField)));
        if errors.is_empty() { Ok(Reading { value: Value::Object(object), flags }) } else { Err(errors) }
    }

    /// JSON within a text within JSON.
    fn nested(&self, path: &str, node: &Node, value: &Value) -> Option<Read> {
        let text = value.as_str()?.trim();
        let parsed = parse_json(text).ok().filter(|parsed| parsed.read == text.len())?;
        if !(parsed.value.is_array() || parsed.value.is_object()) {
            return None;
        }
        Some(self.node(path, node, &parsed.value).map(|mut reading| {
            reading.flags.insert(0, Flag::new(path, Leniency::NestedJson));
            reading.flags.extend((!parsed.is_strict).then(|| Flag::new(path, Leniency::LooseJson)));
            reading
        }))
    }
}

fn fits(value: Value) -> Read {
    Ok(Reading { value, flags: Vec::new() })
}

fn flagged(path: &str, value: Value, flags: Vec<Leniency>) -> Read {
    Ok(Reading { value, flags: flags.into_iter().map(|leniency| Flag::new(path, leniency)).collect() })
}

fn wrapped(path: &str, mut reading: Reading) -> Reading {
    reading.flags.insert(0, Flag::new(path, Leniency::Wrapped));
    reading
}

fn misfit(path: &str, expected: impl Into<String>, got: impl Into<String>) -> FieldError {
    FieldError::Kind { field: path.to_owned(), expected: expected.into(), got: got.into() }
}

/// With what its constraints say.
fn constrained(path: &str, node: &Node, reading: Reading) -> Read {
    let mut errors = Vec::new();
    node.constraints.check(path, &reading.value, &mut errors);
    if errors.is_empty() { Ok(reading) } else { Err(errors) }
}

/// All readings, or all that does not fit in them.
fn collected(readings: impl Iterator<Item = Read>) -> Result<(Vec<Value>, Vec<Flag>), Vec<FieldError>> {
    let (mut values, mut flags, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    for reading in readings {
        match reading {
            Ok(reading) => {
                values.push(reading.value);
                flags.extend(reading.flags);
            }
            Err(misfits) => errors.extend(misfits),
        }
    }
    if errors.is_empty() { Ok((values, flags)) } else { Err(errors) }
}

/// A text; numbers and truth values are written as one.
fn text_of(path: &str, node: &Node, value: &Value) -> Read {
    match value {
        Value::String(_) => fits(value.clone()),
        Value::Number(_) | Value::Bool(_) => flagged(path, value.to_string().into(), vec![Leniency::TextAsJson]),
        _ => Err(vec![misfit(path, expected(node), kind_of(value))]),
    }
}

fn scalar_of(path: &str, node: &Node, value: &Value, read: impl Fn(&str, &mut Vec<Leniency>) -> Option<Value>) -> Read {
    let mut flags = Vec::new();
    let found = value.as_str().and_then(|text| read(text, &mut flags));
    match found {
        Some(found) => flagged(path, found, flags),
        None if value.is_string() => Err(vec![misfit(path, expected(node), "other text")]),
        None => Err(vec![misfit(path, expected(node), kind_of(value))]),
    }
}

fn number_of(
    path: &str,
    node: &Node,
    value: &Value,
    read: impl Fn(&serde_json::Number, &mut Vec<Leniency>) -> Option<Value>,
) -> Read {
    let mut flags = Vec::new();
    let number = match value {
        Value::Number(number) => Some(number.clone()),
        Value::String(text) => {
            flags.push(Leniency::NumberAsText);
            scalar::number(text, &mut flags)
        }
        _ => None,
    };
    let Some(number) = number else {
        let got = if value.is_string() { "other text".to_owned() } else { kind_of(value) };
        return Err(vec![misfit(path, expected(node), got)]);
    };
    match read(&number, &mut flags) {
        Some(found) => flagged(path, found, flags),
        None => Err(vec![misfit(path, expected(node), "a number with a fraction")]),
    }
}

/// A scalar that was written as text, where its text is how it is to be written.
fn written(mut reading: Reading, node: &Node, text: &str) -> Reading {
    if !matches!(node.kind, Kind::Choice(_)) {
        reading.flags.retain(|flag| flag.leniency != Leniency::NumberAsText);
    }
    if unfenced(text).len() != text.trim().len() {
        let path = reading.flags.first().map(|flag| flag.path.clone()).unwrap_or_default();
        reading.flags.push(Flag::new(path, Leniency::Fenced));
    }
    reading
}

/// What stands in the one code fence of a text, where there is nothing else.
fn unfenced(text: &str) -> &str {
    let text = text.trim();
    let inner = text.strip_prefix("```").and_then(|rest| rest.strip_suffix("```"));
    // an info word ends with its line
    inner.map_or(text, |inner| inner.split_once('\n').map_or(inner, |(_, rest)| rest).trim())
}

/// The items of lines that all begin with a bullet or a number.
fn bullets(text: &str) -> Option<Vec<&str>> {
    let item = |line: &'_ str| -> Option<usize> {
        let bare = line.trim_start();
        let number = bare.trim_start_matches(|c: char| c.is_ascii_digit());
        let rest = if number.len() < bare.len() {
            number.strip_prefix(['.', ')'])?
        } else {
            bare.strip_prefix(['-', '*', '\u{2022}'])?
        };
        rest.starts_with(' ').then(|| line.len() - rest.len())
    };
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let items: Option<Vec<&str>> = lines.map(|line| Some(line.get(item(line)?..)?.trim())).collect();
    items.filter(|items| !items.is_empty())
}

/// The value of an object's only member.
fn only_member(value: &Value) -> Option<&Value> {
    let map = value.as_object().filter(|map| map.len() == 1)?;
    map.values().next()
}

/// Whether a member has several values, under keys that are the same word.
fn differ(left: &Map<String, Value>, member: &Member, members: &[Member]) -> bool {
    let is_other = |key: &str| key != member.name && members.iter().any(|other| other.name == key);
    let same = left.iter().filter(|(key, _)| !is_other(key) && scalar::same_word(key, &member.name));
    let mut values = same.map(|(_, value)| value);
    values.next().is_some_and(|first| values.any(|other| other != first))
}

/// The value of a member: under its key, or under the only other key that is the same word.
fn take(left: &mut Map<String, Value>, member: &Member, members: &[Member]) -> Option<(Value, Option<Leniency>)> {
    if let Some(value) = left.remove(&member.name) {
        return Some((value, None));
    }
    let is_other = |key: &str| members.iter().all(|other| other.name != key);
    let word = scalar::letters(&member.name);
    let mut same = left.keys().filter(|key| is_other(key) && scalar::letters(key) == word).cloned();
    let (key, None) = (same.next()?, same.next()) else { return None };
    drop(same);
    left.remove(&key).map(|value| (value, Some(Leniency::Key)))
}

fn joined(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn kind_of(value: &Value) -> String {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
    .to_owned()
}
