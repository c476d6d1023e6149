use std::{collections::HashMap, pin::pin, sync::Arc, time::Duration};

use futures_util::{StreamExt, TryStreamExt, future::Either};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
    header::{ACCEPT, CONTENT_TYPE},
};
use rmcp::{
    model::{ClientJsonRpcMessage, ClientRequest, GetExtensions, RequestId, ServerJsonRpcMessage},
    transport::{
        common::client_side_sse::FixedInterval,
        streamable_http_client::{StreamableHttpClient, StreamableHttpError, StreamableHttpPostResponse},
    },
};
use sse_stream::Sse;
use url::Url;

use super::{
    answer::{self, Events, Question},
    call::Ticket,
    error::Fault,
    listing::Freshness,
    message::{Asked, not_served},
    oddity::Oddities,
    sse,
};
use crate::{
    clock::Clock,
    net::{self, Bytes, Request, Streamed},
    security::oauth::Identity,
};

/// The longest answer to anything but a call, and the longest event of a stream that belongs to none, in bytes.
pub(super) const MAX_REPLY: usize = 1 << 20;
/// The time for one exchange: until the whole reply, or the beginning of a stream.
const TIMEOUT: Duration = Duration::from_secs(60);
/// The time for a server to begin to say that it speaks the newer era, and that to say it. One that is silent is asked in the words of
/// the older one; one that wants us to wait is not.
const DISCOVER_TIMEOUT: Duration = Duration::from_secs(5);
/// A stream that ends at once again and again is not asked for more often than this, whatever its server wants.
const MIN_RETRY_MS: u64 = 100;
/// The first version without sessions, and without streams that can be taken up again.
const MODERN: &str = "2026-07-28";

