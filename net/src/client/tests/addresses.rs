//! Where a client never connects to, however it is told to.

use std::net::TcpListener;

use axum::{Router, routing::get};

use super::super::tests::*;
use crate::{
    AddressFilter, AddressKind,
    lab::{Answers, Authority, Server, Tls, Validity},
};

async fn refusal(options: &Options, answers: &[&[&str]], target: &str) -> Error {
    let client = Client::with_lookup(options, Answers::new(answers)).unwrap();
    let request = Request::get(url(target));
    let error = client.send(request.clone()).await.unwrap_err();
    assert_eq!(client.open(request).await.map(|_| ()).unwrap_err(), error);
    error
}

fn kind(error: &Error) -> AddressKind {
    match error {
        Error::Forbidden { kind, .. } => *kind,
        other => unreachable!("{other}"),
    }
}

/// Listens, so that a connection would be noticed.
struct Trap(TcpListener);

impl Trap {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    fn port(&self) -> u16 {
        self.0.local_addr().unwrap().port()
    }

    fn is_untouched(&self) -> bool {
        self.0.accept().unwrap_err().kind() == std::io::ErrorKind::WouldBlock
    }
}

#[tokio::test]
async fn addresses_in_urls_are_judged_however_they_are_written() {
    use AddressKind::{Broadcast, LinkLocal, Loopback, Metadata, Multicast, Private, Shared, Translated, Unspecified};
    let trap = Trap::new();
    for (host, expected) in [
        ("169.254.169.254", Metadata),
        ("[::ffff:169.254.169.254]", Metadata),
        ("[::ffff:a9fe:a9fe]", Metadata),
        ("[::169.254.169.254]", Metadata),
        ("[64:ff9b::169.254.169.254]", Metadata),
        ("[2002:a9fe:a9fe::1]", Metadata),
        ("2852039166", Metadata),
        ("0xa9fea9fe", Metadata),
        ("0251.0376.0251.0376", Metadata),
        ("169.254.43518", Metadata),
        ("[fd00:ec2::254]", Metadata),
        ("100.100.100.200", Metadata),
        ("169.254.1.1", LinkLocal),
        ("[fe80::1]", LinkLocal),
        ("10.255.255.1", Private),
        ("192.168.255.1", Private),
        ("172.20.0.1", Private),
        ("[fd00::1]", Private),
        ("[fec0::1]", Private),
        ("100.64.0.1", Shared),
        ("[64:ff9b:1::a00:1]", Translated),
        ("2130706433", Loopback),
        ("0x7f.1", Loopback),
        ("0177.0.0.1", Loopback),
        ("127.1", Loopback),
        ("127.0.0.1.", Loopback),
        ("%31%32%37.0.0.1", Loopback),
        ("１２７.0.0.1", Loopback),
        ("[::1]", Loopback),
        ("[0:0:0:0:0:ffff:127.0.0.1]", Loopback),
        ("0.0.0.0", Unspecified),
        ("0", Unspecified),
        ("[::]", Unspecified),
        ("224.0.0.1", Multicast),
        ("[ff02::1]", Multicast),
        ("255.255.255.255", Broadcast),
    ] {
        let target = format!("https://{host}:{}/", trap.port());
        let error = refusal(&Options::default(), &[&["1.1.1.1"]], &target).await;
        assert_eq!(kind(&error), expected, "{target}");
        assert!(!error.is_transient());
    }
    assert!(trap.is_untouched());
}

#[tokio::test]
async fn the_table_of_forged_metadata_addresses() {
    let trap = Trap::new();
    let port = trap.port();
    let metadata: &[&[&str]] = &[&["169.254.169.254"]];
    for target in ["http://169.254.169.254/", "http://10.255.255.1/", "http://192.168.255.1/", "http://[fd00::1]/"] {
        assert!(matches!(refusal(&Options::default(), metadata, target).await, Error::Insecure { .. }), "{target}");
    }
    for target in ["http://metadata.google.internal/", "http://[::ffff:169.254.169.254]/", "http://[::ffff:127.0.0.1]/"]
    {
        assert!(matches!(refusal(&Options::own_network(), metadata, target).await, Error::Insecure { .. }), "{target}");
    }
    let error = refusal(&Options::own_network(), metadata, "https://metadata.google.internal/").await;
    assert_eq!(kind(&error), AddressKind::Metadata);
    let error = refusal(&Options::own_network(), metadata, "file:///etc/passwd").await;
    assert!(matches!(error, Error::Address { .. }), "{error}");
    for target in [format!("http://2130706433:{port}/"), format!("http://[::1]:{port}/")] {
        let error = refusal(&Options::default(), metadata, &target).await;
        assert_eq!(kind(&error), AddressKind::Loopback, "{target}");
    }
    let error = refusal(&Options::default(), &[&["127.0.0.1"]], &format!("http://localhost:{port}/")).await;
    assert_eq!(kind(&error), AddressKind::Loopback);
    assert!(trap.is_untouched());
}

