//! Who sees a credential, and how it is shown.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use abide::{
    call::Effect,
    credentials::{
        jwt::{Algorithm, SigningKey},
        oauth::{AuthError, config::ClientAuth},
    },
};
use axum::{Json, response::IntoResponse};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::StatusCode;
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};
use rmcp::transport::{
    JwtSigningAlgorithm,
    auth::{
        AuthError as BareError, AuthorizationMetadataSource, ClientCredentialsConfig, CredentialStore,
        InMemoryCredentialStore, StoredCredentials,
    },
};
use serde_json::{Value, json};

use super::{
    bare,
    lab::{ABOUT_ISSUER, ABOUT_SERVER, CLIENT, READ, SECRET, Seen, Site, about_server},
    ours,
};
use crate::support::Hasty;

const ED25519: &str = include_str!("../../../credentials/src/jwt/sign/keys/ed25519.pem");
const P256: &str = include_str!("../../../credentials/src/jwt/sign/keys/p256.pem");
const RSA: &str = include_str!("../../../credentials/src/jwt/sign/keys/rsa.pem");

/// A site whose issuer says other things of itself.
async fn describing(change: impl Fn(&mut Value) + Clone + Send + Sync + 'static) -> Site {
    Site::start(move |here, request| {
        let mut metadata = here.metadata();
        change(&mut metadata);
        async move {
            if request.path == ABOUT_ISSUER { Json(metadata).into_response() } else { here.ordinary(&request) }
        }
    })
    .await
}

/// What an assertion says, unverified; the header first.
fn assertion(request: &Seen) -> (jsonwebtoken::Header, String) {
    let assertion = request.form()["client_assertion"].clone();
    (decode_header(&assertion).unwrap(), assertion)
}

/// A server that was taken over, or is hostile from the start, names whom it likes as its issuer.
#[tokio::test]
async fn a_secret_goes_to_no_issuer_that_a_server_names() {
    let (attacker, honest) = (Site::ordinary().await, Site::ordinary().await);
    let named = attacker.base.clone();
    let server =
        Site::start(move |here, request| {
            let named = named.clone();
            async move {
                if request.path == ABOUT_SERVER { about_server(&here.base, &named) } else { here.ordinary(&request) }
            }
        })
        .await;

    bare::log_in(&server.url(), bare::secret(&server.url())).await.unwrap();
    assert_eq!(attacker.seen("/token")[0].form()["client_secret"], SECRET);
    attacker.forget();
    server.forget();

    let config = ours::config(&server, &honest, ClientAuth::Post(ours::secret()));
    let error = ours::auth_error(config).await;
    let AuthError::ForeignIssuer { named, pinned, .. } = &error else { panic!("{error}") };
    assert_eq!((named, pinned), (&attacker.base, &honest.base));
    assert_eq!(attacker.count(), 0);
    assert_eq!(honest.seen("/token")[0].form()["client_secret"], SECRET);
    assert!(server.seen("/mcp").is_empty(), "a server of other issuers sees no token of ours either");
}

/// An issuer for machines only needs no `authorization_endpoint` (RFC 8414, section 2).
#[tokio::test]
async fn an_issuer_for_machines_only_is_understood() {
    let site = describing(|metadata| {
        metadata.as_object_mut().unwrap().remove("authorization_endpoint");
        metadata["grant_types_supported"] = json!(["client_credentials"]);
        metadata["response_types_supported"] = json!([]);
    })
    .await;

    let error = bare::log_in(&site.url(), bare::secret(&site.url())).await.err().unwrap();
    assert!(matches!(error, BareError::AuthorizationServersUnavailable { .. }), "{error}");
    assert!(site.seen("/token").is_empty());

    let caller = ours::connect(ours::usual(&site)).await.unwrap();
    ours::call(&caller, "look_up", Effect::Read).await.0.unwrap();
    assert_eq!(site.seen("/token").len(), 1);
}

