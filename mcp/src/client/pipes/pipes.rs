use std::{
    io,
    sync::{Arc, OnceLock},
    time::Duration,
};

use abide_base::bom::strip_bom;
use bytes::{Bytes, BytesMut};
use rmcp::{
    RoleClient,
    model::{ClientJsonRpcMessage, ClientNotification, RequestId, ServerJsonRpcMessage},
    transport::Transport,
};
use serde::de::IgnoredAny;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::{Notify, mpsc, oneshot},
    task::JoinSet,
};

use super::super::{
    error::Fault,
    flood::Flood,
    freshness::Freshness,
    inbound::Inbound,
    limit::{ANSWER_TIMEOUT, MAX_UNANSWERED, Meter},
    message,
    oddity::Oddities,
    subject::Subject,
};
use super::open::{Addressed, Open};
use crate::servers::InputPolicy;

/// What a program's messages mean to us.
#[derive(Clone)]
pub(in crate::client) struct Context {
    pub(in crate::client) meter: Meter,
    pub(in crate::client) policy: InputPolicy,
    pub(in crate::client) freshness: Arc<Freshness>,
    pub(in crate::client) oddities: Oddities,
}

/// The ends of a program's pipes. Closing or dropping them closes its standard input.
pub(in crate::client) struct Pipes {
    received: mpsc::Receiver<ServerJsonRpcMessage>,
    outbox: Option<mpsc::Sender<Line>>,
    open: Arc<Open>,
    _reading: JoinSet<()>,
}

/// Why we stopped reading what a program says.
#[derive(Clone, Default)]
pub(in crate::client) struct Cut(Arc<(OnceLock<Reason>, Notify)>);

#[derive(Debug)]
enum Reason {
    TooLong(Subject, usize),
    Flood(Flood),
    /// It does not read the answers to its own requests.
    Unread,
}

/// A line of a program is longer than this.
#[derive(Debug)]
pub(super) struct TooLong(usize);

struct Line {
    text: Vec<u8>,
    written: Option<oneshot::Sender<()>>,
}

/// What reads a program's standard output.
struct Reader<R> {
    lines: Lines<R>,
    inbox: mpsc::Sender<ServerJsonRpcMessage>,
    /// Does not keep the program's input open.
    outbox: mpsc::WeakSender<Line>,
    open: Arc<Open>,
    context: Context,
}

/// Lines of a stream of bytes.
pub(super) struct Lines<R> {
    inner: R,
    buffer: BytesMut,
    scanned: usize,
    /// How often the end of a line was missed.
    missed: u32,
}

/// A whole message that no end of a line follows for so long is taken as it is.
const QUIET: Duration = Duration::from_millis(200);
const CHUNK: usize = 8 * 1024;
/// So often is a line looked at that may hold a message: beside other text, or without its end.
const MAX_TRIES: u32 = 16;

impl Pipes {
    pub(in crate::client) fn new(
        stdout: impl AsyncRead + Send + Unpin + 'static,
        stdin: impl AsyncWrite + Send + Unpin + 'static,
        context: Context,
        cut: Cut,
    ) -> Self {
        let (inbox, received) = mpsc::channel(MAX_UNANSWERED);
        let (outbox, lines) = mpsc::channel(MAX_UNANSWERED);
        let open = Arc::<Open>::default();
        let mut reader =
            Reader { lines: Lines::new(stdout), inbox, outbox: outbox.downgrade(), open: open.clone(), context };
        // ends when no sender is left, and writes all that was sent before
        tokio::spawn(write(stdin, lines));
        let mut reading = JoinSet::new();
        reading.spawn(async move {
            // the reader is dropped after that: a call that fails because nothing more comes asks for the reason
            if let Err(reason) = reader.run().await {
                cut.because(reason);
            }
        });
        Self { received, outbox: Some(outbox), open, _reading: reading }
    }

    /// An answer to this request is not waited for any more.
    pub(in crate::client) fn forget(&self, id: &RequestId) {
        self.open.give_up(id);
    }
}

