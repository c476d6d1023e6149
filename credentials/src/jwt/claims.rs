use std::time::{Duration, SystemTime};

use abide_base::scope::{Scope, ScopeSet};
use serde_json::{Map, Value};

use super::{
    Error,
    json::{malformed, short, text},
};

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

/// The end of the year 9999, in seconds: what is later are milliseconds, or an attacker who wants a token without an end.
const LAST: f64 = 253_402_300_799.0;

/// What a token must say.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    pub(super) issuer: String,
    /// Who it may be for: one of them is enough.
    pub(super) audiences: Vec<String>,
    /// The claim that lists what is granted, instead of `scope` or `scp`.
    pub(super) scope_claim: Option<String>,
    /// The client whose tokens may have no audience.
    pub(super) danger_without_audience: Option<String>,
}

pub(super) fn check(
    claims: Map<String, Value>,
    expected: &Expected,
    now: SystemTime,
    leeway: Duration,
) -> Result<Claims, Error> {
    let found = text(&claims, "iss")?.ok_or(Error::Missing("iss"))?;
    if found != expected.issuer {
        return Err(Error::Issuer { found: short(found), expected: expected.issuer.clone() });
    }
    let client_id = name(&claims, "client_id")?.or(name(&claims, "azp")?);
    audience(&claims, expected, client_id.as_deref())?;
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
    Ok(Claims {
        scopes: scopes(&claims, expected.scope_claim.as_deref())?,
        expires,
        subject: name(&claims, "sub")?,
        client_id,
        id: name(&claims, "jti")?,
        confirmation: confirmation(&claims)?,
    })
}

/// A token without an audience is good for every server of the issuer; only where the operator wrote that this may be, and only if it
/// was issued to us.
fn audience(claims: &Map<String, Value>, expected: &Expected, client_id: Option<&str>) -> Result<(), Error> {
    let Some(found) = texts(claims, "aud")? else {
        let ours = expected.danger_without_audience.as_deref();
        return if ours.is_some() && ours == client_id { Ok(()) } else { Err(Error::Missing("aud")) };
    };
    if found.iter().any(|one| expected.audiences.iter().any(|ours| ours == one)) {
        return Ok(());
    }
    Err(Error::Audience { found: short(&found.join(" ")), expected: expected.audiences.join("`, or `") })
}

/// A name, which some write as a whole number.
fn name(claims: &Map<String, Value>, name: &str) -> Result<Option<String>, Error> {
    match claims.get(name) {
        Some(Value::Number(number)) if number.is_u64() => Ok(Some(number.to_string())),
        _ => text(claims, name).map(|found| found.map(str::to_owned)),
    }
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

/// `None` if the token does not say, which one claim that the operator named cannot do: without it, nothing is granted.
fn scopes(claims: &Map<String, Value>, named: Option<&str>) -> Result<Option<ScopeSet>, Error> {
    if let Some(named) = named {
        let found = texts(claims, named)?.unwrap_or_default();
        let is_list = claims.get(named).is_some_and(Value::is_array);
        let words = found.iter().flat_map(|text| if is_list { vec![*text] } else { text.split(' ').collect() });
        // a role that is not a scope is nothing that a tool can ask for
        return Ok(Some(words.filter_map(|word| word.parse::<Scope>().ok()).collect()));
    }
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
        .ok_or_else(|| Error::Malformed(format!("its `{name}` is not a time in seconds")))
}

fn confirmation(claims: &Map<String, Value>) -> Result<Option<Confirmation>, Error> {
    let members = match claims.get("cnf") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Object(members)) => members,
        Some(_) => return Err(malformed("its `cnf` is not an object")),
    };
    let key = text(members, "jkt")?.map(|print| Confirmation::Key(print.to_owned()));
    let certificate = text(members, "x5t#S256")?.map(|print| Confirmation::Certificate(print.to_owned()));
    // a token that is bound twice must be proved twice
    let bound = members.len() == 1;
    Ok(Some(key.or(certificate).filter(|_| bound).unwrap_or(Confirmation::Other)))
}
