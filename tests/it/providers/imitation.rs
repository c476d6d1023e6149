//! A site on this machine that is an MCP server and an identity provider, which knows what it has issued.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, Method, StatusCode, Uri};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

use super::answer::Provider;

pub(super) const SECRET: &str = "known-to-the-provider-only";

pub(super) type Form = BTreeMap<String, String>;

/// A site that stops when it is dropped.
pub(super) struct Imitation {
    pub(super) base: String,
    pub(super) provider: Provider,
    state: Arc<Site>,
    serving: JoinHandle<()>,
}

/// The site, as its own answers see it.
pub(super) struct Site {
    pub(super) base: String,
    provider: Provider,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    issued: Vec<String>,
    refresh: Vec<String>,
    /// What was asked for under each code.
    codes: BTreeMap<String, Form>,
    pages: Vec<Form>,
    forms: Vec<Form>,
    calls: usize,
}

/// A request for a token.
pub(super) struct Asked<'a> {
    pub(super) site: &'a Site,
    pub(super) form: &'a Form,
    /// The client that proved itself, in which way.
    pub(super) client: Option<(String, Proof)>,
    pub(super) headers: &'a HeaderMap,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    Basic,
    Post,
}

/// A refusal: a status, and what stands in its body.
pub(super) type Refusal = (StatusCode, Value);

impl Imitation {
    pub(super) async fn start(provider: Provider) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Site { base: base.clone(), provider, seen: Mutex::default() });
        let handle = |State(site): State<Arc<Site>>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes| async move {
            site.answer(&method, &uri, &headers, &body)
        };
        let router = Router::new().fallback(handle).with_state(state.clone());
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { base, provider, state, serving }
    }

    /// How many calls of tools were made.
    pub(super) fn calls(&self) -> usize {
        self.state.seen.lock().unwrap().calls
    }

    /// How often a person was asked.
    pub(super) fn pages(&self) -> usize {
        self.state.seen.lock().unwrap().pages.len()
    }

    /// All that the provider was sent, on pages and in forms.
    pub(super) fn everything_sent(&self) -> Vec<Form> {
        let seen = self.state.seen.lock().unwrap();
        seen.pages.iter().chain(&seen.forms).cloned().collect()
    }

    pub(super) fn forget_refresh_tokens(&self) {
        self.state.seen.lock().unwrap().refresh.clear();
    }
}

impl Asked<'_> {
    /// Who the provider says that it is.
    pub(super) fn site_issuer(&self) -> String {
        self.site.provider.issuer(&self.site.base)
    }
}

