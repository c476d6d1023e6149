//! Event streams of a server: what it asks in them is answered, what it sends is counted, and answers to us are passed on.

use std::time::Duration;

use abide_net::Bytes;
use futures_util::{StreamExt, future::BoxFuture, stream};
use rmcp::model::{ClientJsonRpcMessage, ServerJsonRpcMessage};
use sse_stream::Sse;

use super::{
    answer::{self, Events, Question},
    error::Fault,
    flood::Flood,
    http::Http,
    inbound::{Answers, Inbound},
    limit::{ANSWER_TIMEOUT, Lines, Meter},
    oddity::Oddities,
    place::{Place, is_modern},
    sse::{self, Body},
    subject::Subject,
};

/// Messages of a server, as they come in one exchange.
pub(super) struct Incoming {
    http: Http,
    meter: Meter,
    subject: Subject,
    /// The most bytes of one event.
    most: usize,
    events: Events,
    answers: Answers<Send>,
    last_event: Option<String>,
    retry: Option<Duration>,
    preceding: Preceding,
}

/// The answer to a request.
pub(super) struct Answered {
    pub(super) message: ServerJsonRpcMessage,
    /// As it was written.
    pub(super) text: String,
    pub(super) preceding: Preceding,
}

/// What came in a stream before the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Preceding {
    /// No event with data.
    Nothing,
    /// Events with data, or the stream was taken up again.
    Something,
}

type Send = Box<dyn Fn(ClientJsonRpcMessage) -> BoxFuture<'static, ()> + std::marker::Send + Sync>;

/// So often in a row may a stream fail to be taken up again.
const MAX_FAILURES: u32 = 3;
/// Between two tries to take up a stream whose server says nothing about it.
const RETRY: Duration = Duration::from_secs(1);
/// A stream that ends at once again and again is not asked for more often than this, whatever its server wants.
const MIN_RETRY: Duration = Duration::from_millis(100);
/// As above, once it was taken up so often.
const MANY: u32 = 10;

impl Incoming {
    /// The messages of a body. What the server asks is answered in the session that the stream belongs to.
    pub(super) fn new(http: &Http, place: &Place, body: Body, subject: Subject, most: usize) -> Self {
        let meter = Meter::new(http.server().config().id.clone(), http.clock().clone(), most, http.patience());
        let (sender, place) = (http.clone(), place.clone());
        let send: Send = Box::new(move |answer| {
            let (sender, place) = (sender.clone(), place.clone());
            Box::pin(async move {
                let sent = tokio::time::timeout(ANSWER_TIMEOUT, sender.answer(&answer, &place)).await;
                if !matches!(sent, Ok(Ok(()))) {
                    tracing::debug!("the answer to a request of the server was not taken");
                }
            })
        });
        let events = metered(body, meter.clone(), most);
        Self {
            http: http.clone(),
            meter,
            subject,
            most,
            events,
            answers: Answers::over(send),
            last_event: None,
            retry: None,
            preceding: Preceding::Nothing,
        }
    }

    /// The answer to a request. In the older era a stream that breaks off is taken up again where it was.
    pub(super) async fn answer(mut self, question: &Question, place: &Place) -> Result<Answered, Fault> {
        let mut taken_up = 0;
        loop {
            while let Some(text) = self.next().await? {
                if let Some(message) = question.answer_in(&text, self.http.oddities()) {
                    // what was asked before is answered, though no caller waits for that
                    tokio::spawn(self.answers.send_all());
                    return Ok(Answered { message, text, preceding: self.preceding });
                }
                self.preceding = Preceding::Something;
            }
            taken_up += 1;
            self.preceding = Preceding::Something;
            self.take_up(place, taken_up).await?;
        }
    }

