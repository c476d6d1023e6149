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

/// More values in one text are not looked at.
const MAX_FOUND: usize = 16;
/// The search reads so many times the bytes of the text at most.
const MAX_WORK: usize = 8;

/// The JSON values that a text may mean: itself, else those in its code fences, else the objects and lists in its prose; as
/// [`parse_json`] reads them, 16 at most.
pub fn find_json(text: &str) -> Vec<FoundJson> {
    candidates(text).found
}

pub(super) fn candidates(text: &str) -> Candidates {
    let mut fault = None;
    let whole = text.trim();
    match parse_json(whole) {
        Ok(parsed) if parsed.read == whole.len() => {
            return Candidates { found: vec![candidate(parsed.value, parsed.is_strict, None)], fault };
        }
        Ok(_) => {}
        Err(error) => fault = Some(error),
    }
    let fenced: Vec<FoundJson> = fences(whole)
        .into_iter()
        .take(MAX_FOUND)
        .filter_map(|inner| match parse_json(inner.trim()) {
            Ok(parsed) if parsed.read == inner.trim().len() => {
                Some(candidate(parsed.value, parsed.is_strict, Some(Leniency::Fenced)))
            }
            Ok(_) => None,
            Err(error) => {
                fault.get_or_insert(error);
                None
            }
        })
        .collect();
    if !fenced.is_empty() {
        return Candidates { found: fenced, fault };
    }
    let found = in_prose(whole, &mut fault);
    Candidates { found, fault }
}

fn candidate(value: Value, is_strict: bool, place: Option<Leniency>) -> FoundJson {
    let loose = (!is_strict).then_some(Leniency::LooseJson);
    FoundJson { value, flags: place.into_iter().chain(loose).collect() }
}

/// What stands between lines of three backticks or tildes; also where the first has an info word, or the last is missing.
fn fences(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("```").or_else(|| rest.find("~~~")) {
        let mark = rest.get(start..start + 3).unwrap_or_default();
        let inner = rest.get(start + 3..).unwrap_or_default();
        let end = inner.find(mark).unwrap_or(inner.len());
        let block = inner.get(..end).unwrap_or_default();
        // an info word ends with its line; on one line it ends where the value begins
        let info = block.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-').unwrap_or(0);
        found.push(block.get(info..).unwrap_or_default());
        rest = inner.get(end + 3..).unwrap_or_default();
    }
    found
}

/// Objects and lists within prose, outermost ones only.
fn in_prose(text: &str, fault: &mut Option<JsonFault>) -> Vec<FoundJson> {
    let mut found = Vec::new();
    let (mut at, mut work) = (0, 0);
    while let Some(start) = text.get(at..).and_then(|rest| rest.find(['{', '['])).map(|start| at + start) {
        if found.len() == MAX_FOUND || work > MAX_WORK * text.len() {
            break;
        }
        let rest = text.get(start..).unwrap_or_default();
        match parse_json(rest) {
            Ok(parsed) => {
                work += parsed.read;
                at = start + parsed.read.max(1);
                found.push(candidate(parsed.value, parsed.is_strict, Some(Leniency::Prose)));
            }
            Err(error) => {
                // how far it came is not known, so the worst is assumed
                work += rest.len().min(text.len() / 4 + 64);
                at = start + 1;
                if matches!(error, JsonFault::Duplicate(_) | JsonFault::CutOff) || fault.is_none() {
                    *fault = Some(error);
                }
            }
        }
    }
    found
}
