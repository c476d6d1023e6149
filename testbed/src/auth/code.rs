//! A person's consent: authorization code with PKCE (RFC 6749 section 4.1, RFC 7636, RFC 9207), refresh tokens that are good
//! once, registration (RFC 7591), revocation (RFC 7009). The person says yes to whatever is asked, at once.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{RawQuery, State as Shared},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::{Url, form_urlencoded};

use super::{
    Client, Quirk,
    access_token::issue,
    client::random_hex,
    credentials::identify,
    desk::{Code, Consent, Refresh},
    form::Form,
    problem::Problem,
    state::State,
};
use crate::serve::lock;

/// Who registers itself has none of its own: a person says which.
const NO_SCOPES: [&str; 0] = [];

/// Adds what the metadata say about consents.
pub(super) fn describe(state: &State, document: &mut Value) {
    let (desk, issuer) = (&state.desk, &state.issuer);
    put(document, "authorization_endpoint", format!("{issuer}/authorize"));
    put(document, "revocation_endpoint", format!("{issuer}/revoke"));
    put(document, "grant_types_supported", json!(["client_credentials", "authorization_code", "refresh_token"]));
    put(document, "response_types_supported", json!(["code"]));
    put(document, "code_challenge_methods_supported", json!(["S256"]));
    put(document, "authorization_response_iss_parameter_supported", !desk.has(Quirk::SilentIss));
    put(document, "client_id_metadata_document_supported", desk.has(Quirk::Documents));
    if !desk.has(Quirk::Secrets) {
        document["token_endpoint_auth_methods_supported"] =
            json!(["client_secret_basic", "client_secret_post", "none"]);
    }
    if !desk.has(Quirk::NoRegistration) {
        put(document, "registration_endpoint", format!("{issuer}/register"));
    }
    if desk.has(Quirk::NoS256) {
        put(document, "code_challenge_methods_supported", json!(["plain"]));
    }
    if desk.has(Quirk::Script) {
        put(document, "authorization_endpoint", "javascript:alert(1)");
    }
    if let Some(scopes) = document.get_mut("scopes_supported").and_then(Value::as_array_mut)
        && desk.has(Quirk::Offline)
    {
        scopes.push("offline_access".into());
    }
}

pub(super) fn routes() -> Router<Arc<State>> {
    Router::new().route("/authorize", get(authorize)).route("/register", post(register)).route("/revoke", post(revoke))
}

async fn authorize(Shared(state): Shared<Arc<State>>, RawQuery(query): RawQuery) -> Response {
    let desk = &state.desk;
    let fields: BTreeMap<_, _> = form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect();
    lock(&desk.asked).push(fields.clone());
    let Some(mut redirect) = known(&state, &fields) else {
        return (StatusCode::BAD_REQUEST, "unknown client or redirect address").into_response();
    };
    let answer = decide(&state, &fields);
    if desk.has(Quirk::OtherPath) {
        redirect.set_path("/elsewhere");
    }
    let mut pairs = redirect.query_pairs_mut();
    match answer {
        Ok(code) => {
            pairs.append_pair("code", &code);
            if desk.has(Quirk::TwoCodes) {
                pairs.append_pair("code", &code);
            }
        }
        Err(error) => drop(pairs.append_pair("error", error)),
    }
    let sent = fields.get("state").map(String::as_str).unwrap_or_default();
    pairs.append_pair("state", if desk.has(Quirk::OtherState) { "another" } else { sent });
    if desk.has(Quirk::ForeignIss) {
        pairs.append_pair("iss", "https://evil.example");
    } else if !desk.has(Quirk::NoIss) && !desk.has(Quirk::SilentIss) {
        pairs.append_pair("iss", &state.issuer);
    }
    drop(pairs);
    (StatusCode::FOUND, [(header::LOCATION, redirect.to_string())]).into_response()
}

/// The redirect address, if it is one of the client. Those who did not register themselves may use any on this machine
/// (RFC 8252, section 7.3).
fn known(state: &State, fields: &BTreeMap<String, String>) -> Option<Url> {
    let (id, redirect) = (fields.get("client_id")?, fields.get("redirect_uri")?);
    let url = Url::parse(redirect).ok()?;
    let is_local = url.scheme() == "http" && url.host_str() == Some("127.0.0.1");
    let fits = match lock(&state.desk.registered).get(id) {
        Some(addresses) => addresses.contains(redirect),
        None if id.starts_with("https://") => state.desk.has(Quirk::Documents) && is_local,
        None => lock(&state.clients).contains_key(id) && is_local,
    };
    fits.then_some(url)
}

fn decide(state: &State, fields: &BTreeMap<String, String>) -> Result<String, &'static str> {
    let field = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
    if state.desk.has(Quirk::Denied) {
        return Err("access_denied");
    }
    if field("response_type") != "code" {
        return Err("unsupported_response_type");
    }
    if field("code_challenge_method") != "S256" || field("code_challenge").len() != 43 {
        return Err("invalid_request");
    }
    if !lock(&state.resources).contains(field("resource")) {
        return Err("invalid_target");
    }
    let code = random_hex::<16>().map_err(|_| "server_error")?;
    let consent = Consent {
        id: code.clone(),
        resource: field("resource").to_owned(),
        scope: granted(state, field("scope")).ok_or("invalid_scope")?,
    };
    let client = field("client_id").to_owned();
    let (redirect, challenge) = (field("redirect_uri").to_owned(), field("code_challenge").to_owned());
    lock(&state.desk.codes).insert(code.clone(), Code { client, redirect, challenge, consent, used: false });
    Ok(code)
}

