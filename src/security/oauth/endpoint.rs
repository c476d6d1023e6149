//! Asking a token endpoint (RFC 6749, section 3.2), whatever for.

use std::time::{Duration, SystemTime};

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{
    HeaderMap, HeaderValue, Method, StatusCode,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE},
};
use serde::Deserialize;
use serde_json::{Value, json};
use url::{Url, form_urlencoded};
use zeroize::Zeroizing;

use super::{
    AuthError,
    discovery::check_available,
    dpop::{DPOP, Prover},
    random_id, seconds,
};
use crate::{
    net::{Client, Reply, Request},
    secret::Secret,
    security::{
        ScopeSet,
        boundary::{ClientAuth, Proof},
        jwt::{self, KeyHint, SigningKey},
    },
};

/// An endpoint of an issuer, and who we are there.
#[derive(Clone, Copy)]
pub(super) struct Endpoint<'a> {
    pub(super) client: &'a Client,
    pub(super) url: &'a Url,
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) auth: &'a ClientAuth,
    /// Set where tokens shall be bound to a key.
    pub(super) prover: Option<&'a Prover>,
    pub(super) now: SystemTime,
}

/// What a token endpoint granted (RFC 6749, section 5.1).
#[derive(Debug)]
pub(super) struct Grant {
    pub(super) token: Secret<String>,
    pub(super) proof: Proof,
    pub(super) life: Option<Duration>,
    pub(super) scopes: Option<ScopeSet>,
    pub(super) refresh: Option<Secret<String>>,
}

