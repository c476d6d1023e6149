//! The JSON values that a text may mean: all of it, what stands in code fences, what stands within prose.

use serde_json::Value;

use super::{JsonFault, Leniency, parse_json};

/// A JSON value in a text.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundJson {
    /// The value.
    pub value: Value,
    /// How the text strays from being just that.
    pub flags: Vec<Leniency>,
}

/// What was found: the values of the most likely place that has any, and the first fault.
pub(super) struct Candidates {
    pub(super) found: Vec<FoundJson>,
    pub(super) fault: Option<JsonFault>,
}

/// More values in one text are too many to tell which is meant.
const MAX_FOUND: usize = 16;
/// The search reads so many times the bytes of the text at most.
const MAX_WORK: usize = 8;

/// The JSON values that a text may mean: itself, else those in its code fences, else the objects and lists in its prose, as
/// [`parse_json`] reads them. None where there are more than 16.
pub fn find_json(text: &str) -> Vec<FoundJson> {
    candidates(text, &['{', '[']).found
}

/// As [`find_json`], objects only.
pub fn find_objects(text: &str) -> Vec<FoundJson> {
    candidates(text, &['{']).found
}

/// `openers` are those of the values that are wanted out of prose.
pub(super) fn candidates(text: &str, openers: &[char]) -> Candidates {
    let mut fault = None;
    let whole = text.trim();
    match parse_json(whole) {
        Ok(parsed) if parsed.read == whole.len() => {
            return Candidates { found: vec![candidate(parsed.value, parsed.is_strict, None)], fault };
        }
        Ok(_) => {}
        Err(error) => fault = Some(error),
    }
    let fenced = fenced(whole, &mut fault);
    let found = if fenced.is_empty() { in_prose(whole, openers, &mut fault) } else { fenced };
    Candidates { found, fault }
}

fn candidate(value: Value, is_strict: bool, place: Option<Leniency>) -> FoundJson {
    let loose = (!is_strict).then_some(Leniency::LooseJson);
    FoundJson { value, flags: place.into_iter().chain(loose).collect() }
}

/// Values in code fences: three backticks or tildes that begin a line, perhaps an info word, one value, and the fence's end. What looks
/// like a fence within a value is a part of it.
fn fenced(text: &str, fault: &mut Option<JsonFault>) -> Vec<FoundJson> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(line) = text.get(at..).filter(|line| !line.is_empty()) {
        let length = line.find('\n').map_or(line.len(), |end| end + 1);
        let bare = line.trim_start_matches([' ', '\t']);
        let Some(inner) = bare.strip_prefix("```").or_else(|| bare.strip_prefix("~~~")) else {
            at += length;
            continue;
        };
        // an info word ends with its line; on one line it ends where the value begins
        let value = inner.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        match parse_json(value) {
            Ok(parsed) => {
                let after = value.get(parsed.read..).unwrap_or_default().trim_start();
                let is_closed = after.is_empty() || after.starts_with("```") || after.starts_with("~~~");
                if is_closed && found.len() < MAX_FOUND {
                    found.push(candidate(parsed.value, parsed.is_strict, Some(Leniency::Fenced)));
                }
                let closing = after.trim_start_matches(['`', '~']);
                at = text.len() - if is_closed { closing.len() } else { after.len() };
            }
            Err(error) => {
                fault.get_or_insert(error);
                at += length;
            }
        }
    }
    found
}

/// Objects and lists within prose, outermost ones only. One that begins and cannot be read to its end is what was meant, so nothing in it
/// or after it is; only a bracket that is none of JSON at all is stepped over.
fn in_prose(text: &str, openers: &[char], fault: &mut Option<JsonFault>) -> Vec<FoundJson> {
    let mut found = Vec::new();
    let (mut at, mut work) = (0, 0);
    while let Some(start) = text.get(at..).and_then(|rest| rest.find(openers)).map(|start| at + start) {
        let rest = text.get(start..).unwrap_or_default();
        if found.len() == MAX_FOUND || work > MAX_WORK * text.len() {
            *fault = Some(JsonFault::TooDeep);
            return Vec::new();
        }
        match parse_json(rest) {
            Ok(parsed) => {
                work += parsed.read;
                at = start + parsed.read.max(1);
                found.push(candidate(parsed.value, parsed.is_strict, Some(Leniency::Prose)));
            }
            Err(error) => {
                let read = match error {
                    JsonFault::Unexpected(read) => read.min(rest.len()),
                    _ => rest.len(),
                };
                work += read;
                let inner = rest.get(1..read).unwrap_or_default();
                let was_begun = inner.contains(['{', '[', '"', ',', ':']);
                let is_fatal = matches!(error, JsonFault::Duplicate(_) | JsonFault::TooDeep) || was_begun;
                if is_fatal || fault.is_none() {
                    *fault = Some(error);
                }
                if is_fatal {
                    return Vec::new();
                }
                at = start + 1;
            }
        }
    }
    found
}
