//! Where a name or a redirect leads.

use std::{fs, net::TcpListener};

use abide::{
    credentials::{
        jwt,
        oauth::{AuthError, config::ClientAuth, resource_metadata},
    },
    net::{self, AddressKind, Request},
};
use abide_testbed::{Options, Testbed};
use axum::{Json, response::IntoResponse};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;

use super::{
    bare,
    lab::{ABOUT_ISSUER, ABOUT_SERVER, Site, about_server, moved, refuse},
    ours,
};

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

    fn was_touched(&self) -> bool {
        self.0.accept().is_ok()
    }
}

/// A server that names an issuer.
async fn naming(issuer: &str) -> Site {
    let issuer = issuer.to_owned();
    Site::start(move |here, request| {
        let issuer = issuer.clone();
        async move {
            if request.path == ABOUT_SERVER { about_server(&here.base, &issuer) } else { here.ordinary(&request) }
        }
    })
    .await
}

/// A site that sends those who ask at one path somewhere else.
async fn moving(path: &'static str, place: &str) -> Site {
    let place = place.to_owned();
    Site::start(move |here, request| {
        let place = place.clone();
        async move { if request.path == path { moved(&place) } else { here.ordinary(&request) } }
    })
    .await
}

/// A site whose issuer names another endpoint.
async fn endpoint(name: &'static str, place: &str) -> Site {
    let place = place.to_owned();
    Site::start(move |here, request| {
        let mut metadata = here.metadata();
        metadata[name] = json!(place);
        async move {
            match request.path.as_str() {
                ABOUT_ISSUER => Json(metadata).into_response(),
                "/token" if name == "jwks_uri" => {
                    let header =
                        URL_SAFE_NO_PAD.encode(json!({ "alg": "ES256", "kid": "1", "typ": "at+jwt" }).to_string());
                    let token = format!("{header}.e30.{}", URL_SAFE_NO_PAD.encode([1; 64]));
                    Json(json!({ "access_token": token, "token_type": "Bearer" })).into_response()
                }
                _ => here.ordinary(&request),
            }
        }
    })
    .await
}

/// A name may lead anywhere. The library looks at the addresses only with its own client, which knows no authority but the system's;
/// with a client that trusts another one, it looks at the names.
#[tokio::test]
async fn an_authority_of_ones_own_keeps_the_address_filter() {
    let testbed = Testbed::start(Options::default()).await.unwrap();
    let trap = Trap::new();
    let inside = format!("https://inside.example:{}", trap.port());
    let site =
        Site::start({
            let inside = inside.clone();
            move |here, request| {
                let inside = inside.clone();
                let base = here.base.replace("127.0.0.1", "mcp.example");
                async move {
                    if request.path == ABOUT_SERVER { about_server(&base, &inside) } else { here.ordinary(&request) }
                }
            }
        })
        .await;
    let here = |port| std::net::SocketAddr::from(([127, 0, 0, 1], port));
    let authority = reqwest::Certificate::from_pem(&fs::read(testbed.ca_path()).unwrap()).unwrap();
    drop(bare::http());
    let client = reqwest::Client::builder()
        .tls_certs_only([authority])
        .resolve("mcp.example", here(site.port()))
        .resolve("inside.example", here(trap.port()))
        .build()
        .unwrap();
    let mut manager = bare::manager(&site.url().replace("127.0.0.1", "mcp.example")).await;
    manager.with_client(client).unwrap();
    let resolving = tokio::spawn(async move { manager.resolve_metadata().await.map(drop) });
    while !trap.was_touched() {
        assert!(!resolving.is_finished(), "it did not connect");
        tokio::task::yield_now().await;
    }
    resolving.abort();

    let trusting = |options: net::Options| options.ca_bundle(Some(testbed.ca_path().to_owned()));
    let get = |url: &str| Request::get(url.parse().unwrap());
    let client = net::Client::new(&trusting(net::Options::own_network())).unwrap();
    client.send(get(testbed.mcp_url())).await.unwrap();
    let client = net::Client::new(&trusting(net::Options::default())).unwrap();
    for url in [testbed.mcp_url().replace("127.0.0.1", "localhost"), format!("https://localhost:{}/", trap.port())] {
        let error = client.send(get(&url)).await.unwrap_err();
        assert!(matches!(error, net::Error::Forbidden { kind: AddressKind::Loopback, .. }), "{error}");
    }
    assert!(!trap.was_touched());
    for (place, expected) in
        [("https://169.254.169.254/token", AddressKind::Metadata), ("https://10.255.255.1/token", AddressKind::Private)]
    {
        let site = endpoint("token_endpoint", place).await;
        let mut config = ours::usual(&site);
        config.connection = trusting(config.connection);
        let error = ours::token(config).await.unwrap_err();
        let AuthError::Network { reason: net::Error::Forbidden { kind, .. }, .. } = &error else { panic!("{error}") };
        assert_eq!(*kind, expected);
    }
}

/// With a client of its own the library follows no redirect; with one that it is given, those that the client follows.
#[tokio::test]
async fn a_redirect_to_another_origin_is_not_followed() {
    let elsewhere = Site::ordinary().await;
    let site = moving(ABOUT_SERVER, &format!("{}/latest/meta-data", elsewhere.base)).await;

    drop(bare::manager(&site.url()).await.resolve_metadata().await);
    assert_eq!(elsewhere.count(), 0);
    let mut manager = bare::manager(&site.url()).await;
    manager.with_client(bare::http()).unwrap();
    drop(manager.resolve_metadata().await);
    assert_eq!(elsewhere.seen("/latest/meta-data").len(), 1);
    elsewhere.forget();

    ours::connect(ours::usual(&site)).await.unwrap();
    for path in ["/token", ABOUT_ISSUER, "/mcp"] {
        let site = moving(path, &format!("{}{path}", elsewhere.base)).await;
        assert!(ours::connect(ours::usual(&site)).await.is_err(), "{path}");
        assert!(!site.seen(path).is_empty(), "{path}");
    }
    assert_eq!(elsewhere.count(), 0);
}

