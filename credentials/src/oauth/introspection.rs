//! What an issuer says about a token that we cannot read (RFC 7662).

use std::time::{Duration, SystemTime};

use abide_base::{scope::ScopeSet, secret::Secret};
use http::StatusCode;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::{
    AuthError, answer,
    endpoint::{Endpoint, field},
    expiry::remaining,
};

/// What is known about an active token.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Introspected {
    pub(super) scopes: Option<ScopeSet>,
    pub(super) expires: Option<SystemTime>,
}

/// A token had ended when the issuer was asked about it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Expired;

impl Introspected {
    /// How long it may be used; `None` if the issuer says nothing about its end.
    pub(super) fn remaining(&self, now: SystemTime) -> Result<Option<Duration>, Expired> {
        match self.expires.map(|expires| remaining(expires, now)) {
            Some(Duration::ZERO) => Err(Expired),
            remaining => Ok(remaining),
        }
    }
}

/// What an issuer may say about a token of ours.
#[derive(Clone, Copy)]
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    /// Who it may be for: one of them is enough.
    pub(super) audiences: &'a [&'a str],
    pub(super) asked: &'a ScopeSet,
}

/// Nothing, when the issuer does not tell this client.
pub(super) async fn introspect(
    endpoint: &Endpoint<'_>,
    token: &Secret<String>,
    expected: Expected<'_>,
) -> Result<Option<Introspected>, AuthError> {
    let form = [("token".into(), Zeroizing::new(token.expose().clone())), field("token_type_hint", "access_token")];
    let reply = endpoint.send(&form).await?;
    if matches!(
        reply.status,
        StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND
    ) {
        return Ok(None);
    }
    read(&reply.body, expected).map(Some).map_err(|reason| endpoint.unusable(reason))
}

fn read(body: &[u8], expected: Expected<'_>) -> Result<Introspected, &'static str> {
    let entries = answer::entries(body).ok_or("what it says about a token is no JSON object")?;
    match entries.get("active") {
        Some(Value::Bool(true)) => {}
        Some(Value::Bool(false)) => return Err("it says that the token it just issued is not active"),
        // a text could mean either
        _ => return Err("what it says about a token lacks `active`, or has one that is neither `true` nor `false`"),
    }
    if answer::text(&entries, "iss").is_some_and(|iss| iss != expected.issuer) {
        return Err("it says that another issuer issued the token");
    }
    let audiences =
        audiences(&entries).ok_or("what it says about the audience of a token is neither a text nor several")?;
    if !audiences.is_empty() && !audiences.iter().any(|one| expected.audiences.contains(one)) {
        return Err("it says that the token is for another server: set `audience` if that is how it names this one");
    }
    let expires = answer::number(&entries, "exp")
        .and_then(|exp| exp.map(|exp| Duration::try_from_secs_f64(exp).map_err(|_| ())).transpose())
        .map_err(|()| "what it says about the end of a token (`exp`) is not a number of seconds")?;
    let scopes = answer::scopes(&entries, &expected.asked.to_string());
    Ok(Introspected {
        scopes: scopes.map_err(|()| "`scope` holds something that is not a scope")?,
        // 0 is how some say that it does not end
        expires: expires.filter(|since| !since.is_zero()).and_then(|since| SystemTime::UNIX_EPOCH.checked_add(since)),
    })
}

/// One text or several; none of them if nothing is said.
fn audiences(entries: &Map<String, Value>) -> Option<Vec<&str>> {
    let found = match entries.get("aud") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Array(several)) => several.iter().map(Value::as_str).collect::<Option<_>>()?,
        Some(_) => return None,
    };
    Some(found.into_iter().filter(|one| !one.is_empty()).collect())
}

#[cfg(test)]
mod tests;
