#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use abide_testbed::lab::closed::Closed;
use axum::{Router, routing::get};
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa};
use rustls::{OtherError, SupportedProtocolVersion, version::TLS12};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::{
    Client, Error as NetError, Options, Request,
    cause::*,
    lab::{Answers, Authority, Server, Tls, Validity},
};

const HOST: &str = "127.0.0.1";

fn router() -> Router {
    Router::new().route("/", get(|| async { "hello" }))
}

/// What a client that trusts `authority` says of a server.
async fn told(authority: &Authority, server: &Server) -> String {
    let options = Options::own_network().ca_bundle(Some(authority.bundle()));
    let error = Client::new(&options).unwrap().send(Request::get(server.url(HOST))).await.unwrap_err();
    assert!(!error.is_transient() || matches!(error, NetError::Connect { .. } | NetError::Broken { .. }), "{error}");
    error.to_string()
}

/// No word of a library's own code is shown.
fn assert_plain(text: &str) {
    let odd = |word: &str| {
        word.chars().skip(1).any(|c| c.is_ascii_uppercase()) && word.chars().any(|c| c.is_ascii_lowercase())
    };
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| odd(word));
    assert_eq!(words.collect::<Vec<_>>(), [""; 0], "{text}");
    assert!(!text.contains("Error("), "{text}");
}

#[tokio::test]
async fn a_certificate_that_may_not_be_a_servers_says_what_it_is() {
    let authority = Authority::new(Validity::Now);
    type Change = fn(&mut CertificateParams);
    let odd: [(Change, &str); 4] = [
        (
            |params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained),
            "it is the certificate of an authority (CA), and is used as that of a server",
        ),
        (
            |params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth],
            "it is not for servers (its extended key usage lacks server authentication)",
        ),
        (|params| params.subject_alt_names.clear(), "it is for no name at all, not for `127.0.0.1`"),
        (
            |params| params.not_after = rcgen::date_time_ymd(2002, 2, 3),
            "expired on Sun, 03 Feb 2002 00:00:00 GMT: renew it",
        ),
    ];
    for (change, expected) in odd {
        let server = Server::start(&authority.odd_leaf(HOST, change), Tls::default(), router()).await;
        let text = told(&authority, &server).await;
        assert!(
            text.starts_with(&format!("the certificate of `{HOST}:{}` is not acceptable: ", server.address.port()))
        );
        assert!(text.contains(expected), "{text}");
        assert_plain(&text);
    }
    let stranger = Authority::new(Validity::Now);
    let server = Server::start(&stranger.leaf(HOST, Validity::Now), Tls::default(), router()).await;
    let text = told(&authority, &server).await;
    assert!(text.contains("comes from no trusted authority: set `ca_bundle`"), "{text}");
    assert_plain(&text);
}

#[tokio::test]
async fn a_refused_handshake_says_what_the_server_wants() {
    let authority = Authority::new(Validity::Now);
    let leaf = authority.leaf(HOST, Validity::Now);
    let start = |versions: Vec<&'static SupportedProtocolVersion>, protocols, clients: bool| {
        let clients = clients.then(|| authority.certificate());
        Server::start(&leaf, Tls { versions, protocols, clients }, router())
    };
    let text = told(&authority, &start(vec![&TLS12], vec!["imap"], false).await).await;
    assert!(text.contains("speaks neither HTTP/2 nor HTTP/1.1"), "{text}");
    let text = told(&authority, &start(vec![&TLS12], vec!["h2"], true).await).await;
    assert!(text.contains("`certificate_file` and `certificate_key_file`"), "{text}");
    assert_plain(&text);
}

/// What a client says of a port where something answers each connection with the same bytes.
async fn of_port(scheme: &str, answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(answer).await;
        }
    });
    let url = format!("{scheme}://{address}/").parse().unwrap();
    let authority = Authority::new(Validity::Now);
    let options = Options::own_network().ca_bundle(Some(authority.bundle()));
    Client::new(&options).unwrap().send(Request::get(url)).await.unwrap_err().to_string()
}

