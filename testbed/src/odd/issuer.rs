//! An ordinary issuer of tokens, and what is odd about it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
    time::{SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};
use url::form_urlencoded;

use super::{
    Error,
    case::Issuer,
    key::Key,
    tool::patched,
    wire::{Reply, Request},
};
use crate::serve::lock;

/// One issuer at the address of its server.
pub(super) struct Authority {
    issuer: Issuer,
    base: String,
    key: Key,
    given: Mutex<BTreeSet<String>>,
}

type Known<'a> = &'a dyn Fn(&str) -> Option<String>;

pub(super) const SCOPE: &str = "crm:read";

impl Authority {
    pub(super) fn new(issuer: Issuer, base: &str) -> Result<Self, Error> {
        let algorithm = if issuer.algorithm.is_empty() { "ES256" } else { &issuer.algorithm };
        let key = Key::generate(algorithm)?;
        Ok(Self { key, base: base.to_owned(), given: Mutex::default(), issuer })
    }

    /// As it calls itself.
    pub(super) fn name(&self) -> String {
        format!("{}{}", self.base, self.issuer.path)
    }

    /// What it answers at a path; `None` where it has nothing there.
    pub(super) fn answer(&self, request: &Request, known: Known<'_>) -> Result<Option<Reply>, Error> {
        let path = self.issuer.path.trim_end_matches('/');
        let ours = |name: &str| request.path == format!("/.well-known/{name}{path}");
        Ok(Some(match request.path.as_str() {
            _ if ours("oauth-authorization-server") => {
                json_reply(200, &patched(self.metadata(), self.issuer.metadata.as_ref(), known)?)
            }
            "/.well-known/oauth-protected-resource/mcp" => {
                let document = json!({
                    "resource": format!("{}/mcp", self.base),
                    "authorization_servers": [self.name()],
                    "scopes_supported": [SCOPE],
                });
                json_reply(200, &patched(document, self.issuer.resource.as_ref(), known)?)
            }
            "/jwks" => {
                let key = patched(self.key.public(), self.issuer.key.as_ref(), known)?;
                let keys = if key.is_null() { json!([]) } else { json!([key]) };
                json_reply(200, &json!({ "keys": keys }))
            }
            "/token" => self.token(request, known)?,
            "/introspect" => self.introspect(request, known)?,
            _ => return Ok(None),
        }))
    }

    /// Whether a request to the server has a token of this issuer.
    pub(super) fn lets_in(&self, request: &Request) -> bool {
        let header = request.headers.get("authorization").map(String::as_str).unwrap_or_default();
        header.split_once(' ').is_some_and(|(_, token)| lock(&self.given).contains(token))
    }

    pub(super) fn public_key(&self) -> Value {
        self.key.public()
    }

    /// What it says of itself.
    pub(super) fn metadata(&self) -> Value {
        let at = |path: &str| format!("{}{path}", self.base);
        json!({
            "issuer": self.name(), "token_endpoint": at("/token"), "jwks_uri": at("/jwks"),
            "grant_types_supported": ["client_credentials"],
        })
    }

    fn token(&self, request: &Request, known: Known<'_>) -> Result<Reply, Error> {
        let form: BTreeMap<String, String> = form_urlencoded::parse(&request.body).into_owned().collect();
        if let Some((name, value)) = self.issuer.wants.iter().find(|(name, value)| {
            let wanted = super::text::fill(value, known);
            form.get(*name).map_or("", String::as_str) != wanted
        }) {
            let problem = json!({ "error": "invalid_request", "error_description": format!("{name} is not {value}") });
            return Ok(json_reply(400, &problem));
        }
        let token = self.sign(known)?;
        let answer = json!({ "access_token": token, "token_type": "Bearer", "expires_in": 300, "scope": SCOPE });
        let answer = patched(answer, self.issuer.answer.as_ref(), known)?;
        if let Some(token) = answer.get("access_token").and_then(Value::as_str) {
            lock(&self.given).insert(token.to_owned());
        }
        Ok(json_reply(200, &answer))
    }

    fn sign(&self, known: Known<'_>) -> Result<String, Error> {
        if let Some(token) = &self.issuer.token {
            return Ok(super::text::fill(token, known));
        }
        let now = now();
        let algorithm = if self.issuer.algorithm.is_empty() { "ES256" } else { &self.issuer.algorithm };
        let header = json!({ "alg": algorithm, "typ": "at+jwt", "kid": "k1" });
        let claims = json!({
            "iss": self.name(), "aud": format!("{}/mcp", self.base), "sub": "agent", "client_id": "agent", "scope": SCOPE,
            "iat": now, "nbf": now, "exp": now + 300, "jti": format!("t{now}"),
        });
        let header = patched(header, self.issuer.header.as_ref(), known)?;
        let claims = patched(claims, self.issuer.claims.as_ref(), known)?;
        self.key.token(&header, &claims)
    }

    fn introspect(&self, request: &Request, known: Known<'_>) -> Result<Reply, Error> {
        let form: BTreeMap<String, String> = form_urlencoded::parse(&request.body).into_owned().collect();
        let active = form.get("token").is_some_and(|token| lock(&self.given).contains(token));
        let about =
            json!({ "active": active, "scope": SCOPE, "exp": now() + 300, "aud": format!("{}/mcp", self.base) });
        Ok(json_reply(200, &patched(about, self.issuer.introspection.as_ref(), known)?))
    }
}

pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

pub(super) fn json_reply(status: u16, body: &Value) -> Reply {
    Reply::new(status, "application/json", body.to_string())
}
