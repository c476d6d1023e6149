//! What models really write, read by the adapters: `tests/data/replies/*.toml`.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{collections::BTreeSet, fs};

use abide::{
    FieldError, Fields, SignatureSpec, SlotState,
    adapter::{Adapter, Chat, Json, ParseError, Task, Xml},
    lm::{Finish, LmReply},
};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    case: Vec<Case>,
}

/// A reply, and what must come of it: a value, or problems at these paths.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// A line, or JSON.
    signature: String,
    adapter: String,
    reply: String,
    finish: Option<String>,
    /// JSON.
    value: Option<String>,
    flags: Option<Vec<String>>,
    errors: Option<Vec<String>>,
}

impl Case {
    /// What is wrong with how it is read.
    fn problem(&self) -> Option<String> {
        let spec = match serde_json::from_str::<Value>(&self.signature) {
            Ok(json) => SignatureSpec::of_json(&json),
            Err(_) => SignatureSpec::parse(&self.signature),
        };
        let (spec, state, inputs) = (spec.unwrap(), SlotState::default(), Fields::new());
        let task = Task::new(&spec, &state, &inputs);
        let adapter: &dyn Adapter = match self.adapter.as_str() {
            "chat" => &Chat,
            "json" => &Json::new(),
            "xml" => &Xml,
            other => panic!("no adapter `{other}`"),
        };
        let reply = LmReply::new(self.reply.as_str()).finish(Finish::named(self.finish.as_deref()));
        match (adapter.accept(&task, &reply), &self.value, &self.errors) {
            (Ok(read), Some(value), None) => {
                let flags = read.flags.iter().map(|flag| match flag.path.as_str() {
                    "" => flag.leniency.to_string(),
                    path => format!("{path}: {}", flag.leniency),
                });
                let flags: Vec<String> = flags.collect();
                let is_right = serde_json::from_str::<Value>(value).unwrap() == Value::from(read.outputs.clone());
                (!is_right || Some(&flags) != self.flags.as_ref()).then(|| format!("{:?}, {flags:?}", read.outputs))
            }
            (Err(error), None, Some(paths)) => {
                let at: BTreeSet<String> = places(&error).into_iter().collect();
                (at != paths.iter().cloned().collect()).then(|| error.to_string())
            }
            (read, ..) => Some(format!("{read:?}")),
        }
    }
}

/// The paths that an error complains of.
fn places(error: &ParseError) -> Vec<String> {
    match error {
        ParseError::Fields(errors) => errors.iter().map(|error: &FieldError| error.field().to_owned()).collect(),
        ParseError::Repeated(field) => vec![field.clone()],
        _ => vec![String::new()],
    }
}

#[test]
fn every_reply_gives_what_its_case_says() {
    let mut read = 0;
    let mut problems = Vec::new();
    for entry in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/replies")).unwrap() {
        let path = entry.unwrap().path();
        let cases: Cases = toml::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        read += cases.case.len();
        let wrong = cases.case.iter().filter_map(|case| Some(format!("{}: {}", case.name, case.problem()?)));
        problems.extend(wrong.map(|problem| format!("{}: {problem}", path.display())));
    }
    assert!(read > 200, "{read} replies");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