/// Issuers that a server names in order to have somebody inside ask for them. The library refuses what cannot be an issuer by its
/// looks, and asks those on this machine, if that is where the server is.
#[tokio::test]
async fn no_issuer_is_asked_for_a_servers_sake() {
    let inside = Site::ordinary().await;
    let port = inside.port();
    let honest = Site::ordinary().await;
    let forged = [
        "http://169.254.169.254",
        "http://10.255.255.1",
        "http://192.168.255.1",
        "http://[::ffff:169.254.169.254]",
        "http://metadata.google.internal",
        "http://[fd00::1]",
        "file:///etc/passwd",
    ];
    let local = [format!("http://2130706433:{port}/x"), format!("http://localhost:{port}/x")];

    for issuer in forged {
        let site = naming(issuer).await;
        let error = bare::manager(&site.url()).await.resolve_metadata().await.err();
        assert!(error.is_some(), "{issuer}");
    }
    for issuer in &local {
        let site = naming(issuer).await;
        drop(bare::manager(&site.url()).await.resolve_metadata().await);
        assert!(inside.count() > 0, "{issuer}");
        inside.forget();
    }

    for issuer in forged.into_iter().chain(local.iter().map(String::as_str)) {
        let site = naming(issuer).await;
        let config = ours::config(&site, &honest, ClientAuth::Basic(ours::secret()));
        let error = ours::auth_error(config).await;
        assert!(matches!(&error, AuthError::ForeignIssuer { named, .. } if named == issuer), "{error}");
    }
    assert_eq!(inside.count(), 0);
}

/// The same by the header of a refusal: since 3.7 the library follows `resource_metadata` to other origins.
#[tokio::test]
async fn no_place_elsewhere_is_asked_about_a_server() {
    let inside = Site::ordinary().await;
    let challenge = format!("Bearer resource_metadata=\"{}/x\"", inside.base);
    let site = Site::start({
        let challenge = challenge.clone();
        move |here, request| {
            let challenge = challenge.clone();
            async move {
                if request.path == "/mcp" {
                    return refuse(http::StatusCode::UNAUTHORIZED, &[challenge]);
                }
                here.ordinary(&request)
            }
        }
    })
    .await;

    drop(bare::manager(&site.url()).await.resolve_metadata_from_challenge(Some(&challenge)).await);
    assert!(!inside.seen("/x").is_empty());
    inside.forget();

    let error = ours::auth_error(ours::open(&site)).await;
    let AuthError::TokenWanted { wanted, .. } = &error else { panic!("{error}") };
    let said = resource_metadata(&site.url().parse().unwrap(), &net::Options::default(), wanted).await.unwrap();
    assert_eq!(said.issuers, [site.base.as_str()]);
    assert!(ours::connect(ours::usual(&site)).await.is_err());
    assert_eq!(inside.count(), 0);
}

/// The pinned issuer itself names endpoints where none of its own can be. One on loopback may name others on loopback: the operator
/// wrote that address down.
#[tokio::test]
async fn no_endpoint_inside_is_asked_for_an_issuers_sake() {
    use AddressKind::{LinkLocal, Metadata, Private, Unspecified};
    let trap = Trap::new();
    let mapped = format!("http://[::ffff:127.0.0.1]:{}/token", trap.port());
    for place in [
        "http://169.254.169.254/token",
        "http://10.255.255.1/token",
        "http://192.168.255.1/token",
        "http://[::ffff:169.254.169.254]/token",
        "http://metadata.google.internal/token",
        "http://[fd00::1]/token",
        "file:///etc/passwd",
        &mapped,
    ] {
        for name in ["token_endpoint", "jwks_uri"] {
            let site = endpoint(name, place).await;
            let error = ours::token(ours::usual(&site)).await.unwrap_err();
            assert!(matches!(&error, AuthError::Metadata { reason, .. } if reason.contains(name)), "{error}");
            assert!(site.seen("/token").is_empty());
        }
        // tokens are had without it
        let site = endpoint("introspection_endpoint", place).await;
        ours::token(ours::usual(&site)).await.unwrap();
    }
    for (host, expected) in [
        ("169.254.169.254", Metadata),
        ("2852039166", Metadata),
        ("[::ffff:169.254.169.254]", Metadata),
        ("[64:ff9b::169.254.169.254]", Metadata),
        ("10.255.255.1", Private),
        ("192.168.255.1", Private),
        ("[fd00::1]", Private),
        ("169.254.1.1", LinkLocal),
        ("0.0.0.0", Unspecified),
    ] {
        for name in ["token_endpoint", "introspection_endpoint", "jwks_uri"] {
            let site = endpoint(name, &format!("https://{host}/x")).await;
            let error = ours::token(ours::usual(&site)).await.unwrap_err();
            let (AuthError::Network { reason: source, .. }
            | AuthError::TokenRejected { reason: jwt::Error::KeySet(source), .. }) = &error
            else {
                panic!("{name} at {host}: {error}")
            };
            let net::Error::Forbidden { kind, .. } = source else { panic!("{name} at {host}: {error}") };
            assert_eq!(*kind, expected, "{host}");
        }
    }
    assert!(!trap.was_touched());
}