impl Transport<RoleClient> for Pipes {
    type Error = Fault;

    fn send(&mut self, message: ClientJsonRpcMessage) -> impl Future<Output = Result<(), Fault>> + Send + 'static {
        match &message {
            ClientJsonRpcMessage::Request(request) => self.open.add(&request.id, &request.request),
            ClientJsonRpcMessage::Notification(notification) => {
                if let ClientNotification::CancelledNotification(cancelled) = &notification.notification
                    && let Some(id) = &cancelled.params.request_id
                {
                    self.open.give_up(id);
                }
            }
            _ => {}
        }
        let outbox = self.outbox.clone();
        async move {
            let (written, done) = oneshot::channel();
            let line = Line { text: line(&message)?, written: Some(written) };
            outbox.ok_or(Fault::Closed)?.send(line).await.map_err(|_| Fault::Closed)?;
            done.await.map_err(|_| Fault::Closed)
        }
    }

    async fn receive(&mut self) -> Option<ServerJsonRpcMessage> {
        self.received.recv().await
    }

    async fn close(&mut self) -> Result<(), Fault> {
        // what the program still says is read until this is dropped, so that it may end in peace
        self.outbox = None;
        Ok(())
    }
}

impl Cut {
    /// What a call that waits has failed for.
    pub(in crate::client) fn fault(&self) -> Option<Fault> {
        let (reason, _) = &*self.0;
        Some(match reason.get()? {
            Reason::TooLong(subject, most) => Fault::TooLong { subject: *subject, limit: *most },
            Reason::Flood(flood) => flood.clone().into(),
            Reason::Unread => Fault::InvalidResponse("it asks and does not read the answers".to_owned()),
        })
    }

    /// Until there is a reason.
    pub(in crate::client) async fn made(&self) {
        let (_, notify) = &*self.0;
        notify.notified().await;
    }

    fn because(&self, reason: Reason) {
        let (cell, notify) = &*self.0;
        if let Reason::Flood(flood) = &reason {
            tracing::warn!("a program is not read any more, and ended: {flood}");
        }
        // the first reason counts
        let _ = cell.set(reason);
        notify.notify_one();
    }
}