#[tokio::test]
async fn a_refusal_says_what_to_do() {
    let text = |error: Error| error.to_string();
    let error = refusal(&Options::default(), &[&["10.1.2.3"]], "https://crm.example:8443/").await;
    assert_eq!(
        text(error),
        "`crm.example:8443` leads to `10.1.2.3`, an address of a private network: \
         if the server is in your own network, allow that network with `allow_addresses`"
    );
    let error = refusal(&Options::default(), &[&["::1"]], "https://crm.example/").await;
    assert!(text(error).ends_with("write that into its address, as `localhost` or `127.0.0.1`"));
    let error = refusal(&Options::own_network(), &[&["169.254.169.254"]], "https://crm.example/").await;
    assert!(text(error).contains("the metadata service of a cloud machine: no setting allows that"));
}

#[tokio::test]
async fn a_name_that_moves_inside_is_not_followed() {
    let authority = Authority::new(Validity::Now);
    // every reply closes its connection, so that every request needs a new one
    let router = Router::new().route("/", get(|| async { ([("connection", "close")], "hello") }));
    let tls = || Tls { protocols: vec!["http/1.1"], ..Tls::default() };
    let server = Server::start(&authority.leaf("rebind.example", Validity::Now), tls(), router).await;
    let answers = Answers::new(&[&["127.0.0.1"], &["10.0.0.1"], &["127.0.0.1", "169.254.169.254"], &["127.0.0.1"]]);
    let options = Options::default().ca_bundle(Some(authority.bundle()));
    let options = options.addresses(AddressFilter::default().loopback());
    let client = Client::with_lookup(&options, answers.clone()).unwrap();
    let request = Request::get(server.url("rebind.example"));

    assert_eq!(client.send(request.clone()).await.unwrap().body, "hello");
    assert_eq!(answers.asked(), ["rebind.example"], "judged and connected to by one lookup");
    assert_eq!(kind(&client.send(request.clone()).await.unwrap_err()), AddressKind::Private);
    assert_eq!(kind(&client.send(request.clone()).await.unwrap_err()), AddressKind::Metadata);
    assert_eq!(server.handshakes(), 1);
    assert_eq!(client.send(request).await.unwrap().body, "hello");
    assert_eq!(answers.asked().len(), 4);
}

#[tokio::test]
async fn an_unknown_name_is_a_failed_connection() {
    let error = refusal(&Options::default(), &[], "https://nobody.example/").await;
    assert!(matches!(&error, Error::Connect { reason, .. } if reason.contains("its name has no address")), "{error}");
    assert!(error.is_transient());
}

#[tokio::test]
async fn no_redirect_is_followed_with_an_authority_of_ones_own() {
    let authority = Authority::new(Validity::Now);
    let leaf = authority.leaf("127.0.0.1", Validity::Now);
    let other = Server::start(&leaf, Tls::default(), Router::new()).await;
    let place = other.url("127.0.0.1").to_string();
    let moved = move || async { (StatusCode::TEMPORARY_REDIRECT, [("location", place)], "") };
    let router = Router::new().route("/", get(moved.clone()).post(moved));
    let server = Server::start(&leaf, Tls::default(), router).await;
    let client = Client::new(&Options::own_network().ca_bundle(Some(authority.bundle()))).unwrap();
    for mut request in [Request::get(server.url("127.0.0.1")), Request::post(server.url("127.0.0.1"), "x")] {
        request.headers.insert("authorization", "Bearer t".parse().unwrap());
        assert_eq!(client.send(request).await.unwrap().status, StatusCode::TEMPORARY_REDIRECT);
    }
    assert_eq!(other.handshakes(), 0);
}

#[tokio::test]
async fn only_a_named_private_host_is_spoken_to_without_encryption() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/", get(|| async { "hello" }))).await });
    let hosts = ["model.internal", "10.0.0.5", "8.8.8.8"].map(|host| Host::parse(host).unwrap());
    let options = Options::default().private_hosts(hosts.to_vec());
    let client = Client::with_lookup(&options, Answers::new(&[&["127.0.0.1"]])).unwrap();
    let reply = client.send(Request::get(url(&format!("http://model.internal:{port}/")))).await.unwrap();
    assert_eq!(reply.body, "hello");
    for target in ["http://other.internal/", "http://10.0.0.6/"] {
        assert!(matches!(refusal(&options, &[&["127.0.0.1"]], target).await, Error::Insecure { .. }), "{target}");
    }
    assert_eq!(kind(&refusal(&options, &[&["1.1.1.1"]], "http://model.internal/").await), AddressKind::Public);
    assert_eq!(kind(&refusal(&options, &[], "http://8.8.8.8/").await), AddressKind::Public);
    assert_eq!(
        kind(&refusal(&options, &[&["169.254.169.254"]], "http://model.internal/").await),
        AddressKind::Metadata
    );
}
