use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::OnceLock,
};

use serde_json::Value;

use super::{
    kept::{KeptFields, KeptIn, is_telling},
    structure::{Structure, WRAPPER},
};
use crate::{
    Fields,
    call::{ReplyStatus, ToolName, ToolReply},
    security::{
        boundary::{Registry, Source},
        check::args::items,
    },
};

/// What was said to a run, by who said it.
pub(in crate::security) struct Memory {
    /// The texts of the run's input, each with its field.
    input: Vec<(String, String)>,
    /// Keys in there that are values. They must be kept in too, and give no provenance.
    keys: Vec<(String, String)>,
    /// For each tool and value: the fields of its replies that had it.
    fields: BTreeMap<ToolName, HashMap<String, BTreeSet<String>>>,
    /// Texts in replies, with the tool that said them: whoever can write into a server's data can write them.
    prose: Vec<(ToolName, String)>,
    /// What fields and prose take, in bytes.
    size: usize,
    /// What must not leave, by the tool that said it.
    kept: BTreeMap<ToolName, KeptIn>,
    kept_of_input: OnceLock<KeptIn>,
}

/// Where the values of one argument may come from.
struct Places<'a> {
    sources: &'a [Source],
    registries: &'a [&'a Registry],
    /// How often values may still be looked for in the input.
    looks: Cell<u32>,
}

/// Most values of one argument that are looked for in the input, each in time linear in its text. A call that has more is refused.
const MAX_LOOKS: u32 = 1_024;

/// Most bytes of replies to remember. What is beyond gives no provenance, so values from there are refused.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// Most words of one call to look for in replies, so that a long call does not take long.
const MAX_WORDS: usize = 64;

/// Shorter words stand in most texts by chance, so they are no sign of obedience.
const MIN_TELLING_CHARS: usize = 4;

impl Places<'_> {
    fn may_look(&self) -> bool {
        let left = self.looks.get();
        self.looks.set(left.saturating_sub(1));
        left > 0
    }
}

