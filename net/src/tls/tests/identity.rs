//! Mutual TLS.

use base64::{Engine, engine::general_purpose::STANDARD};
use rcgen::{PKCS_RSA_SHA256, RsaKeySize};

use super::super::tests::*;
use crate::{
    AddressFilter, AddressKind, ClientCertificate,
    lab::{Answers, Files, Pin},
};

/// A server that asks for certificates of `authority`. With TLS 1.2 a refusal is part of the handshake, so it is always heard.
async fn demanding(authority: &Authority, versions: Vec<&'static SupportedProtocolVersion>) -> Server {
    let tls = Tls { versions, clients: Some(authority.certificate()), ..Tls::default() };
    Server::start(&authority.leaf(HOST, Validity::Now), tls, router()).await
}

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

fn reason(options: &Options) -> String {
    match Client::new(options).unwrap_err() {
        Error::ClientCertificate { reason, .. } => reason,
        other => unreachable!("{other}"),
    }
}

#[tokio::test]
async fn a_certificate_proves_who_we_are() {
    let authority = Authority::new(Validity::Now);
    let leaf = authority.leaf("us.example", Validity::Now);
    let shown = trusting(&authority).client_certificate(Some(authority.files(&leaf)));
    for versions in [vec![&TLS12], vec![&version::TLS13]] {
        let server = demanding(&authority, versions).await;
        assert_eq!(get_from(&server, &shown).await.unwrap().body, "hello");
        assert!(get_from(&server, &trusting(&authority)).await.is_err());
        assert_eq!(server.handshakes(), 1);
    }
}

#[tokio::test]
async fn a_refusal_names_the_setting() {
    let (authority, stranger) = (Authority::new(Validity::Now), Authority::new(Validity::Now));
    let server = demanding(&authority, vec![&TLS12]).await;
    let wrong = stranger.files(&stranger.leaf("us.example", Validity::Now));
    for files in [None, Some(wrong)] {
        let error = get_from(&server, &trusting(&authority).client_certificate(files)).await.unwrap_err();
        assert!(matches!(error, Error::Tls { .. }), "{error}");
        assert!(error.to_string().contains("`certificate_file`"), "{error}");
    }
    assert_eq!(server.handshakes(), 0);
}

#[tokio::test]
async fn keys_of_every_form_are_read() {
    let authority = Authority::new(Validity::Now);
    let server = demanding(&authority, vec![&TLS12]).await;
    let curve = authority.leaf("us.example", Validity::Now);
    let rsa = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    let rsa = authority.leaf_of("us.example", Validity::Now, rsa);
    // PKCS#8 is a header of fixed length around the older forms
    let (sec1, pkcs1) = (curve.key.serialize_der()[29..].to_vec(), rsa.key.serialize_der()[26..].to_vec());
    for (leaf, key) in [
        (&curve, curve.key.serialize_pem()),
        (&curve, pem("EC PRIVATE KEY", &sec1)),
        (&rsa, rsa.key.serialize_pem()),
        (&rsa, pem("RSA PRIVATE KEY", &pkcs1)),
    ] {
        let both = authority.file("both.pem", &format!("{}{key}", leaf.pem));
        for files in
            [authority.files_of(&leaf.pem, &key), ClientCertificate { certificate: both.clone(), key: both.clone() }]
        {
            let options = trusting(&authority).client_certificate(Some(files));
            assert_eq!(get_from(&server, &options).await.unwrap().body, "hello", "{}", &key[..30]);
        }
    }
}