impl<R: AsyncRead + Unpin> Reader<R> {
    /// Until the program ends or sends what it may not, or no caller listens any more.
    async fn run(&mut self) -> Result<(), Reason> {
        let open = self.open.clone();
        let too_long = |TooLong(most)| Reason::TooLong(open.subject(), most);
        while let Some(line) = self.lines.next(|| open.most()).await.map_err(too_long)? {
            for message in messages(&line) {
                if let Some(answer) = self.take(message).await?
                    && self.inbox.send(answer).await.is_err()
                {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Does what one message wants. An answer to one of our requests is passed on, and costs nothing.
    async fn take(&mut self, text: &[u8]) -> Result<Option<ServerJsonRpcMessage>, Reason> {
        let inbound = match Inbound::of(text, &self.context.policy) {
            // a line of a log may have a method and an id too
            Inbound::Request(_) if !contains(text, b"\"jsonrpc\"") => Inbound::Unusable,
            inbound => inbound,
        };
        let addressed = match &inbound {
            Inbound::Answer(Some(id)) => self.open.take(id),
            // a server that cannot tell which request it refuses can mean this one only
            Inbound::Error => self.open.take_only(),
            _ => Addressed::Nothing,
        };
        match addressed {
            Addressed::Waiting(waiting) => return Ok(Some(waiting.answer(text, &self.context.oddities))),
            Addressed::GivenUp => return Ok(None),
            Addressed::Nothing => {}
        }
        let calls = self.open.count();
        self.context.meter.messages(1.0, text.len(), calls).await?;
        match inbound {
            Inbound::Request(answer) => {
                self.context.meter.request(calls).await?;
                let Ok(text) = line(&answer) else { return Ok(None) };
                let Some(outbox) = self.outbox.upgrade() else { return Ok(None) };
                let sent = outbox.send(Line { text, written: None });
                // a full outbox is back-pressure; a program that reads nothing at all would wait for us for ever, and we for it
                tokio::time::timeout(ANSWER_TIMEOUT, sent).await.map_err(|_| Reason::Unread)?.unwrap_or(());
            }
            Inbound::ListChanged => self.context.freshness.invalidate(),
            _ => {}
        }
        Ok(None)
    }
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, buffer: BytesMut::new(), scanned: 0, missed: 0 }
    }

    /// The next line, which has at most so many bytes; none at the end of the stream.
    pub(super) async fn next(&mut self, most: impl Fn() -> usize) -> Result<Option<Bytes>, TooLong> {
        loop {
            let unseen = self.buffer.get(self.scanned..).unwrap_or_default();
            if let Some(at) = unseen.iter().position(|byte| *byte == b'\n') {
                return self.take(self.scanned + at + 1, most()).map(Some);
            }
            self.scanned = self.buffer.len();
            if self.scanned > most() {
                return Err(TooLong(most()));
            }
            self.buffer.reserve(CHUNK);
            let read = match tokio::time::timeout(QUIET, self.inner.read_buf(&mut self.buffer)).await {
                Ok(read) => read,
                Err(_) if self.is_whole() => Ok(0),
                Err(_) => self.inner.read_buf(&mut self.buffer).await,
            };
            if read.unwrap_or(0) == 0 {
                return if self.buffer.is_empty() { Ok(None) } else { self.take(self.buffer.len(), most()).map(Some) };
            }
        }
    }

    fn take(&mut self, length: usize, most: usize) -> Result<Bytes, TooLong> {
        let line = self.buffer.split_to(length).freeze();
        (self.scanned, self.missed) = (0, 0);
        // the end of the line does not count
        let bytes = line.strip_suffix(b"\n").unwrap_or(&line).len();
        if bytes > most { Err(TooLong(most)) } else { Ok(line) }
    }

    /// Whether the buffer holds a whole message, so that only the end of the line may be missing.
    fn is_whole(&mut self) -> bool {
        let text = self.buffer.trim_ascii();
        if !text.starts_with(b"{") || !text.ends_with(b"}") || self.missed >= MAX_TRIES {
            return false;
        }
        self.missed += 1;
        serde_json::from_slice::<IgnoredAny>(text).is_ok()
    }
}

impl From<Flood> for Reason {
    fn from(flood: Flood) -> Self {
        Self::Flood(flood)
    }
}

/// The messages of a line. Some programs write other text before them, or several without an end of the line between them.
pub(super) fn messages(line: &[u8]) -> Vec<&[u8]> {
    let line = strip_bom(line).trim_ascii();
    let mut found = Vec::new();
    let (mut rest, mut failed) = (line, 0);
    while failed < MAX_TRIES {
        let Some(start) = rest.iter().position(|byte| *byte == b'{') else { break };
        let from = rest.get(start..).unwrap_or_default();
        let mut values = serde_json::Deserializer::from_slice(from).into_iter::<IgnoredAny>();
        let end = match values.next() {
            Some(Ok(_)) => values.byte_offset(),
            _ => 0,
        };
        if end == 0 {
            failed += 1;
        } else {
            found.extend(from.get(..end));
        }
        rest = from.get(end.max(1)..).unwrap_or_default();
    }
    // so that it is counted
    if found.is_empty() { vec![line] } else { found }
}

pub(super) fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

pub(super) fn line(message: &ClientJsonRpcMessage) -> Result<Vec<u8>, Fault> {
    let mut text = message::to_json(message)?;
    text.push(b'\n');
    Ok(text)
}

async fn write(mut stdin: impl AsyncWrite + Unpin, mut lines: mpsc::Receiver<Line>) {
    while let Some(Line { text, written }) = lines.recv().await {
        let done: io::Result<()> = async {
            stdin.write_all(&text).await?;
            stdin.flush().await
        }
        .await;
        if done.is_err() {
            return;
        }
        if let Some(written) = written {
            // its sender may have gone
            let _ = written.send(());
        }
    }
}
