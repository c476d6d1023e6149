//! Servers that speak TLS, for tests.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{Router, serve::Listener};
use futures_util::{FutureExt, future::BoxFuture};
use rcgen::PublicKeyData;
use rustls::{
    RootCertStore, ServerConfig, SupportedProtocolVersion,
    crypto::aws_lc_rs,
    server::WebPkiClientVerifier,
    version::{TLS12, TLS13},
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

pub(crate) use abide_testbed::lab::authority::{Authority, Leaf, Validity};

use crate::{ClientCertificate, SpkiPin, resolve::Lookup};

/// The files of a client.
pub(crate) trait Files {
    /// Those of one that shows `leaf`.
    fn files(&self, leaf: &Leaf) -> ClientCertificate;
    fn files_of(&self, certificate: &str, key: &str) -> ClientCertificate;
}

/// The pin of a certificate's key.
pub(crate) trait Pin {
    fn pin(&self) -> SpkiPin;
}

/// How a server speaks TLS.
pub(crate) struct Tls {
    pub(crate) versions: Vec<&'static SupportedProtocolVersion>,
    pub(crate) protocols: Vec<&'static str>,
    /// The authority of the certificates that clients must show.
    pub(crate) clients: Option<CertificateDer<'static>>,
}

/// A server on loopback that stops when it is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    handshakes: Arc<AtomicUsize>,
    serving: JoinHandle<()>,
}

/// Answers from a list, the last one for ever; an error when there is none. Counts the questions.
#[derive(Default)]
pub(crate) struct Answers {
    pub(crate) list: Vec<Vec<IpAddr>>,
    pub(crate) asked: Mutex<Vec<String>>,
}

struct Accepting {
    listener: TcpListener,
    acceptor: TlsAcceptor,
    handshakes: Arc<AtomicUsize>,
}

impl Files for Authority {
    /// The files of a client that shows `leaf`.
    fn files(&self, leaf: &Leaf) -> ClientCertificate {
        self.files_of(&leaf.pem, &leaf.key.serialize_pem())
    }

    fn files_of(&self, certificate: &str, key: &str) -> ClientCertificate {
        let files =
            ClientCertificate { certificate: self.file("client.pem", certificate), key: self.file("client.key", key) };
        #[cfg(unix)]
        {
            use std::{fs::Permissions, os::unix::fs::PermissionsExt};
            std::fs::set_permissions(&files.key, Permissions::from_mode(0o600)).unwrap();
        }
        files
    }
}

impl Pin for Leaf {
    fn pin(&self) -> SpkiPin {
        SpkiPin::new(Sha256::digest(self.key.subject_public_key_info()).into())
    }
}

impl Default for Tls {
    fn default() -> Self {
        Self { versions: vec![&TLS13, &TLS12], protocols: vec!["h2", "http/1.1"], clients: None }
    }
}

impl Tls {
    fn config(self, leaf: &Leaf) -> ServerConfig {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone()).with_protocol_versions(&self.versions);
        let builder = match self.clients {
            None => builder.unwrap().with_no_client_auth(),
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                roots.add(authority).unwrap();
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
                builder.unwrap().with_client_cert_verifier(verifier)
            }
        };
        let key = PrivateKeyDer::Pkcs8(leaf.key.serialize_der().into());
        let mut config = builder.with_single_cert(vec![leaf.certificate.clone()], key).unwrap();
        config.alpn_protocols = self.protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        config
    }
}

impl Server {
    pub(crate) async fn start(leaf: &Leaf, tls: Tls, router: Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let handshakes = Arc::<AtomicUsize>::default();
        let acceptor = TlsAcceptor::from(Arc::new(tls.config(leaf)));
        let accepting = Accepting { listener, acceptor, handshakes: handshakes.clone() };
        let serving = tokio::spawn(async move { axum::serve(accepting, router).await.unwrap() });
        Self { address, handshakes, serving }
    }

    /// The address with a name instead of the number.
    pub(crate) fn url(&self, host: &str) -> url::Url {
        format!("https://{host}:{}/", self.address.port()).parse().unwrap()
    }

    /// How many handshakes were finished.
    pub(crate) fn handshakes(&self) -> usize {
        self.handshakes.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Listener for Accepting {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        loop {
            let (stream, peer) = self.listener.accept().await.unwrap();
            if let Ok(stream) = self.acceptor.accept(stream).await {
                self.handshakes.fetch_add(1, Ordering::SeqCst);
                return (stream, peer);
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl Answers {
    /// For each question in turn, all addresses of the answer.
    pub(crate) fn new(answers: &[&[&str]]) -> Arc<Self> {
        let list = answers.iter().map(|answer| answer.iter().map(|address| address.parse().unwrap()).collect());
        Arc::new(Self { list: list.collect(), asked: Mutex::default() })
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Lookup for Answers {
    fn lookup<'a>(&'a self, name: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        let mut asked = self.asked.lock().unwrap();
        let answer = self.list.get(asked.len()).or(self.list.last()).cloned();
        asked.push(name.to_owned());
        async move { answer.ok_or_else(|| io::ErrorKind::NotFound.into()) }.boxed()
    }
}
