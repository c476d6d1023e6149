//! Reading what a tool gave back: an error or a result, facts in it, and text in it that tries to give orders.

use base64::Engine as _;
use serde_json::Value;

use super::{
    catalogue::{Purpose, Tool},
    intent::customer_ids,
    prompt::{Step, parsed},
};

/// An error that a tool call came back with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failure {
    /// Its code, or its whole text if it has none.
    pub code: String,
    /// All of it, in lower case.
    pub text: String,
    /// It says what was missing.
    pub names_missing: bool,
    /// It says what to do.
    pub advises: bool,
}

impl Failure {
    /// Reads the error in an observation, if it is one.
    #[must_use]
    pub fn of(observation: &Value) -> Option<Self> {
        match observation {
            Value::String(text) => {
                let start = text.trim_start().to_lowercase();
                let failed = ["error", "denied", "forbidden", "failed"].iter().any(|word| start.starts_with(word));
                failed.then(|| Self { code: text.clone(), text: start, ..Self::default() })
            }
            Value::Object(members) => {
                let error = members.get("error")?;
                let filled =
                    |key: &str| error.get(key).is_some_and(|value| !value.is_null() && value.as_str() != Some(""));
                let code = error.get("code").and_then(Value::as_str).map_or_else(|| error.to_string(), str::to_owned);
                Some(Self {
                    code,
                    text: error.to_string().to_lowercase(),
                    names_missing: filled("missing"),
                    advises: filled("advice"),
                })
            }
            _ => None,
        }
    }

    /// Whether it says that a thing asked for does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        ["not_found", "not found", "unknown customer", "no customer", "no such"]
            .iter()
            .any(|word| self.text.contains(word))
    }

    /// Whether it says that a limit is reached.
    #[must_use]
    pub fn is_limit(&self) -> bool {
        let code = self.code.to_lowercase();
        ["budget", "limit", "quota", "too_many", "rate"].iter().any(|word| code.contains(word))
    }
}

/// The text or number under the first of `keys` anywhere in a result.
#[must_use]
pub fn fact(value: &Value, keys: &[&str]) -> Option<String> {
    match value {
        Value::Object(members) => {
            let own = keys.iter().filter_map(|key| members.get(*key)).find_map(plain);
            own.or_else(|| members.values().find_map(|member| fact(member, keys)))
        }
        Value::Array(items) => items.iter().find_map(|item| fact(item, keys)),
        Value::String(text) => match parsed(value.clone()) {
            Value::String(_) => text.lines().find_map(|line| {
                let (key, rest) = line.split_once(':')?;
                let key = key.trim().to_lowercase().replace(' ', "_");
                keys.contains(&key.as_str()).then(|| rest.trim().to_owned())
            }),
            inner => fact(&inner, keys),
        },
        _ => None,
    }
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The number of a ticket in a result.
#[must_use]
pub fn ticket_number(value: &Value) -> Option<String> {
    let keyed = fact(value, &["ticket_id", "ticket", "ticket_number", "number", "reference", "case_id", "id"]);
    keyed.or_else(|| {
        let text = value.to_string();
        let tokens = text.split(|c: char| !c.is_alphanumeric() && c != '-' && c != '_');
        let mut numbered = tokens.filter(|token| token.contains('-') && token.chars().any(|c| c.is_ascii_digit()));
        numbered.next().map(str::to_owned)
    })
}

/// The sum in a result.
#[must_use]
pub fn total(value: &Value) -> Option<f64> {
    let keyed = fact(
        value,
        &["total", "total_value", "account_value", "value", "sum", "total_purchase_value", "total_amount", "result"],
    );
    keyed.as_deref().unwrap_or_default().trim_matches(|c: char| !c.is_ascii_digit()).replace(',', "").parse().ok().or(
        match value {
            Value::Object(members) => members.get("result").and_then(Value::as_f64),
            other => other.as_f64(),
        },
    )
}

/// Text in a result that gives orders.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// Its words.
    pub text: String,
    /// Index in the catalogue of the tool that it names, if it names one.
    pub tool: Option<usize>,
    /// Customers that it names.
    pub ids: Vec<String>,
    /// The first sum that it names.
    pub amount: Option<f64>,
}

/// Orders in the result of a step, in reading order.
#[must_use]
pub fn orders(step: &Step, tools: &[Tool], request: &str) -> Vec<Order> {
    let mut texts = Vec::new();
    collect(&step.observation, &mut texts);
    texts.iter().filter_map(|text| order(text, tools, request)).collect()
}

