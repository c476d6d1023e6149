use std::{collections::HashMap, pin::pin, sync::Arc, time::Duration};

use futures_util::{StreamExt, TryStreamExt, future::Either, stream::BoxStream};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
    header::{ACCEPT, CONTENT_TYPE},
};
use rmcp::{
    model::{
        CallToolResult, ClientJsonRpcMessage, ClientRequest, ErrorData, GetExtensions, JsonRpcVersion2_0, RequestId,
        ServerJsonRpcMessage,
    },
    transport::{
        common::client_side_sse::FixedInterval,
        streamable_http_client::{SseError, StreamableHttpClient, StreamableHttpError, StreamableHttpPostResponse},
    },
};
use serde::Deserialize;
use sse_stream::Sse;
use url::Url;

use super::{call::Ticket, error::Fault, listing::Freshness, oddity::Oddities, sse};
use crate::{
    clock::Clock,
    net::{self, Bytes, Request, Streamed},
    secret::Redactor,
    security::oauth::Identity,
};

/// The longest reply, and the longest event of a stream of replies, in bytes.
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
type Events = BoxStream<'static, Result<Sse, SseError>>;
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
        let json = HeaderValue::from_static(JSON);
        request.headers.insert(CONTENT_TYPE, json);
        if let Some(ticket) = &ticket {
            let trace = header_value(&ticket.traceparent)?;
            request.headers.insert(TRACEPARENT, trace);
        }
        request.body = serde_json::to_vec(message)?.into();
        let reply = self.exchange(&request, ticket.as_deref()).await?;
        let read = pin!(read(reply, self.identity().redactor(), message, session, ticket));
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
        let silent = || StreamableHttpPostResponse::Json(not_served(id), None);
        match self.post(message, None, headers, None, DISCOVER_TIMEOUT).await {
            Ok(StreamableHttpPostResponse::Sse(events, session)) => {
                let answer = tokio::time::timeout(DISCOVER_TIMEOUT, first_answer(events, id)).await.ok().flatten();
                Ok(answer.map_or_else(silent, |answer| StreamableHttpPostResponse::Json(answer, session)))
            }
            Err(StreamableHttpError::Client(Fault::Timeout(_) | Fault::Net(net::Error::Timeout { .. }))) => {
                Ok(silent())
            }
            other => other,
        }
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
        let post = self.post(&message, session.as_deref(), headers, ticket.clone(), TIMEOUT);
        let abandoned = match &ticket {
            Some(ticket) => Either::Left(ticket.abandoned()),
            None => Either::Right(std::future::pending()),
        };
        tokio::select! {
            reply = post => reply,
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
            let redactor = self.identity().redactor().clone();
            Ok(scrubbed(sse::events(reply.body, MAX_REPLY).map_ok(patient).boxed(), redactor))
        } else {
            Err(StreamableHttpError::ServerDoesNotSupportSse)
        }
    }
}

async fn read(
    reply: Streamed,
    redactor: &Redactor,
    message: &ClientJsonRpcMessage,
    session: Option<&str>,
    ticket: Option<Arc<Ticket>>,
) -> Result<StreamableHttpPostResponse, Failure> {
    let status = reply.status;
    if matches!(status, StatusCode::ACCEPTED | StatusCode::NO_CONTENT) {
        return Ok(StreamableHttpPostResponse::Accepted);
    }
    if status == StatusCode::NOT_FOUND && session.is_some() {
        return Err(StreamableHttpError::SessionExpired);
    }
    let given = reply.headers.get(SESSION).and_then(|value| value.to_str().ok()).map(str::to_owned);
    if status.is_success() && has_type(&reply.headers, EVENT_STREAM) {
        let events = scrubbed(sse::events(reply.body, MAX_REPLY), redactor.clone());
        let events = match ticket {
            Some(ticket) => watched(events, ticket),
            None => events,
        };
        return Ok(StreamableHttpPostResponse::Sse(events, given));
    }
    let body = reply.collect(MAX_REPLY).await.map_err(Fault::from)?;
    // the answer to a call is scrubbed when it is taken out of its envelope
    let body = if ticket.is_some() { body } else { scrub(&body, redactor).map_or(body, Bytes::from) };
    if status == StatusCode::BAD_REQUEST && session.is_some() && says_no_session(&body) {
        return Err(StreamableHttpError::SessionExpired);
    }
    match message {
        ClientJsonRpcMessage::Request(request) if status.is_success() => {
            let answer = match ticket {
                Some(_) => parse_call(&body, &request.id)?,
                None => parse(&body, &request.id)?,
            };
            Ok(StreamableHttpPostResponse::Json(answer, given))
        }
        ClientJsonRpcMessage::Request(request) => {
            let answer = refused(status, &body, &request.request, &request.id)?;
            Ok(StreamableHttpPostResponse::Json(answer, given))
        }
        _ if status.is_success() => Ok(StreamableHttpPostResponse::Accepted),
        _ => Err(Fault::Refused(status.as_u16()).into()),
    }
}

