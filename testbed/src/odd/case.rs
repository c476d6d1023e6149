use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{Error, text};

/// One odd server, issuer, stream or token: what it sends, and how it is tried.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Case {
    /// Its name, which no other case has.
    pub name: String,
    /// The file that it stands in, without `.toml`.
    #[serde(default)]
    pub kind: String,
    /// One line.
    pub about: String,
    /// Whether it wants the client's time or memory.
    #[serde(default)]
    pub hostile: bool,
    /// The tool that is called.
    #[serde(default = "tool")]
    pub tool: String,
    /// Its arguments.
    #[serde(default)]
    arguments: Option<Json>,
    /// The input of the run that the call stands in.
    #[serde(default)]
    pub input: Option<String>,
    /// Whether a call that changes something is made.
    #[serde(default)]
    pub live: bool,
    /// What must come of it. It is for whoever tries a client; nothing here reads it.
    #[serde(default)]
    pub expect: Value,
    /// Whether the tool changes something; `read` but for `odd.note`.
    #[serde(default)]
    pub(super) effect: Option<String>,
    /// Further lines of the table of the server, of that of the tool, and at the end of the client's boundary.
    #[serde(default)]
    pub(super) keys: Keys,
    /// How the server is spoken to.
    #[serde(default)]
    pub(super) transport: Transport,
    #[serde(default)]
    pub(super) server: Server,
    pub(super) issuer: Option<Issuer>,
    /// Answers instead of the ordinary ones, by method or path.
    #[serde(default)]
    pub(super) on: BTreeMap<String, Answers>,
    /// Sessions that are forgotten.
    pub(super) forget: Option<Forget>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Transport {
    #[default]
    Http,
    Stdio,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Keys {
    pub(super) server: String,
    pub(super) tool: String,
    pub(super) end: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Server {
    pub(super) era: Era,
    /// How long it reads nothing, in milliseconds.
    pub(super) start_ms: u64,
    /// Patches (RFC 7396) of ordinary results, and of the ordinary definition of `lookup`.
    pub(super) discover: Option<Json>,
    pub(super) initialize: Option<Json>,
    pub(super) list: Option<Json>,
    pub(super) lookup: Option<Json>,
    /// Tools instead of the ordinary ones, and further ones.
    pub(super) tools: Option<Json>,
    pub(super) more_tools: Option<Json>,
    /// What a call gives.
    pub(super) result: Option<Json>,
}

/// The revision of the protocol that is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Era {
    /// 2026-07-28: no sessions.
    #[default]
    Modern,
    /// 2025-11-25.
    Legacy,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Issuer {
    /// What follows the address of the server in the issuer's name.
    pub(super) path: String,
    /// The algorithm of tokens.
    pub(super) algorithm: String,
    /// Patches of the issuer's metadata, of what the server says of whose tokens it takes, and of a token answer.
    pub(super) metadata: Option<Json>,
    pub(super) resource: Option<Json>,
    pub(super) answer: Option<Json>,
    /// Patches of both parts of a token, and of the published key.
    pub(super) header: Option<Json>,
    pub(super) claims: Option<Json>,
    pub(super) key: Option<Json>,
    /// A token that is given out as it is.
    pub(super) token: Option<String>,
    /// A patch of what introspection says.
    pub(super) introspection: Option<Json>,
    /// Parameters that a token request must have.
    pub(super) wants: BTreeMap<String, String>,
}

/// After so many requests of a method, every session that was begun before is unknown.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Forget {
    pub(super) after: String,
    #[serde(default = "one")]
    pub(super) count: u64,
    /// What a request of such a session gets.
    pub(super) answer: Answer,
    /// What it gets when it is not a call, where that differs.
    #[serde(default)]
    pub(super) others: Option<Answer>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Answers {
    One(Box<Answer>),
    Many(Vec<Answer>),
}

/// What is answered; the ordinary answer, where it does not say otherwise.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Answer {
    /// How often, before the next one; always, when absent.
    pub(super) times: Option<u64>,
    pub(super) status: Option<u16>,
    pub(super) headers: BTreeMap<String, String>,
    #[serde(rename = "type")]
    pub(super) content_type: Option<String>,
    /// The ordinary result under a patch; a result or an error of the protocol instead; any text instead.
    pub(super) patch: Option<Json>,
    pub(super) result: Option<Json>,
    pub(super) error: Option<Json>,
    pub(super) body: Option<String>,
    /// The body in pieces.
    pub(super) send: Option<Vec<Piece>>,
    /// Everything that is written, the head included, in pieces.
    pub(super) raw: Option<Vec<Piece>>,
    pub(super) end: End,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) times: Times,
    /// The pause before each, in milliseconds.
    pub(super) pause_ms: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(super) enum Times {
    So(u64),
    Endless(Endless),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Endless {
    Forever,
}

/// What comes after a body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum End {
    /// The next request.
    #[default]
    Proper,
    /// Nothing more, and the connection stays open.
    Open,
    /// The connection is closed, and a body that was begun has no end.
    Cut,
}

/// A value of JSON. What is a text as a whole is read as JSON, so that `null` can be said; templates are filled in in both forms.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub(super) struct Json(Value);

impl Default for Times {
    fn default() -> Self {
        Self::So(1)
    }
}

impl Answers {
    pub(super) fn list(&self) -> &[Answer] {
        match self {
            Self::One(answer) => std::slice::from_ref(answer),
            Self::Many(answers) => answers,
        }
    }
}

impl Json {
    pub(super) fn value(&self, known: &dyn Fn(&str) -> Option<String>) -> Result<Value, Error> {
        match &self.0 {
            Value::String(text) => {
                let text = text::fill(text, known);
                serde_json::from_str(&text)
                    .map_err(|error| Error::Json { text: text.chars().take(200).collect(), error: error.to_string() })
            }
            other => Ok(filled(other, known)),
        }
    }
}

/// With the templates of all texts filled in.
fn filled(value: &Value, known: &dyn Fn(&str) -> Option<String>) -> Value {
    match value {
        Value::String(text) => text::fill(text, known).into(),
        Value::Array(list) => list.iter().map(|value| filled(value, known)).collect(),
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), filled(value, known))).collect(),
        other => other.clone(),
    }
}

impl Case {
    /// Whether a client starts it as a program.
    #[must_use]
    pub fn is_program(&self) -> bool {
        self.transport == Transport::Stdio
    }

    /// Whether it takes tokens, and issues them.
    #[must_use]
    pub fn has_issuer(&self) -> bool {
        self.issuer.is_some()
    }

    /// The arguments of the call, as JSON.
    ///
    /// # Errors
    /// They are none.
    pub fn arguments(&self) -> Result<Value, Error> {
        let ordinary = serde_json::json!({ "customer_id": "C-1" });
        self.arguments.as_ref().map_or(Ok(ordinary), |arguments| arguments.value(&|_| None))
    }
}

fn tool() -> String {
    "odd.lookup".to_owned()
}

fn one() -> u64 {
    1
}

/// Puts a patch over a value (RFC 7396).
pub(super) fn merge(value: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *value = patch;
        return;
    };
    if !value.is_object() {
        *value = Value::Object(serde_json::Map::new());
    }
    let Some(object) = value.as_object_mut() else { return };
    for (key, change) in patch {
        if change.is_null() {
            object.remove(&key);
        } else {
            merge(object.entry(key).or_insert(Value::Null), change);
        }
    }
}
