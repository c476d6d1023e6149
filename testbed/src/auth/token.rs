//! The token endpoint.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
};

use axum::{
    Json,
    body::Bytes,
    extract::State as Shared,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jsonwebtoken::{Header, get_current_timestamp};
use serde::Serialize;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::{
    Client, Fault, State,
    client::{authenticate, random_hex},
    code,
};
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

pub(super) async fn endpoint(Shared(state): Shared<Arc<State>>, headers: HeaderMap, body: Bytes) -> Response {
    let answer = grant(&state, &headers, &body);
    let mut response = match answer {
        Ok(granted) => Json(granted).into_response(),
        Err(problem) => problem.into_response(),
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn grant(state: &State, headers: &HeaderMap, body: &[u8]) -> Result<Value, Problem> {
    let form = Form::parse(headers, body)?;
    if matches!(form.one("grant_type"), Some("authorization_code" | "refresh_token")) {
        return code::grant(state, headers, &form);
    }
    let client = identify(state, headers, &form)?;
    match form.one("grant_type") {
        Some("client_credentials") => {}
        Some(_) => {
            return Err(Problem::new(
                "unsupported_grant_type",
                "neither `client_credentials`, `authorization_code` nor `refresh_token`",
            ));
        }
        None => return Err(Problem::new("invalid_request", "`grant_type` is missing")),
    }
    let resource = match form.resources.as_slice() {
        [one] if lock(&state.resources).contains(one) => one.clone(),
        [] => {
            return Err(Problem::new("invalid_target", "`resource` is required (RFC 8707)"));
        }
        [_] => return Err(Problem::new("invalid_target", "unknown resource")),
        _ => return Err(Problem::new("invalid_target", "one resource at a time")),
    };
    let scope = narrow(&client, form.one("scope"))
        .ok_or_else(|| Problem::new("invalid_scope", "the client may have none of these scopes"))?;
    issue(state, &client, &resource, &scope)
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

/// The requested scopes that the client is registered for, in the order asked, each once; all of
/// its scopes when none are asked for.
fn narrow(client: &Client, requested: Option<&str>) -> Option<String> {
    let Some(requested) = requested else {
        return Some(client.scopes().join(" ")).filter(|all| !all.is_empty());
    };
    let mut granted: Vec<&str> = Vec::new();
    for scope in requested.split(' ') {
        if client.scopes().iter().any(|s| s == scope) && !granted.contains(&scope) {
            granted.push(scope);
        }
    }
    Some(granted.join(" ")).filter(|some| !some.is_empty())
}

/// RFC 6749 section 2.3: one method of authentication per request.
pub(super) fn identify(state: &State, headers: &HeaderMap, form: &Form) -> Result<Client, Problem> {
    let basic = headers.get(header::AUTHORIZATION).map(basic_credentials);
    let (id, secret) = match (&basic, form.one("client_secret")) {
        (Some(_), Some(_)) => {
            return Err(Problem::new("invalid_request", "use one way of client authentication"));
        }
        (Some(Some((id, secret))), None) => (id.as_str(), secret.as_str()),
        (None, Some(secret)) => (form.one("client_id").unwrap_or_default(), secret),
        (Some(None) | None, None) => return Err(Problem::unauthenticated(headers)),
    };
    if form.one("client_id").is_some_and(|other| other != id) {
        return Err(Problem::new("invalid_request", "two different client ids"));
    }
    let clients = lock(&state.clients);
    authenticate(clients.get(id), secret).cloned().ok_or_else(|| Problem::unauthenticated(headers))
}

/// RFC 6749 section 2.3.1: id and secret are form-encoded before they are joined by a colon.
fn basic_credentials(value: &HeaderValue) -> Option<(String, String)> {
    let (scheme, encoded) = value.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some((form_decode(id)?, form_decode(secret)?))
}

fn form_decode(text: &str) -> Option<String> {
    let pair = format!("v={text}");
    let mut parsed = form_urlencoded::parse(pair.as_bytes());
    let (_, value) = parsed.next()?;
    parsed.next().is_none().then(|| value.into_owned())
}

pub(super) struct Form {
    pub(super) fields: BTreeMap<String, String>,
    pub(super) resources: Vec<String>,
}

impl Form {
    /// Parameters must not repeat (RFC 6749 section 3.2), but for `resource` (RFC 8707 section 2).
    /// Those without a value count as absent.
    pub(super) fn parse(headers: &HeaderMap, body: &[u8]) -> Result<Self, Problem> {
        let declared = headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split(';').next());
        if !declared.is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")) {
            return Err(Problem::new("invalid_request", "send `application/x-www-form-urlencoded`"));
        }
        let mut form = Self { fields: BTreeMap::new(), resources: Vec::new() };
        for (name, value) in form_urlencoded::parse(body) {
            if value.is_empty() {
                continue;
            }
            if name == "resource" {
                form.resources.push(value.into_owned());
            } else if form.fields.insert(name.into_owned(), value.into_owned()).is_some() {
                return Err(Problem::new("invalid_request", "a parameter is repeated"));
            }
        }
        Ok(form)
    }

    pub(super) fn one(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str)
    }
}

/// An error answer (RFC 6749 section 5.2).
pub(super) struct Problem {
    status: StatusCode,
    error: &'static str,
    description: &'static str,
    challenge: Option<&'static str>,
}

impl Problem {
    pub(super) fn new(error: &'static str, description: &'static str) -> Self {
        Self { status: StatusCode::BAD_REQUEST, error, description, challenge: None }
    }

    pub(super) fn server() -> Self {
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, ..Self::new("server_error", "the token could not be signed") }
    }

    /// A client that tried the `Authorization` header is told which scheme to use there.
    fn unauthenticated(headers: &HeaderMap) -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            challenge: headers.contains_key(header::AUTHORIZATION).then_some("Basic realm=\"abide testbed\""),
            ..Self::new("invalid_client", "client authentication failed")
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = json!({ "error": self.error, "error_description": self.description });
        let mut response = (self.status, Json(body)).into_response();
        if let Some(challenge) = self.challenge {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        response
    }
}
