//! Asking a token endpoint (RFC 6749, section 3.2), whatever for.

use std::{
    borrow::Cow,
    time::{Duration, SystemTime},
};

use abide_base::secret::Secret;
use abide_net::{Client, Reply, Request};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{
    HeaderMap, HeaderValue, Method, StatusCode,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE},
};
use serde_json::json;
use url::{Url, form_urlencoded};
use zeroize::Zeroizing;

use super::{
    AuthError,
    answer::{self, Grant},
    discovery::check_available,
    dpop::{DPOP, Prover},
    random::random_id,
    unix_time::seconds,
};
use crate::{
    jwt::{self, KeyHint, SigningKey},
    oauth::config::{ClientAuth, Proof},
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

/// A field of a request: its name, and what it holds.
pub(super) type Field = (Cow<'static, str>, Zeroizing<String>);

/// The fields of a request, in the order in which they are sent.
pub(super) type Form = Vec<Field>;

pub(super) fn field(name: &'static str, value: impl Into<String>) -> Field {
    (name.into(), Zeroizing::new(value.into()))
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
            if reply.status == StatusCode::OK && !answer::is_refusal(&reply.body) {
                return self.read(&reply.body, &form);
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

    /// Asks for a token that is not an access token, but is shown somewhere else for one (RFC 8693, section 2.2).
    pub(super) async fn exchange(&self, form: Form, kind: &str) -> Result<Secret<String>, AuthError> {
        let reply = self.send(&form).await?;
        if reply.status != StatusCode::OK || answer::is_refusal(&reply.body) {
            return Err(self.refusal(&reply));
        }
        answer::statement(&reply.body, kind).map_err(|reason| self.unusable(reason))
    }

    /// Sends a form with a proof of who we are. A status of 4xx is a reply.
    pub(super) async fn send(&self, form: &[Field]) -> Result<Reply, AuthError> {
        let mut request = Request::post(self.url.clone(), self.body(form)?);
        request.headers = self.headers()?;
        let reply = self
            .client
            .send(request)
            .await
            .map_err(|source| AuthError::Network { issuer: self.issuer.to_owned(), reason: source })?;
        check_available(&reply, self.issuer, self.now)?;
        Ok(reply)
    }

    pub(super) fn unusable(&self, reason: &'static str) -> AuthError {
        AuthError::Answer { issuer: self.issuer.to_owned(), reason }
    }

    fn body(&self, form: &[Field]) -> Result<Vec<u8>, AuthError> {
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
        AuthError::Key { issuer: self.issuer.to_owned(), reason: source }
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

    fn read(&self, body: &[u8], form: &Form) -> Result<Grant, AuthError> {
        let asked = form.iter().find(|(name, _)| name == "scope").map_or("", |(_, scopes)| scopes);
        let grant = answer::read(body, asked).map_err(|reason| self.unusable(reason))?;
        match (self.prover, grant.proof) {
            (Some(_), Proof::Bearer) => Err(self.unusable("`token_type` is not `DPoP`: the token is bound to no key")),
            (None, Proof::Dpop) => Err(self.unusable("`token_type` is `DPoP`, which was not asked for: set `dpop`")),
            _ => Ok(grant),
        }
    }

    pub(super) fn refusal(&self, reply: &Reply) -> AuthError {
        let issuer = self.issuer.to_owned();
        let code = answer::error_code(&reply.body).unwrap_or_default();
        let no_code = code.is_empty() && reply.status == StatusCode::UNAUTHORIZED;
        match code.as_str() {
            // the second one is GitHub's
            code if no_code || matches!(code, "invalid_client" | "incorrect_client_credentials") => {
                AuthError::ClientRefused { issuer, client_id: self.client_id.to_owned(), method: self.auth.method() }
            }
            "" => AuthError::Refused { issuer, code: reply.status.as_u16().to_string() },
            code => AuthError::Refused { issuer, code: code.to_owned() },
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
