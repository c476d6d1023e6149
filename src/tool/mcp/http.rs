use std::{
    collections::HashMap,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{TryFutureExt, future::Either};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
    header::{ACCEPT, CONTENT_TYPE},
};
use rmcp::{
    model::{ClientJsonRpcMessage, GetExtensions, ServerJsonRpcMessage},
    transport::{
        common::client_side_sse::FixedInterval,
        streamable_http_client::{StreamableHttpClient, StreamableHttpError, StreamableHttpPostResponse},
    },
};
use tokio::sync::watch;
use url::Url;

use super::{
    answer::{Events, Question},
    call::{Idempotency, Ticket},
    era::Era,
    error::{Fault, Sent},
    limit::ANSWER_TIMEOUT,
    listen::Listening,
    listing::Freshness,
    lost::{self, Refusals, Refused, SessionState},
    message::{self, Asked, not_served},
    oddity::Oddities,
    sse::Body,
    stream::{self, Answered, Incoming, Place, Preceding},
    subject::Subject,
};
use crate::{
    clock::Clock,
    net::{self, Request, Streamed},
    security::{oauth::Identity, servers::Protocol},
};

/// The longest answer to anything but a call, and the longest event of a stream that belongs to none, in bytes.
pub(super) const MAX_REPLY: usize = 1 << 20;
/// The time for one exchange: until the whole reply, or the beginning of a stream.
const TIMEOUT: Duration = Duration::from_secs(60);
/// The time for a server to begin to say that it speaks the newer era, and that to say it. One that is silent is asked in the words of
/// the older one; one that wants us to wait is not.
const DISCOVER_TIMEOUT: Duration = Duration::from_secs(5);
/// So long does the first request of a session wait until the server can ask for something on its own: some put a question about a call
/// there, and drop it when nothing listens.
const LISTEN_TIMEOUT: Duration = Duration::from_secs(1);
/// The first version without sessions, and without streams that can be taken up again.
const MODERN: &str = "2026-07-28";

const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
const VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
const LAST_EVENT: HeaderName = HeaderName::from_static("last-event-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const JSON: &str = "application/json";
const EVENT_STREAM: &str = "text/event-stream";

/// The HTTP client below the protocol library: attaches the token of its server, and sees what a server says by status first. Clones
/// belong to the same connection.
#[derive(Clone)]
pub(super) struct Http {
    inner: Arc<Inner>,
    listening: Arc<Mutex<Listening>>,
    state: Arc<Mutex<SessionState>>,
    /// Whether the server has answered the first request to be listened to.
    heard: Arc<watch::Sender<bool>>,
}

struct Inner {
    identity: Arc<Identity>,
    clock: Arc<dyn Clock>,
    freshness: Arc<Freshness>,
    oddities: Oddities,
    refusals: Refusals,
    era: Era,
    /// How long a stream is read more slowly before it ends, see [`PATIENCE`](super::limit::PATIENCE).
    patience: Duration,
}

/// A request that was sent, and how long its answer is waited for.
#[derive(Clone, Copy)]
struct Pending<'a> {
    question: &'a Question,
    place: &'a Place,
    ticket: Option<&'a Ticket>,
    limit: Duration,
}

pub(super) type Headers = HashMap<HeaderName, HeaderValue>;
type Failure = StreamableHttpError<Fault>;

/// A stream that breaks off is taken up again, but not for ever.
pub(super) fn reconnect() -> FixedInterval {
    let mut interval = FixedInterval::default();
    interval.max_times = Some(3);
    interval
}

