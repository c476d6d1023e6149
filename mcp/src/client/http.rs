use std::{
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use abide_base::clock::Clock;
use abide_credentials::oauth::Identity;
use abide_net::Request;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method,
    header::{ACCEPT, CONTENT_TYPE},
};
use rmcp::{
    model::ClientJsonRpcMessage,
    transport::{
        common::client_side_sse::FixedInterval,
        streamable_http_client::{StreamableHttpError, StreamableHttpPostResponse},
    },
};
use tokio::sync::watch;
use url::Url;

use super::{
    call::CallHandle,
    era::Era,
    error::Fault,
    freshness::Freshness,
    limit::{ANSWER_TIMEOUT, MAX_REPLY},
    listen::Listening,
    lost::{Refusals, SessionState},
    message,
    oddity::Oddities,
    place::{Place, VERSION},
    sse::Body,
    subject::Subject,
};
use crate::{Connection, servers::Protocol};

/// The time for one exchange: until the whole reply, or the beginning of a stream.
pub(super) const TIMEOUT: Duration = Duration::from_secs(60);
/// The time for a server to begin to say that it speaks the newer era, and that to say it. One that is silent is asked in the words of
/// the older one; one that wants us to wait is not.
pub(super) const DISCOVER_TIMEOUT: Duration = Duration::from_secs(5);
/// So long does the first request of a session wait until the server can ask for something on its own: some put a question about a call
/// there, and drop it when nothing listens.
pub(super) const LISTEN_TIMEOUT: Duration = Duration::from_secs(1);

