#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod environment;
mod identity;
mod reuse;

use std::{io::Write, path::Path};

use abide_testbed::lab::log::LogCapture;
use axum::{Router, routing::get};
use rcgen::KeyPair;
use rustls::{
    SupportedProtocolVersion,
    version::{self, TLS12},
};

use super::config::roots_of_file;
use crate::{
    Client, Error, Options, Reply, Request, SpkiPin, TlsVersion,
    lab::{Authority, Pin, Server, Tls, Validity},
};

const HOST: &str = "127.0.0.1";

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

/// What is logged meanwhile, and the result.
fn with_log<T>(act: impl FnOnce() -> T) -> (String, T) {
    let log = LogCapture::start("info");
    let result = act();
    (log.take(), result)
}

fn router() -> Router {
    Router::new().route("/", get(|| async { "hello" }))
}

fn trusting(authority: &Authority) -> Options {
    Options::own_network().ca_bundle(Some(authority.bundle()))
}

async fn get_from(server: &Server, options: &Options) -> Result<Reply, Error> {
    Client::new(options)?.send(Request::get(server.url(HOST))).await
}

#[test]
fn a_bundle_that_cannot_be_used_is_an_error() {
    let missing = Path::new("/no/such/ca.pem");
    let error = roots_of_file(missing).unwrap_err();
    assert!(error.to_string().contains("`/no/such/ca.pem`"), "{error}");
    for text in [
        "",
        "not a certificate",
        "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n",
    ] {
        let file = file(text);
        let error = roots_of_file(file.path()).unwrap_err();
        assert!(matches!(error, Error::Authorities { .. }), "{text}: {error}");
    }
}

#[tokio::test]
async fn an_expired_authority_is_not_trusted() {
    let (good, expired) = (Authority::new(Validity::Now), Authority::new(Validity::Past));
    let error = Client::new(&trusting(&expired)).unwrap_err();
    assert!(matches!(error, Error::Authorities { .. }), "{error}");
    assert!(error.to_string().contains("`CN=Lab Authority` expired on Sun, 03 Feb 2002 00:00:00 GMT"), "{error}");
    let error = Client::new(&trusting(&Authority::new(Validity::Future))).unwrap_err();
    assert!(error.to_string().contains("is not valid before Sat, 03 Feb 4001"), "{error}");

    // one of several is left out, and the rest counts
    let both = good.file("both.pem", &format!("{}{}", expired.pem(), good.pem()));
    let options = Options::own_network().ca_bundle(Some(both));
    let (logged, client) = with_log(|| Client::new(&options));
    assert!(logged.contains("both.pem` is not used: the certificate of `CN=Lab Authority` expired"), "{logged}");
    let client = client.unwrap();
    let server = Server::start(&good.leaf(HOST, Validity::Now), Tls::default(), router()).await;
    assert_eq!(client.send(Request::get(server.url(HOST))).await.unwrap().body, "hello");
    let server = Server::start(&expired.leaf(HOST, Validity::Now), Tls::default(), router()).await;
    let error = client.send(Request::get(server.url(HOST))).await.unwrap_err();
    assert!(matches!(error, Error::UnknownAuthority { .. }), "{error}");
}

#[tokio::test]
async fn a_certificate_that_does_not_fit_says_why() {
    let authority = Authority::new(Validity::Now);
    for (name, validity, expected) in [
        (HOST, Validity::Past, "expired on Sun, 03 Feb 2002 00:00:00 GMT"),
        (HOST, Validity::Future, "is not valid before Sat, 03 Feb 4001 00:00:00 GMT"),
        ("a.example", Validity::Now, "it is for `a.example`, not for `127.0.0.1`: check the address"),
        ("127.0.0.2", Validity::Now, "it is for `127.0.0.2`, not for `127.0.0.1`: check the address"),
    ] {
        let server = Server::start(&authority.leaf(name, validity), Tls::default(), router()).await;
        let error = get_from(&server, &trusting(&authority)).await.unwrap_err();
        assert!(matches!(error, Error::Certificate { .. }), "{error}");
        assert!(error.to_string().contains(expected) && !error.is_transient(), "{error}");
    }
}

#[tokio::test]
async fn a_backup_pin_outlives_a_change_of_keys() {
    let authority = Authority::new(Validity::Now);
    let (present, reserve) = (authority.leaf(HOST, Validity::Now), authority.leaf(HOST, Validity::Now));
    let both = trusting(&authority).spki_pins(vec![present.pin(), reserve.pin()]);
    let one = trusting(&authority).spki_pins(vec![present.pin()]);

    let server = Server::start(&present, Tls::default(), router()).await;
    for options in [&both, &one] {
        assert_eq!(get_from(&server, options).await.unwrap().body, "hello");
    }
    let server = Server::start(&reserve, Tls::default(), router()).await;
    assert_eq!(get_from(&server, &both).await.unwrap().body, "hello");
    let error = get_from(&server, &one).await.unwrap_err();
    assert!(matches!(error, Error::PinMismatch { .. }), "{error}");

    // the right key does not make up for a stranger's authority
    let stranger = Authority::new(Validity::Now);
    let key = KeyPair::try_from(present.key.serialize_der()).unwrap();
    let forged = stranger.leaf_of(HOST, Validity::Now, key);
    let server = Server::start(&forged, Tls::default(), router()).await;
    let error = get_from(&server, &both).await.unwrap_err();
    assert!(matches!(error, Error::UnknownAuthority { .. }), "{error}");
}

#[test]
fn a_pin_alone_is_warned_of() {
    let authority = Authority::new(Validity::Now);
    let pins: Vec<_> = [1, 2].map(|byte| SpkiPin::new([byte; 32])).into();
    let (logged, _) = with_log(|| Client::new(&trusting(&authority).spki_pins(pins[..1].to_vec())).unwrap());
    assert!(logged.contains(&format!("`{}` is the only pin", pins[0])), "{logged}");
    for quiet in [&pins[..0], &pins[..]] {
        let (logged, _) = with_log(|| Client::new(&trusting(&authority).spki_pins(quiet.to_vec())).unwrap());
        assert_eq!(logged, "");
    }
}

#[tokio::test]
async fn the_oldest_version_is_a_choice() {
    let authority = Authority::new(Validity::Now);
    let old = Tls { versions: vec![&TLS12], ..Tls::default() };
    let server = Server::start(&authority.leaf(HOST, Validity::Now), old, router()).await;
    assert_eq!(get_from(&server, &trusting(&authority)).await.unwrap().body, "hello");
    let error = get_from(&server, &trusting(&authority).min_tls(TlsVersion::Tls13)).await.unwrap_err();
    assert!(matches!(error, Error::Tls { .. }), "{error}");
    assert!(error.to_string().contains("`min_tls`"), "{error}");

    let server = Server::start(&authority.leaf(HOST, Validity::Now), Tls::default(), router()).await;
    get_from(&server, &trusting(&authority).min_tls(TlsVersion::Tls13)).await.unwrap();
}
