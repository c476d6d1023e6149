#![expect(clippy::unwrap_used, reason = "tests")]

use crate::{AddressKind, lab::Answers, resolve::*};

fn resolver(answer: &[&str], filter: AddressFilter) -> Resolver {
    let private = vec![Host::Domain("model.internal".to_owned())];
    Resolver { lookup: Answers::new(&[answer]), filter, proxy: Some("proxy.example".to_owned()), private }
}

#[tokio::test]
async fn one_forbidden_address_spoils_a_name() {
    for answer in [&["1.1.1.1", "10.0.0.1"][..], &["10.0.0.1", "1.1.1.1"], &["2606:4700::1", "::ffff:10.0.0.1"]] {
        let error = resolver(answer, AddressFilter::default()).resolve("a.example").await.unwrap_err();
        let ResolveError::Refused(refused) = error else { unreachable!("{error}") };
        assert_eq!(refused.kind, AddressKind::Private, "{answer:?}");
    }
    let both = resolver(&["1.1.1.1", "2606:4700::1"], AddressFilter::default()).resolve("a.example").await;
    assert_eq!(both.unwrap().len(), 2);
}

#[tokio::test]
async fn localhost_is_this_machine() {
    // a public address would be spoken to without encryption
    for answer in [&["1.1.1.1"][..], &["127.0.0.1", "1.1.1.1"]] {
        let error = resolver(answer, AddressFilter::own_network()).resolve("localhost").await.unwrap_err();
        assert!(error.to_string().contains("`localhost` is not this machine"), "{error}");
    }
    let here = resolver(&["::1", "127.0.0.1"], AddressFilter::default().loopback()).resolve("localhost").await;
    assert_eq!(here.unwrap().len(), 2);
    let refused = resolver(&["::1"], AddressFilter::default()).resolve("localhost").await.unwrap_err();
    assert!(matches!(refused, ResolveError::Refused(Refused { kind: AddressKind::Loopback, .. })), "{refused}");
}

#[tokio::test]
async fn a_name_without_address_is_unknown() {
    let error = resolver(&[], AddressFilter::default()).resolve("a.example").await.unwrap_err();
    assert!(matches!(error, ResolveError::Unknown(_)), "{error}");
    assert!(error.to_string().starts_with("its name has no address"), "{error}");
    assert!(System.lookup("localhost").await.unwrap().iter().all(IpAddr::is_loopback));
}

#[tokio::test]
async fn the_proxy_may_be_in_the_operators_network() {
    let inside = resolver(&["10.0.0.1"], AddressFilter::default());
    assert!(inside.resolve("proxy.example").await.is_ok());
    assert!(inside.resolve("other.example").await.is_err());
    let metadata = resolver(&["169.254.169.254"], AddressFilter::default());
    assert!(metadata.resolve("proxy.example").await.is_err());
}

#[tokio::test]
async fn a_private_host_is_in_the_operators_network_and_nowhere_else() {
    for answer in ["10.0.0.1", "127.0.0.1", "fd12::1", "100.64.0.1"] {
        let inside = resolver(&[answer], AddressFilter::default());
        assert!(inside.resolve("model.internal").await.is_ok(), "{answer}");
        assert!(inside.resolve("other.internal").await.is_err(), "{answer}");
    }
    for (answer, expected) in [("1.1.1.1", AddressKind::Public), ("169.254.169.254", AddressKind::Metadata)] {
        let error = resolver(&[answer], AddressFilter::own_network()).resolve("model.internal").await.unwrap_err();
        assert!(matches!(error, ResolveError::Refused(Refused { kind, .. }) if kind == expected), "{error}");
    }
}
