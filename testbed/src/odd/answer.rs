//! From a request to what is written: the answer that a case has for it, or the ordinary one.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};

use super::{
    Case, Error,
    case::{Answer, End, Era, Piece},
    issuer::{self, Authority},
    text,
    tool::{self, Said, patched},
    wire::{Chunk, Head, Reply, Request},
};
use crate::serve::lock;

/// What a server remembers.
pub(super) struct State {
    pub(super) case: Case,
    pub(super) base: String,
    authority: Option<Authority>,
    /// Requests by method or path.
    seen: Mutex<BTreeMap<String, u64>>,
    /// How often each answer of a case was given.
    given: Mutex<BTreeMap<(String, usize), u64>>,
    sessions: AtomicU64,
}

const EVENT_STREAM: &str = "text/event-stream";
const JSON: &str = "application/json";
const SESSION: &str = "mcp-session-id";

impl State {
    pub(super) fn new(case: &Case, base: &str) -> Result<Self, Error> {
        let authority = case.issuer.clone().map(|issuer| Authority::new(issuer, base)).transpose()?;
        Ok(Self {
            case: case.clone(),
            base: base.to_owned(),
            authority,
            seen: Mutex::default(),
            given: Mutex::default(),
            sessions: AtomicU64::new(0),
        })
    }

    pub(super) fn seen(&self) -> BTreeMap<String, u64> {
        lock(&self.seen).clone()
    }

    /// What templates everywhere may name.
    pub(super) fn known(&self, name: &str) -> Option<String> {
        Some(match name {
            "base" => self.base.clone(),
            "mcp" => format!("{}/mcp", self.base),
            "issuer" => self.authority.as_ref().map_or_else(|| self.base.clone(), Authority::name),
            "now" => issuer::now().to_string(),
            "metadata" => self.authority.as_ref()?.metadata().to_string(),
            "key" => self.authority.as_ref()?.public_key().to_string(),
            _ => return None,
        })
    }

    /// The answer to a request over HTTP.
    pub(super) fn http(&self, request: &Request) -> Result<Reply, Error> {
        let message: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let name = name(request, &message);
        self.count(&name);
        if request.path != "/mcp" {
            return self.elsewhere(&name, request);
        }
        if self.authority.as_ref().is_some_and(|authority| !authority.lets_in(request)) {
            let place = format!("Bearer resource_metadata=\"{}/.well-known/oauth-protected-resource/mcp\"", self.base);
            return self.pick("401", Reply::empty(401).with("www-authenticate", place), &Value::Null);
        }
        if let Some(reply) = self.forgotten(request, &message)? {
            return Ok(reply);
        }
        let ordinary = self.ordinary(request, &message)?;
        self.pick(&name, ordinary, &message)
    }

    /// The answer to a message over standard input and output, in pieces; each of them is a line, unless it has its end with it.
    pub(super) fn line(&self, message: &Value) -> Result<Reply, Error> {
        let method = message.get("method").and_then(Value::as_str).unwrap_or("answer").to_owned();
        self.count(&method);
        let mut reply = self.pick(&method, self.say(message)?, message)?;
        reply.head = None;
        Ok(reply)
    }

    fn count(&self, name: &str) -> u64 {
        let mut seen = lock(&self.seen);
        let count = seen.entry(name.to_owned()).or_default();
        *count += 1;
        *count
    }

    fn elsewhere(&self, name: &str, request: &Request) -> Result<Reply, Error> {
        let ordinary = match &self.authority {
            Some(authority) => authority.answer(request, &|name| self.known(name))?,
            None => None,
        };
        self.pick(name, ordinary.unwrap_or_else(|| Reply::empty(404)), &Value::Null)
    }

    /// What the ordinary server answers over HTTP.
    fn ordinary(&self, request: &Request, message: &Value) -> Result<Reply, Error> {
        let legacy = self.case.server.era == Era::Legacy;
        match request.method.as_str() {
            "GET" => return Ok(Reply::empty(405)),
            "DELETE" => return Ok(Reply::empty(if legacy { 200 } else { 405 })),
            _ => {}
        }
        let reply = self.say(message)?;
        let method = message.get("method").and_then(Value::as_str).unwrap_or_default();
        if !legacy {
            return Ok(reply);
        }
        if method == "initialize" {
            let session = self.sessions.fetch_add(1, Ordering::SeqCst) + 1;
            return Ok(reply.with(SESSION, format!("session-{session}")));
        }
        if !request.headers.contains_key(SESSION) {
            let error = json!({ "code": -32600, "message": "Bad Request: Missing session ID" });
            let body = json!({ "jsonrpc": "2.0", "id": "server-error", "error": error });
            return Ok(Reply::new(400, JSON, body.to_string()));
        }
        Ok(reply)
    }

    fn say(&self, message: &Value) -> Result<Reply, Error> {
        let said = tool::say(&self.case.server, message, &|name| self.known(name))?;
        let body = match said {
            Said::Nothing => return Ok(Reply::empty(202)),
            Said::Result(result) => envelope(message, "result", &result),
            Said::Fault(code, text) => envelope(message, "error", &json!({ "code": code, "message": text })),
        };
        Ok(Reply::new(200, JSON, body))
    }

