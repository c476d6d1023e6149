//! Field markers: `[[ ## name ## ]]` alone on a line.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::form::Form;

/// The name in a line that is a field marker.
#[must_use]
pub fn marker(line: &str) -> Option<&str> {
    line.trim().strip_prefix("[[ ## ")?.strip_suffix(" ## ]]")
}

/// Fields under their markers, or the members of a JSON object; an empty map if it is neither.
#[must_use]
pub fn fields(text: &str) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    let mut current: Option<(&str, Vec<&str>)> = None;
    for line in text.lines() {
        if let Some(name) = marker(line) {
            close(&mut out, current.take());
            current = Some((name, Vec::new()));
        } else if let Some((_, lines)) = &mut current {
            lines.push(line);
        }
    }
    close(&mut out, current);
    if out.is_empty()
        && let Ok(Value::Object(members)) = serde_json::from_str(text.trim())
    {
        return members.into_iter().map(|(name, value)| (name, as_text(&value))).collect();
    }
    out
}

fn close(out: &mut BTreeMap<String, String>, field: Option<(&str, Vec<&str>)>) {
    if let Some((name, lines)) = field
        && name != "completed"
    {
        out.insert(name.to_owned(), unescape(lines.join("\n").trim()));
    }
}

/// Takes away the backslash that keeps a marker inside a value from being one.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("[[\\") {
        let (head, tail) = rest.split_at(at + 2);
        out.push_str(head);
        let after = tail.trim_start_matches('\\').trim_start_matches([' ', '\t']);
        rest = if after.starts_with("##") { tail.get(1..).unwrap_or_default() } else { tail };
        let slashes = rest.len() - rest.trim_start_matches('\\').len();
        out.push_str(rest.get(..slashes).unwrap_or_default());
        rest = rest.get(slashes..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// Neutralises a value so that it cannot open a field: one backslash more after every `[[` that could begin a marker.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("[[") {
        let (head, tail) = rest.split_at(at + 2);
        out.push_str(head);
        if tail.trim_start_matches('\\').trim_start_matches([' ', '\t']).starts_with("##") {
            out.push('\\');
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// Writes output fields in the form asked for.
#[must_use]
pub fn render(form: &Form, outputs: &[(String, Value)]) -> String {
    match form {
        Form::Markers => {
            let mut out = String::new();
            for (name, value) in outputs {
                out.push_str(&format!("[[ ## {name} ## ]]\n{}\n\n", escape(&as_text(value))));
            }
            out + "[[ ## completed ## ]]"
        }
        Form::Json => Value::Object(outputs.iter().cloned().collect::<Map<_, _>>()).to_string(),
        Form::Native | Form::Plain => outputs.iter().map(|(_, value)| as_text(value)).collect::<Vec<_>>().join("\n\n"),
    }
}

fn as_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
