use std::{fmt, io, net::Ipv4Addr, time::Duration};

use async_trait::async_trait;
use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use url::Url;

use super::UserAgent;

/// For a person with a browser on this machine: listens on a port of this machine for as long as it lives (RFC 8252, section 7.3).
pub struct Loopback {
    listener: TcpListener,
    redirect: Url,
    show: Box<dyn Fn(&Url) + Send + Sync>,
    patience: Duration,
}

const PATIENCE: Duration = Duration::from_secs(300);
/// For one connection. Browsers open some in advance, and send nothing.
const READ_TIMEOUT: Duration = Duration::from_secs(10);
const MAX_HEAD: usize = 16 * 1024;
const MAX_CONNECTIONS: usize = 32;

const DONE: &str = "Abide has its answer. You can close this page.";
const OTHER: &str = "This is not the login that Abide waits for.";
const PATH: &str = "/callback";

impl Loopback {
    /// Listens on a free port. `show` is given the address of the page: it must bring a person there.
    ///
    /// # Errors
    /// There is no free port.
    pub async fn bind(show: impl Fn(&Url) + Send + Sync + 'static) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let text = format!("http://{}{PATH}", listener.local_addr()?);
        let redirect = text.parse().map_err(io::Error::other)?;
        Ok(Self { listener, redirect, show: Box::new(show), patience: PATIENCE })
    }

    /// Sets how long a person may take; 5 min by default.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    async fn wait(&self, state: Option<String>) -> Url {
        let mut visits = FuturesUnordered::new();
        loop {
            tokio::select! {
                accepted = self.listener.accept(), if visits.len() < MAX_CONNECTIONS => match accepted {
                    Ok((stream, _)) => visits.push(self.visit(stream, state.as_deref())),
                    Err(error) => {
                        tracing::warn!("cannot take a connection of a browser: {error}");
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                },
                Some(visit) = visits.next() => if let Some(came) = visit {
                    return came;
                },
            }
        }
    }

    /// Answers one request. The answer that is waited for, if it is that.
    async fn visit(&self, mut stream: TcpStream, state: Option<&str>) -> Option<Url> {
        let visit = async {
            let head = head(&mut stream).await?;
            let came = self.answer(&head, state);
            let (status, text) = match &came {
                Some(_) => ("200 OK", DONE),
                None => ("404 Not Found", OTHER),
            };
            // the person may be gone already: what came counts all the same
            let _ = stream.write_all(page(status, text).as_bytes()).await;
            let _ = stream.shutdown().await;
            came
        };
        tokio::time::timeout(READ_TIMEOUT, visit).await.ok().flatten()
    }

    /// The address that a request is for, unless it is about another login or nothing of ours: any page may ask for this port.
    fn answer(&self, head: &str, state: Option<&str>) -> Option<Url> {
        let mut line = head.lines().next()?.split(' ');
        let (method, target) = (line.next()?, line.next()?);
        let query = target.strip_prefix(PATH)?.strip_prefix('?')?;
        let mut came = self.redirect.clone();
        came.set_query(Some(query));
        let mut states = came.query_pairs().filter(|(name, _)| name == "state").map(|(_, value)| value);
        let is_other = states.next().as_deref() != state;
        (method == "GET" && !is_other).then_some(came)
    }
}

#[async_trait]
impl UserAgent for Loopback {
    fn redirect_uri(&self) -> Url {
        self.redirect.clone()
    }

    async fn authorize(&self, page: &Url) -> Result<Url, String> {
        let state = page.query_pairs().find(|(name, _)| name == "state").map(|(_, value)| value.into_owned());
        async move {
            (self.show)(page);
            let came = tokio::time::timeout(self.patience, self.wait(state)).await;
            came.map_err(|_| format!("the user did not come back within {} s", self.patience.as_secs()))
        }
        .await
    }
}

impl fmt::Debug for Loopback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Loopback({})", self.redirect)
    }
}

async fn head(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    while !bytes.windows(4).any(|end| end == b"\r\n\r\n") {
        if bytes.len() >= MAX_HEAD || stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    String::from_utf8(bytes).ok()
}

/// Nothing in it comes from outside, and the address that the browser shows goes nowhere else.
fn page(status: &str, text: &str) -> String {
    let body = format!("<!doctype html><meta charset=utf-8><title>Abide</title><p>{text}</p>\n");
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {}\r\n\
         content-security-policy: default-src 'none'\r\ncache-control: no-store\r\nreferrer-policy: no-referrer\r\n\
         connection: close\r\n\r\n{body}",
        body.len()
    )
}
