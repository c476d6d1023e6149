//! Through a proxy that the operator named.

use std::sync::Mutex;

use abide_testbed::lab::closed::Closed;
use axum::{Router, routing::get};
use tokio::net::TcpStream;

use super::super::tests::*;
use crate::{
    AddressFilter, AddressKind,
    lab::{Answers, Authority, Server, Tls, Validity},
};

/// A proxy that leads every tunnel to one server.
struct Proxy {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let log = asked.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(tunnel(stream, server, log.clone()));
            }
        });
        Self { address, asked }
    }

    fn url(&self) -> Option<Url> {
        Some(url(&format!("http://{}", self.address)))
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn tunnel(mut client: TcpStream, server: SocketAddr, log: Arc<Mutex<Vec<String>>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    log.lock().unwrap().push(head.lines().next().unwrap().to_owned());
    client.write_all(b"HTTP/1.1 200 Go\r\n\r\n").await.unwrap();
    let mut server = TcpStream::connect(server).await.unwrap();
    let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
}

struct Setup {
    authority: Authority,
    server: Server,
    proxy: Proxy,
}

impl Setup {
    async fn new() -> Self {
        let authority = Authority::new(Validity::Now);
        let router = Router::new().route("/", get(|| async { "hello" }));
        let server = Server::start(&authority.leaf("far.example", Validity::Now), Tls::default(), router).await;
        let proxy = Proxy::to(server.address).await;
        Self { authority, server, proxy }
    }

    fn options(&self) -> Options {
        Options::default().ca_bundle(Some(self.authority.bundle())).proxy(self.proxy.url())
    }

    async fn get(&self, answers: &[&[&str]], target: &str) -> Result<Reply, Error> {
        let client = Client::with_lookup(&self.options(), Answers::new(answers))?;
        client.send(Request::get(url(target))).await
    }
}

#[tokio::test]
async fn a_tunnel_leads_to_the_name() {
    let setup = Setup::new().await;
    // no such address is connected to: that is up to the proxy
    for answers in [&[&["1.1.1.1"][..]][..], &[]] {
        let reply = setup.get(answers, "https://far.example/").await.unwrap();
        assert_eq!(reply.body, "hello");
    }
    assert_eq!(setup.proxy.asked(), ["CONNECT far.example:443 HTTP/1.1"; 2]);
    assert_eq!(setup.server.handshakes(), 2, "tls is spoken with the server");
}

#[tokio::test]
async fn the_proxy_never_hears_of_forbidden_addresses() {
    let setup = Setup::new().await;
    for (target, answer, expected) in [
        ("https://far.example/", "10.0.0.1", AddressKind::Private),
        ("https://far.example/", "169.254.169.254", AddressKind::Metadata),
        ("https://10.0.0.1/", "1.1.1.1", AddressKind::Private),
        ("https://[::ffff:169.254.169.254]/", "1.1.1.1", AddressKind::Metadata),
        ("https://127.0.0.1/", "1.1.1.1", AddressKind::Loopback),
        ("https://localhost/", "127.0.0.1", AddressKind::Loopback),
    ] {
        let error = setup.get(&[&[answer]], target).await.unwrap_err();
        assert!(matches!(error, Error::Forbidden { kind, .. } if kind == expected), "{target}: {error}");
    }
    assert_eq!(setup.proxy.asked(), [""; 0]);
}

#[tokio::test]
async fn this_machine_is_no_business_of_the_proxy() {
    let setup = Setup::new().await;
    let at = server(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nlocal".to_vec()).await;
    let options = setup.options().addresses(AddressFilter::default().loopback());
    let client = Client::with_lookup(&options, Answers::new(&[&["127.0.0.1"]])).unwrap();
    for host in ["127.0.0.1", "localhost"] {
        let reply = client.send(Request::get(url(&format!("http://{host}:{}/", at.port())))).await.unwrap();
        assert_eq!(reply.body, "local");
    }
    assert_eq!(setup.proxy.asked(), [""; 0]);
}

#[tokio::test]
async fn a_proxy_may_have_a_name_in_the_operators_network() {
    let setup = Setup::new().await;
    let proxy = url(&format!("http://proxy.example:{}", setup.proxy.address.port()));
    let answers = Answers::new(&[&["1.1.1.1"], &["127.0.0.1"]]);
    let client = Client::with_lookup(&setup.options().proxy(Some(proxy)), answers.clone()).unwrap();
    assert_eq!(client.send(Request::get(url("https://far.example/"))).await.unwrap().body, "hello");
    assert_eq!(answers.asked(), ["far.example", "proxy.example"]);
    // but it is no way into that network
    let error = client.send(Request::get(url("https://proxy.example/"))).await.unwrap_err();
    assert!(matches!(error, Error::Forbidden { kind: AddressKind::Loopback, .. }), "{error}");
    assert_eq!(setup.proxy.asked().len(), 1);
}

#[tokio::test]
async fn a_proxy_that_refuses_or_is_down_is_named() {
    let at = server(b"HTTP/1.1 407 No\r\ncontent-length: 0\r\n\r\n".to_vec()).await;
    let options = Options::default().proxy(Some(url(&format!("http://{at}"))));
    let client = Client::with_lookup(&options, Answers::new(&[])).unwrap();
    let request = Request::get(url("https://far.example/"));
    let error = client.send(request.clone()).await.unwrap_err();
    let expected = format!("cannot connect to `far.example`: through the proxy `{at}`: the proxy asks for a login");
    assert!(error.to_string().starts_with(&expected), "{error}");

    let closed = Closed::bind();
    let options = options.proxy(Some(url(&format!("http://{closed}"))));
    let error = Client::with_lookup(&options, Answers::new(&[])).unwrap().send(request).await.unwrap_err();
    assert!(matches!(&error, Error::Connect { reason, .. } if reason.contains(&closed.to_string())), "{error}");
}

#[test]
fn a_proxy_that_cannot_be_one() {
    for (proxy, expected) in [
        ("https://proxy.example", "`http://`"),
        ("socks5://proxy.example", "`http://`"),
        ("http://user:word@proxy.example", "user name or password"),
        ("http://169.254.169.254:3128", "metadata"),
        ("http://[ff02::1]:3128", "multicast"),
    ] {
        let error = Client::new(&Options::default().proxy(Some(url(proxy)))).unwrap_err();
        assert!(matches!(error, Error::Proxy { .. }), "{error}");
        assert!(error.to_string().contains(expected) && !error.to_string().contains("word@"), "{error}");
    }
}
