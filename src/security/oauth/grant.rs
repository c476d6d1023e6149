use std::time::{Duration, SystemTime};

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE},
};
use serde::Deserialize;
use serde_json::Value;
use url::{Url, form_urlencoded};
use zeroize::Zeroizing;

use super::{AuthError, discovery::check_available};
use crate::{
    net::{Client, Reply, Request},
    secret::Secret,
    security::{
        ScopeSet,
        boundary::{ClientAuth, ServerConfig},
        jwt,
    },
};

/// What a token endpoint granted (RFC 6749, section 5.1).
#[derive(Debug)]
pub(super) struct Grant {
    pub(super) token: Secret<String>,
    pub(super) life: Option<Duration>,
    pub(super) scopes: Option<ScopeSet>,
}

#[derive(Deserialize)]
struct Answer {
    access_token: String,
    token_type: String,
    expires_in: Option<Value>,
    scope: Option<String>,
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
}

/// The resource that tokens are for (RFC 8707): the MCP endpoint without fragment and trailing slash.
pub(super) fn resource(url: &Url) -> String {
    let mut url = url.clone();
    url.set_fragment(None);
    url.as_str().trim_end_matches('/').to_owned()
}

/// Asks for a token with client credentials (RFC 6749, section 4.4).
pub(super) async fn request(
    client: &Client,
    endpoint: &Url,
    config: &ServerConfig,
    scopes: &ScopeSet,
    now: SystemTime,
) -> Result<Grant, AuthError> {
    let issuer = &config.issuer;
    let mut request = Request::post(endpoint.clone(), form(config, scopes));
    request.headers = headers(config);
    let reply = client.send(request).await.map_err(|source| AuthError::Network { issuer: issuer.clone(), source })?;
    check_available(&reply, issuer, now)?;
    if reply.status == StatusCode::OK {
        read(&reply.body).map_err(|reason| AuthError::Answer { issuer: issuer.clone(), reason })
    } else {
        Err(refusal(&reply, config, scopes))
    }
}

fn form(config: &ServerConfig, scopes: &ScopeSet) -> Vec<u8> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "client_credentials");
    form.append_pair("resource", &resource(&config.url));
    if !scopes.is_empty() {
        form.append_pair("scope", &scopes.to_string());
    }
    if config.client_auth == ClientAuth::Post {
        form.append_pair("client_id", &config.client_id);
        form.append_pair("client_secret", config.client_secret.expose());
    }
    form.finish().into_bytes()
}

fn headers(config: &ServerConfig) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let form = HeaderValue::from_static("application/x-www-form-urlencoded");
    headers.insert(CONTENT_TYPE, form);
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    if config.client_auth == ClientAuth::Basic {
        let encode = |text: &str| Zeroizing::new(form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>());
        let pair = Zeroizing::new(format!("{}:{}", *encode(&config.client_id), *encode(config.client_secret.expose())));
        let value = Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())));
        if let Ok(mut value) = HeaderValue::from_str(&value) {
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
    }
    headers
}

fn read(body: &[u8]) -> Result<Grant, &'static str> {
    let answer: Answer =
        serde_json::from_slice(body).map_err(|_| "it lacks `access_token` or `token_type`, or is no JSON")?;
    let token = Secret::new(answer.access_token);
    if !answer.token_type.eq_ignore_ascii_case("bearer") {
        return Err("`token_type` is not `Bearer`");
    }
    let text = token.expose();
    if text.is_empty() || text.len() > jwt::MAX_TOKEN || !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err("`access_token` is no bearer token (RFC 6750), or too long");
    }
    let scopes = answer
        .scope
        .map(|text| ScopeSet::parse(&text).map_err(|_| "`scope` holds something that is no scope"))
        .transpose()?;
    Ok(Grant { life: answer.expires_in.as_ref().map(life).transpose()?, token, scopes })
}

/// Some issuers write the number as a text.
fn life(expires_in: &Value) -> Result<Duration, &'static str> {
    let seconds = match expires_in {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).ok_or("`expires_in` is no number of seconds")
}

fn refusal(reply: &Reply, config: &ServerConfig, scopes: &ScopeSet) -> AuthError {
    let issuer = config.issuer.clone();
    let code = serde_json::from_slice::<Refusal>(&reply.body).map_or_else(|_| String::new(), |refusal| refusal.error);
    match code.as_str() {
        "invalid_client" => AuthError::ClientRefused { issuer, client_id: config.client_id.clone() },
        "invalid_target" => AuthError::InvalidTarget { issuer, resource: resource(&config.url) },
        "invalid_scope" => {
            AuthError::InvalidScope { issuer, client_id: config.client_id.clone(), scopes: scopes.clone() }
        }
        "" if reply.status == StatusCode::UNAUTHORIZED => {
            AuthError::ClientRefused { issuer, client_id: config.client_id.clone() }
        }
        // a code may be shown, unless it is no code but a text that could hold anything
        code if is_code(code) => AuthError::Refused { issuer, code: code.to_owned() },
        _ => AuthError::Refused { issuer, code: reply.status.as_u16().to_string() },
    }
}

fn is_code(text: &str) -> bool {
    (1..=40).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}