impl Memory {
    pub(super) fn of(input: &Fields) -> Self {
        let all = |collect: fn(&Value, &mut Vec<String>)| {
            let texts = input.iter().flat_map(|(field, value)| {
                let mut texts = Vec::new();
                collect(value, &mut texts);
                texts.into_iter().map(move |text| (field.to_owned(), text))
            });
            texts.collect()
        };
        Self {
            input: all(leaves),
            keys: all(telling_keys),
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
    pub(in crate::security) fn came_from(&self, sources: &[Source], registries: &[&Registry], value: &Value) -> bool {
        self.is_from(&Places { sources, registries, looks: Cell::new(MAX_LOOKS) }, value)
    }

    fn is_from(&self, places: &Places<'_>, value: &Value) -> bool {
        match value {
            Value::Null | Value::Bool(_) => true,
            Value::Array(list) => list.iter().all(|item| self.is_from(places, item)),
            Value::Object(map) => map
                .iter()
                .all(|(key, item)| self.is_from(places, &Value::from(key.as_str())) && self.is_from(places, item)),
            Value::Number(_) => self.has(places, value),
            Value::String(text) if is_blank(text) => true,
            Value::String(text) => {
                self.has(places, value)
                    || parts(text).is_some_and(|mut parts| parts.all(|part| self.has(places, &Value::from(part))))
            }
        }
    }

    /// Remembers what a tool said under some fields, so that it can be kept in, whether it failed or not.
    pub(super) fn keep(&mut self, tool: &ToolName, fields: &KeptFields, reply: &ToolReply) {
        self.kept.entry(tool.clone()).or_default().add_reply(fields, &reply.content);
    }

    /// What a tool has said that must be kept in.
    pub(in crate::security) fn kept_of(&self, tool: &ToolName) -> Option<&KeptIn> {
        self.kept.get(tool)
    }

    /// The input, as something that must be kept in.
    pub(in crate::security) fn kept_of_input(&self) -> &KeptIn {
        self.kept_of_input.get_or_init(|| {
            let mut kept = KeptIn::default();
            self.input
                .iter()
                .chain(&self.keys)
                .for_each(|(field, text)| kept.add(Some(field), &Value::from(text.as_str())));
            kept
        })
    }

    fn has(&self, places: &Places<'_>, value: &Value) -> bool {
        places.sources.iter().any(|source| match source {
            Source::Input { field } => places.may_look() && self.input_has(field.as_deref(), value),
            Source::Registry(name) => places.registries.iter().any(|registry| registry.has(name, value)),
            Source::Reply { tool, field } => self.reply_has(tool, field.as_deref(), value),
        })
    }

    /// Whether the wish to call stands in a reply's prose and not in the input: the tool's name, or a text among the arguments.
    pub(in crate::security) fn was_told(&self, words: &[&str]) -> bool {
        words.iter().filter(|word| word.chars().count() >= MIN_TELLING_CHARS).take(MAX_WORDS).any(|word| {
            !self.input.iter().any(|(_, text)| has_token(text, word))
                && self.prose.iter().any(|(_, text)| has_token(text, word))
        })
    }

    #[cfg(test)]
    pub(super) fn size(&self) -> usize {
        self.size
    }

    fn input_has(&self, field: Option<&str>, value: &Value) -> bool {
        let mut texts = self.input.iter().filter(|(of, _)| field.is_none_or(|field| field == of)).map(|(_, text)| text);
        match value {
            Value::String(word) => texts.any(|text| has_token(text, word) || has_grouped(text, word)),
            Value::Number(number) => texts.any(|text| has_number(text, number)),
            _ => false,
        }
    }

    fn reply_has(&self, tool: &ToolName, field: Option<&str>, value: &Value) -> bool {
        let fields = self.fields.get(tool).and_then(|values| values.get(&scalar(value)));
        fields.is_some_and(|fields| field.is_none_or(|field| fields.contains(field)))
    }

    /// Values under a key are fields, and so are the keys of an object under a key, as in `shared_with: {"ann@corp.example": "r"}`; a value
    /// under no key has no name by which anybody could vouch for it.
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
fn is_blank(text: &str) -> bool {
    text.bytes().all(|byte| byte == b' ')
}

/// The texts among the values of some arguments.
pub(in crate::security) fn texts<'a>(values: impl Iterator<Item = &'a Value>) -> Vec<&'a str> {
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

/// The parts of a list that is written as one text, such as `ann@corp.example, bob@corp.example`; none where it is no list. Every part
/// has a letter, so that no number falls apart.
pub(in crate::security) fn parts(text: &str) -> Option<impl Iterator<Item = &str>> {
    let parts = || text.split([',', ';', '\n']).map(str::trim);
    let is_item =
        |part: &str| part.contains(char::is_alphabetic) && !part.contains(['"', '\'', '(', ')', '<', '>', '\\']);
    (parts().count() > 1 && parts().all(is_item)).then(parts)
}

/// Whether `word` stands in `text` as a whole: not as a part of a longer word, name, address or number.
pub(super) fn has_token(text: &str, word: &str) -> bool {
    let is_word_like = word.trim() == word && word.contains(char::is_alphanumeric);
    is_word_like && text.match_indices(word).any(|(at, _)| stands_alone(text, at, at + word.len()))
}

fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    let before = text.get(..start).unwrap_or_default();
    let after = text.get(end..).unwrap_or_default();
    !goes_on(before.chars().rev()) && !goes_on(after.chars())
}

/// Shorter numbers could come about by reading two that stand side by side as one.
const MIN_GROUPED: usize = 12;
/// No account has a longer number.
const MAX_GROUPED: usize = 64;

/// Whether a long number, such as that of an account, stands in `text` with blanks or dashes between its groups, as people write it.
/// Letters must be the same, and each group must have a digit but the first.
fn has_grouped(text: &str, word: &str) -> bool {
    let is_number = (MIN_GROUPED..=MAX_GROUPED).contains(&word.len())
        && word.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
        && word.bytes().filter(u8::is_ascii_digit).count() * 2 > word.len();
    let Some(first) = word.chars().next().filter(|_| is_number) else { return false };
    text.match_indices(first).any(|(at, _)| {
        let length = grouped(text.get(at..).unwrap_or_default(), word);
        length.is_some_and(|length| stands_alone(text, at, at + length) && !has_more_groups(text, at, at + length))
    })
}

/// Whether another group of figures stands beside a number, so that the number could be a part of a longer one.
fn has_more_groups(text: &str, start: usize, end: usize) -> bool {
    let is_separator = |c: char| matches!(c, ' ' | '-' | '\u{a0}');
    let has_figure = |group: &str| group.contains(|c: char| c.is_ascii_digit());
    let before = text.get(..start).and_then(|before| before.strip_suffix(is_separator));
    let after = text.get(end..).and_then(|after| after.strip_prefix(is_separator));
    let last = before.and_then(|before| before.rsplit(|c: char| !c.is_ascii_alphanumeric()).next());
    let next = after.and_then(|after| after.split(|c: char| !c.is_ascii_alphanumeric()).next());
    // a group of four on the next line, or behind two blanks, as forms print them
    let rest = text.get(end..).unwrap_or_default();
    let goes_on = rest.trim_start().split(|c: char| !c.is_ascii_alphanumeric()).next().is_some_and(|group| {
        rest.starts_with(char::is_whitespace) && group.len() == 4 && group.bytes().all(|b| b.is_ascii_digit())
    });
    last.is_some_and(has_figure) || next.is_some_and(has_figure) || goes_on
}

/// How much of the text it takes to spell the word, in groups of three or more but for the last.
fn grouped(text: &str, word: &str) -> Option<usize> {
    let (mut wanted, mut group, mut length) = (word.chars().peekable(), 0, 0);
    for c in text.chars() {
        let next = wanted.peek()?;
        match c {
            _ if c == *next => {
                wanted.next();
                group += 1;
            }
            ' ' | '-' | '\u{a0}' if group >= 3 => group = 0,
            _ => return None,
        }
        length += c.len_utf8();
        if wanted.peek().is_none() {
            return Some(length);
        }
    }
    None
}

/// Whether a word goes on into these characters: `CUST1` into `-ADMIN`, `.evil.example` or `23`, but not into `. Then` or `'s`.
fn goes_on(mut next: impl Iterator<Item = char>) -> bool {
    match next.next() {
        None => false,
        Some(c) if is_word(c) => true,
        Some('\'') => match (next.next(), next.next()) {
            (Some('s'), after) => after.is_some_and(is_word),
            (first, _) => first.is_some_and(is_word),
        },
        Some('.' | ',' | '-' | '@' | '/' | '\\' | '+' | '%' | '~') => next.next().is_some_and(is_word),
        Some(_) => false,
    }
}

/// Letters and digits; and every character beyond ASCII that is not known to separate words, since joiners and accents are invisible.
fn is_word(c: char) -> bool {
    let separates = c.is_whitespace()
        || matches!(c, '\u{ab}' | '\u{bb}' | '\u{bf}' | '\u{a1}' | '\u{2010}'..='\u{2027}' | '\u{3000}'..='\u{3003}')
        || matches!(
            c,
            '\u{3008}'..='\u{3011}' | '\u{ff01}' | '\u{ff08}' | '\u{ff09}' | '\u{ff0c}' | '\u{ff1a}' | '\u{ff1b}'
        );
    c.is_alphanumeric() || c == '_' || (!c.is_ascii() && !separates)
}

/// Whether a number stands in `text`: alone, with a currency or a percent sign, with thousands separated by commas.
fn has_number(text: &str, number: &serde_json::Number) -> bool {
    let is_it = |word: &str| {
        let word = word
            .trim_start_matches(|c: char| !c.is_alphanumeric() && c != '-')
            .trim_end_matches(|c: char| !c.is_alphanumeric());
        let Some(digits) = without_separators(word) else {
            return false;
        };
        if !digits.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-')) {
            return false;
        }
        let exact = digits.parse::<i128>().ok();
        let wanted = number.as_i64().map(i128::from).or(number.as_u64().map(i128::from));
        match (exact, wanted) {
            (Some(exact), Some(wanted)) => exact == wanted,
            // a whole number beyond what a float can tell apart is another one
            (Some(exact), None) => {
                number.as_f64().is_some_and(|n| n.fract() == 0.0 && n.abs() < 9e15 && n as i128 == exact)
            }
            _ => digits.parse::<f64>().is_ok_and(|n| Some(n) == number.as_f64()),
        }
    };
    text.split_whitespace().any(is_it)
}

/// `1,234.50` becomes `1234.50`; a comma anywhere else means something else.
fn without_separators(word: &str) -> Option<String> {
    let whole = word.split_once('.').map_or(word, |(whole, _)| whole);
    let mut groups = whole.split(',');
    let first = groups.next()?;
    let grouped = groups.all(|group| group.len() == 3);
    let in_fraction = word.get(whole.len()..).is_some_and(|rest| rest.contains(','));
    let too_long = whole.contains(',') && first.trim_start_matches('-').len() > 3;
    (grouped && !in_fraction && !too_long).then(|| word.replace(',', ""))
}