/// A server may send back what it was sent, and the protocol library logs some of what it gets.
fn scrubbed(events: Events, redactor: Redactor) -> Events {
    let clean = move |mut event: Sse| {
        let data = event.data.take();
        event.data = data.map(|data| scrub(data.as_bytes(), &redactor).unwrap_or(data));
        event
    };
    events.map_ok(clean).boxed()
}

/// The message without secrets, however it spells them; none where it is no JSON.
fn scrub(message: &[u8], redactor: &Redactor) -> Option<String> {
    let mut message = serde_json::from_slice(message).ok()?;
    redactor.scrub_json(&mut message);
    Some(message.to_string())
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

/// The answer to a call, where it is a plain result of one: the library tries all that an answer could be, one after the other.
/// Whatever has more or other fields is left to it.
fn parse_call(body: &Bytes, id: &RequestId) -> Result<ServerJsonRpcMessage, Fault> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Answer {
        #[serde(rename = "jsonrpc")]
        _version: JsonRpcVersion2_0,
        id: RequestId,
        result: CallToolResult,
    }
    let is_object = body.trim_ascii_start().starts_with(b"{");
    match is_object.then(|| serde_json::from_slice(body)) {
        Some(Ok(Answer { id: answered, result, .. })) if answered == *id => {
            Ok(ServerJsonRpcMessage::response(result.into(), answered))
        }
        _ => parse(body, id),
    }
}

/// The answer to a request: the library waits for ever for one with another id.
fn parse(body: &Bytes, id: &RequestId) -> Result<ServerJsonRpcMessage, Fault> {
    let garbage = |reason: &str| Fault::Garbage(reason.to_owned());
    match serde_json::from_slice(body) {
        Ok(ServerJsonRpcMessage::Response(answer)) if answer.id == *id => Ok(ServerJsonRpcMessage::Response(answer)),
        Ok(ServerJsonRpcMessage::Response(_)) => Err(garbage("it answers another request")),
        Ok(ServerJsonRpcMessage::Error(answer)) => Ok(ServerJsonRpcMessage::error(answer.error, Some(id.clone()))),
        Ok(_) => Err(garbage("it answers with something that is no answer")),
        Err(_) => Err(garbage("it is no JSON-RPC message")),
    }
}

/// A status of 4xx may carry a JSON-RPC error. Servers of the older era refuse to be discovered in many ways.
fn refused(
    status: StatusCode,
    body: &Bytes,
    request: &ClientRequest,
    id: &RequestId,
) -> Result<ServerJsonRpcMessage, Fault> {
    if let Ok(ServerJsonRpcMessage::Error(answer)) = serde_json::from_slice(body) {
        return Ok(ServerJsonRpcMessage::error(answer.error, Some(id.clone())));
    }
    if matches!(request, ClientRequest::DiscoverRequest(_)) && status.is_client_error() {
        return Ok(not_served(id));
    }
    Err(Fault::Refused(status.as_u16()))
}

/// Stands for the answer of a server of the older era.
fn not_served(id: &RequestId) -> ServerJsonRpcMessage {
    let error = ErrorData::invalid_request("server/discover is not served", None);
    ServerJsonRpcMessage::error(error, Some(id.clone()))
}

async fn first_answer(mut events: Events, id: &RequestId) -> Option<ServerJsonRpcMessage> {
    while let Some(Ok(event)) = events.next().await {
        let answer = event.data.and_then(|data| parse(&data.into(), id).ok());
        if answer.is_some() {
            return answer;
        }
    }
    None
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
