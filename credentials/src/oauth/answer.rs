//! What issuers answer, read as what it means: many write nothing as an empty text, numbers as texts, and lists of scopes in several ways.

use std::time::Duration;

use abide_base::{
    bom::strip_bom,
    scope::{Scope, ScopeSet},
    secret::Secret,
    token_shape::is_jwt,
};
use serde_json::{Map, Value};

use crate::{jwt, oauth::config::Proof};

/// What a token endpoint granted (RFC 6749, section 5.1); `asked` is what it was asked for.
pub(super) fn read(body: &[u8], asked: &str) -> Result<Grant, &'static str> {
    let entries = entries(body).ok_or("it is not a JSON object")?;
    let token = Secret::new(text(&entries, "access_token").ok_or("it lacks `access_token`")?.to_owned());
    let proof = match text(&entries, "token_type").ok_or("it lacks `token_type`")?.to_ascii_lowercase().as_str() {
        "bearer" => Proof::Bearer,
        "dpop" => Proof::Dpop,
        _ => return Err("`token_type` is neither `Bearer` nor `DPoP`"),
    };
    let refresh = match entries.get("refresh_token") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text).filter(|text| !text.is_empty()).cloned().map(Secret::new),
        Some(_) => return Err("`refresh_token` is not text"),
    };
    if !is_token(&token) || refresh.as_ref().is_some_and(|refresh| !is_token(refresh)) {
        return Err("`access_token` or `refresh_token` is not a token (RFC 6750), or too long");
    }
    Ok(Grant {
        life: number(&entries, "expires_in").and_then(life).map_err(|()| "`expires_in` is not a number of seconds")?,
        scopes: scopes(&entries, asked).map_err(|()| "`scope` holds something that is not a scope")?,
        token,
        proof,
        refresh,
    })
}

/// A statement that is shown elsewhere for a token (RFC 8693, section 2.2).
pub(super) fn statement(body: &[u8], kind: &str) -> Result<Secret<String>, &'static str> {
    let entries = entries(body).ok_or("it is not a JSON object")?;
    let token = Secret::new(text(&entries, "access_token").ok_or("it lacks `access_token`")?.to_owned());
    if text(&entries, "issued_token_type") != Some(kind) {
        return Err("`issued_token_type` is not what was asked for");
    }
    if token.expose().len() > jwt::MAX_TOKEN || !is_jwt(token.expose()) {
        return Err("`access_token` is not a statement that can be shown elsewhere");
    }
    Ok(token)
}

/// Whether this is a refusal, whatever the status says: some send one with 200.
pub(super) fn is_refusal(body: &[u8]) -> bool {
    entries(body).is_some_and(|entries| text(&entries, "error").is_some() && text(&entries, "access_token").is_none())
}

/// The code of a refusal, if it can be shown: an issuer's text may be long or hold anything.
pub(super) fn error_code(body: &[u8]) -> Option<String> {
    entries(body).and_then(|entries| text(&entries, "error").filter(|code| is_code(code)).map(str::to_owned))
}

/// Whether a text is an error code that can be shown.
pub(super) fn is_code(text: &str) -> bool {
    (1..=40).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

/// The members of a JSON object.
pub(super) fn entries(body: &[u8]) -> Option<Map<String, Value>> {
    serde_json::from_slice(strip_bom(body)).ok()
}

/// A text; an empty one is as good as none, and so is anything else.
pub(super) fn text<'e>(entries: &'e Map<String, Value>, name: &str) -> Option<&'e str> {
    entries.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// A number, which some write as a text. Nothing and an empty text are none; anything else is an error.
pub(super) fn number(entries: &Map<String, Value>, name: &str) -> Result<Option<f64>, ()> {
    match entries.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(number)) => number.as_f64().map(Some).ok_or(()),
        Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
        Some(Value::String(text)) => text.trim().parse().map(Some).map_err(|_| ()),
        Some(_) => Err(()),
    }
}

/// The scopes that were granted, in one text or several, with blanks or commas between them; `None` if nothing is said, and none at all
/// where the text or list is empty. A comma may be part of a scope (RFC 6749, section 3.3): one that was asked for stays whole.
pub(super) fn scopes(entries: &Map<String, Value>, asked: &str) -> Result<Option<ScopeSet>, ()> {
    let texts: Vec<&str> = match entries.get("scope") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(items)) => items.iter().map(Value::as_str).collect::<Option<_>>().ok_or(())?,
        Some(_) => return Err(()),
    };
    let was_asked = |word: &str| asked.split(' ').any(|scope| scope == word);
    let words = texts
        .into_iter()
        .flat_map(|text| text.split(' '))
        .flat_map(|word| if was_asked(word) { vec![word] } else { word.split(',').collect() });
    let parsed: Result<ScopeSet, _> = words.filter(|word| !word.is_empty()).map(str::parse::<Scope>).collect();
    parsed.map(Some).map_err(|_| ())
}

fn is_token(token: &Secret<String>) -> bool {
    let text = token.expose();
    !text.is_empty() && text.len() <= jwt::MAX_TOKEN && text.bytes().all(|b| b.is_ascii_graphic())
}

fn life(seconds: Option<f64>) -> Result<Option<Duration>, ()> {
    seconds.map(|seconds| Duration::try_from_secs_f64(seconds).map_err(|_| ())).transpose()
}

/// What a token endpoint granted (RFC 6749, section 5.1).
#[derive(Debug)]
pub(super) struct Grant {
    pub(super) token: Secret<String>,
    pub(super) proof: Proof,
    pub(super) life: Option<Duration>,
    pub(super) scopes: Option<ScopeSet>,
    pub(super) refresh: Option<Secret<String>>,
}

#[cfg(test)]
mod tests;
