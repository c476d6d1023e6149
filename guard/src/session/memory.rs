use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::OnceLock,
};

use abide_base::call::{ReplyStatus, ToolName, ToolReply};
use abide_signatures::Fields;
use serde_json::Value;

use super::{
    given::{Given, has_token},
    kept::{NoEgressIndex, is_telling},
    reading,
    structure::{Structure, WRAPPER},
};
use crate::{
    check::values::items,
    policy::{ArgumentRule, NoEgressFields, ReadAs, Registry, Source, WrittenAs},
};

/// What was said to a run, by who said it.
pub struct Memory {
    /// The texts of the run's input, each with its field.
    input: Vec<(String, Given)>,
    /// Keys in there that are values. They must be kept in too, and give no provenance.
    keys: Vec<(String, String)>,
    /// For each tool and value: the fields of its replies that had it.
    fields: BTreeMap<ToolName, HashMap<String, BTreeSet<String>>>,
    /// Texts in replies, with the tool that said them: an attacker who can write into a server's data can write them.
    prose: Vec<(ToolName, String)>,
    /// What fields and prose take, in bytes.
    size: usize,
    /// What must not leave, by the tool that said it.
    kept: BTreeMap<ToolName, NoEgressIndex>,
    kept_of_input: OnceLock<NoEgressIndex>,
}

/// Where the values of one argument may come from.
pub struct Origin<'a> {
    sources: &'a [Source],
    registries: &'a [&'a Registry],
    read_as: Option<ReadAs>,
    /// How often values may still be looked for in the input.
    looks: Cell<u32>,
    /// How the input wrote the first value that had to be read.
    written_as: Cell<Option<WrittenAs>>,
}

/// Most values of one argument that are looked for in the input, each in time linear in its text. A call that has more is refused.
const MAX_LOOKS: u32 = 1_024;

/// Most bytes of replies to remember. What is beyond gives no provenance, so values from there are refused.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// Most words of one call to look for in replies, so that a long call does not take long.
const MAX_WORDS: usize = 64;

/// Shorter words stand in most texts by chance, so they are no sign of obedience.
const MIN_TELLING_CHARS: usize = 4;