pub(super) const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
const LAST_EVENT: HeaderName = HeaderName::from_static("last-event-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const JSON: &str = "application/json";
pub(super) const EVENT_STREAM: &str = "text/event-stream";

/// The HTTP client below the protocol library: attaches the token of its server, and sees what a server says by status first. Clones
/// belong to the same connection.
#[derive(Clone)]
pub(super) struct Http {
    pub(super) inner: Arc<Inner>,
    listening: Arc<Mutex<Listening>>,
    state: Arc<Mutex<SessionState>>,
    /// Whether the server has answered the first request to be listened to.
    pub(super) heard: Arc<watch::Sender<bool>>,
}

pub(super) struct Inner {
    server: Arc<Connection>,
    freshness: Arc<Freshness>,
    oddities: Oddities,
    pub(super) refusals: Refusals,
    era: Era,
    /// How long a stream is read more slowly before it ends, see [`PATIENCE`](super::limit::PATIENCE).
    patience: Duration,
}
pub(super) type Failure = StreamableHttpError<Fault>;

/// A stream that breaks off is taken up again, but not for ever.
pub(super) fn reconnect() -> FixedInterval {
    let mut interval = FixedInterval::default();
    interval.max_times = Some(3);
    interval
}

impl Http {
    pub(super) fn new(server: Arc<Connection>, patience: Duration) -> Self {
        let oddities = Oddities::new(server.config().id.clone(), server.identity().redactor().clone());
        let inner = Inner {
            server,
            freshness: Arc::default(),
            oddities,
            refusals: Refusals::default(),
            era: Era::default(),
            patience,
        };
        Self { inner: Arc::new(inner), listening: Arc::default(), state: Arc::default(), heard: Arc::default() }
    }

    /// For another connection to the same server.
    pub(super) fn connection(&self) -> Self {
        Self { inner: self.inner.clone(), listening: Arc::default(), state: Arc::default(), heard: Arc::default() }
    }

    /// What servers list depends on what we may do: to be lost when a token has other scopes than the one before.
    pub(super) fn freshness(&self) -> &Arc<Freshness> {
        &self.inner.freshness
    }

    pub(super) fn oddities(&self) -> &Oddities {
        &self.inner.oddities
    }

    pub(super) fn server(&self) -> &Connection {
        &self.inner.server
    }

    pub(super) fn identity(&self) -> &Identity {
        self.inner.server.identity()
    }

    pub(super) fn clock(&self) -> &Arc<dyn Clock> {
        self.inner.server.clock()
    }

    pub(super) fn patience(&self) -> Duration {
        self.inner.patience
    }

    pub(super) fn listening(&self) -> MutexGuard<'_, Listening> {
        self.listening.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Which eras are tried.
    pub(super) fn protocol(&self) -> Protocol {
        self.inner.era.to_try(self.server().config().protocol)
    }

    pub(super) fn era(&self) -> &Era {
        &self.inner.era
    }

    pub(super) fn state(&self) -> MutexGuard<'_, SessionState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn url(&self) -> Url {
        self.server().config().url.clone()
    }

    /// Sends the answer to a request of the server.
    pub(super) async fn answer(&self, answer: &ClientJsonRpcMessage, place: &Place) -> Result<(), Fault> {
        // what else the headers say is about another message
        let version = place.headers.get_key_value(&VERSION).map(|(name, value)| (name.clone(), value.clone()));
        let place = Place { session: place.session.clone(), headers: version.into_iter().collect() };
        let request = self.request_with(answer, &place, None, ANSWER_TIMEOUT)?;
        self.exchange(&request, None).await?;
        Ok(())
    }

    /// What the server sends without being asked, or the rest of a stream that broke off; `None` if the server serves no such thing.
    pub(super) async fn stream(&self, place: &Place, last_event: Option<&str>) -> Result<Option<Body>, Fault> {
        let mut request = self.request(Method::GET, place)?;
        if let Some(last) = last_event {
            request.headers.insert(LAST_EVENT, header_value(last)?);
        }
        let reply = self.exchange(&request, None).await?;
        let is_stream = reply.status.is_success() && has_type(&reply.headers, EVENT_STREAM);
        Ok(is_stream.then_some(reply.body))
    }

    /// Goes to the configured address, whatever else the library may hold.
    pub(super) fn request(&self, method: Method, place: &Place) -> Result<Request, Fault> {
        let mut request = Request::get(self.url());
        request.method = method;
        request.timeout = TIMEOUT;
        request.headers.extend(place.headers.clone());
        let accept = HeaderValue::from_static("application/json, text/event-stream");
        request.headers.insert(ACCEPT, accept);
        if let Some(session) = &place.session {
            request.headers.insert(SESSION, header_value(session)?);
        }
        Ok(request)
    }

    fn request_with(
        &self,
        message: &ClientJsonRpcMessage,
        place: &Place,
        handle: Option<&CallHandle>,
        limit: Duration,
    ) -> Result<Request, Fault> {
        let mut request = self.request(Method::POST, place)?;
        request.timeout = limit;
        // a server that may take longer may be silent for longer
        request.read_timeout = Some(limit).filter(|limit| *limit > TIMEOUT);
        let json = HeaderValue::from_static(JSON);
        request.headers.insert(CONTENT_TYPE, json);
        if let Some(handle) = handle {
            let trace = header_value(&handle.traceparent)?;
            request.headers.insert(TRACEPARENT, trace);
        }
        request.body = message::to_json(message)?.into();
        Ok(request)
    }

    pub(super) async fn post(
        &self,
        message: &ClientJsonRpcMessage,
        place: &Place,
        handle: Option<&CallHandle>,
        limit: Duration,
    ) -> Result<StreamableHttpPostResponse, Failure> {
        let request = self.request_with(message, place, handle, limit)?;
        let reply = self.exchange(&request, handle).await?;
        let read = self.read(reply, message, place, handle, limit).await;
        if matches!(
            read,
            Err(StreamableHttpError::SessionExpired | StreamableHttpError::Client(Fault::SessionRefused(_)))
        ) {
            // the server that begins a new one may be another program
            self.freshness().invalidate();
        }
        read
    }
}

/// The longest answer that is read, in bytes.
pub(super) fn longest(handle: Option<&CallHandle>) -> usize {
    handle.map_or(MAX_REPLY, |handle| handle.limits.receive_bytes)
}

pub(super) async fn within<T>(
    subject: Subject,
    limit: Duration,
    read: impl Future<Output = Result<T, Fault>>,
) -> Result<T, Fault> {
    tokio::time::timeout(limit, pin!(read)).await.unwrap_or(Err(Fault::Timeout { subject, limit }))
}

pub(super) fn has_type(headers: &HeaderMap, wanted: &str) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|essence| essence.trim().eq_ignore_ascii_case(wanted))
}

fn header_value(text: &str) -> Result<HeaderValue, Fault> {
    HeaderValue::from_str(text).map_err(|_| Fault::InvalidResponse("something does not fit into a header".into()))
}

#[cfg(test)]
mod tests;
