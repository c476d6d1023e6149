use std::{sync::Arc, time::Duration};

use abide_net as net;
use abide_net::Streamed;
use futures_util::{TryFutureExt, future::Either};
use http::{Method, StatusCode};
use rmcp::{
    model::{ClientJsonRpcMessage, GetExtensions, ServerJsonRpcMessage},
    transport::streamable_http_client::{StreamableHttpClient, StreamableHttpError, StreamableHttpPostResponse},
};

use super::{
    answer::{Events, Question},
    call::{CallHandle, Idempotency},
    error::{Fault, Sent},
    http::{
        DISCOVER_TIMEOUT, EVENT_STREAM, Failure, Http, LISTEN_TIMEOUT, SESSION, TIMEOUT, has_type, longest, within,
    },
    limit::MAX_REPLY,
    lost::{self, Refused, SessionState},
    message::{Asked, not_served},
    place::{Headers, Place, is_modern},
    stream::{self, Answered, Incoming, Preceding},
    subject::Subject,
};

impl Http {
    pub(super) async fn read(
        &self,
        reply: Streamed,
        message: &ClientJsonRpcMessage,
        place: &Place,
        handle: Option<&CallHandle>,
        limit: Duration,
    ) -> Result<StreamableHttpPostResponse, Failure> {
        let status = reply.status;
        let ClientJsonRpcMessage::Request(request) = message else {
            // a notification needs no answer; if the session is gone, the next request shows it
            if !status.is_success() {
                let server = &self.server().config().id;
                tracing::debug!(%server, "a notification is answered with status {}", status.as_u16());
            }
            return Ok(StreamableHttpPostResponse::Accepted);
        };
        let question = Question::of(&request.id, &request.request);
        if matches!(status, StatusCode::ACCEPTED | StatusCode::NO_CONTENT) {
            // without a session no answer can come another way
            let is_lost = handle.is_some() && place.session.is_none();
            let reason = format!("it takes the call with status {} and does not answer it", status.as_u16());
            return if is_lost {
                Err(Fault::InvalidResponse(reason).into())
            } else {
                Ok(StreamableHttpPostResponse::Accepted)
            };
        }
        if status == StatusCode::NOT_FOUND && place.session.is_some() {
            if let Some(handle) = handle {
                handle.set_sent(Sent::No);
            }
            return Err(StreamableHttpError::SessionExpired);
        }
        let given = reply.headers.get(SESSION).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let pending = Pending { question: &question, place, handle, limit };
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
        let incoming = Incoming::new(self, &place, reply.body, subject, longest(pending.handle));
        let answer = incoming.answer(pending.question, &place);
        let Answered { message, text, preceding } = match pending.handle {
            // the call has a limit of its own
            Some(_) => answer.await?,
            None => within(subject, pending.limit, answer).await?,
        };
        self.judged(pending, status, text.as_bytes(), preceding, Ok(message))
    }

    /// The answer in a whole body.
    async fn whole(&self, reply: Streamed, pending: Pending<'_>) -> Result<ServerJsonRpcMessage, Fault> {
        let Pending { question, handle, limit, .. } = pending;
        let (status, headers) = (reply.status, reply.headers.clone());
        let subject = Subject::of(&question.asked);
        let body = reply.collect(longest(handle)).map_err(|error| match error {
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
        if may_be_lost && self.inner.refusals.judge(pending.handle, &mut self.state(), now) == Refused::Session {
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
                Err(Fault::InvalidResponse("it accepts `initialize` with status 202 and does not answer it".to_owned())
                    .into())
            }
            Err(StreamableHttpError::Client(Fault::Closed)) => {
                Err(Fault::InvalidResponse("its event stream ended without an answer".to_owned()).into())
            }
            other => other,
        }
    }
}

/// A request that was sent, and how long its answer is waited for.
#[derive(Clone, Copy)]
pub(super) struct Pending<'a> {
    question: &'a Question,
    place: &'a Place,
    handle: Option<&'a CallHandle>,
    limit: Duration,
}

impl Pending<'_> {
    fn retry(&self) -> Idempotency {
        self.handle.map_or(Idempotency::Repeatable, |handle| handle.retry)
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
        let handle = handle_of(&message);
        let limit = handle.as_ref().map_or(TIMEOUT, |handle| handle.limits.exchange);
        let post = self.post(&message, &place, handle.as_deref(), limit);
        let abandoned = match &handle {
            Some(handle) => Either::Left(handle.abandoned()),
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

/// What the message asks, where that is who the server is.
pub(super) fn greeting(message: &ClientJsonRpcMessage) -> Option<Question> {
    let ClientJsonRpcMessage::Request(request) = message else { return None };
    let question = Question::of(&request.id, &request.request);
    matches!(question.asked, Asked::Discover | Asked::Initialize).then_some(question)
}

pub(super) fn handle_of(message: &ClientJsonRpcMessage) -> Option<Arc<CallHandle>> {
    match message {
        ClientJsonRpcMessage::Request(request) => request.request.extensions().get::<Arc<CallHandle>>().cloned(),
        _ => None,
    }
}