impl Drop for Imitation {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Site {
    fn answer(&self, method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Response {
        let path = uri.path();
        if path == "/mcp" {
            return self.mcp(headers, body);
        }
        if path == "/.well-known/oauth-protected-resource/mcp" {
            return Json(json!({
                "resource": format!("{}/mcp", self.base),
                "authorization_servers": [self.provider.issuer(&self.base)],
            }))
            .into_response();
        }
        let at = |suffix: &str| path == self.provider.path(suffix);
        if *method == Method::GET && path == self.provider.metadata_path() {
            Json(self.provider.metadata(&self.base)).into_response()
        } else if at("keys") {
            Json(super::answer::key_set()).into_response()
        } else if at("authorize") {
            self.page(&parsed(uri.query().unwrap_or_default().as_bytes()))
        } else if at("token") && *method == Method::POST {
            self.token(headers, body)
        } else {
            // what a site of people answers
            (StatusCode::NOT_FOUND, [("content-type", "text/html")], "<html>nothing here</html>").into_response()
        }
    }

    fn page(&self, query: &Form) -> Response {
        self.seen.lock().unwrap().pages.push(query.clone());
        if let Err(words) = self.provider.page(query) {
            return (StatusCode::BAD_REQUEST, [("content-type", "text/html")], words).into_response();
        }
        let mut seen = self.seen.lock().unwrap();
        let code = format!("code-{}", seen.codes.len());
        seen.codes.insert(code.clone(), query.clone());
        let mut back: url::Url = query["redirect_uri"].parse().unwrap();
        back.query_pairs_mut().append_pair("code", &code).append_pair("state", &query["state"]);
        (StatusCode::FOUND, [("location", back.to_string())], "").into_response()
    }

    fn token(&self, headers: &HeaderMap, body: &[u8]) -> Response {
        let form = parsed(body);
        self.seen.lock().unwrap().forms.push(form.clone());
        let client = client(headers, &form);
        let asked = Asked { site: self, form: &form, client, headers };
        match self.provider.token(&asked) {
            Err((status, body)) => (status, Json(body)).into_response(),
            Ok(body) => {
                let mut seen = self.seen.lock().unwrap();
                seen.issued.extend(body["access_token"].as_str().map(str::to_owned));
                seen.refresh.extend(body["refresh_token"].as_str().map(str::to_owned));
                Json(body).into_response()
            }
        }
    }

    /// What was asked for under a code, once, by who can show the verifier of its challenge.
    pub(super) fn redeem(&self, form: &Form) -> Option<Form> {
        use sha2::{Digest, Sha256};
        let asked = self.seen.lock().unwrap().codes.remove(form.get("code")?)?;
        let challenge =
            base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(Sha256::digest(form.get("code_verifier")?));
        (asked["code_challenge"] == challenge && asked["redirect_uri"] == form["redirect_uri"]).then_some(asked)
    }

    /// Takes a refresh token, once.
    pub(super) fn renew(&self, form: &Form) -> bool {
        let mut seen = self.seen.lock().unwrap();
        let known = seen.refresh.iter().position(|token| Some(token) == form.get("refresh_token"));
        known.map(|at| seen.refresh.remove(at)).is_some()
    }

    /// Whether a refresh token is good, which it stays.
    pub(super) fn knows(&self, form: &Form) -> bool {
        self.seen.lock().unwrap().refresh.iter().any(|token| Some(token) == form.get("refresh_token"))
    }

    /// A number that was not given out before.
    pub(super) fn next(&self) -> usize {
        self.seen.lock().unwrap().forms.len()
    }

    fn mcp(&self, headers: &HeaderMap, body: &[u8]) -> Response {
        let token = headers.get("authorization").and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        if !token.is_some_and(|token| self.seen.lock().unwrap().issued.iter().any(|issued| issued == token)) {
            let place = format!("Bearer resource_metadata=\"{}/.well-known/oauth-protected-resource/mcp\"", self.base);
            return (StatusCode::UNAUTHORIZED, [("www-authenticate", place)], "").into_response();
        }
        let message: Value = serde_json::from_slice(body).unwrap_or_default();
        let result = match message["method"].as_str().unwrap_or_default() {
            "server/discover" => json!({
                "resultType": "complete", "supportedVersions": ["2026-07-28"], "capabilities": { "tools": {} },
                "ttlMs": 0, "cacheScope": "private",
            }),
            "tools/list" => json!({
                "resultType": "complete", "ttlMs": 0, "cacheScope": "private",
                "tools": [{ "name": "look_up", "description": "", "inputSchema": { "type": "object" } }],
            }),
            "tools/call" => {
                self.seen.lock().unwrap().calls += 1;
                json!({ "resultType": "complete", "content": [{ "type": "text", "text": "done" }], "isError": false })
            }
            _ => return StatusCode::ACCEPTED.into_response(),
        };
        Json(json!({ "jsonrpc": "2.0", "id": message["id"], "result": result })).into_response()
    }
}

fn parsed(form: &[u8]) -> Form {
    url::form_urlencoded::parse(form).into_owned().collect()
}

/// The client that proved itself with the secret.
fn client(headers: &HeaderMap, form: &Form) -> Option<(String, Proof)> {
    if let Some(value) = headers.get("authorization") {
        let pair = STANDARD.decode(value.to_str().ok()?.strip_prefix("Basic ")?).ok()?;
        let (id, secret) = std::str::from_utf8(&pair).ok()?.split_once(':')?;
        return (secret == SECRET).then(|| (id.to_owned(), Proof::Basic));
    }
    let id = form.get("client_id")?.clone();
    (form.get("client_secret").is_some_and(|secret| secret == SECRET)).then_some((id, Proof::Post))
}