    /// What a request of a session gets that was begun before the server was started again.
    fn forgotten(&self, request: &Request, message: &Value) -> Result<Option<Reply>, Error> {
        let Some(forget) = &self.case.forget else { return Ok(None) };
        if lock(&self.seen).get(&forget.after).is_none_or(|count| *count < forget.count) {
            return Ok(None);
        }
        let session = request.headers.get(SESSION).map(String::as_str).unwrap_or_default();
        // the session that was begun first
        if session != "session-1" {
            return Ok(None);
        }
        let method = message.get("method").and_then(Value::as_str).unwrap_or_default();
        if method == forget.after && lock(&self.seen).get(method) == Some(&forget.count) {
            return Ok(None);
        }
        let answer = match &forget.others {
            Some(others) if method != "tools/call" => others,
            _ => &forget.answer,
        };
        self.count("forgotten");
        self.render(answer, Reply::empty(404), message).map(Some)
    }

    /// The answer that the case has for this now, else the ordinary one.
    fn pick(&self, name: &str, ordinary: Reply, message: &Value) -> Result<Reply, Error> {
        let Some(answers) = self.case.on.get(name) else {
            self.performed(name);
            return Ok(ordinary);
        };
        for (place, answer) in answers.list().iter().enumerate() {
            let Some(times) = answer.times else { return self.render(answer, ordinary, message) };
            let mut given = lock(&self.given);
            let count = given.entry((name.to_owned(), place)).or_default();
            if *count < times {
                *count += 1;
                drop(given);
                return self.render(answer, ordinary, message);
            }
        }
        self.performed(name);
        Ok(ordinary)
    }

    /// Counts calls that were carried out.
    fn performed(&self, name: &str) {
        if name == "tools/call" {
            self.count("performed");
        }
    }

    fn render(&self, answer: &Answer, ordinary: Reply, message: &Value) -> Result<Reply, Error> {
        let id = message.get("id").map_or_else(|| "null".to_owned(), Value::to_string);
        let body = ordinary.pieces.first().map(|piece| String::from_utf8_lossy(&piece.bytes).into_owned());
        let known = |name: &str| match name {
            "id" => Some(id.clone()),
            "ordinary" => body.clone(),
            // the number of this request among those of its kind, from 1
            "count" => lock(&self.seen).get(message.get("method")?.as_str()?).map(u64::to_string),
            "version" => message.pointer("/params/protocolVersion").map(Value::to_string),
            "request_token" => message.pointer("/params/_meta/progressToken").map(Value::to_string),
            _ => self.known(name),
        };
        let fill = |text: &str| text::fill(text, &known);
        if let Some(raw) = &answer.raw {
            return Ok(Reply { head: None, pieces: chunks(raw, &fill), end: End::Cut });
        }
        let mut head = ordinary.head.clone().unwrap_or(Head { status: 200, headers: Vec::new() });
        head.status = answer.status.unwrap_or(head.status);
        let stream = answer.content_type.as_deref().is_some_and(|kind| kind.starts_with(EVENT_STREAM));
        let own = if let Some(send) = &answer.send {
            Some(chunks(send, &fill))
        } else if let Some(text) = &answer.body {
            Some(vec![Chunk::once(fill(text))])
        } else if let Some(result) = &answer.result {
            Some(vec![Chunk::once(envelope(message, "result", &result.value(&known)?))])
        } else if let Some(error) = &answer.error {
            Some(vec![Chunk::once(envelope(message, "error", &error.value(&known)?))])
        } else if let Some(patch) = &answer.patch {
            let value = serde_json::from_str(body.as_deref().unwrap_or("null")).unwrap_or_default();
            Some(vec![Chunk::once(patched(value, Some(patch), &known)?.to_string())])
        } else if answer.status.is_some_and(|status| !(200..300).contains(&status)) {
            Some(Vec::new())
        } else {
            None
        };
        if own.is_none() || answer.patch.is_some() {
            let name = message.get("method").and_then(Value::as_str).unwrap_or_default();
            self.performed(name);
        }
        let written = own.is_some();
        let mut pieces = own.unwrap_or(ordinary.pieces);
        if stream && answer.send.is_none() && answer.body.is_none() {
            pieces = pieces.into_iter().map(|piece| Chunk::once(event(&piece.bytes))).collect();
        }
        let mut reply = Reply { head: Some(head), pieces, end: answer.end };
        if let Some(kind) = &answer.content_type {
            reply = reply.with("content-type", fill(kind));
        } else if written && !reply.pieces.is_empty() && !reply.has("content-type") {
            reply = reply.with("content-type", JSON);
        }
        for (name, value) in &answer.headers {
            reply = reply.with(name, fill(value));
        }
        Ok(reply)
    }
}

fn name(request: &Request, message: &Value) -> String {
    if request.path != "/mcp" {
        return request.path.clone();
    }
    match request.method.as_str() {
        "POST" => message.get("method").and_then(Value::as_str).unwrap_or("answer").to_owned(),
        other => other.to_owned(),
    }
}

fn envelope(message: &Value, key: &str, content: &Value) -> String {
    let id = message.get("id").cloned().unwrap_or_default();
    json!({ "jsonrpc": "2.0", "id": id, key: content }).to_string()
}

/// One event of a stream.
fn event(data: &[u8]) -> Vec<u8> {
    [b"event: message\ndata: ", data, b"\n\n"].concat()
}

fn chunks(pieces: &[Piece], fill: &dyn Fn(&str) -> String) -> Vec<Chunk> {
    let chunk = |piece: &Piece| Chunk {
        bytes: fill(&piece.text).into_bytes(),
        times: piece.times,
        pause: Duration::from_millis(piece.pause_ms),
    };
    pieces.iter().map(chunk).collect()
}