/// The fields of a request, in the order in which they are sent.
pub(super) type Form = Vec<(&'static str, Zeroizing<String>)>;

/// What a field of a request holds.
pub(super) fn field(name: &'static str, value: impl Into<String>) -> (&'static str, Zeroizing<String>) {
    (name, Zeroizing::new(value.into()))
}

#[derive(Deserialize)]
struct Answer {
    access_token: String,
    token_type: String,
    issued_token_type: Option<String>,
    expires_in: Option<Value>,
    scope: Option<String>,
    refresh_token: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Refusal {
    pub(super) error: String,
}

/// How long a statement of who we are is good.
const ASSERTION_LIFE: Duration = Duration::from_secs(60);
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

impl Endpoint<'_> {
    /// Asks for an access token.
    pub(super) async fn grant(&self, form: Form) -> Result<Grant, AuthError> {
        let mut asked_again = false;
        loop {
            let reply = self.send(&form).await?;
            if reply.status == StatusCode::OK {
                return self.read(&reply.body);
            }
            let error = self.refusal(&reply);
            // a nonce may be asked for once; a second time it would never end (RFC 9449, section 8)
            let nonce = matches!(&error, AuthError::Refused { code, .. } if code == "use_dpop_nonce");
            let learned = self.prover.is_some_and(|prover| prover.learn(self.url, &reply.headers));
            if !(nonce && learned) || asked_again {
                return Err(error);
            }
            asked_again = true;
        }
    }

    /// Asks for a token that is no access token, but is shown somewhere else for one (RFC 8693, section 2.2).
    pub(super) async fn exchange(&self, form: Form, kind: &str) -> Result<Secret<String>, AuthError> {
        let reply = self.send(&form).await?;
        if reply.status != StatusCode::OK {
            return Err(self.refusal(&reply));
        }
        let answer: Answer =
            serde_json::from_slice(&reply.body).map_err(|_| self.unusable("it is no token response"))?;
        let token = Secret::new(answer.access_token);
        if answer.issued_token_type.as_deref() != Some(kind) {
            return Err(self.unusable("`issued_token_type` is not what was asked for"));
        }
        if token.expose().len() > jwt::MAX_TOKEN || !jwt::is_jwt(token.expose()) {
            return Err(self.unusable("`access_token` is no statement that can be shown elsewhere"));
        }
        Ok(token)
    }

    /// Sends a form with a proof of who we are. A status of 4xx is a reply.
    pub(super) async fn send(&self, form: &[(&'static str, Zeroizing<String>)]) -> Result<Reply, AuthError> {
        let mut request = Request::post(self.url.clone(), self.body(form)?);
        request.headers = self.headers()?;
        let reply = self
            .client
            .send(request)
            .await
            .map_err(|source| AuthError::Network { issuer: self.issuer.to_owned(), source })?;
        check_available(&reply, self.issuer, self.now)?;
        Ok(reply)
    }

    pub(super) fn unusable(&self, reason: &'static str) -> AuthError {
        AuthError::Answer { issuer: self.issuer.to_owned(), reason }
    }

    fn body(&self, form: &[(&'static str, Zeroizing<String>)]) -> Result<Vec<u8>, AuthError> {
        let mut body = form_urlencoded::Serializer::new(String::new());
        for (name, value) in form {
            body.append_pair(name, value);
        }
        match self.auth {
            ClientAuth::Basic(_) => {}
            ClientAuth::Post(secret) => {
                body.append_pair("client_id", self.client_id);
                body.append_pair("client_secret", secret.expose());
            }
            ClientAuth::PrivateKey(key) => {
                body.append_pair("client_assertion_type", ASSERTION_TYPE);
                body.append_pair("client_assertion", self.assertion(key)?.expose());
            }
            ClientAuth::Certificate | ClientAuth::Public => {
                body.append_pair("client_id", self.client_id);
            }
        }
        Ok(body.finish().into_bytes())
    }

    /// Who we are, for this issuer only (RFC 7523, section 3): the audience is the issuer, not the address of its endpoint.
    fn assertion(&self, key: &SigningKey) -> Result<Secret<String>, AuthError> {
        let claims = json!({
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": self.issuer,
            "jti": random_id(),
            "iat": seconds(self.now),
            "exp": seconds(self.now + ASSERTION_LIFE),
        });
        key.sign("JWT", KeyHint::Kid, &claims).map_err(|source| self.key(source))
    }

    fn key(&self, source: jwt::KeyError) -> AuthError {
        AuthError::Key { issuer: self.issuer.to_owned(), source }
    }

    fn headers(&self) -> Result<HeaderMap, AuthError> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if let ClientAuth::Basic(secret) = self.auth {
            headers.insert(AUTHORIZATION, basic(self.client_id, secret));
        }
        if let Some(prover) = self.prover {
            let proof = prover.proof(&Method::POST, self.url, None, self.now).map_err(|source| self.key(source))?;
            headers.insert(DPOP, proof);
        }
        Ok(headers)
    }

    fn read(&self, body: &[u8]) -> Result<Grant, AuthError> {
        let grant = read(body).map_err(|reason| self.unusable(reason))?;
        match (self.prover, grant.proof) {
            (Some(_), Proof::Bearer) => Err(self.unusable("`token_type` is not `DPoP`: the token is bound to no key")),
            (None, Proof::Dpop) => Err(self.unusable("`token_type` is `DPoP`, which was not asked for: set `dpop`")),
            _ => Ok(grant),
        }
    }

    pub(super) fn refusal(&self, reply: &Reply) -> AuthError {
        let issuer = self.issuer.to_owned();
        let code =
            serde_json::from_slice::<Refusal>(&reply.body).map_or_else(|_| String::new(), |refusal| refusal.error);
        let no_code = code.is_empty() && reply.status == StatusCode::UNAUTHORIZED;
        match code.as_str() {
            code if no_code || code == "invalid_client" => {
                AuthError::ClientRefused { issuer, client_id: self.client_id.to_owned(), method: self.auth.method() }
            }
            // an issuer's text may be long or hold anything
            code if is_code(code) => AuthError::Refused { issuer, code: code.to_owned() },
            _ => AuthError::Refused { issuer, code: reply.status.as_u16().to_string() },
        }
    }
}

/// RFC 6749, section 2.3.1: both parts are encoded as form values first.
fn basic(client_id: &str, secret: &Secret<String>) -> HeaderValue {
    let encode = |text: &str| Zeroizing::new(form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>());
    let pair = Zeroizing::new(format!("{}:{}", *encode(client_id), *encode(secret.expose())));
    let value = Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())));
    // Base64 always fits into a header
    let mut value = HeaderValue::from_str(&value).unwrap_or_else(|_| HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}

pub(super) fn read(body: &[u8]) -> Result<Grant, &'static str> {
    let answer: Answer =
        serde_json::from_slice(body).map_err(|_| "it lacks `access_token` or `token_type`, or is no JSON")?;
    let token = Secret::new(answer.access_token);
    let refresh = answer.refresh_token.map(Secret::new);
    let proof = match answer.token_type.to_ascii_lowercase().as_str() {
        "bearer" => Proof::Bearer,
        "dpop" => Proof::Dpop,
        _ => return Err("`token_type` is neither `Bearer` nor `DPoP`"),
    };
    if !is_token(&token) || refresh.as_ref().is_some_and(|refresh| !is_token(refresh)) {
        return Err("`access_token` or `refresh_token` is no token (RFC 6750), or too long");
    }
    let scopes = answer
        .scope
        .map(|text| ScopeSet::parse(&text).map_err(|_| "`scope` holds something that is no scope"))
        .transpose()?;
    Ok(Grant { life: answer.expires_in.as_ref().map(life).transpose()?, token, proof, scopes, refresh })
}

fn is_token(token: &Secret<String>) -> bool {
    let text = token.expose();
    !text.is_empty() && text.len() <= jwt::MAX_TOKEN && text.bytes().all(|b| b.is_ascii_graphic())
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

/// Whether a text is an error code that can be shown.
pub(super) fn is_code(text: &str) -> bool {
    (1..=40).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}
