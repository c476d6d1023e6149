//! An axum router on a loopback port, with or without TLS, until its handle is dropped.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::{AbortHandle, JoinSet},
};
use tokio_rustls::TlsAcceptor;

use crate::tls::Identity;

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
    let accepting = tokio::spawn(accept(listener, router, tls)).abort_handle();
    Serving { accepting }
}

/// A panicking holder cannot leave these small tables half-changed, so a poisoned lock is usable.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Owns the connections, so that ending this task ends them too.
async fn accept(listener: TcpListener, router: Router, tls: Option<TlsAcceptor>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve(stream, router.clone(), tls.clone()));
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

async fn serve(stream: TcpStream, router: Router, tls: Option<TlsAcceptor>) {
    let answered = match (stream.set_nodelay(true), tls) {
        (Err(error), _) => Err(error.into()),
        (Ok(()), None) => http1(stream, router).await,
        (Ok(()), Some(tls)) => match tls.accept(stream).await {
            Ok(stream) => http1(stream, router).await,
            Err(error) => Err(error.into()),
        },
    };
    if let Err(error) = answered {
        tracing::debug!(error, "a connection ended early");
    }
}

async fn http1<S>(stream: S, router: Router) -> Result<(), Box<dyn std::error::Error + Send + Sync>>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
        .await
        .map_err(Into::into)
}