#[tokio::test]
async fn what_is_no_server_of_ours_is_told_apart() {
    let text = of_port("https", b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
    assert!(text.contains("does not speak TLS: check the port"), "{text}");
    let text = of_port("https", b"").await;
    assert!(text.contains("closed before it was set up: check that the port speaks TLS"), "{text}");
    let text = of_port("http", b"").await;
    assert!(text.contains("broke: the server closed it before it had answered"), "{text}");
    let text = of_port("http", b"220 mail.example ESMTP\r\n").await;
    assert!(text.contains("does not speak HTTP"), "{text}");

    let closed = Closed::bind();
    let error = Client::new(&Options::own_network()).unwrap();
    let error = error.send(Request::get(format!("http://{closed}/").parse().unwrap())).await.unwrap_err();
    assert!(error.to_string().contains("nothing listens there: check the address"), "{error}");

    let nowhere = Client::with_lookup(&Options::default(), Answers::new(&[])).unwrap();
    let error = nowhere.send(Request::get("https://nowhere.example/".parse().unwrap())).await.unwrap_err();
    assert!(error.to_string().contains("its name has no address"), "{error}");
    assert!(error.to_string().contains("check the spelling"), "{error}");
    let inside = Client::with_lookup(&Options::default(), Answers::new(&[&["10.0.0.1"]])).unwrap();
    let error = inside.send(Request::get("https://inside.example/".parse().unwrap())).await.unwrap_err();
    assert!(error.to_string().contains("allow that network with `allow_addresses`"), "{error}");
}

#[test]
fn a_rule_is_known_by_its_variant() {
    use webpki::Error;
    for (reason, expected) in [
        (CertificateError::BadEncoding, "it is damaged"),
        (CertificateError::Expired, "its dates contradict each other"),
        (CertificateError::NotValidYet, "it is not valid yet"),
        (CertificateError::NotValidForName, "it is for another name"),
        (CertificateError::Revoked, "its authority has revoked it"),
        (CertificateError::InvalidPurpose, "it is not for servers"),
        (CertificateError::UnhandledCriticalExtension, "it has a critical extension"),
        (
            CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext {
                signature_algorithm_id: Vec::new(),
                public_key_algorithm_id: Vec::new(),
            },
            "it, or one in its chain, is signed in a way",
        ),
        (CertificateError::UnknownRevocationStatus, "it breaks a rule for certificates (unknown revocation status)"),
    ] {
        let text = certificate(&reason);
        assert!(text.starts_with(expected), "{reason:?}: {text}");
    }
    for (reason, expected) in [
        (Error::CaUsedAsEndEntity, "it is the certificate of an authority (CA)"),
        (Error::EndEntityUsedAsCa, "a certificate in its chain is that of a server"),
        (Error::BadDer, "it is damaged"),
        (Error::InvalidCertValidity, "its dates contradict each other"),
        (Error::MalformedDnsIdentifier, "it is for another name"),
        (Error::CertDistrusted, "its authority has revoked it"),
        (Error::EmptyEkuExtension, "it is not for servers"),
        (Error::SignatureAlgorithmMismatch, "it, or one in its chain, is signed in a way"),
        (Error::UnsupportedCertVersion, "it, or one in its chain, is of X.509 version 1 or 2"),
        (Error::NameConstraintViolation, "its authority may not issue certificates for this name"),
        (Error::PathLenConstraintViolated, "one of its authorities may not appoint others"),
        (Error::UnsupportedCriticalExtension, "it has a critical extension"),
        (Error::MaximumPathDepthExceeded, "its chain is too long"),
        (Error::MaximumNameConstraintComparisonsExceeded, "its chain is too long"),
        (Error::MalformedExtensions, "it breaks a rule for certificates (malformed extensions)"),
    ] {
        let text = certificate(&CertificateError::Other(OtherError(Arc::new(reason.clone()))));
        assert!(text.starts_with(expected), "{reason:?}: {text}");
    }
    // an error of another library that only looks like one of these
    let text = certificate(&CertificateError::Other(OtherError(Arc::new(std::io::Error::other("CertRevoked")))));
    assert!(text.starts_with("it breaks a rule for certificates"), "{text}");
}

#[test]
fn no_name_of_a_library_is_left_over() {
    for name in ["CaUsedAsEndEntity", "EndEntityUsedAsCa", "UnsupportedCertVersion", "SomethingNew(Value { a: 1 })"] {
        let other = OtherError(Arc::new(std::io::Error::other(name)));
        let text = certificate(&CertificateError::Other(other));
        assert_plain(&text);
        assert!(text.contains(": "), "what to do: {text}");
    }
    for reason in [
        CertificateError::BadEncoding,
        CertificateError::Expired,
        CertificateError::Revoked,
        CertificateError::InvalidPurpose,
        CertificateError::UnhandledCriticalExtension,
        CertificateError::UnknownRevocationStatus,
        CertificateError::ApplicationVerificationFailure,
    ] {
        assert_plain(&certificate(&reason));
    }
    for code in 0..=u8::MAX {
        assert_plain(&handshake(&rustls::Error::AlertReceived(AlertDescription::from(code))));
    }
    assert_eq!(spaced("NoCipherSuitesInCommon"), "no cipher suites in common");
    assert_eq!(spaced("UnknownCA"), "unknown ca");
    assert_eq!(spaced("Unknown(7)"), "unknown");
}
