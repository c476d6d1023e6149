//! Access-token checks of the resource server (RFC 9068 section 4).

use std::{
    collections::HashMap,
    fmt::Debug,
    pin::Pin,
    sync::{Arc, Mutex},
};

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use jsonwebtoken::{Validation, decode, decode_header, get_current_timestamp};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::{
    auth::{Key, Trust},
    log::Refusal,
    serve::lock,
};

const MAX_CACHED: usize = 4_096;

/// Somebody else's check of tokens, in the place of our own.
pub trait TokenCheck: Debug + Send + Sync {
    /// Who sends a request with these headers. `scope` is what the wanted tool needs.
    fn check<'a>(&'a self, headers: &'a HeaderMap, scope: Option<&'a str>) -> Checking<'a>;
}

/// What a [`TokenCheck`] is going to say.
pub type Checking<'a> = Pin<Box<dyn Future<Output = Result<Passed, Refused>> + Send + 'a>>;

/// Who sends a request that may pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passed {
    /// `sub` of the token.
    pub subject: String,
    /// Scopes of the token, space-separated.
    pub scope: String,
}

/// What a request that may not pass is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// What is logged.
    pub reason: Refusal,
    /// The status.
    pub status: StatusCode,
    /// The value of `WWW-Authenticate`, if any.
    pub challenge: Option<HeaderValue>,
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        if let Some(challenge) = self.challenge {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// What a checked token says of its bearer.
#[derive(Debug, Deserialize)]
pub(super) struct Claims {
    pub(super) sub: String,
    /// Space-separated.
    pub(super) scope: String,
    exp: u64,
}

impl From<Passed> for Claims {
    fn from(passed: Passed) -> Self {
        Self { sub: passed.subject, scope: passed.scope, exp: 0 }
    }
}

/// The token is not valid here.
#[derive(Debug)]
pub(super) struct Invalid;

/// Checks tokens for one resource, and remembers good ones by their hash until they expire.
#[derive(Debug)]
pub(super) struct Verifier {
    trust: Trust,
    audience: String,
    seen: Mutex<HashMap<[u8; 32], Seen>>,
    other: Mutex<Option<Arc<dyn TokenCheck>>>,
}

#[derive(Clone, Debug)]
struct Seen {
    key_id: String,
    claims: Arc<Claims>,
}

impl Verifier {
    pub(super) fn new(trust: Trust, audience: String) -> Self {
        Self { trust, audience, seen: Mutex::default(), other: Mutex::default() }
    }

    pub(super) fn leave_to(&self, other: Arc<dyn TokenCheck>) {
        *lock(&self.other) = Some(other);
    }

    pub(super) fn other(&self) -> Option<Arc<dyn TokenCheck>> {
        lock(&self.other).clone()
    }

    /// The claims of `token`, if it is valid now. A remembered token is dropped when its key is.
    pub(super) fn verify(&self, token: &str) -> Result<Arc<Claims>, Invalid> {
        let digest: [u8; 32] = Sha256::digest(token).into();
        let key = self.trust.key();
        let now = get_current_timestamp();
        let seen = lock(&self.seen).get(&digest).cloned();
        if let Some(seen) = seen
            && seen.key_id == key.id
        {
            return (seen.claims.exp > now).then_some(seen.claims).ok_or(Invalid);
        }
        let claims = Arc::new(self.check(token, &key).map_err(|_| Invalid)?);
        if claims.exp <= now {
            return Err(Invalid);
        }
        let mut all = lock(&self.seen);
        if all.len() >= MAX_CACHED {
            all.retain(|_, seen| seen.claims.exp > now && seen.key_id == key.id);
        }
        if all.len() < MAX_CACHED {
            let claims = Arc::clone(&claims);
            all.insert(digest, Seen { key_id: key.id.clone(), claims });
        }
        Ok(claims)
    }

    fn check(&self, token: &str, key: &Key) -> Result<Claims, jsonwebtoken::errors::Error> {
        use jsonwebtoken::errors::ErrorKind::{InvalidAlgorithm, InvalidToken};
        let header = decode_header(token)?;
        let typed = header
            .typ
            .as_deref()
            .is_some_and(|kind| kind.eq_ignore_ascii_case("at+jwt") || kind.eq_ignore_ascii_case("application/at+jwt"));
        if !typed || header.crit.is_some() || header.kid.as_deref() != Some(&key.id) {
            return Err(InvalidToken.into());
        }
        if header.alg != key.algorithm.jws() {
            return Err(InvalidAlgorithm.into());
        }
        let mut rules = Validation::new(key.algorithm.jws());
        rules.leeway = 0;
        rules.validate_nbf = true;
        rules.set_issuer(&[self.trust.issuer()]);
        rules.set_audience(&[&self.audience]);
        rules.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        Ok(decode::<Claims>(token, &key.verifying, &rules)?.claims)
    }
}