const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
const VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
const LAST_EVENT: HeaderName = HeaderName::from_static("last-event-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const JSON: &str = "application/json";
const EVENT_STREAM: &str = "text/event-stream";

/// The HTTP client below the protocol library: attaches the token of its server, and sees what a server says by status first.
#[derive(Clone)]
pub(super) struct Http(Arc<Inner>);

struct Inner {
    identity: Arc<Identity>,
    clock: Arc<dyn Clock>,
    freshness: Arc<Freshness>,
    oddities: Oddities,
}

type Headers = HashMap<HeaderName, HeaderValue>;
type Failure = StreamableHttpError<Fault>;

/// A stream that breaks off is taken up again, but not for ever.
pub(super) fn reconnect() -> FixedInterval {
    let mut interval = FixedInterval::default();
    interval.max_times = Some(3);
    interval
}

impl Http {
    pub(super) fn new(identity: Arc<Identity>, clock: Arc<dyn Clock>) -> Self {
        let oddities = Oddities::new(identity.config().id.clone(), identity.redactor().clone());
        Self(Arc::new(Inner { identity, clock, freshness: Arc::default(), oddities }))
    }

    /// What servers list depends on what we may do: to be lost when a token has other scopes than the one before.
    pub(super) fn freshness(&self) -> &Arc<Freshness> {
        &self.0.freshness
    }

    pub(super) fn oddities(&self) -> &Oddities {
        &self.0.oddities
    }

    pub(super) fn identity(&self) -> &Identity {
        &self.0.identity
    }

    pub(super) fn clock(&self) -> &dyn Clock {
        &*self.0.clock
    }

    /// Goes to the configured address, whatever else the library may hold.
    fn request(&self, method: Method, session: Option<&str>, extra: Headers) -> Result<Request, Fault> {
        let mut request = Request::get(self.url());
        request.method = method;
        request.timeout = TIMEOUT;
        request.headers.extend(extra);
        let accept = HeaderValue::from_static("application/json, text/event-stream");
        request.headers.insert(ACCEPT, accept);
        if let Some(session) = session {
            request.headers.insert(SESSION, header_value(session)?);
        }
        Ok(request)
    }

    pub(super) fn url(&self) -> Url {
        self.identity().config().url.clone()
    }

    async fn post(
        &self,
        message: &ClientJsonRpcMessage,
        session: Option<&str>,
        headers: Headers,
        ticket: Option<Arc<Ticket>>,
        limit: Duration,
    ) -> Result<StreamableHttpPostResponse, Failure> {
        let mut request = self.request(Method::POST, session, headers)?;
        request.timeout = limit;
        // whoever may take longer may be silent for longer
        request.read_timeout = Some(limit).filter(|limit| *limit > TIMEOUT);
        let json = HeaderValue::from_static(JSON);
        request.headers.insert(CONTENT_TYPE, json);
        if let Some(ticket) = &ticket {
            let trace = header_value(&ticket.traceparent)?;
            request.headers.insert(TRACEPARENT, trace);
        }
        request.body = serde_json::to_vec(message)?.into();
        let reply = self.exchange(&request, ticket.as_deref()).await?;
        let read = pin!(read(reply, self.oddities(), message, session, ticket));
        let read = tokio::time::timeout(limit, read).await.unwrap_or(Err(Fault::Timeout(limit).into()));
        if matches!(read, Err(StreamableHttpError::SessionExpired)) {
            // whoever begins a new one may be another program
            self.freshness().lose();
        }
        read
    }

    /// Whether the server speaks the newer era. A stream of events is read up to the answer here: how long that takes is limited.
    async fn discover(
        &self,
        message: &ClientJsonRpcMessage,
        id: &RequestId,
        headers: Headers,
    ) -> Result<StreamableHttpPostResponse, Failure> {
        let silent =
            || StreamableHttpPostResponse::Json(ServerJsonRpcMessage::error(not_served(), Some(id.clone())), None);
        match self.post(message, None, headers, None, DISCOVER_TIMEOUT).await {
            Ok(StreamableHttpPostResponse::Sse(events, session)) => {
                let answer = tokio::time::timeout(DISCOVER_TIMEOUT, answer::first(events)).await.ok().flatten();
                Ok(answer.map_or_else(silent, |answer| StreamableHttpPostResponse::Json(answer, session)))
            }
            Ok(StreamableHttpPostResponse::Accepted)
            | Err(StreamableHttpError::Client(Fault::Timeout(_) | Fault::Net(net::Error::Timeout { .. }))) => {
                Ok(silent())
            }
            other => other,
        }
    }
}

/// The answer to `initialize`. The library waits for it in a stream too, and does not say why it did not come.
async fn started(reply: StreamableHttpPostResponse) -> Result<StreamableHttpPostResponse, Failure> {
    match reply {
        StreamableHttpPostResponse::Sse(events, session) => {
            let answer = tokio::time::timeout(TIMEOUT, answer::first(events)).await;
            match answer.map_err(|_| Fault::Timeout(TIMEOUT))? {
                Some(answer) => Ok(StreamableHttpPostResponse::Json(answer, session)),
                None => Err(Fault::Garbage("its event stream ended without an answer".to_owned()).into()),
            }
        }
        StreamableHttpPostResponse::Accepted => {
            Err(Fault::Garbage("it accepts `initialize` with status 202 and does not answer it".to_owned()).into())
        }
        other => Ok(other),
    }
}

impl StreamableHttpClient for Http {
    type Error = Fault;

    async fn post_message(
        &self,
        _uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session: Option<Arc<str>>,
        _token: Option<String>,
        headers: Headers,
    ) -> Result<StreamableHttpPostResponse, Failure> {
        if let Some(id) = discovery(&message) {
            return self.discover(&message, id, headers).await;
        }
        let ticket = ticket_of(&message);
        let limit = ticket.as_ref().map_or(TIMEOUT, |ticket| ticket.limits.exchange);
        let post = self.post(&message, session.as_deref(), headers, ticket.clone(), limit);
        let abandoned = match &ticket {
            Some(ticket) => Either::Left(ticket.abandoned()),
            None => Either::Right(std::future::pending()),
        };
        tokio::select! {
            reply = post => match &message {
                ClientJsonRpcMessage::Request(request) if Asked::of(&request.request) == Asked::Initialize => {
                    started(reply?).await
                }
                _ => reply,
            },
            () = abandoned => Err(Fault::Abandoned.into()),
        }
    }

    async fn delete_session(
        &self,
        _uri: Arc<str>,
        session: Arc<str>,
        _token: Option<String>,
        headers: Headers,
    ) -> Result<(), Failure> {
        let request = self.request(Method::DELETE, Some(&session), headers)?;
        self.exchange(&request, None).await?;
        Ok(())
    }

    async fn get_stream(
        &self,
        _uri: Arc<str>,
        session: Option<Arc<str>>,
        last_event: Option<String>,
        _token: Option<String>,
        headers: Headers,
    ) -> Result<Events, Failure> {
        if headers.get(&VERSION).is_some_and(|version| version.as_bytes() >= MODERN.as_bytes()) {
            // a stream of the newer era that broke off is lost
            return Err(StreamableHttpError::ServerDoesNotSupportSse);
        }
        let mut request = self.request(Method::GET, session.as_deref(), headers)?;
        if let Some(last) = last_event {
            request.headers.insert(LAST_EVENT, header_value(&last)?);
        }
        let reply = self.exchange(&request, None).await?;
        if reply.status.is_success() && has_type(&reply.headers, EVENT_STREAM) {
            let patient = |mut event: Sse| {
                event.retry = event.retry.map(|wait| wait.max(MIN_RETRY_MS));
                event
            };
            let events = sse::events(reply.body, MAX_REPLY).map_ok(patient).boxed();
            Ok(answer::cleaned(events, None, self.oddities().clone()))
        } else {
            Err(StreamableHttpError::ServerDoesNotSupportSse)
        }
    }
}

async fn read(
    reply: Streamed,
    oddities: &Oddities,
    message: &ClientJsonRpcMessage,
    session: Option<&str>,
    ticket: Option<Arc<Ticket>>,
) -> Result<StreamableHttpPostResponse, Failure> {
    let status = reply.status;
    let question = match message {
        ClientJsonRpcMessage::Request(request) => Some(Question::of(&request.id, &request.request)),
        _ => None,
    };
    // what was told needs no answer, whatever comes
    if matches!(status, StatusCode::ACCEPTED | StatusCode::NO_CONTENT) || (question.is_none() && status.is_success()) {
        return Ok(StreamableHttpPostResponse::Accepted);
    }
    if status == StatusCode::NOT_FOUND && session.is_some() {
        return Err(StreamableHttpError::SessionExpired);
    }
    let limit = ticket.as_ref().map_or(MAX_REPLY, |ticket| ticket.limits.receive_bytes);
    let given = reply.headers.get(SESSION).and_then(|value| value.to_str().ok()).map(str::to_owned);
    if status.is_success() && has_type(&reply.headers, EVENT_STREAM) {
        let events = answer::cleaned(sse::events(reply.body, limit), question, oddities.clone());
        let events = match ticket {
            Some(ticket) => watched(events, ticket),
            None => events,
        };
        return Ok(StreamableHttpPostResponse::Sse(events, given));
    }
    let headers = reply.headers.clone();
    let body = reply.collect(limit).await.map_err(Fault::from)?;
    if status == StatusCode::BAD_REQUEST && session.is_some() && says_no_session(&body) {
        return Err(StreamableHttpError::SessionExpired);
    }
    match question {
        Some(question) if status.is_success() => {
            Ok(StreamableHttpPostResponse::Json(question.answer(status, &headers, &body, oddities)?, given))
        }
        Some(question) => Ok(StreamableHttpPostResponse::Json(question.refused(status, &body, oddities)?, given)),
        None => Err(Fault::Refused(status.as_u16()).into()),
    }
}

/// Ends when the call is abandoned, and remembers when an event is too long.
fn watched(events: Events, ticket: Arc<Ticket>) -> Events {
    let witness = ticket.clone();
    events
        .inspect_err(move |error| {
            if sse::is_too_long(error) {
                witness.set_too_long();
            }
        })
        .take_until(async move { ticket.abandoned().await })
        .boxed()
}

/// Some servers answer with 400 instead of 404 to a session that they do not know, as another replica does. Nothing was done then, as
/// they have not read so far that they know which request it is: an error with its id comes from whoever was to do it.
fn says_no_session(body: &Bytes) -> bool {
    match serde_json::from_slice(body) {
        Ok(ServerJsonRpcMessage::Error(answer)) => {
            answer.id.is_none() && answer.error.message.to_ascii_lowercase().contains("session")
        }
        _ => false,
    }
}

fn discovery(message: &ClientJsonRpcMessage) -> Option<&RequestId> {
    match message {
        ClientJsonRpcMessage::Request(request) => {
            matches!(request.request, ClientRequest::DiscoverRequest(_)).then_some(&request.id)
        }
        _ => None,
    }
}

fn ticket_of(message: &ClientJsonRpcMessage) -> Option<Arc<Ticket>> {
    match message {
        ClientJsonRpcMessage::Request(request) => request.request.extensions().get::<Arc<Ticket>>().cloned(),
        _ => None,
    }
}

fn has_type(headers: &HeaderMap, wanted: &str) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|essence| essence.trim().eq_ignore_ascii_case(wanted))
}

fn header_value(text: &str) -> Result<HeaderValue, Fault> {
    HeaderValue::from_str(text).map_err(|_| Fault::Garbage("something does not fit into a header".into()))
}
