use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};

use super::{
    Error,
    token::{malformed, short, text},
};
use crate::security::{Scope, ScopeSet};

/// What a verified token says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Claims {
    /// The scopes it grants; none when it does not say.
    pub scopes: Option<ScopeSet>,
    /// When it stops being good.
    pub expires: SystemTime,
    /// Who it speaks for (`sub`).
    pub subject: Option<String>,
    /// The client that it was issued to (`client_id`, or `azp` of OpenID Connect).
    pub client_id: Option<String>,
    /// Its own name (`jti`).
    pub id: Option<String>,
    /// What its bearer must prove besides having it (`cnf`).
    pub confirmation: Option<Confirmation>,
}

/// What a token is bound to (RFC 7800). Such a token is no bearer token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Confirmation {
    /// The key with this thumbprint (`jkt`, RFC 9449).
    Key(String),
    /// The client certificate with this thumbprint (`x5t#S256`, RFC 8705).
    Certificate(String),
    /// Something else.
    Other,
}

/// The end of the year 9999, in seconds: what is later are milliseconds, or somebody who wants a token without an end.
const LAST: f64 = 253_402_300_799.0;

pub(super) fn check(
    claims: Map<String, Value>,
    issuer: &str,
    audience: &str,
    now: SystemTime,
    leeway: Duration,
) -> Result<Claims, Error> {
    let found = text(&claims, "iss")?.ok_or(Error::Missing("iss"))?;
    if found != issuer {
        return Err(Error::Issuer { found: short(found), expected: issuer.to_owned() });
    }
    let found = texts(&claims, "aud")?.ok_or(Error::Missing("aud"))?;
    if !found.contains(&audience) {
        return Err(Error::Audience { found: short(&found.join(" ")), expected: audience.to_owned() });
    }
    let expires = time(&claims, "exp")?.ok_or(Error::Missing("exp"))?;
    if expires + leeway <= now {
        return Err(Error::Expired);
    }
    for name in ["nbf", "iat"] {
        let start = time(&claims, name)?;
        if start.is_some_and(|start| start > now + leeway) {
            return Err(Error::Early);
        }
        if start.is_some_and(|start| start > expires) {
            return Err(malformed("it ends before it begins"));
        }
    }
    let owned = |name| text(&claims, name).map(|found| found.map(str::to_owned));
    Ok(Claims {
        scopes: scopes(&claims)?,
        expires,
        subject: owned("sub")?,
        client_id: owned("client_id")?.or(owned("azp")?),
        id: owned("jti")?,
        confirmation: confirmation(&claims)?,
    })
}

/// One text or several.
fn texts<'m>(claims: &'m Map<String, Value>, name: &str) -> Result<Option<Vec<&'m str>>, Error> {
    match claims.get(name) {
        Some(Value::Array(several)) => several
            .iter()
            .map(Value::as_str)
            .collect::<Option<Vec<_>>>()
            .map(Some)
            .ok_or_else(|| Error::Malformed(format!("its `{name}` lists something else than texts"))),
        _ => text(claims, name).map(|one| one.map(|one| vec![one])),
    }
}

fn scopes(claims: &Map<String, Value>) -> Result<Option<ScopeSet>, Error> {
    let Some(found) = texts(claims, "scope")?.or(texts(claims, "scp")?) else { return Ok(None) };
    let words = found.iter().flat_map(|text| text.split(' ')).filter(|word| !word.is_empty());
    let parsed: Result<ScopeSet, _> = words.map(str::parse::<Scope>).collect();
    parsed.map(Some).map_err(|e| Error::Malformed(e.to_string()))
}

/// A NumericDate (RFC 7519, section 2).
fn time(claims: &Map<String, Value>, name: &str) -> Result<Option<SystemTime>, Error> {
    let seconds = match claims.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(value) => value.as_f64().filter(|seconds| *seconds <= LAST),
    };
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .and_then(|since| SystemTime::UNIX_EPOCH.checked_add(since))
        .map(Some)
        .ok_or_else(|| Error::Malformed(format!("its `{name}` is no time in seconds")))
}

fn confirmation(claims: &Map<String, Value>) -> Result<Option<Confirmation>, Error> {
    let members = match claims.get("cnf") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Object(members)) => members,
        Some(_) => return Err(malformed("its `cnf` is no object")),
    };
    let key = text(members, "jkt")?.map(|print| Confirmation::Key(print.to_owned()));
    let certificate = text(members, "x5t#S256")?.map(|print| Confirmation::Certificate(print.to_owned()));
    // a token that is bound twice must be proved twice
    let bound = members.len() == 1;
    Ok(Some(key.or(certificate).filter(|_| bound).unwrap_or(Confirmation::Other)))
}
