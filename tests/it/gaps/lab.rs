//! A site on loopback that is an MCP server and an issuer, as well-behaved as a test lets it be.

use std::{
    collections::{BTreeMap, VecDeque},
    future::Future,
    ops::Deref,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    response::{AppendHeaders, IntoResponse, Response},
};
use http::{HeaderMap, Method, StatusCode, Uri};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

pub(super) const CLIENT: &str = "agent";
pub(super) const SECRET: &str = "known-to-the-honest-issuer-only";
pub(super) const READ: &str = "mcp:read";
pub(super) const WRITE: &str = "mcp:write";

pub(super) const ABOUT_SERVER: &str = "/.well-known/oauth-protected-resource/mcp";
pub(super) const ABOUT_ISSUER: &str = "/.well-known/oauth-authorization-server";

/// A site that stops when it is dropped.
pub(super) struct Site {
    here: Here,
    serving: JoinHandle<()>,
}

/// The site, as its own answers see it.
#[derive(Clone)]
pub(super) struct Here(Arc<Inner>);

pub(super) struct Inner {
    pub(super) base: String,
    seen: Mutex<Vec<Seen>>,
    /// The scopes of each token, in the order in which they were issued. The first token's number is 1.
    issued: Mutex<Vec<String>>,
    /// The number of the oldest token that is good.
    oldest: AtomicUsize,
    failures: Mutex<VecDeque<Failure>>,
}

/// What a call is answered instead of being made: a status, and the seconds to wait.
pub(super) type Failure = (StatusCode, Option<u32>);

