use std::{fmt, pin::pin, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use http::{HeaderMap, Method, StatusCode};
use url::{Host, Url};

use crate::{
    Error, Options,
    host::{host_of, is_loopback},
    proxy,
    resolve::{Lookup, ResolveError, Resolver, System},
    tls,
};

/// An HTTP client. Clones share its connections.
///
/// It speaks https to every server but the machine itself and [`Options::private_hosts`], connects to no address that [`Options::addresses`] does not allow,
/// follows no redirect, takes no proxy from the environment, and reads no body without a limit.
#[derive(Clone)]
pub struct Client {
    inner: reqwest::Client,
    resolver: Resolver,
    /// Host and port.
    proxy: Option<String>,
    connect_timeout: Duration,
    read_timeout: Duration,
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
    /// The longest silence in a body that is streamed; without one, [`Options::read_timeout`].
    pub read_timeout: Option<Duration>,
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
    host: Arc<str>,
}

/// A server that answers nothing for so long is asked again; and what waits for the answer, such as a token that many runs share, goes on.
const TIMEOUT: Duration = Duration::from_secs(10);
const MAX_BODY: usize = 1 << 20;
/// Between asking a busy HTTP/2 connection whether it is still there, and for its answer.
const PING: Duration = Duration::from_secs(20);

impl Client {
    /// A client.
    ///
    /// # Errors
    ///
    /// When the certification authorities, the client certificate or the proxy cannot be used.
    pub fn new(options: &Options) -> Result<Self, Error> {
        Self::with_lookup(options, Arc::new(System))
    }

    pub(super) fn with_lookup(options: &Options, lookup: Arc<dyn Lookup>) -> Result<Self, Error> {
        let resolver =
            Resolver { lookup, filter: options.addresses.clone(), proxy: None, private: options.private_hosts.clone() };
        let proxy = options.proxy.as_ref().map(proxy::check).transpose()?;
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls::config(options)?)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .dns_resolver(Resolver { proxy: proxy.and_then(Url::domain).map(str::to_owned), ..resolver.clone() })
            .tcp_nodelay(true)
            .connect_timeout(options.connect_timeout)
            .pool_idle_timeout(options.idle_timeout)
            .pool_max_idle_per_host(options.max_idle_per_host)
            .http2_keep_alive_interval(PING)
            .http2_keep_alive_timeout(PING)
            // what may be sent again is decided above, where it is known what it does
            .retry(reqwest::retry::never())
            .referer(false)
            .user_agent(concat!("abide/", env!("CARGO_PKG_VERSION")));
        if let Some(proxy) = proxy {
            builder = builder.proxy(proxy::route(proxy.clone()));
        }
        let inner = builder.build().map_err(|e| Error::Setup(e.without_url().to_string()))?;
        let (connect_timeout, read_timeout) = (options.connect_timeout, options.read_timeout);
        Ok(Self { inner, resolver, proxy: proxy.map(host_of), connect_timeout, read_timeout })
    }

    /// Sends a request and reads the whole reply. A status of 4xx or 5xx is a reply, not an error.
    ///
    /// # Errors
    ///
    /// When the address is unusable, or the exchange fails, takes too long, or brings too much.
    pub async fn send(&self, request: Request) -> Result<Reply, Error> {
        let (timeout, max_body, host) = (request.timeout, request.max_body, Arc::from(host_of(&request.url)));
        let exchange = async {
            let streamed = self.exchange(request, &host).await?;
            let (status, headers) = (streamed.status, streamed.headers.clone());
            let body = streamed.collect(max_body).await?;
            Ok(Reply { status, headers, body })
        };
        within(timeout, &host, exchange).await
    }

    /// Sends a request and returns as soon as the headers of the reply are there. The body may take any time, as long as it is
    /// never silent for longer than [`Options::read_timeout`].
    ///
    /// # Errors
    ///
    /// As for [`Client::send`].
    pub async fn open(&self, request: Request) -> Result<Streamed, Error> {
        let (timeout, host) = (request.timeout, Arc::from(host_of(&request.url)));
        let silence = request.read_timeout.unwrap_or(self.read_timeout);
        let streamed = within(timeout, &host, self.exchange(request, &host)).await?;
        Ok(streamed.never_silent_for(silence))
    }

    async fn exchange(&self, request: Request, host: &Arc<str>) -> Result<Streamed, Error> {
        self.check_encryption(&request.url)?;
        self.check_host(&request.url).await?;
        let connect_timeout = self.connect_timeout;
        let proxy = self.proxy.as_deref().filter(|_| !is_loopback(&request.url));
        let mut sent = reqwest::Request::new(request.method, request.url);
        *sent.headers_mut() = request.headers;
        *sent.body_mut() = Some(request.body.into());
        let reply = self.inner.execute(sent).await;
        let mut reply = reply.map_err(|e| Error::of_exchange(&e, host, connect_timeout).through(proxy))?;
        let (status, headers) = (reply.status(), std::mem::take(reply.headers_mut()));
        let owner = host.clone();
        let body =
            reply.bytes_stream().map(move |chunk| chunk.map_err(|e| Error::of_exchange(&e, &owner, connect_timeout)));
        Ok(Streamed { status, headers, body: body.boxed(), host: host.clone() })
    }

    /// As [`check_address`], where a host that the operator named needs no encryption.
    fn check_encryption(&self, url: &Url) -> Result<(), Error> {
        match check_address(url) {
            Err(Error::Insecure { .. })
                if url.host().is_some_and(|host| self.resolver.is_private(&host.to_owned())) =>
            {
                Ok(())
            }
            checked => checked,
        }
    }

    /// Judges what the resolver will not see: addresses in URLs, and names that a proxy resolves.
    async fn check_host(&self, url: &Url) -> Result<(), Error> {
        let refused = |refused| Error::forbidden(host_of(url), refused);
        match url.host() {
            Some(Host::Ipv4(address)) => self.resolver.check(&Host::Ipv4(address), address.into()).map_err(refused),
            Some(Host::Ipv6(address)) => self.resolver.check(&Host::Ipv6(address), address.into()).map_err(refused),
            Some(Host::Domain(name)) if self.proxy.is_some() => match self.resolver.resolve(name).await {
                Err(ResolveError::Refused(reason)) => Err(refused(reason)),
                // the proxy may know more
                Err(ResolveError::Unknown(_)) | Ok(_) => Ok(()),
            },
            _ => Ok(()),
        }
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
                return Err(Error::TooLarge { host: self.host.to_string(), limit });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }

    fn never_silent_for(self, limit: Duration) -> Self {
        let (body, host) = (self.body, self.host.clone());
        let body = stream::unfold(Some(body), move |body| {
            let host = host.clone();
            async move {
                let mut body = body?;
                match tokio::time::timeout(limit, body.next()).await {
                    Ok(chunk) => chunk.map(|chunk| (chunk, Some(body))),
                    Err(_) => Some((Err(Error::Silent { host: host.to_string(), after: limit }), None)),
                }
            }
        });
        Self { body: body.boxed(), ..self }
    }
}

