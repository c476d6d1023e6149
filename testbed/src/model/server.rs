//! The stand-in model over HTTP on loopback.

use std::{
    collections::VecDeque,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
    serve::ListenerExt as _,
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::oneshot};

use super::{
    brain::{StandIn, hostile_reply},
    fault::{self, Fault, When},
    reply::Reply,
    wire::{Api, Stop, prompt_tokens, reply_tokens},
};

/// The models that the server offers.
const MODELS: [&str; 3] = ["stand-in", "hostile", "scripted"];
/// Largest request body, in bytes.
const BODY_LIMIT: usize = 16 << 20;

/// How the server is started.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Options {
    /// Seed of the world of `stand-in`.
    pub seed: u64,
    /// Time that every reply takes at least.
    pub latency: Duration,
    /// Planned faults.
    pub faults: Vec<(Fault, When)>,
}

impl Options {
    /// The world whose habits `stand-in` has.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Time that every reply takes at least.
    #[must_use]
    pub fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// Plans a fault; several may be planned, and befall a request together.
    #[must_use]
    pub fn fault(mut self, fault: Fault, when: When) -> Self {
        self.faults.push((fault, when));
        self
    }
}

/// The server could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No port on loopback could be had.
    #[error("cannot listen on `{address}`; free a port or allow loopback connections")]
    Listen {
        /// Where it tried to.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
}

/// A running server. It stops when dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    _stop: oneshot::Sender<()>,
}

impl Server {
    /// Starts the server on a free port of 127.0.0.1, in the running tokio runtime.
    ///
    /// # Errors
    /// [`Error::Listen`] if no port can be had.
    pub async fn start(options: Options) -> Result<Self, Error> {
        let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let failed = |source| Error::Listen { address: wanted, source };
        let listener = TcpListener::bind(wanted).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let listener = listener.tap_io(|stream| {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "no TCP_NODELAY");
            }
        });
        let shared = Arc::new(Shared {
            stand_in: StandIn::new(options.seed),
            options,
            script: Mutex::default(),
            requests: AtomicU64::new(0),
            replies: AtomicU64::new(0),
        });
        let router = router(Arc::clone(&shared));
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(async move {
            let serving = axum::serve(listener, router).with_graceful_shutdown(async {
                let _ = stopped.await;
            });
            if let Err(error) = serving.await {
                tracing::warn!(%error, "the stand-in model stopped");
            }
        });
        Ok(Self { address, shared, _stop: stop })
    }

    /// Where the API is, with `/v1` at its end.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Chat requests received so far, faulty ones included.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.shared.requests.load(Ordering::Relaxed)
    }

    /// Chat requests answered with a reply of a model so far.
    #[must_use]
    pub fn replies(&self) -> u64 {
        self.shared.replies.load(Ordering::Relaxed)
    }

    /// Adds replies for the model `scripted`, as `POST /control/script` does: a string is a text; an object may have `text` and
    /// `calls` (`[{"name", "arguments"}]`).
    pub fn script(&self, replies: impl IntoIterator<Item = Value>) {
        self.shared.add_script(replies);
    }
}

#[derive(Debug)]
struct Shared {
    stand_in: StandIn,
    options: Options,
    script: Mutex<VecDeque<Reply>>,
    requests: AtomicU64,
    replies: AtomicU64,
}

impl Shared {
    fn add_script(&self, replies: impl IntoIterator<Item = Value>) {
        self.script.lock().unwrap_or_else(PoisonError::into_inner).extend(replies.into_iter().map(scripted));
    }

    fn next_scripted(&self) -> Option<Reply> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    fn faults(&self, nth: u64, headers: &HeaderMap) -> Vec<Fault> {
        let planned = self.options.faults.iter().filter(|(_, when)| when.befalls(nth)).map(|(fault, _)| *fault);
        let asked = headers.get(fault::HEADER).and_then(|value| value.to_str().ok()).map(fault::asked_for);
        planned.chain(asked.into_iter().flatten()).collect()
    }
}

fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/v1/chat/completions", post(completions))
        .route("/v1/messages", post(messages))
        .route("/v1/models", get(models))
        .route("/control/script", post(script))
        .layer(axum::extract::DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(shared)
}

async fn completions(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    chat(&shared, Api::OpenAi, &headers, &body).await
}

async fn messages(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    chat(&shared, Api::Anthropic, &headers, &body).await
}

async fn models() -> Json<Value> {
    let data: Vec<Value> = MODELS
        .iter()
        .map(|id| json!({ "id": id, "object": "model", "created": 0, "owned_by": "simulation" }))
        .collect();
    Json(json!({ "object": "list", "data": data }))
}