/// A request that came.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Site {
    /// A site without faults.
    pub(super) async fn ordinary() -> Self {
        Self::start(|here, request| async move { here.ordinary(&request) }).await
    }

    /// A site that answers as a test says.
    pub(super) async fn start<A, F>(answer: A) -> Self
    where
        A: Fn(Here, Seen) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Response> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let here = Here(Arc::new(Inner {
            base: format!("http://{}", listener.local_addr().unwrap()),
            seen: Mutex::default(),
            issued: Mutex::default(),
            oldest: AtomicUsize::new(0),
            failures: Mutex::default(),
        }));
        let handle = move |State(here): State<Here>, _: Method, uri: Uri, headers: HeaderMap, body: Bytes| async move {
            let request = Seen { path: uri.path().to_owned(), headers, body };
            here.seen.lock().unwrap().push(request.clone());
            answer(here, request).await
        };
        let router = Router::new().fallback(handle).with_state(here.clone());
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { here, serving }
    }

    pub(super) fn url(&self) -> String {
        format!("{}/mcp", self.base)
    }

    pub(super) fn port(&self) -> u16 {
        self.base.rsplit(':').next().unwrap().parse().unwrap()
    }

    /// All requests to a path, the oldest first.
    pub(super) fn seen(&self, path: &str) -> Vec<Seen> {
        self.0.seen.lock().unwrap().iter().filter(|request| request.path == path).cloned().collect()
    }

    /// How many requests came at all.
    pub(super) fn count(&self) -> usize {
        self.0.seen.lock().unwrap().len()
    }

    /// How many times a tool was called.
    pub(super) fn calls(&self) -> usize {
        self.seen("/mcp").iter().filter(|request| request.is_call()).count()
    }

    /// Forgets all requests.
    pub(super) fn forget(&self) {
        self.0.seen.lock().unwrap().clear();
    }

    /// Takes no token any more that was issued before.
    pub(super) fn revoke(&self) {
        self.0.oldest.store(self.0.issued.lock().unwrap().len() + 1, Ordering::SeqCst);
    }

    /// Lets the next calls fail.
    pub(super) fn fail(&self, failures: impl IntoIterator<Item = Failure>) {
        *self.0.failures.lock().unwrap() = failures.into_iter().collect();
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Deref for Site {
    type Target = Here;

    fn deref(&self) -> &Here {
        &self.here
    }
}

impl Deref for Here {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Here {
    /// What a site without faults answers.
    pub(super) fn ordinary(&self, request: &Seen) -> Response {
        match request.path.as_str() {
            ABOUT_SERVER => about_server(&self.base, &self.base),
            ABOUT_ISSUER => Json(self.metadata()).into_response(),
            "/token" => self.issue(request, 3_600),
            "/mcp" if self.accepts(request) => self.mcp(request),
            "/mcp" => {
                let challenge = format!("Bearer resource_metadata=\"{}{ABOUT_SERVER}\"", self.base);
                refuse(StatusCode::UNAUTHORIZED, &[challenge])
            }
            _ => StatusCode::NOT_FOUND.into_response(),
        }
    }

    pub(super) fn metadata(&self) -> Value {
        let base = &self.base;
        json!({
            "issuer": base,
            "authorization_endpoint": format!("{base}/authorize"),
            "token_endpoint": format!("{base}/token"),
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
        })
    }

    /// Issues a token that lives for so many seconds.
    pub(super) fn issue(&self, request: &Seen, life: u32) -> Response {
        let scope = request.form().remove("scope").unwrap_or_default();
        let mut issued = self.0.issued.lock().unwrap();
        issued.push(scope.clone());
        Json(json!({
            "access_token": format!("token-{}", issued.len()),
            "token_type": "Bearer",
            "expires_in": life,
            "scope": scope,
        }))
        .into_response()
    }

    /// Whether a request has a token that is good.
    pub(super) fn accepts(&self, request: &Seen) -> bool {
        request.token().is_some_and(|number| number >= self.0.oldest.load(Ordering::SeqCst))
    }

    /// The scopes of a request's token.
    pub(super) fn scopes(&self, request: &Seen) -> String {
        let issued = self.0.issued.lock().unwrap();
        request.token().and_then(|number| issued.get(number.checked_sub(1)?).cloned()).unwrap_or_default()
    }

    fn mcp(&self, request: &Seen) -> Response {
        let failure = if request.is_call() { self.0.failures.lock().unwrap().pop_front() } else { None };
        if let Some((status, wait)) = failure {
            let wait = wait.map(|seconds| ("retry-after", seconds.to_string()));
            return (status, AppendHeaders(wait), "").into_response();
        }
        let message = request.json();
        let tool = |name: &str| json!({ "name": name, "description": "", "inputSchema": { "type": "object" } });
        let result = match message["method"].as_str().unwrap_or_default() {
            "server/discover" => json!({
                "resultType": "complete", "supportedVersions": ["2026-07-28"], "capabilities": { "tools": {} },
                "ttlMs": 0, "cacheScope": "private",
            }),
            "tools/list" => json!({
                "resultType": "complete", "tools": [tool("look_up"), tool("write")], "ttlMs": 0, "cacheScope": "private",
            }),
            "tools/call" => json!({
                "resultType": "complete", "content": [{ "type": "text", "text": "done" }], "isError": false,
            }),
            _ => return StatusCode::ACCEPTED.into_response(),
        };
        Json(json!({ "jsonrpc": "2.0", "id": message["id"], "result": result })).into_response()
    }
}

impl Seen {
    /// The number of its token.
    pub(super) fn token(&self) -> Option<usize> {
        self.header("authorization")?.strip_prefix("Bearer token-")?.parse().ok()
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(super) fn form(&self) -> BTreeMap<String, String> {
        url::form_urlencoded::parse(&self.body).into_owned().collect()
    }

    pub(super) fn is_call(&self) -> bool {
        self.json()["method"] == "tools/call"
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// What a server says of itself: that its tokens are those of an issuer.
pub(super) fn about_server(base: &str, issuer: &str) -> Response {
    Json(json!({ "resource": format!("{base}/mcp"), "authorization_servers": [issuer] })).into_response()
}

/// A refusal with a header for each challenge.
pub(super) fn refuse(status: StatusCode, challenges: &[String]) -> Response {
    let headers = challenges.iter().map(|challenge| ("www-authenticate", challenge.clone()));
    (status, AppendHeaders(headers.collect::<Vec<_>>()), "").into_response()
}

/// Sends a request somewhere else, with its method and body.
pub(super) fn moved(place: &str) -> Response {
    (StatusCode::TEMPORARY_REDIRECT, [("location", place)], "").into_response()
}
