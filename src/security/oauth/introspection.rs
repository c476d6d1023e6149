//! What an issuer says about a token that we cannot read (RFC 7662).

use std::time::{Duration, SystemTime};

use http::StatusCode;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{
    AuthError,
    endpoint::{Endpoint, field},
};
use crate::{secret::Secret, security::ScopeSet};

/// What is known about an active token.
#[derive(Debug)]
pub(super) struct Introspected {
    pub(super) scopes: Option<ScopeSet>,
    pub(super) expires: Option<SystemTime>,
}

#[derive(Deserialize)]
struct Answer {
    active: bool,
    scope: Option<String>,
    exp: Option<u64>,
    iss: Option<String>,
    aud: Option<Audience>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// Nothing, when the issuer does not tell this client.
pub(super) async fn introspect(
    endpoint: &Endpoint<'_>,
    token: &Secret<String>,
    resource: &str,
) -> Result<Option<Introspected>, AuthError> {
    let form = [("token", Zeroizing::new(token.expose().clone())), field("token_type_hint", "access_token")];
    let reply = endpoint.send(&form).await?;
    if matches!(
        reply.status,
        StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND
    ) {
        return Ok(None);
    }
    let answer: Answer = serde_json::from_slice(&reply.body)
        .map_err(|_| endpoint.unusable("what it says about a token is no JSON with `active`"))?;
    if !answer.active {
        return Err(endpoint.unusable("it says that the token it just issued is not active"));
    }
    if answer.iss.is_some_and(|iss| iss != endpoint.issuer) {
        return Err(endpoint.unusable("it says that another issuer issued the token"));
    }
    let is_ours = |audience: &Audience| match audience {
        Audience::One(one) => one == resource,
        Audience::Many(many) => many.iter().any(|one| one == resource),
    };
    if answer.aud.is_some_and(|audience| !is_ours(&audience)) {
        return Err(endpoint.unusable("it says that the token is for another server"));
    }
    let scopes = answer.scope.map(|text| ScopeSet::parse(&text)).transpose();
    Ok(Some(Introspected {
        scopes: scopes.map_err(|_| endpoint.unusable("`scope` holds something that is no scope"))?,
        expires: answer.exp.and_then(|exp| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(exp))),
    }))
}