async fn script(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    match serde_json::from_slice::<Vec<Value>>(&body) {
        Ok(replies) => {
            shared.add_script(replies);
            StatusCode::NO_CONTENT.into_response()
        }
        Err(error) => {
            (StatusCode::BAD_REQUEST, format!("the body is no JSON array of replies: {error}")).into_response()
        }
    }
}

async fn chat(shared: &Shared, api: Api, headers: &HeaderMap, body: &[u8]) -> Response {
    let nth = shared.requests.fetch_add(1, Ordering::Relaxed);
    let faults = shared.faults(nth, headers);
    let asked = faults.iter().filter_map(|fault| if let Fault::Latency(time) = fault { Some(*time) } else { None });
    let delay = asked.fold(shared.options.latency, Duration::saturating_add);
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    let mut response = failed(api, &faults).unwrap_or_else(|| answered(shared, api, nth, &faults, body));
    if let Ok(id) = HeaderValue::from_str(&format!("req_{nth:08}")) {
        response.headers_mut().insert("x-request-id", id);
    }
    response
}

/// The response of a fault that leaves no reply.
fn failed(api: Api, faults: &[Fault]) -> Option<Response> {
    faults.iter().find_map(|fault| match fault {
        Fault::RateLimited(after) => {
            let mut response = error(api, StatusCode::TOO_MANY_REQUESTS, "rate_limit_error", "too many requests");
            if let Some(seconds) = after {
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
            }
            Some(response)
        }
        Fault::Status(code) => {
            let status = StatusCode::from_u16(*code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            Some(error(api, status, "server_error", "the server is unwell on purpose"))
        }
        Fault::Malformed => {
            Some(([(header::CONTENT_TYPE, "application/json")], "{\"choices\": [{\"mess").into_response())
        }
        _ => None,
    })
}

fn answered(shared: &Shared, api: Api, nth: u64, faults: &[Fault], body: &[u8]) -> Response {
    let invalid = |message: &str| error(api, StatusCode::BAD_REQUEST, "invalid_request_error", message);
    let body: Value = match serde_json::from_slice(body) {
        Ok(body) => body,
        Err(error) => return invalid(&format!("the body is no JSON: {error}")),
    };
    if body.get("stream") == Some(&Value::Bool(true)) {
        return invalid("`stream` is not supported; leave it out");
    }
    let chat = match api.read(&body) {
        Ok(chat) => chat,
        Err(error) => return invalid(&error.to_string()),
    };
    let model = body.get("model").and_then(Value::as_str).unwrap_or_default();
    let mut reply = match model {
        "stand-in" => shared.stand_in.reply(&chat),
        "hostile" => hostile_reply(&chat),
        "scripted" => match shared.next_scripted() {
            Some(reply) => reply,
            None => return invalid("the script has no reply left; post more to `/control/script`"),
        },
        _ => {
            return error(
                api,
                StatusCode::NOT_FOUND,
                "not_found_error",
                &format!("there is no model `{model}`; try `stand-in`, `hostile` or `scripted`"),
            );
        }
    };
    let half = faults.contains(&Fault::Truncated).then_some(reply.text.len() / 2);
    let most = [half, chat.max_tokens.map(|tokens| tokens.saturating_mul(4))].into_iter().flatten().min();
    let stop = cut(&mut reply, most);
    let usage = (!faults.contains(&Fault::NoUsage)).then(|| (prompt_tokens(&chat), reply_tokens(&reply)));
    shared.replies.fetch_add(1, Ordering::Relaxed);
    Json(api.write(&format!("{nth:08}"), model, &reply, stop, usage)).into_response()
}

fn cut(reply: &mut Reply, most: Option<usize>) -> Stop {
    let Some(most) = most.filter(|most| *most < reply.text.len()) else {
        return Stop::Done;
    };
    let end = (0..=most).rev().find(|at| reply.text.is_char_boundary(*at)).unwrap_or(0);
    reply.text.truncate(end);
    Stop::Length
}

fn error(api: Api, status: StatusCode, kind: &str, message: &str) -> Response {
    (status, Json(api.error(kind, message))).into_response()
}

fn scripted(item: Value) -> Reply {
    let text = item.as_str().or_else(|| item.get("text").and_then(Value::as_str)).unwrap_or_default().to_owned();
    let calls = item.get("calls").and_then(Value::as_array).into_iter().flatten();
    let calls = calls.filter_map(|call| {
        Some((call.get("name")?.as_str()?.to_owned(), call.get("arguments").cloned().unwrap_or_default()))
    });
    Reply { text, calls: calls.collect() }
}
