//! A real HTTP server on loopback with canned answers, which remembers what it was asked.

use std::sync::{Arc, Mutex};

use axum::{Router, extract::State, response::IntoResponse};
use http::{HeaderMap, StatusCode, Uri};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinSet,
};
use url::Url;

pub(crate) struct Server {
    pub(crate) base: Url,
    seen: Seen,
    _tasks: JoinSet<()>,
}

type Seen = Arc<Mutex<Vec<Asked>>>;

#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) query: Option<String>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

#[derive(Clone)]
pub(crate) struct Canned {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Canned {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::text(status, &body.to_string())
    }

    pub(crate) fn text(status: u16, body: &str) -> Self {
        Self { status, headers: Vec::new(), body: body.to_owned() }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

impl Server {
    pub(crate) async fn start(canned: Canned) -> Self {
        Self::script(vec![canned]).await
    }

    /// Gives these answers in order, and the last of them for ever.
    pub(crate) async fn script(script: Vec<Canned>) -> Self {
        let (listener, base) = listen().await;
        let seen: Seen = Arc::default();
        let router = Router::new().fallback(answer).with_state((Arc::new(script), Arc::clone(&seen)));
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { base, seen, _tasks: tasks }
    }

    /// Answers the first connection with these bytes, and closes it if there are any.
    pub(crate) async fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        let (listener, base) = listen().await;
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 64 * 1024]).await.unwrap();
            if bytes.is_empty() {
                std::future::pending::<()>().await;
            }
            stream.write_all(&bytes).await.unwrap();
        });
        Self { base, seen: Arc::default(), _tasks: tasks }
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.seen.lock().unwrap().clone()
    }
}

async fn listen() -> (TcpListener, Url) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/v1", listener.local_addr().unwrap());
    (listener, base.parse().unwrap())
}

async fn answer(
    State((script, seen)): State<(Arc<Vec<Canned>>, Seen)>,
    uri: Uri,
    headers: HeaderMap,
    body: String,
) -> impl IntoResponse {
    let canned = {
        let mut seen = seen.lock().unwrap();
        let canned = script.get(seen.len()).or(script.last()).unwrap().clone();
        seen.push(Asked {
            path: uri.path().to_owned(),
            query: uri.query().map(str::to_owned),
            headers,
            body: serde_json::from_str(&body).unwrap(),
        });
        canned
    };
    let headers: HeaderMap =
        canned.headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
    (StatusCode::from_u16(canned.status).unwrap(), headers, canned.body)
}