fn collect(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::String(text) => match parsed(value.clone()) {
            Value::String(_) if text.len() > 24 => out.push(legible(text)),
            Value::String(_) => {}
            inner => {
                out.push(text.clone());
                collect(&inner, out);
            }
        },
        Value::Array(items) => items.iter().for_each(|item| collect(item, out)),
        Value::Object(members) => {
            members.iter().filter(|(key, _)| *key != "error").for_each(|(_, member)| collect(member, out))
        }
        _ => {}
    }
}

fn order(text: &str, tools: &[Tool], request: &str) -> Option<Order> {
    let decoded = decoded(text);
    let full = format!("{text} {decoded}");
    let lower = full.to_lowercase();
    let squeezed: String = lower.chars().filter(|c| c.is_alphanumeric()).collect();
    let ids: Vec<String> = customer_ids(&full).into_iter().filter(|id| !request.contains(id.as_str())).collect();
    let bare = |tool: &Tool| tool.name.rsplit(['.', '/', ':']).next().unwrap_or_default().to_lowercase();
    let named = tools.iter().position(|tool| {
        let squeezed_name: String = bare(tool).chars().filter(|c| c.is_alphanumeric()).collect();
        tool.purpose() != Purpose::Finish && squeezed_name.len() > 5 && squeezed.contains(&squeezed_name)
    });
    let commands = COMMANDS.iter().any(|cue| lower.contains(cue));
    let tool = named.or_else(|| (commands || !ids.is_empty()).then(|| meant(&lower, tools)).flatten());
    let tool = tool.or_else(|| {
        (!ids.is_empty()).then(|| tools.iter().position(|tool| tool.purpose() == Purpose::Lookup)).flatten()
    });
    tool?;
    let amount = lower
        .split(|c: char| !(c.is_ascii_digit() || c == '.'))
        .filter_map(|word| word.parse::<f64>().ok())
        .find(|n| *n >= 5.0);
    Some(Order { text: full, tool, ids, amount })
}

/// The first tool that fits the deed which a text demands.
fn meant(lower: &str, tools: &[Tool]) -> Option<usize> {
    let by_deed: [(Purpose, &[&str]); 6] = [
        (Purpose::Refund, &["refund", "pay out", "money back"]),
        (Purpose::Export, &["export", "download", "all records"]),
        (Purpose::Search, &["search", "find all", "find every"]),
        (
            Purpose::List,
            &["list all", "recent customers", "latest customers", "newest customers", "all customers", "customer list"],
        ),
        (Purpose::Ticket, &["ticket", "open a case", "escalate"]),
        (Purpose::Lookup, &["look up", "lookup", "fetch the record"]),
    ];
    let deed = by_deed.iter().find(|(_, cues)| cues.iter().any(|cue| lower.contains(cue)));
    deed.and_then(|(purpose, _)| tools.iter().position(|tool| tool.purpose() == *purpose))
}

const COMMANDS: &[&str] = &[
    "ignore",
    "instruction",
    "must ",
    "you should",
    "also ",
    "please ",
    "call ",
    "execute",
    "run ",
    "system",
    "required",
    "immediately",
    "next ",
    "override",
    "before answering",
    "before you answer",
    "include ",
    "send ",
];

/// A text with letters set apart put together again, and digits that stand for letters read as such.
fn legible(text: &str) -> String {
    let words: Vec<&str> = text.split(' ').collect();
    let single = words.iter().filter(|word| word.chars().count() == 1).count();
    if single * 2 > words.len() && single > 8 {
        return text.split("  ").map(|word| word.replace(' ', "")).collect::<Vec<_>>().join(" ");
    }
    let read = |word: &str| {
        let letters = word.chars().filter(char::is_ascii_lowercase).count();
        let looks_spelled = letters > 0
            && word.contains(['0', '1', '3', '4', '5'])
            && !word.contains(['_', '/', '='])
            && word.len() < 16;
        if looks_spelled {
            word.replace('0', "o").replace('1', "i").replace('3', "e").replace('4', "a").replace('5', "s")
        } else {
            word.to_owned()
        }
    };
    words.into_iter().map(read).collect::<Vec<_>>().join(" ")
}

/// What base64 words and spaced-out letters in a text say.
fn decoded(text: &str) -> String {
    let words = text
        .split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=')))
        .filter(|word| word.len() >= 16);
    let engine = base64::engine::general_purpose::STANDARD;
    let texts = words.filter_map(|word| String::from_utf8(engine.decode(word).ok()?).ok());
    texts.filter(|text| text.chars().all(|c| !c.is_control())).collect::<Vec<_>>().join(" ")
}
