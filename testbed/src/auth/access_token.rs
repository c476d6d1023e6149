//! Access tokens: what they say, and how they are signed and given out.

use std::sync::{Arc, atomic::Ordering};

use jsonwebtoken::{Header, get_current_timestamp};
use serde::Serialize;
use serde_json::{Value, json};

use super::{Client, Fault, client::random_hex, problem::Problem, state::State};
use crate::serve::lock;

/// The claims of an access token (RFC 9068 section 2.2).
#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    client_id: &'a str,
    /// Space-separated.
    scope: &'a str,
    iat: u64,
    nbf: u64,
    exp: u64,
    jti: String,
}

/// A token response.
pub(super) fn issue(state: &State, client: &Client, resource: &str, scope: &str) -> Result<Value, Problem> {
    let token = sign(state, client, resource, scope)?;
    state.tokens.fetch_add(1, Ordering::Relaxed);
    Ok(json!({
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": state.lifetime,
        "scope": scope,
    }))
}

fn sign(state: &State, client: &Client, resource: &str, scope: &str) -> Result<String, Problem> {
    let published = Arc::clone(&lock(&state.key));
    let key = if state.has(Fault::UnknownKey) { &state.unpublished } else { &*published };
    let mut issued = get_current_timestamp();
    if state.has(Fault::Expired) {
        issued = issued.saturating_sub(state.lifetime + 60);
    }
    let claims = Claims {
        iss: &state.issuer,
        sub: client.id(),
        aud: if state.has(Fault::WrongAudience) { "https://wrong-audience.invalid/mcp" } else { resource },
        client_id: client.id(),
        scope,
        iat: issued,
        nbf: issued,
        exp: issued + state.lifetime,
        jti: random_hex::<16>().map_err(|_| Problem::server())?,
    };
    let mut header = Header::new(key.algorithm.jws());
    header.typ = Some("at+jwt".to_owned());
    header.kid = Some(key.id.clone());
    jsonwebtoken::encode(&header, &claims, &key.signing).map_err(|_| Problem::server())
}