#[test]
fn files_that_cannot_be_used_say_why() {
    let authority = Authority::new(Validity::Now);
    let leaf = authority.leaf("us.example", Validity::Now);
    let (certificate, key) = (leaf.pem.as_str(), leaf.key.serialize_pem());
    let past = authority.leaf("us.example", Validity::Past);
    let other = authority.leaf("us.example", Validity::Now).key.serialize_pem();
    let locked = pem("ENCRYPTED PRIVATE KEY", b"hidden");
    let garbage = pem("PRIVATE KEY", b"hidden");
    for (certificate, key, expected) in [
        (key.as_str(), key.as_str(), "no certificate in it"),
        ("", &key, "no certificate in it"),
        ("-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n", &key, "not PEM"),
        (&pem("CERTIFICATE", b"hello"), &key, "no certificate: "),
        (&past.pem, &key, "`CN=us.example` expired on Sun, 03 Feb 2002"),
        (certificate, certificate, "no private key in it"),
        (certificate, &locked, "unencrypted"),
        (certificate, "-----BEGIN PRIVATE KEY-----\nhidden\n", "broken PEM"),
        (certificate, &garbage, ""),
        (certificate, &other, "it does not belong to the certificate of `"),
    ] {
        let options = trusting(&authority).client_certificate(Some(authority.files_of(certificate, key)));
        let reason = reason(&options);
        assert!(reason.contains(expected) && !reason.contains("hidden"), "{reason}");
    }
    let missing = |certificate: &Path, key: &Path| {
        let files = ClientCertificate { certificate: certificate.into(), key: key.into() };
        Client::new(&trusting(&authority).client_certificate(Some(files))).unwrap_err().to_string()
    };
    let (there, not) = (authority.files(&leaf), Path::new("/no/such/file"));
    for error in [missing(not, &there.key), missing(&there.certificate, not)] {
        assert!(error.contains("`/no/such/file`") && error.contains("No such file"), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn a_key_that_others_can_read_is_warned_of() {
    use std::{fs::Permissions, os::unix::fs::PermissionsExt};
    let authority = Authority::new(Validity::Now);
    let files = authority.files(&authority.leaf("us.example", Validity::Now));
    let options = trusting(&authority).client_certificate(Some(files.clone()));
    for (mode, warned) in [(0o600, false), (0o400, false), (0o640, true), (0o604, true)] {
        std::fs::set_permissions(&files.key, Permissions::from_mode(mode)).unwrap();
        let (logged, client) = with_log(|| Client::new(&options));
        client.unwrap();
        assert_eq!(
            logged.contains("client.key` holds a private key, and others may use"),
            warned,
            "{mode:o}: {logged}"
        );
    }
}

#[tokio::test]
async fn no_setting_of_tls_turns_the_filter_off() {
    let authority = Authority::new(Validity::Now);
    let leaf = authority.leaf("inside.example", Validity::Now);
    let server = Server::start(&leaf, Tls::default(), router()).await;
    let plain = Options::default();
    let custom = plain.clone().ca_bundle(Some(authority.bundle()));
    let pinned = custom.clone().spki_pins(vec![leaf.pin(), SpkiPin::new([1; 32])]);
    let mutual = pinned.clone().client_certificate(Some(authority.files(&leaf)));
    for options in [plain, custom, pinned, mutual.clone()] {
        for (host, address) in [("inside.example", "127.0.0.1"), ("127.0.0.1", "127.0.0.1"), ("[::1]", "::1")] {
            let lookup = Answers::new(&[&["127.0.0.1"]]);
            let client = Client::with_lookup(&options, lookup).unwrap();
            let error = client.send(Request::get(server.url(host))).await.unwrap_err();
            let expected = Error::Forbidden {
                host: format!("{host}:{}", server.address.port()),
                address: address.parse().unwrap(),
                kind: AddressKind::Loopback,
            };
            assert_eq!(error, expected);
        }
    }
    assert_eq!(server.handshakes(), 0);
    let allowed = mutual.addresses(AddressFilter::default().loopback());
    let client = Client::with_lookup(&allowed, Answers::new(&[&["127.0.0.1"]])).unwrap();
    assert_eq!(client.send(Request::get(server.url("inside.example"))).await.unwrap().body, "hello");
}
