use std::{fmt, path::PathBuf, time::Duration};

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt, stream::BoxStream};
use http::{HeaderMap, Method, StatusCode};
use url::{Host, Url};

use super::{Error, SpkiPin, tls};

/// An HTTP client. Clones share its connections.
///
/// It speaks https to everybody but the machine itself, follows no redirect, takes no proxy from the environment, and reads
/// no body without a limit.
#[derive(Clone)]
pub struct Client {
    inner: reqwest::Client,
    connect_timeout: Duration,
}

/// How a [`Client`] connects.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// PEM file of the only trusted certification authorities. When absent, those of the file that `SSL_CERT_FILE` names, else the system's.
    pub ca_bundle: Option<PathBuf>,
    /// Public keys of which a server's certificate must have one, on top of a valid chain; any key when empty.
    pub spki_pins: Vec<SpkiPin>,
    /// The longest wait for a connection; 10 s by default.
    pub connect_timeout: Duration,
    /// How long an unused connection is kept; 90 s by default.
    pub idle_timeout: Duration,
    /// Most unused connections kept for one host; 64 by default.
    pub max_idle_per_host: usize,
}

/// One request.
#[derive(Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The address.
    pub url: Url,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// The time for the whole exchange; for [`Client::open`], until the headers of the reply.
    pub timeout: Duration,
    /// Most bytes that the body of the reply may have; [`Client::open`] leaves that to its reader.
    pub max_body: usize,
}

/// A reply, whatever its status.
#[derive(Clone)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// A reply whose body is still to come.
pub struct Streamed {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body. Dropping it closes the exchange.
    pub body: BoxStream<'static, Result<Bytes, Error>>,
    host: String,
}

const TIMEOUT: Duration = Duration::from_secs(30);
const MAX_BODY: usize = 1 << 20;

impl Client {
    /// A client.
    ///
    /// # Errors
    ///
    /// When the certification authorities cannot be read, or there are none.
    pub fn new(options: &Options) -> Result<Self, Error> {
        // an address filter belongs here, as `dns_resolver`, so that no connection escapes it
        let inner = reqwest::Client::builder()
            .tls_backend_preconfigured(tls::config(options)?)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .tcp_nodelay(true)
            .connect_timeout(options.connect_timeout)
            .pool_idle_timeout(options.idle_timeout)
            .pool_max_idle_per_host(options.max_idle_per_host)
            .referer(false)
            .user_agent(concat!("abide/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|e| Error::Setup(e.without_url().to_string()))?;
        Ok(Self { inner, connect_timeout: options.connect_timeout })
    }

    /// Sends a request and reads the whole reply. A status of 4xx or 5xx is a reply, not an error.
    ///
    /// # Errors
    ///
    /// When the address is unusable, or the exchange fails, takes too long, or brings too much.
    pub async fn send(&self, request: Request) -> Result<Reply, Error> {
        let (timeout, max_body, host) = (request.timeout, request.max_body, host_of(&request.url));
        let exchange = async {
            let streamed = self.exchange(request).await?;
            let (status, headers) = (streamed.status, streamed.headers.clone());
            let body = streamed.collect(max_body).await?;
            Ok(Reply { status, headers, body })
        };
        within(timeout, host, exchange).await
    }

    /// Sends a request and returns as soon as the headers of the reply are there.
    ///
    /// # Errors
    ///
    /// As for [`Client::send`].
    pub async fn open(&self, request: Request) -> Result<Streamed, Error> {
        let (timeout, host) = (request.timeout, host_of(&request.url));
        within(timeout, host, self.exchange(request)).await
    }

    async fn exchange(&self, request: Request) -> Result<Streamed, Error> {
        check_address(&request.url)?;
        let host = host_of(&request.url);
        let connect_timeout = self.connect_timeout;
        let reply = self
            .inner
            .request(request.method, request.url)
            .headers(request.headers)
            .body(request.body)
            .send()
            .await
            .map_err(|e| Error::of_exchange(&e, host.clone(), connect_timeout))?;
        let (status, headers) = (reply.status(), reply.headers().clone());
        let owner = host.clone();
        let body = reply
            .bytes_stream()
            .map(move |chunk| chunk.map_err(|e| Error::of_exchange(&e, owner.clone(), connect_timeout)));
        Ok(Streamed { status, headers, body: body.boxed(), host })
    }
}

impl Streamed {
    /// The whole body, if it has at most `limit` bytes. Sets no time limit.
    ///
    /// # Errors
    ///
    /// When the body is longer, or the connection breaks.
    pub async fn collect(mut self, limit: usize) -> Result<Bytes, Error> {
        let mut body = BytesMut::with_capacity(self.body.size_hint().0.min(limit));
        while let Some(chunk) = self.body.next().await {
            let chunk = chunk?;
            if body.len().saturating_add(chunk.len()) > limit {
                return Err(Error::TooLarge { host: self.host, limit });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }
}

impl Request {
    /// A `GET` with 30 s of time and at most 1 MiB of reply.
    pub fn get(url: Url) -> Self {
        Self {
            method: Method::GET,
            url,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            timeout: TIMEOUT,
            max_body: MAX_BODY,
        }
    }

    /// A `POST` with 30 s of time and at most 1 MiB of reply.
    pub fn post(url: Url, body: impl Into<Bytes>) -> Self {
        Self { method: Method::POST, body: body.into(), ..Self::get(url) }
    }
}

impl Options {
    /// Trusts only the certification authorities of a PEM file, if there is one.
    #[must_use]
    pub fn ca_bundle(mut self, path: Option<PathBuf>) -> Self {
        self.ca_bundle = path;
        self
    }

    /// Asks for one of some public keys, if there are any.
    #[must_use]
    pub fn spki_pins(mut self, pins: Vec<SpkiPin>) -> Self {
        self.spki_pins = pins;
        self
    }

    /// Sets the longest wait for a connection.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            ca_bundle: None,
            spki_pins: Vec::new(),
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(90),
            max_idle_per_host: 64,
        }
    }
}

/// Whether an address may be spoken to: https, or the machine itself; no user name or password in it.
///
/// # Errors
///
/// When it may not.
pub(crate) fn check_address(url: &Url) -> Result<(), Error> {
    let host = host_of(url);
    let unusable = |reason| Err(Error::Address { host: host.clone(), reason });
    if url.host().is_none() {
        return unusable("it has no host");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return unusable("it carries a user name or password: leave them out");
    }
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(url) => Ok(()),
        "http" => Err(Error::Insecure { host }),
        _ => unusable("it is neither https nor http"),
    }
}

/// Whether an address is that of the machine itself.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or("no host");
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

async fn within<T>(
    timeout: Duration,
    host: String,
    exchange: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    tokio::time::timeout(timeout, exchange).await.unwrap_or(Err(Error::Timeout { host, after: timeout }))
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // headers and body may hold secrets, and so may the query
        write!(f, "Request({} {})", self.method, host_of(&self.url))
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reply({}, {} bytes)", self.status, self.body.len())
    }
}

impl fmt::Debug for Streamed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Streamed({})", self.status)
    }
}

#[cfg(test)]
mod tests;
