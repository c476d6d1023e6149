//! Telling an issuer who we are (RFC 7591).

use std::time::Duration;

use abide_base::secret::Secret;
use abide_net::Request;
use http::{
    HeaderValue, StatusCode,
    header::{ACCEPT, CONTENT_TYPE},
};
use serde_json::{Map, Value, json};
use url::Url;

use super::super::{
    AuthError, answer,
    discovery::check_available,
    issuing::{Issuer, Issuing},
    store::{Hidden, Method, Registered},
};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const MAX_NAME: usize = 2_048;

/// Registers a client for one redirect address.
pub(super) async fn register(issuing: &Issuing, issuer: &Issuer, redirect: &Url) -> Result<Registered, AuthError> {
    let pinned = &issuing.oauth.issuer;
    let failed = |reason: String| AuthError::Registration { issuer: pinned.clone(), reason };
    let Some(endpoint) = &issuer.metadata.registration_endpoint else {
        return Err(failed(
            "it names no usable `registration_endpoint`: have a client registered, and set `client_id`".into(),
        ));
    };
    let method =
        method(issuer.metadata.capabilities.token_endpoint_auth_methods_supported.as_deref()).ok_or_else(|| {
            failed("it takes neither public clients nor secrets: set `client_id` and `client_auth`".into())
        })?;
    let wanted = json!({
        "client_name": "abide",
        "application_type": "native",
        "redirect_uris": [redirect.as_str()],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": method.name(),
    });
    let mut request = Request::post(endpoint.clone(), wanted.to_string());
    request.headers.insert(CONTENT_TYPE, JSON);
    request.headers.insert(ACCEPT, JSON);
    let sent = issuing.client.send(request).await;
    let reply = sent.map_err(|source| AuthError::Network { issuer: pinned.clone(), reason: source })?;
    check_available(&reply, pinned, issuing.clock.now())?;
    if !matches!(reply.status, StatusCode::CREATED | StatusCode::OK) {
        let code = answer::error_code(&reply.body).unwrap_or_else(|| reply.status.as_u16().to_string());
        return Err(failed(format!("it refused with `{code}`: have a client registered, and set `client_id`")));
    }
    let entries = answer::entries(&reply.body).ok_or_else(|| failed("its answer is no JSON object".into()))?;
    let registered = read(&entries, method, redirect).map_err(|reason| failed(reason.into()))?;
    if let Some(secret) = &registered.secret {
        issuing.redactor.keep(&secret.0);
    }
    Ok(registered)
}

/// An empty secret is none, and an empty list of addresses says nothing.
fn read(entries: &Map<String, Value>, wanted: Method, redirect: &Url) -> Result<Registered, &'static str> {
    let visible = |text: &str| text.len() <= MAX_NAME && text.bytes().all(|b| (0x20..0x7f).contains(&b));
    let client_id = answer::text(entries, "client_id").ok_or("its answer lacks `client_id`")?;
    let secret = match entries.get("client_secret") {
        None | Some(Value::Null | Value::String(_)) => answer::text(entries, "client_secret"),
        Some(_) => return Err("its answer has a `client_secret` that is not a text"),
    };
    if !visible(client_id) || secret.is_some_and(|secret| !visible(secret)) {
        return Err("its answer has a `client_id` or `client_secret` that is none");
    }
    let uris = entries.get("redirect_uris").and_then(Value::as_array).filter(|uris| !uris.is_empty());
    if uris.is_some_and(|uris| !uris.iter().any(|uri| uri == redirect.as_str())) {
        return Err("it registered other addresses to send people back to");
    }
    let method = match answer::text(entries, "token_endpoint_auth_method") {
        Some(name) => Method::named(name).ok_or("it wants a proof of who we are that we cannot give")?,
        None if secret.is_none() => Method::Public,
        None => wanted,
    };
    if method != Method::Public && secret.is_none() {
        return Err("it wants a secret, but gave none");
    }
    // whole seconds; what cannot be read is as good as expired already, so that the client registers again
    let expires = answer::number(entries, "client_secret_expires_at").unwrap_or(Some(1.0)).filter(|time| *time > 0.0);
    Ok(Registered {
        client_id: client_id.to_owned(),
        method,
        secret: secret.map(|secret| Hidden(Secret::new(secret.to_owned()))),
        redirect_uri: redirect.to_string(),
        expires: expires.map(|time| Duration::try_from_secs_f64(time).map_or(u64::MAX, |time| time.as_secs())),
    })
}

/// A program on a person's machine cannot keep a secret, so it has one only where it must.
fn method(supported: Option<&[String]>) -> Option<Method> {
    // RFC 8414, section 2: what holds where nothing is said
    let Some(supported) = supported else { return Some(Method::Basic) };
    let known = [Method::Public, Method::Basic, Method::Post];
    known.into_iter().find(|method| supported.iter().any(|name| name == method.name()))
}

impl Method {
    fn name(self) -> &'static str {
        match self {
            Self::Public => "none",
            Self::Basic => "client_secret_basic",
            Self::Post => "client_secret_post",
        }
    }

    fn named(name: &str) -> Option<Self> {
        [Self::Public, Self::Basic, Self::Post].into_iter().find(|method| method.name() == name)
    }
}
