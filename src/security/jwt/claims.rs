use std::time::{Duration, SystemTime};

use serde::Deserialize;

use super::Error;
use crate::security::{Scope, ScopeSet};

/// What a verified token says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Claims {
    /// The scopes it grants; none when it does not say.
    pub scopes: Option<ScopeSet>,
    /// When it stops being good.
    pub expires: SystemTime,
}

/// As they stand in the token. A claim that occurs twice makes it unreadable.
#[derive(Debug, Deserialize)]
pub(super) struct RawClaims {
    iss: Option<String>,
    aud: Option<OneOrMany>,
    exp: Option<f64>,
    nbf: Option<f64>,
    scope: Option<OneOrMany>,
    scp: Option<OneOrMany>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl RawClaims {
    pub(super) fn check(
        self,
        issuer: &str,
        audience: &str,
        now: SystemTime,
        leeway: Duration,
    ) -> Result<Claims, Error> {
        let found = self.iss.ok_or(Error::Missing("iss"))?;
        if found != issuer {
            return Err(Error::Issuer { found: short(&found), expected: issuer.to_owned() });
        }
        let found = self.aud.ok_or(Error::Missing("aud"))?;
        if !found.iter().any(|one| one == audience) {
            return Err(Error::Audience {
                found: short(&found.iter().collect::<Vec<_>>().join(" ")),
                expected: audience.to_owned(),
            });
        }
        let expires = time(self.exp.ok_or(Error::Missing("exp"))?)?;
        if expires.checked_add(leeway).is_some_and(|end| end <= now) {
            return Err(Error::Expired);
        }
        if let Some(start) = self.nbf
            && time(start)? > now + leeway
        {
            return Err(Error::Early);
        }
        let scopes = self.scope.or(self.scp).map(scopes).transpose()?;
        Ok(Claims { scopes, expires })
    }
}

impl OneOrMany {
    fn iter(&self) -> impl Iterator<Item = &str> {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many.as_slice(),
        }
        .iter()
        .map(String::as_str)
    }
}

fn scopes(claim: OneOrMany) -> Result<ScopeSet, Error> {
    let parsed: Result<Vec<Vec<Scope>>, _> =
        claim.iter().map(|text| ScopeSet::parse(text).map(|set| set.iter().cloned().collect())).collect();
    let parsed = parsed.map_err(|e| Error::Malformed(e.to_string()))?;
    Ok(parsed.into_iter().flatten().collect())
}

/// A NumericDate (RFC 7519, section 2).
fn time(seconds: f64) -> Result<SystemTime, Error> {
    Duration::try_from_secs_f64(seconds)
        .ok()
        .and_then(|since| SystemTime::UNIX_EPOCH.checked_add(since))
        .ok_or_else(|| Error::Malformed("a time in it is out of range".into()))
}

fn short(text: &str) -> String {
    text.chars().take(200).collect()
}
