//! What replies of models give for a signature.

use std::{
    fs,
    io::{self, BufRead, Write},
    path::Path,
};

use abide::{
    Bound, FieldError, Fields, Flag, SignatureSpec, SlotState,
    adapter::{Adapter, Chat, Json, ParseError, Parsed, Task, Xml},
    lm::LmReply,
};
use serde::Serialize;
use serde_json::Value;

use crate::{error::CliError, text::say_json};

/// How replies are laid out.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(super) enum Layout {
    /// Fields under marker lines
    Chat,
    /// One JSON object
    Json,
    /// Fields in tags
    Xml,
}

/// What one reply gives.
#[derive(Serialize)]
#[serde(untagged)]
enum Given {
    Read { value: Fields, flags: Vec<Flag> },
    Misread { errors: Vec<Problem> },
}

/// What is wrong in a reply, and where.
#[derive(Serialize)]
struct Problem {
    path: String,
    expected: String,
    got: String,
}

/// Reads replies from standard input, one JSON value on each line, and says what each gives, on a line each. Exits with 1 where one gives
/// nothing.
pub(super) fn parse(signature: &str, layout: Layout, out: &mut dyn Write) -> Result<u8, CliError> {
    let spec = declared(signature)?;
    let adapter: &dyn Adapter = match layout {
        Layout::Chat => &Chat,
        Layout::Json => &Json::new(),
        Layout::Xml => &Xml,
    };
    let (state, inputs) = (SlotState::default(), Fields::new());
    let task = Task::new(&spec, &state, &inputs);
    let mut code = 0;
    for (number, line) in io::stdin().lock().lines().enumerate() {
        let failed = |reason: String| CliError::Replies { line: number + 1, reason };
        let line = line.map_err(|error| failed(error.to_string()))?;
        if line.trim().is_empty() {
            continue;
        }
        let value: Value = serde_json::from_str(&line).map_err(|error| failed(error.to_string()))?;
        let Some(reply) = reply_of(value) else {
            return Err(failed("must be a JSON text, which is a reply's text, or a provider's whole reply".into()));
        };
        let given = match adapter.accept(&task, &reply) {
            Ok(Parsed { outputs, flags }) => Given::Read { value: outputs, flags },
            Err(error) => {
                code = 1;
                Given::Misread { errors: problems(&error) }
            }
        };
        say_json(&given, out)?;
    }
    Ok(code)
}

/// A signature out of a file of JSON, or a line such as `question -> answer: int`.
fn declared(signature: &str) -> Result<SignatureSpec, CliError> {
    let failed = |reason: String| CliError::Signature { text: signature.chars().take(200).collect(), reason };
    if signature.contains("->") {
        return SignatureSpec::parse(signature).map_err(|error| failed(error.to_string()));
    }
    let text = fs::read(Path::new(signature)).map_err(|error| {
        failed(format!("{error}; name a file of JSON, or write a line such as `question -> answer: int`"))
    })?;
    let json: Value = serde_json::from_slice(&text).map_err(|error| failed(error.to_string()))?;
    SignatureSpec::of_json(&json).map_err(|error| failed(error.to_string()))
}

fn reply_of(value: Value) -> Option<LmReply> {
    match value {
        Value::String(text) => Some(LmReply::new(text)),
        Value::Object(_) => abide::lm::provider_reply(value).ok(),
        _ => None,
    }
}

fn problems(error: &ParseError) -> Vec<Problem> {
    match error {
        ParseError::Fields(errors) => errors.iter().map(problem).collect(),
        ParseError::Repeated(field) => {
            vec![Problem { path: field.clone(), expected: "one value".into(), got: "two values that differ".into() }]
        }
        error => {
            vec![Problem { path: String::new(), expected: "a reply in its layout".into(), got: error.to_string() }]
        }
    }
}

fn problem(error: &FieldError) -> Problem {
    let bound = |bound: &Bound, limit: &dyn std::fmt::Display, unit: &str| format!("{bound} {limit}{unit}");
    let (expected, got) = match error {
        FieldError::Missing(_) => ("a value".to_owned(), "nothing".to_owned()),
        FieldError::Unknown(_) => ("nothing".to_owned(), "a value".to_owned()),
        FieldError::Kind { expected, got, .. } => (expected.clone(), got.clone()),
        FieldError::Length { actual, bound: side, limit, .. } => {
            (bound(side, limit, " characters"), format!("{actual} characters"))
        }
        FieldError::Mismatch { pattern, .. } => (format!("text that matches `{pattern}`"), "other text".to_owned()),
        FieldError::Range { bound: side, limit, .. } => (bound(side, limit, ""), "a number beyond it".to_owned()),
        FieldError::Items { actual, bound: side, limit, .. } => {
            (bound(side, limit, " items"), format!("{actual} items"))
        }
        other => (other.to_string(), String::new()),
    };
    Problem { path: error.field().to_owned(), expected, got }
}