impl Http {
    pub(super) fn new(identity: Arc<Identity>, clock: Arc<dyn Clock>, patience: Duration) -> Self {
        let oddities = Oddities::new(identity.config().id.clone(), identity.redactor().clone());
        let inner = Inner {
            identity,
            clock,
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

    pub(super) fn identity(&self) -> &Identity {
        &self.inner.identity
    }

    pub(super) fn clock(&self) -> &Arc<dyn Clock> {
        &self.inner.clock
    }

    pub(super) fn patience(&self) -> Duration {
        self.inner.patience
    }

    pub(super) fn listening(&self) -> MutexGuard<'_, Listening> {
        self.listening.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Which eras are tried.
    pub(super) fn protocol(&self) -> Protocol {
        self.inner.era.to_try(self.identity().config().protocol)
    }

    pub(super) fn era(&self) -> &Era {
        &self.inner.era
    }

    fn state(&self) -> MutexGuard<'_, SessionState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn url(&self) -> Url {
        self.identity().config().url.clone()
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

    /// What the server sends without being asked, or the rest of a stream that broke off; none where the server serves no such thing.
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
    fn request(&self, method: Method, place: &Place) -> Result<Request, Fault> {
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
        ticket: Option<&Ticket>,
        limit: Duration,
    ) -> Result<Request, Fault> {
        let mut request = self.request(Method::POST, place)?;
        request.timeout = limit;
        // whoever may take longer may be silent for longer
        request.read_timeout = Some(limit).filter(|limit| *limit > TIMEOUT);
        let json = HeaderValue::from_static(JSON);
        request.headers.insert(CONTENT_TYPE, json);
        if let Some(ticket) = ticket {
            let trace = header_value(&ticket.traceparent)?;
            request.headers.insert(TRACEPARENT, trace);
        }
        request.body = message::to_json(message)?.into();
        Ok(request)
    }

    async fn post(
        &self,
        message: &ClientJsonRpcMessage,
        place: &Place,
        ticket: Option<&Ticket>,
        limit: Duration,
    ) -> Result<StreamableHttpPostResponse, Failure> {
        let request = self.request_with(message, place, ticket, limit)?;
        let reply = self.exchange(&request, ticket).await?;
        let read = self.read(reply, message, place, ticket, limit).await;
        if matches!(
            read,
            Err(StreamableHttpError::SessionExpired | StreamableHttpError::Client(Fault::SessionRefused(_)))
        ) {
            // whoever begins a new one may be another program
            self.freshness().lose();
        }
        read
    }

    async fn read(
        &self,
        reply: Streamed,
        message: &ClientJsonRpcMessage,
        place: &Place,
        ticket: Option<&Ticket>,
        limit: Duration,
    ) -> Result<StreamableHttpPostResponse, Failure> {
        let status = reply.status;
        let ClientJsonRpcMessage::Request(request) = message else {
            // a notification needs no answer; if the session is gone, the next request shows it
            if !status.is_success() {
                let server = &self.identity().config().id;
                tracing::debug!(%server, "a notification is answered with status {}", status.as_u16());
            }
            return Ok(StreamableHttpPostResponse::Accepted);
        };
        let question = Question::of(&request.id, &request.request);
        if matches!(status, StatusCode::ACCEPTED | StatusCode::NO_CONTENT) {
            // without a session no answer can come another way
            let is_lost = ticket.is_some() && place.session.is_none();
            let reason = format!("it takes the call with status {} and does not answer it", status.as_u16());
            return if is_lost { Err(Fault::Garbage(reason).into()) } else { Ok(StreamableHttpPostResponse::Accepted) };
        }
        if status == StatusCode::NOT_FOUND && place.session.is_some() {
            if let Some(ticket) = ticket {
                ticket.set_sent(Sent::No);
            }
            return Err(StreamableHttpError::SessionExpired);
        }
        let given = reply.headers.get(SESSION).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let pending = Pending { question: &question, place, ticket, limit };
        let answer = if status.is_success() && has_type(&reply.headers, EVENT_STREAM) {
            self.streamed(reply, given.as_deref(), pending).await?
        } else {
            self.whole(reply, pending).await?
        };
        if place.session.is_some() && matches!(answer, ServerJsonRpcMessage::Response(_)) {
            let mut state = self.state();
            if *state == SessionState::Untried {
                *state = SessionState::Proven;
            }
        }
        Ok(StreamableHttpPostResponse::Json(answer, given))
    }

    /// The answer in a stream of events, whose session may just have begun.
    async fn streamed(
        &self,
        reply: Streamed,
        session: Option<&str>,
        pending: Pending<'_>,
    ) -> Result<ServerJsonRpcMessage, Fault> {
        let (status, subject) = (reply.status, Subject::of(&pending.question.asked));
        let session = pending.place.session.clone().or(session.map(Arc::from));
        let place = Place { session, headers: pending.place.headers.clone() };
        let incoming = Incoming::new(self, &place, reply.body, subject, longest(pending.ticket));
        let answer = incoming.answer(pending.question, &place);
        let Answered { message, text, preceding } = match pending.ticket {
            // the call has a limit of its own
            Some(_) => answer.await?,
            None => within(subject, pending.limit, answer).await?,
        };
        self.judged(pending, status, text.as_bytes(), preceding, Ok(message))
    }

    /// The answer in a whole body.
    async fn whole(&self, reply: Streamed, pending: Pending<'_>) -> Result<ServerJsonRpcMessage, Fault> {
        let Pending { question, ticket, limit, .. } = pending;
        let (status, headers) = (reply.status, reply.headers.clone());
        let subject = Subject::of(&question.asked);
        let body = reply.collect(longest(ticket)).map_err(|error| match error {
            net::Error::TooLarge { limit, .. } => Fault::TooLong { subject, limit },
            broken @ net::Error::Broken { .. } => Fault::BrokenOff(broken),
            error => Fault::Net(error),
        });
        let mut body = within(subject, limit, body).await?;
        let mut preceding = Preceding::Nothing;
        if has_type(&headers, EVENT_STREAM) {
            (body, preceding) = stream::answer_in(body, question, self.oddities());
        }
        let answer = match status.is_success() {
            true => question.answer(status, &headers, &body, self.oddities()),
            false => question.refused(status, &body, self.oddities()),
        };
        self.judged(pending, status, &body, preceding, answer)
    }

    /// The answer that was read from a body, unless it is a refusal of the session.
    fn judged(
        &self,
        pending: Pending<'_>,
        status: StatusCode,
        body: &[u8],
        preceding: Preceding,
        answer: Result<ServerJsonRpcMessage, Fault>,
    ) -> Result<ServerJsonRpcMessage, Fault> {
        let is_result = matches!(answer, Ok(ServerJsonRpcMessage::Response(_)));
        // a server that said something before its answer has begun with the call
        let may_have_done_it = preceding == Preceding::Something && pending.retry() == Idempotency::Once;
        if is_result || may_have_done_it || pending.place.session.is_none() {
            return answer;
        }
        let may_be_lost = lost::may_be_lost(status, body, &pending.question.id, pending.retry());
        let now = self.clock().elapsed();
        if may_be_lost && self.inner.refusals.judge(pending.ticket, &mut self.state(), now) == Refused::Session {
            return Err(Fault::SessionRefused(status.as_u16()));
        }
        answer
    }

    /// Opens the stream of what the server sends on its own.
    async fn listen(&self, place: &Place) -> Result<Events, Failure> {
        let admitted = self.listening().admit(self.clock().elapsed());
        let Some((wait, last_event)) = admitted.filter(|_| !is_modern(&place.headers)) else {
            return Err(StreamableHttpError::ServerDoesNotSupportSse);
        };
        self.clock().sleep(wait).await;
        let body = self.stream(place, last_event.as_deref()).await?;
        let body = body.ok_or(StreamableHttpError::ServerDoesNotSupportSse)?;
        Ok(Incoming::new(self, place, body, Subject::Other, MAX_REPLY).listen())
    }

    async fn until_heard(&self) {
        let mut heard = self.heard.subscribe();
        if tokio::time::timeout(LISTEN_TIMEOUT, heard.wait_for(|heard| *heard)).await.is_err() {
            self.heard.send_replace(true);
        }
    }

    /// What a server says to who it is. One that does not speak the newer era says so in many ways, or says nothing.
    async fn greet(
        &self,
        message: &ClientJsonRpcMessage,
        question: &Question,
        place: &Place,
    ) -> Result<StreamableHttpPostResponse, Failure> {
        let discovers = question.asked == Asked::Discover;
        let limit = if discovers { DISCOVER_TIMEOUT } else { TIMEOUT };
        match self.post(message, place, None, limit).await {
            Ok(StreamableHttpPostResponse::Accepted)
            | Err(StreamableHttpError::Client(
                Fault::Timeout { .. } | Fault::Closed | Fault::Net(net::Error::Timeout { .. }),
            )) if discovers => {
                let older = ServerJsonRpcMessage::error(not_served(), Some(question.id.clone()));
                Ok(StreamableHttpPostResponse::Json(older, None))
            }
            Ok(StreamableHttpPostResponse::Accepted) => {
                Err(Fault::Garbage("it accepts `initialize` with status 202 and does not answer it".to_owned()).into())
            }
            Err(StreamableHttpError::Client(Fault::Closed)) => {
                Err(Fault::Garbage("its event stream ended without an answer".to_owned()).into())
            }
            other => other,
        }
    }
}

impl Pending<'_> {
    fn retry(&self) -> Idempotency {
        self.ticket.map_or(Idempotency::Repeatable, |ticket| ticket.retry)
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
        let place = Place { session, headers };
        if let Some(question) = greeting(&message) {
            return self.greet(&message, &question, &place).await;
        }
        if matches!(message, ClientJsonRpcMessage::Request(_)) && place.session.is_some() && !is_modern(&place.headers)
        {
            self.until_heard().await;
        }
        let ticket = ticket_of(&message);
        let limit = ticket.as_ref().map_or(TIMEOUT, |ticket| ticket.limits.exchange);
        let post = self.post(&message, &place, ticket.as_deref(), limit);
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
        let request = self.request(Method::DELETE, &Place { session: Some(session), headers })?;
        self.exchange(&request, None).await?;
        Ok(())
    }

    /// The library comes here only to listen: a reply that breaks off is taken up again where it is read.
    async fn get_stream(
        &self,
        _uri: Arc<str>,
        session: Option<Arc<str>>,
        _last_event: Option<String>,
        _token: Option<String>,
        headers: Headers,
    ) -> Result<Events, Failure> {
        let listened = self.listen(&Place { session, headers }).await;
        self.heard.send_replace(true);
        listened
    }
}

/// A version without sessions, and without streams that can be taken up again.
pub(super) fn is_modern(headers: &Headers) -> bool {
    headers.get(&VERSION).is_some_and(|version| version.as_bytes() >= MODERN.as_bytes())
}

/// The longest answer that is read, in bytes.
fn longest(ticket: Option<&Ticket>) -> usize {
    ticket.map_or(MAX_REPLY, |ticket| ticket.limits.receive_bytes)
}

async fn within<T>(
    subject: Subject,
    limit: Duration,
    read: impl Future<Output = Result<T, Fault>>,
) -> Result<T, Fault> {
    tokio::time::timeout(limit, pin!(read)).await.unwrap_or(Err(Fault::Timeout { subject, limit }))
}

/// What the message asks, where that is who the server is.
fn greeting(message: &ClientJsonRpcMessage) -> Option<Question> {
    let ClientJsonRpcMessage::Request(request) = message else { return None };
    let question = Question::of(&request.id, &request.request);
    matches!(question.asked, Asked::Discover | Asked::Initialize).then_some(question)
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

#[cfg(test)]
mod tests;
