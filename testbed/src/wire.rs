//! What goes wrong between a local server and its clients, below what any of them says: refused and reset connections,
//! silence, replies that trickle.
//!
//! Faults are switched on and off while a server runs. Each is real for whoever is connected: the kernel refuses or resets,
//! or the bytes do not come.

#[cfg(test)]
mod tests;

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use hyper::body::Frame;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::watch,
    time::{Sleep, sleep},
};

/// One way to be a bad server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// New connections are refused, and those that are open are closed.
    Down,
    /// Connections are accepted and requests read, but not acted on, and no answer ever comes.
    Silent,
    /// Requests are acted on; of each reply the head comes, and nothing after it.
    HeadOnly,
    /// Requests are acted on; the body of each reply comes byte by byte, with this pause before each.
    Slow(Duration),
    /// Requests are acted on; in the middle of its reply's body the connection is reset (TCP RST).
    Reset,
}

/// What came over the wire since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// Connections accepted.
    pub connections: u64,
    /// TLS handshakes completed.
    pub handshakes: u64,
    /// Requests, those that were left unanswered included.
    pub requests: u64,
}

/// The wire of one server. Clones are of the same one.
#[derive(Clone, Debug, Default)]
pub struct Wire(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    plan: watch::Sender<Option<Plan>>,
    connections: AtomicU64,
    handshakes: AtomicU64,
    requests: AtomicU64,
}

#[derive(Clone, Copy, Debug)]
struct Plan {
    fault: Fault,
    every: u64,
}

impl Wire {
    /// Makes `fault` befall every request, instead of any other fault, until [`Wire::heal`].
    pub fn inject(&self, fault: Fault) {
        self.inject_every(1, fault);
    }

    /// Makes `fault` befall every `nth` request; [`Fault::Down`] knows no share and befalls all. Zero is never.
    pub fn inject_every(&self, nth: u64, fault: Fault) {
        self.0.plan.send_replace(Some(Plan { fault, every: nth }));
    }

    /// Ends the fault. What it has befallen already stays as it is: a silent connection stays silent.
    pub fn heal(&self) {
        self.0.plan.send_replace(None);
    }

    /// What came so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        Counters {
            connections: self.0.connections.load(Ordering::Relaxed),
            handshakes: self.0.handshakes.load(Ordering::Relaxed),
            requests: self.0.requests.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn connected(&self) {
        self.0.connections.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn shook_hands(&self) {
        self.0.handshakes.fetch_add(1, Ordering::Relaxed);
    }

    /// Ends when the server has to go down.
    pub(crate) async fn down(&self) {
        self.until(|plan| plan.is_some_and(|plan| plan.fault == Fault::Down)).await;
    }

    /// Ends when the server may come back.
    pub(crate) async fn up(&self) {
        self.until(|plan| plan.is_none_or(|plan| plan.fault != Fault::Down)).await;
    }

    /// Whether not even a handshake is answered.
    pub(crate) fn is_silent(&self) -> bool {
        self.0.plan.borrow().is_some_and(|plan| plan.fault == Fault::Silent && plan.every == 1)
    }

    async fn until(&self, reached: impl FnMut(&Option<Plan>) -> bool) {
        // the sender lives as long as this wire, so waiting cannot fail
        let _ = self.0.plan.subscribe().wait_for(reached).await;
    }

    /// What befalls the next request.
    fn next(&self) -> Option<Fault> {
        let nth = self.0.requests.fetch_add(1, Ordering::Relaxed) + 1;
        let plan = *self.0.plan.borrow();
        plan.filter(|plan| nth.checked_rem(plan.every) == Some(0)).map(|plan| plan.fault)
    }
}

/// Set to have a connection reset instead of closed.
pub(crate) type Cut = Arc<AtomicBool>;

/// The middleware around everything that a server serves on one connection.
pub(crate) async fn misbehave(State((wire, cut)): State<(Wire, Cut)>, request: Request, next: Next) -> Response {
    let fault = match wire.next() {
        None | Some(Fault::Down) => return next.run(request).await,
        Some(Fault::Silent) => std::future::pending().await,
        Some(fault) => fault,
    };
    let (head, body) = next.run(request).await.into_parts();
    match to_bytes(body, usize::MAX).await {
        Ok(left) => Response::from_parts(head, Body::new(Crippled { fault, left, cut, pause: None })),
        Err(error) => {
            tracing::warn!(%error, "a reply that cannot be read cannot be spoilt");
            Response::from_parts(head, Body::empty())
        }
    }
}

/// The body of a reply, as a fault lets it through.
struct Crippled {
    fault: Fault,
    left: Bytes,
    cut: Cut,
    pause: Option<Pin<Box<Sleep>>>,
}

/// Long enough for what was sent before to have arrived.
const BEFORE_RESET: Duration = Duration::from_millis(5);

impl Crippled {
    fn poll_pause(&mut self, length: Duration, cx: &mut Context<'_>) -> Poll<()> {
        let pause = self.pause.get_or_insert_with(|| Box::pin(sleep(length)));
        let over = pause.as_mut().poll(cx);
        if over.is_ready() {
            self.pause = None;
        }
        over
    }
}

impl hyper::body::Body for Crippled {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let this = self.get_mut();
        match this.fault {
            Fault::Slow(pause) if !this.left.is_empty() => {
                std::task::ready!(this.poll_pause(pause, cx));
                Poll::Ready(Some(Ok(Frame::data(this.left.split_to(1)))))
            }
            Fault::Slow(_) => Poll::Ready(None),
            Fault::Reset if this.left.len() > 1 => {
                let half = this.left.split_to(this.left.len() / 2);
                this.left = Bytes::new();
                Poll::Ready(Some(Ok(Frame::data(half))))
            }
            Fault::Reset => {
                std::task::ready!(this.poll_pause(BEFORE_RESET, cx));
                this.cut.store(true, Ordering::Relaxed);
                Poll::Ready(Some(Err(io::ErrorKind::ConnectionReset.into())))
            }
            Fault::Down | Fault::Silent | Fault::HeadOnly => Poll::Pending,
        }
    }
}

/// A connection that can be reset.
pub(crate) struct Line {
    stream: TcpStream,
    cut: Cut,
}

impl Line {
    pub(crate) fn new(stream: TcpStream, cut: Cut) -> Self {
        Self { stream, cut }
    }

    fn is_cut(&self) -> bool {
        self.cut.load(Ordering::Relaxed)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if self.is_cut()
            && let Err(error) = self.stream.set_zero_linger()
        {
            tracing::warn!(%error, "a connection is closed instead of reset");
        }
    }
}

impl AsyncRead for Line {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Line {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_cut() {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