/// Where nothing is published, the MCP server itself is the issuer of an older revision: whoever runs it would see the secret.
#[tokio::test]
async fn a_secret_goes_to_no_endpoint_that_nobody_published() {
    let site = Site::start(|here, request| async move {
        match request.path.as_str() {
            ABOUT_SERVER | ABOUT_ISSUER => StatusCode::NOT_FOUND.into_response(),
            _ => here.ordinary(&request),
        }
    })
    .await;

    let resolution = bare::manager(&site.url()).await.resolve_metadata().await.unwrap();
    assert_eq!(resolution.source, AuthorizationMetadataSource::LegacyEndpointFallback);
    bare::log_in(&site.url(), bare::secret(&site.url())).await.unwrap();
    assert_eq!(site.seen("/token")[0].form()["client_secret"], SECRET);
    site.forget();

    for client in [ClientAuth::Basic, ClientAuth::Post] {
        let error = ours::auth_error(ours::config(&site, &site, client(ours::secret()))).await;
        assert!(matches!(&error, AuthError::NoMetadata { issuer, .. } if *issuer == site.base), "{error}");
    }
    assert!(site.seen("/token").is_empty());
}

/// Tokens got by client credentials come without a refresh token. Since 3.11 a short-lived one is used to the half of its life,
/// not to 30 s before its end; but what comes after has not changed: the request goes out without any token.
#[tokio::test]
async fn a_token_near_its_end_is_asked_for_anew() {
    const LIFE: u64 = 3_600;
    let site = Site::ordinary().await;

    let config = bare::secret(&site.url());
    let store = InMemoryCredentialStore::new();
    let mut manager = bare::manager(&site.url()).await;
    manager.set_credential_store(store.clone());
    let metadata = manager.resolve_metadata().await.unwrap().metadata;
    manager.set_metadata(metadata);
    manager.configure_client_credentials(&config).unwrap();
    manager.exchange_client_credentials(&config).await.unwrap();
    let (service, _) = bare::connect(&site.url(), manager).await.unwrap();
    bare::call(&service, "look_up").await.unwrap();
    let stored = store.load().await.unwrap().unwrap();
    let received = Some(bare::now() - (LIFE - 10));
    let aged = StoredCredentials::new(stored.client_id, stored.token_response, stored.granted_scopes, received);
    store.save(aged.with_issuer(stored.issuer)).await.unwrap();
    let error = bare::call(&service, "look_up").await.unwrap_err();
    assert!(error.is_authorization_required(), "{error}");
    assert_eq!(site.seen("/mcp").last().unwrap().header("authorization"), None);
    assert_eq!(site.seen("/token").len(), 1);
    site.forget();

    let clock = Arc::new(Hasty::default());
    let caller = ours::connect_at(ours::usual(&site), clock.clone()).await.unwrap();
    ours::call(&caller, "look_up", Effect::Read).await.0.unwrap();
    clock.advance(Duration::from_secs(LIFE - 10));
    assert_eq!(ours::call(&caller, "look_up", Effect::Read).await, (Ok(()), vec![]));
    assert_eq!(site.seen("/token").len(), 2);
    let tokens: BTreeSet<_> = site.seen("/mcp").iter().map(Seen::token).collect();
    assert_eq!(tokens, [Some(2), Some(3)].into(), "no request without a token");
}