impl Request {
    /// A `GET` with 10 s of time and at most 1 MiB of reply.
    pub fn get(url: Url) -> Self {
        Self {
            method: Method::GET,
            url,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            timeout: TIMEOUT,
            read_timeout: None,
            max_body: MAX_BODY,
        }
    }

    /// A `POST` with 10 s of time and at most 1 MiB of reply.
    pub fn post(url: Url, body: impl Into<Bytes>) -> Self {
        Self { method: Method::POST, body: body.into(), ..Self::get(url) }
    }
}

/// Whether an address may be spoken to: https, or the machine itself; no user name or password in it.
///
/// # Errors
///
/// When it may not.
pub fn check_address(url: &Url) -> Result<(), Error> {
    let unusable = |reason| Err(Error::Address { host: host_of(url), reason });
    if url.host().is_none() {
        return unusable("it has no host");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return unusable("it carries a user name or password: leave them out");
    }
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(url) => Ok(()),
        "http" => Err(Error::Insecure { host: host_of(url) }),
        _ => unusable("it is neither https nor http"),
    }
}

async fn within<T>(
    timeout: Duration,
    host: &str,
    exchange: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    tokio::time::timeout(timeout, pin!(exchange))
        .await
        .unwrap_or_else(|_| Err(Error::Timeout { host: host.to_owned(), after: timeout }))
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