impl<'a> Origin<'a> {
    /// Any of these sources.
    pub fn new(sources: &'a [Source], registries: &'a [&'a Registry]) -> Self {
        Self { sources, registries, read_as: None, looks: Cell::new(MAX_LOOKS), written_as: Cell::new(None) }
    }

    /// That of a rule, which may say how the input may write values.
    pub(crate) fn of(rule: &'a ArgumentRule, registries: &'a [&'a Registry]) -> Option<Self> {
        Some(Self::new(rule.from.as_deref()?, registries).reading(rule.read_as))
    }

    /// With values of the input that can be read so.
    pub fn reading(self, read_as: Option<ReadAs>) -> Self {
        Self { read_as, ..self }
    }

    /// How the input wrote the first value that did not stand in it letter by letter.
    pub(crate) fn written_as(&self) -> Option<WrittenAs> {
        self.written_as.get()
    }

    fn may_look(&self) -> bool {
        let left = self.looks.get();
        self.looks.set(left.saturating_sub(1));
        left > 0
    }
}

impl Memory {
    pub(super) fn of(input: &Fields) -> Self {
        let all = |collect: fn(&Value, &mut Vec<String>)| {
            input.iter().flat_map(move |(field, value)| {
                let mut texts = Vec::new();
                collect(value, &mut texts);
                texts.into_iter().map(move |text| (field.to_owned(), text))
            })
        };
        Self {
            input: all(leaves).map(|(field, text)| (field, Given::new(text))).collect(),
            keys: all(telling_keys).collect(),
            fields: BTreeMap::new(),
            prose: Vec::new(),
            size: 0,
            kept: BTreeMap::new(),
            kept_of_input: OnceLock::new(),
        }
    }

    pub(super) fn observe(&mut self, tool: &ToolName, reply: &Structure<'_>, status: ReplyStatus) {
        self.add(tool, None, &reply.value, status);
        if let Some(text) = reply.wrapped {
            self.add_value(tool, Some(WRAPPER), text, status);
        }
    }

    /// Whether a value came from one of the sources. Items of a list and values inside objects must all have, and so must the keys of
    /// objects, since they carry text as well as values do; booleans, null and blank texts carry none.
    pub fn came_from(&self, sources: &[Source], registries: &[&Registry], value: &Value) -> bool {
        self.is_from(&Origin::new(sources, registries), value)
    }

    /// As [`Memory::came_from`], for several values that are looked for as those of one argument.
    pub fn is_from(&self, places: &Origin<'_>, value: &Value) -> bool {
        match value {
            Value::Null | Value::Bool(_) => true,
            Value::Array(list) => list.iter().all(|item| self.is_from(places, item)),
            Value::Object(map) => map
                .iter()
                .all(|(key, item)| self.is_from(places, &Value::from(key.as_str())) && self.is_from(places, item)),
            Value::Number(_) => self.has(places, value),
            Value::String(text) if is_blank_text(text) => true,
            Value::String(text) => {
                self.has(places, value)
                    || parts(text).is_some_and(|mut parts| parts.all(|part| self.has(places, &Value::from(part))))
            }
        }
    }

    /// Remembers what a tool said under some fields, so that it can be kept in, whether it failed or not.
    pub(super) fn keep(&mut self, tool: &ToolName, fields: &NoEgressFields, reply: &ToolReply) {
        self.kept.entry(tool.clone()).or_default().add_reply(fields, &reply.content);
    }

    /// What a tool has said that must be kept in.
    pub(crate) fn kept_of(&self, tool: &ToolName) -> Option<&NoEgressIndex> {
        self.kept.get(tool)
    }

    /// The input, as something that must be kept in.
    pub(crate) fn kept_of_input(&self) -> &NoEgressIndex {
        self.kept_of_input.get_or_init(|| {
            let mut kept = NoEgressIndex::default();
            let texts = self.input.iter().map(|(field, given)| (field, given.text()));
            texts
                .chain(self.keys.iter().map(|(field, text)| (field, text.as_str())))
                .for_each(|(field, text)| kept.add(Some(field), &Value::from(text)));
            kept
        })
    }

    fn has(&self, places: &Origin<'_>, value: &Value) -> bool {
        // other forms of what the input says take longest, so they come last
        let is_said = |source: &Source| match source {
            Source::Input { field } => places.may_look() && self.texts_of(field.as_deref()).any(|text| text.has(value)),
            Source::Registry(name) => places.registries.iter().any(|registry| registry.has(name, value)),
            Source::Reply { tool, field } => self.reply_has(tool, field.as_deref(), value),
        };
        let is_said_otherwise = |source: &Source| match source {
            Source::Input { field } => {
                let field = field.as_deref();
                places.may_look()
                    && (self.texts_of(field).any(|text| text.has_form_of(value)) || self.is_read(places, field, value))
            }
            _ => false,
        };
        places.sources.iter().any(is_said) || places.sources.iter().any(is_said_otherwise)
    }

    /// Whether the wish to call stands in a reply's prose and not in the input: the tool's name, or a text among the arguments.
    pub(crate) fn was_told(&self, words: &[&str]) -> bool {
        words.iter().filter(|word| word.chars().count() >= MIN_TELLING_CHARS).take(MAX_WORDS).any(|word| {
            !self.input.iter().any(|(_, given)| has_token(given.text(), word))
                && self.prose.iter().any(|(_, text)| has_token(text, word))
        })
    }

    #[cfg(test)]
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// Whether the input writes a value in a way that the rule says is one.
    fn is_read(&self, places: &Origin<'_>, field: Option<&str>, value: &Value) -> bool {
        let Some(read_as) = places.read_as else { return false };
        let found = self.texts_of(field).find_map(|given| reading::find(read_as, given.text(), value));
        if places.written_as.get().is_none() {
            places.written_as.set(found);
        }
        found.is_some()
    }

    fn texts_of(&self, field: Option<&str>) -> impl Iterator<Item = &Given> {
        self.input.iter().filter(move |(of, _)| field.is_none_or(|field| field == of)).map(|(_, text)| text)
    }

    fn reply_has(&self, tool: &ToolName, field: Option<&str>, value: &Value) -> bool {
        let fields = self.fields.get(tool).and_then(|values| values.get(&scalar(value)));
        fields.is_some_and(|fields| field.is_none_or(|field| fields.contains(field)))
    }

    /// Values under a key are fields, and so are the keys of an object under a key, as in `shared_with: {"ann@corp.example": "r"}`; a value
    /// under no key has no name by which an author could vouch for it.
    fn add(&mut self, tool: &ToolName, field: Option<&str>, value: &Value, status: ReplyStatus) {
        match value {
            Value::Array(list) => {
                for item in list {
                    self.add(tool, field, item, status);
                }
            }
            Value::Object(map) => {
                for (key, item) in map {
                    self.add_value(tool, field, key, status);
                    self.add(tool, Some(key), item, status);
                }
            }
            Value::Null | Value::Bool(_) => {}
            Value::String(text) => {
                self.add_prose(tool, text);
                self.add_value(tool, field, text, status);
            }
            Value::Number(_) => self.add_value(tool, field, &scalar(value), status),
        }
    }

    fn add_value(&mut self, tool: &ToolName, field: Option<&str>, text: &str, status: ReplyStatus) {
        // an error often repeats what it was given
        let (Some(field), ReplyStatus::Done) = (field, status) else { return };
        let known = self.fields.get(tool).and_then(|values| values.get(text));
        if !known.is_some_and(|fields| fields.contains(field)) && self.has_room(text.len() + field.len()) {
            let values = self.fields.entry(tool.clone()).or_default();
            values.entry(text.to_owned()).or_default().insert(field.to_owned());
        }
    }

    fn add_prose(&mut self, tool: &ToolName, text: &str) {
        if text.contains(char::is_whitespace) && self.has_room(text.len()) {
            self.prose.push((tool.clone(), text.to_owned()));
        }
    }

    fn has_room(&mut self, bytes: usize) -> bool {
        let size = self.size.saturating_add(bytes).saturating_add(64);
        let fits = size <= MAX_BYTES;
        if fits {
            self.size = size;
        }
        fits
    }
}

/// Whether a text is empty, or nothing but spaces: models write it where null is meant. Other white space could carry something.
pub fn is_blank_text(text: &str) -> bool {
    text.bytes().all(|byte| byte == b' ')
}

/// The texts among the values of some arguments.
pub fn texts<'a>(values: impl Iterator<Item = &'a Value>) -> Vec<&'a str> {
    values
        .flat_map(|value| match value {
            Value::Object(map) => texts(map.values()),
            value => items(Some(value)).into_iter().filter_map(Value::as_str).collect(),
        })
        .collect()
}