/// What a client uses is agreed upon when it is registered; what the metadata say is only what the issuer can do. Where they say
/// nothing, it is `client_secret_basic` (RFC 8414, section 2).
#[tokio::test]
async fn a_secret_is_shown_as_agreed() {
    let both = json!(["client_secret_basic", "client_secret_post"]);
    for methods in [Some(both), Some(json!(["client_secret_basic"])), Some(json!(["client_secret_post"])), None] {
        let listed = methods.clone();
        let site = describing(move |metadata| {
            if let Some(listed) = &listed {
                metadata["token_endpoint_auth_methods_supported"] = listed.clone();
            }
        })
        .await;
        let as_header = |request: &Seen| {
            let header = request.header("authorization").map(str::to_owned);
            let in_body = request.form().contains_key("client_secret");
            assert_ne!(header.is_some(), in_body, "in exactly one place");
            header
        };

        bare::log_in(&site.url(), bare::secret(&site.url())).await.unwrap();
        let only_basic = methods == Some(json!(["client_secret_basic"]));
        assert_eq!(as_header(&site.seen("/token")[0]).is_some(), only_basic, "{methods:?}: nobody asked the operator");
        site.forget();

        ours::token(ours::config(&site, &site, ClientAuth::Basic(ours::secret()))).await.unwrap();
        ours::token(ours::config(&site, &site, ClientAuth::Post(ours::secret()))).await.unwrap();
        let [basic, post] = &site.seen("/token")[..] else { panic!("two requests") };
        let expected = format!("Basic {}", STANDARD.encode(format!("{CLIENT}:{SECRET}")));
        assert_eq!(as_header(basic), Some(expected));
        assert_eq!(as_header(post), None);
    }
}

/// It signs with RS256, RS384, RS512, ES256 and ES384 only, and never says with which key; an issuer with two keys of a client, as
/// while one replaces the other, must try both.
#[tokio::test]
async fn an_assertion_has_any_algorithm_and_names_its_key() {
    use JwtSigningAlgorithm::{ES256, ES384, RS256, RS384, RS512};
    let site = describing(|metadata| {
        metadata["token_endpoint_auth_methods_supported"] = json!(["private_key_jwt"]);
    })
    .await;

    let with_key = |pem: &str, signing_algorithm| ClientCredentialsConfig::PrivateKeyJwt {
        client_id: CLIENT.to_owned(),
        signing_key: pem.as_bytes().to_vec(),
        signing_algorithm,
        token_endpoint_audience: None,
        scopes: vec![READ.to_owned()],
        resource: Some(site.url()),
    };
    for algorithm in [RS256, RS384, RS512, ES256, ES384] {
        let error = bare::log_in(&site.url(), with_key(ED25519, algorithm)).await.err().unwrap();
        assert!(matches!(error, BareError::JwtSigningError(_)), "{error}");
    }
    assert!(site.seen("/token").is_empty());
    for (pem, algorithm) in [(RSA, RS256), (RSA, RS384), (RSA, RS512), (P256, ES256)] {
        bare::log_in(&site.url(), with_key(pem, algorithm)).await.unwrap();
        let (header, _) = assertion(site.seen("/token").last().unwrap());
        assert_eq!(format!("{:?}", header.alg), format!("{algorithm:?}"));
        assert_eq!(header.kid, None);
    }
    site.forget();

    for (pem, algorithm, name) in [
        (ED25519, Algorithm::EdDsa, jsonwebtoken::Algorithm::EdDSA),
        (RSA, Algorithm::Ps256, jsonwebtoken::Algorithm::PS256),
        (RSA, Algorithm::Rs256, jsonwebtoken::Algorithm::RS256),
        (P256, Algorithm::Es256, jsonwebtoken::Algorithm::ES256),
    ] {
        let key = SigningKey::from_pem(pem.as_bytes(), algorithm, Some("key-7".to_owned())).unwrap();
        let public = serde_json::from_value(key.public_jwk()).unwrap();
        ours::token(ours::config(&site, &site, ClientAuth::PrivateKey(Arc::new(key)))).await.unwrap();
        let (header, text) = assertion(site.seen("/token").last().unwrap());
        assert_eq!((header.alg, header.kid.as_deref()), (name, Some("key-7")));
        let mut validation = Validation::new(name);
        validation.set_audience(&[&site.base]);
        validation.set_issuer(&[CLIENT]);
        validation.set_required_spec_claims(&["aud", "exp", "iss", "sub"]);
        let claims = decode::<Value>(&text, &DecodingKey::from_jwk(&public).unwrap(), &validation).unwrap().claims;
        assert_eq!(claims["aud"], site.base, "the issuer, and nobody else");
        assert_eq!(claims["sub"], CLIENT);
    }
}
