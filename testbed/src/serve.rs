//! An axum router on a loopback port, with or without TLS, until its handle is dropped.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{Router, middleware};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite},
    net::{TcpListener, TcpSocket, TcpStream},
    task::{AbortHandle, JoinSet},
};
use tokio_rustls::TlsAcceptor;

use crate::{
    tls::Identity,
    wire::{Cut, Line, Wire, misbehave},
};

/// How a local server is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Clear text; for benches, and for issuers on loopback.
    Http,
    /// TLS 1.3 or 1.2 with the certificate of the testbed's own authority.
    Https,
}

impl Scheme {
    pub(crate) fn base_url(self, address: SocketAddr) -> String {
        let name = match self {
            Self::Http => "http",
            Self::Https => "https",
        };
        format!("{name}://{address}")
    }
}

/// A server that is listening. Dropping it closes the listener and every connection.
#[derive(Debug)]
pub(crate) struct Serving {
    accepting: AbortHandle,
    wire: Wire,
}

impl Serving {
    pub(crate) fn wire(&self) -> &Wire {
        &self.wire
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// A listener on `127.0.0.1`, on a port picked by the system, and its address.
pub(crate) async fn bind() -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Serves `router` on `listener` from now on.
pub(crate) fn spawn(listener: TcpListener, router: Router, scheme: Scheme, identity: &Identity) -> Serving {
    let tls = match scheme {
        Scheme::Http => None,
        Scheme::Https => Some(TlsAcceptor::from(identity.server())),
    };
    let wire = Wire::default();
    let site = Site { router, tls, wire: wire.clone() };
    let accepting = tokio::spawn(site.run(listener)).abort_handle();
    Serving { accepting, wire }
}

/// A panicking holder cannot leave these small tables half-changed, so a poisoned lock is usable.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is served, and how.
#[derive(Clone)]
struct Site {
    router: Router,
    tls: Option<TlsAcceptor>,
    wire: Wire,
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

impl Site {
    async fn run(self, mut listener: TcpListener) {
        let address = listener.local_addr();
        loop {
            self.accept(listener).await;
            let Ok(address) = address else { return };
            listener = self.back(address).await;
        }
    }

    /// Owns listener and connections, so that the end of this ends them too.
    async fn accept(&self, listener: TcpListener) {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                () = self.wire.down() => return,
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        connections.spawn(self.clone().serve(stream));
                    }
                    Err(error) => {
                        tracing::warn!(%error, "cannot accept a connection");
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                },
                Some(_) = connections.join_next() => {}
            }
        }
    }

    /// Keeps the port without listening on it, so that nobody else gets it and connections are refused.
    async fn back(&self, address: SocketAddr) -> TcpListener {
        let kept = bound(address);
        if let Err(error) = &kept {
            tracing::warn!(%error, "a port is not kept while its server is down");
        }
        self.wire.up().await;
        drop(kept);
        loop {
            match bound(address).and_then(|socket| socket.listen(1_024)) {
                Ok(listener) => return listener,
                Err(error) => tracing::warn!(%error, "cannot listen again yet"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn serve(self, stream: TcpStream) {
        self.wire.connected();
        if let Err(error) = self.converse(stream).await {
            tracing::debug!(error, "a connection ended early");
        }
    }

    async fn converse(self, mut stream: TcpStream) -> Result<(), Failure> {
        stream.set_nodelay(true)?;
        if self.wire.is_silent() {
            return silence(&mut stream).await;
        }
        let cut = Cut::default();
        let line = Line::new(stream, cut.clone());
        let router = self.router.layer(middleware::from_fn_with_state((self.wire.clone(), cut), misbehave));
        match self.tls {
            None => http1(line, router).await,
            Some(tls) => {
                let stream = tls.accept(line).await?;
                self.wire.shook_hands();
                http1(stream, router).await
            }
        }
    }
}

/// A socket that has `address` and does not listen yet.
fn bound(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// Reads until the other side gives up.
async fn silence(stream: &mut TcpStream) -> Result<(), Failure> {
    let mut ignored = [0; 1_024];
    while stream.read(&mut ignored).await? > 0 {}
    Ok(())
}

async fn http1<S>(stream: S, router: Router) -> Result<(), Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
        .await
        .map_err(Into::into)
}