    /// The answers that come in a stream that is only listened to.
    pub(super) fn listen(self) -> Events {
        let listened = stream::unfold(self, |mut incoming| async move {
            let text = match incoming.next().await {
                Ok(text) => text,
                Err(fault) => {
                    tracing::warn!("a stream is not listened to any more: {fault}");
                    incoming.http.listening().stop();
                    return None;
                }
            };
            let Some(text) = text else {
                incoming.http.listening().ended(incoming.last_event, incoming.retry);
                return None;
            };
            let data = answer::cleaned(&text, incoming.http.oddities());
            Some((Ok(Sse { data, ..Sse::default() }), incoming))
        });
        listened.boxed()
    }

    /// The next message that is an answer; none at the end.
    async fn next(&mut self) -> Result<Option<String>, Fault> {
        loop {
            let event = tokio::select! {
                () = self.answers.send_one(), if !self.answers.is_empty() => continue,
                event = self.events.next(), if self.answers.has_room() => event,
            };
            if let Some(flood) = self.meter.flood() {
                return Err(flood.into());
            }
            let event = match event {
                Some(Ok(event)) => event,
                Some(Err(error)) if sse::is_too_long(&error) => {
                    return Err(Fault::TooLong { subject: self.subject, limit: self.most });
                }
                Some(Err(_)) | None => return Ok(None),
            };
            if let Some(text) = self.note(event).await? {
                return Ok(Some(text));
            }
        }
    }

    /// Does what an event wants, unless it is an answer.
    async fn note(&mut self, event: Sse) -> Result<Option<String>, Flood> {
        self.retry = event.retry.map(Duration::from_millis).or(self.retry);
        self.last_event = event.id.or(self.last_event.take());
        let Some(text) = event.data else { return Ok(None) };
        if is_message(event.event.as_deref()) {
            match Inbound::of(text.as_bytes(), &self.http.server().config().input) {
                Inbound::Answer(_) | Inbound::Error => return Ok(Some(text)),
                Inbound::Request(answer) => {
                    self.meter.request(1).await?;
                    self.answers.push(*answer);
                }
                Inbound::ListChanged => self.http.freshness().invalidate(),
                Inbound::Notification | Inbound::Unusable => {}
            }
        }
        self.preceding = Preceding::Something;
        Ok(None)
    }

    async fn take_up(&mut self, place: &Place, before: u32) -> Result<(), Fault> {
        let Some(last) = self.last_event.clone().filter(|_| !is_modern(&place.headers)) else {
            return Err(Fault::Closed);
        };
        let least = if before > MANY { RETRY } else { MIN_RETRY };
        for _ in 0..MAX_FAILURES {
            let wait = self.retry.take().unwrap_or(RETRY).max(least);
            self.http.clock().sleep(wait).await;
            match self.http.stream(place, Some(&last)).await {
                Ok(Some(body)) => {
                    self.events = metered(body, self.meter.clone(), self.most);
                    return Ok(());
                }
                Ok(None) => return Err(Fault::Closed),
                Err(_) => {}
            }
        }
        Err(Fault::Closed)
    }
}

/// The answer to a request in an event stream that came as a whole, or the stream if it has none.
pub(super) fn answer_in(body: Bytes, question: &Question, oddities: &Oddities) -> (Bytes, Preceding) {
    let mut preceding = Preceding::Nothing;
    for event in sse::all(&body) {
        let Some(text) = event.data else { continue };
        if is_message(event.event.as_deref()) && question.answer_in(&text, oddities).is_some() {
            return (text.into(), preceding);
        }
        preceding = Preceding::Something;
    }
    (body, preceding)
}

/// Whether an event of this kind brings a message of the protocol.
fn is_message(kind: Option<&str>) -> bool {
    matches!(kind, None | Some("" | "message"))
}

/// The events of a body, which ends where more comes than the meter lets pass.
fn metered(body: Body, meter: Meter, most: usize) -> Events {
    let body = stream::unfold((body, meter, Lines::default()), |(mut body, meter, mut lines)| async move {
        let chunk = body.next().await?;
        if let Ok(bytes) = &chunk {
            meter.messages(lines.weigh(bytes), bytes.len(), 1).await.ok()?;
        }
        Some((chunk, (body, meter, lines)))
    });
    sse::events(body.boxed(), most)
}
