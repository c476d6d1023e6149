//! How a client proves who it is.

use axum::http::{HeaderMap, HeaderValue, header};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use url::form_urlencoded;

use super::{Client, client::authenticate, form::Form, problem::Problem, state::State};
use crate::serve::lock;

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