/// Of the scopes asked for, those that there are.
fn granted(state: &State, asked: &str) -> Option<String> {
    let known: BTreeSet<String> = lock(&state.clients).values().flat_map(|client| client.scopes().to_vec()).collect();
    let scopes: Vec<&str> = asked.split(' ').filter(|scope| known.contains(*scope)).collect();
    Some(scopes.join(" ")).filter(|scopes| !scopes.is_empty())
}

/// The answer to `authorization_code` and `refresh_token`.
pub(super) fn grant(state: &State, headers: &HeaderMap, form: &Form) -> Result<Value, Problem> {
    lock(&state.desk.forms).push(form.fields.clone());
    let client = who(state, headers, form)?;
    let consent = match form.one("grant_type") {
        Some("refresh_token") => refresh(state, &client, form)?,
        _ => redeem(state, &client, form)?,
    };
    if form.resources != [consent.resource.clone()] {
        return Err(Problem::new("invalid_target", "another resource than was consented to"));
    }
    let client = Client::new(client, NO_SCOPES).map_err(|_| Problem::server())?;
    let mut answer = issue(state, &client, &consent.resource, &consent.scope)?;
    if !state.desk.has(Quirk::NoRefresh) {
        let token = random_hex::<32>().map_err(|_| Problem::server())?;
        put(&mut answer, "refresh_token", token.as_str());
        let refresh = Refresh { client: client.id().to_owned(), consent, used: false };
        lock(&state.desk.refresh).insert(token, refresh);
    }
    Ok(answer)
}

/// A public client only says who it is; what it shows besides is what counts.
fn who(state: &State, headers: &HeaderMap, form: &Form) -> Result<String, Problem> {
    let id = form.one("client_id").unwrap_or_default();
    let has_secret = lock(&state.clients).contains_key(id);
    let is_public = lock(&state.desk.registered).contains_key(id)
        || (id.starts_with("https://") && state.desk.has(Quirk::Documents));
    let shows_nothing = form.one("client_secret").is_none() && !headers.contains_key(header::AUTHORIZATION);
    if is_public && !has_secret && shows_nothing {
        return Ok(id.to_owned());
    }
    identify(state, headers, form).map(|client| client.id().to_owned())
}

fn redeem(state: &State, client: &str, form: &Form) -> Result<Consent, Problem> {
    let refused = |why| Problem::new("invalid_grant", why);
    let mut codes = lock(&state.desk.codes);
    let code = form.one("code").and_then(|code| codes.get_mut(code)).ok_or_else(|| refused("unknown code"))?;
    if std::mem::replace(&mut code.used, true) {
        state.desk.end(&code.consent);
        return Err(refused("the code was used before"));
    }
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(form.one("code_verifier").unwrap_or_default()));
    if code.client != client || form.one("redirect_uri") != Some(&code.redirect) || challenge != code.challenge {
        return Err(refused("another client, redirect address or verifier"));
    }
    Ok(code.consent.clone())
}

/// Each token is good once; using one twice ends the consent (OAuth 2.1, section 4.3.1).
fn refresh(state: &State, client: &str, form: &Form) -> Result<Consent, Problem> {
    let refused = |why| Problem::new("invalid_grant", why);
    let found = {
        let mut all = lock(&state.desk.refresh);
        let refresh = form.one("refresh_token").and_then(|token| all.get_mut(token));
        let refresh = refresh.filter(|refresh| refresh.client == client).ok_or_else(|| refused("unknown token"))?;
        let before = refresh.clone();
        refresh.used = true;
        before
    };
    if found.used {
        state.desk.end(&found.consent);
        return Err(refused("the token was used before"));
    }
    Ok(found.consent)
}

async fn register(Shared(state): Shared<Arc<State>>, Json(wanted): Json<Value>) -> Response {
    let desk = &state.desk;
    let asked: Vec<String> =
        serde_json::from_value(wanted.get("redirect_uris").cloned().unwrap_or_default()).unwrap_or_default();
    let Ok(id) = random_hex::<8>() else { return Problem::server().into_response() };
    if desk.has(Quirk::NoRegistration) || asked.is_empty() || wanted.get("application_type") != Some(&json!("native")) {
        return Problem::new("invalid_client_metadata", "not like that").into_response();
    }
    let addresses = if desk.has(Quirk::OtherRedirect) { vec!["https://evil.example/".to_owned()] } else { asked };
    let mut answer = wanted;
    put(&mut answer, "client_id", id.as_str());
    put(&mut answer, "redirect_uris", json!(addresses));
    if desk.has(Quirk::Secrets) {
        let Ok(client) = Client::new(&id, NO_SCOPES) else { return Problem::server().into_response() };
        put(&mut answer, "client_secret", client.secret());
        put(&mut answer, "client_secret_expires_at", 0);
        lock(&state.clients).insert(id.clone(), client);
    }
    lock(&desk.registered).insert(id, addresses);
    (StatusCode::CREATED, Json(answer)).into_response()
}

async fn revoke(Shared(state): Shared<Arc<State>>, headers: HeaderMap, body: Bytes) -> Response {
    let ended = Form::parse(&headers, &body).and_then(|form| {
        let client = who(&state, &headers, &form)?;
        let mut all = lock(&state.desk.refresh);
        let token = form.one("token").unwrap_or_default();
        if all.get(token).is_some_and(|refresh| refresh.client == client) {
            all.remove(token);
        }
        Ok(())
    });
    ended.map_or_else(IntoResponse::into_response, |()| StatusCode::OK.into_response())
}

fn put(object: &mut Value, name: &str, value: impl Into<Value>) {
    if let Some(object) = object.as_object_mut() {
        object.insert(name.to_owned(), value.into());
    }
}