fn leaves(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(_) | Value::Number(_) => texts.push(scalar(value)),
        Value::Array(list) => list.iter().for_each(|item| leaves(item, texts)),
        Value::Object(map) => map.values().for_each(|item| leaves(item, texts)),
        Value::Null | Value::Bool(_) => {}
    }
}

fn telling_keys(value: &Value, keys: &mut Vec<String>) {
    match value {
        Value::Array(list) => list.iter().for_each(|item| telling_keys(item, keys)),
        Value::Object(map) => {
            keys.extend(map.keys().filter(|key| is_telling(key)).cloned());
            map.values().for_each(|item| telling_keys(item, keys));
        }
        _ => {}
    }
}

/// One text for one value: models write 5, 5.0 and "5" for the same thing.
fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => match number.as_f64() {
            Some(n) if number.is_f64() && n.fract() == 0.0 && n.abs() < 9e15 => format!("{n:.0}"),
            _ => number.to_string(),
        },
        other => other.to_string(),
    }
}

/// The parts of a list that is written as one text, such as `ann@corp.example, bob@corp.example`; `None` if it is not a list. Every part
/// has a letter, so that no number falls apart.
pub(crate) fn parts(text: &str) -> Option<impl Iterator<Item = &str>> {
    let parts = || text.split([',', ';', '\n']).map(str::trim);
    let is_item =
        |part: &str| part.contains(char::is_alphabetic) && !part.contains(['"', '\'', '(', ')', '<', '>', '\\']);
    (parts().count() > 1 && parts().all(is_item)).then(parts)
}
