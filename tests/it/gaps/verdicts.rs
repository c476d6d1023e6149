//! What is made of a server's answer.

use std::sync::Arc;

use abide::{
    call::Effect,
    credentials::oauth::{
        AuthError,
        config::{Proof, StepUp},
        resource_metadata,
    },
    event::EventKind,
    mcp::ToolError,
    net,
    scope::ScopeSet,
};
use axum::response::IntoResponse;
use futures_util::future::join_all;
use http::{Method, StatusCode};
use rmcp::transport::{auth::AuthorizationMetadataSource, streamable_http_client::StreamableHttpError};
use tokio::sync::Barrier;

use super::{
    bare,
    lab::{READ, Site, WRITE, about_server, refuse},
    ours,
};

/// A server that refuses calls whose token lacks a scope.
async fn scoped() -> Site {
    Site::start(|here, request| async move {
        let scopes = here.scopes(&request);
        if request.is_call() && !scopes.split(' ').any(|scope| scope == WRITE) {
            return refuse(StatusCode::FORBIDDEN, &[format!("Bearer error=\"insufficient_scope\", scope=\"{WRITE}\"")]);
        }
        here.ordinary(&request)
    })
    .await
}

#[tokio::test]
async fn a_refusal_without_a_challenge_is_one_of_the_token() {
    let site = Site::start(|here, request| async move {
        if request.path == "/mcp" && !here.accepts(&request) {
            return (StatusCode::UNAUTHORIZED, "who are you?").into_response();
        }
        here.ordinary(&request)
    })
    .await;

    let error = bare::connect(&site.url(), bare::manager(&site.url()).await).await.err().unwrap();
    assert!(!error.is_authorization_required(), "{error}");
    let (service, _) = bare::connect(&site.url(), bare::refreshable(&site).await).await.unwrap();
    site.revoke();
    let error = bare::call(&service, "look_up").await.unwrap_err();
    assert!(!error.is_authorization_required(), "{error}");
    assert!(site.seen("/token").is_empty(), "it has a refresh token, and does not use it");

    let error = ours::auth_error(ours::open(&site)).await;
    assert!(matches!(error, AuthError::TokenWanted { .. }), "{error}");
    let caller = ours::connect(ours::usual(&site)).await.unwrap();
    site.revoke();
    assert_eq!(ours::call(&caller, "look_up", Effect::Read).await, (Ok(()), vec![EventKind::TokenRenewed]));
    assert_eq!(site.seen("/token").len(), 2);
}

/// Its client keeps the first header alone. Its discovery, which asks the server again with GET, reads all of them; but a server
/// of the present era takes no GET, and says nothing then.
#[tokio::test]
async fn every_challenge_is_read() {
    let issuer = Site::ordinary().await;
    let named = issuer.base.clone();
    let site = Site::start(move |here, request| {
        let named = named.clone();
        async move {
            match request.path.as_str() {
                "/about" => about_server(&here.base, &named),
                "/mcp" if request.method == Method::GET => StatusCode::METHOD_NOT_ALLOWED.into_response(),
                "/mcp" => {
                    let bearer = format!("Bearer resource_metadata=\"{}/about\", scope=\"{READ}\"", here.base);
                    refuse(StatusCode::UNAUTHORIZED, &["DPoP algs=\"ES256\"".to_owned(), bearer])
                }
                _ => StatusCode::NOT_FOUND.into_response(),
            }
        }
    })
    .await;

    let error = bare::connect(&site.url(), bare::manager(&site.url()).await).await.err().unwrap();
    assert_eq!(error.auth_challenge(), Some("DPoP algs=\"ES256\""));
    let manager = bare::manager(&site.url()).await;
    let resolution = manager.resolve_metadata_from_challenge(error.auth_challenge()).await.unwrap();
    assert_eq!(resolution.source, AuthorizationMetadataSource::LegacyEndpointFallback);
    assert!(site.seen("/about").is_empty());

    let error = ours::auth_error(ours::open(&site)).await;
    let AuthError::TokenWanted { wanted, .. } = &error else { panic!("{error}") };
    assert_eq!(wanted.metadata, Some(format!("{}/about", site.base)));
    assert_eq!(wanted.scopes, Some(ScopeSet::parse(READ).unwrap()));
    assert_eq!(wanted.proof, Proof::Bearer);
    let url = site.url().parse().unwrap();
    let said = resource_metadata(&url, &net::Options::default(), wanted).await.unwrap();
    assert_eq!(said.issuers, [issuer.base.as_str()]);
}

/// RFC 6750 lets `insufficient_scope` alone speak of scopes; any other word is another reason.
#[tokio::test]
async fn a_refusal_for_another_reason_is_not_about_scopes() {
    let site = Site::start(|here, request| async move {
        if request.is_call() {
            return refuse(StatusCode::FORBIDDEN, &["Bearer error=\"access_denied\"".to_owned()]);
        }
        here.ordinary(&request)
    })
    .await;

    let manager = bare::log_in(&site.url(), bare::secret(&site.url())).await.unwrap();
    let (service, _) = bare::connect(&site.url(), manager).await.unwrap();
    let error = bare::call(&service, "look_up").await.unwrap_err();
    let verdict = bare::verdict(&error);
    let StreamableHttpError::InsufficientScope(verdict) = verdict else { panic!("{verdict:?}") };
    assert_eq!(verdict.required_scope, None);
    site.forget();

    let mut config = ours::usual(&site);
    config.oauth_mut().unwrap().step_up = StepUp::DangerAny;
    let caller = ours::connect(config).await.unwrap();
    let refused = (Err(ToolError::Refused { status: 403 }), vec![EventKind::ServerRefused]);
    assert_eq!(ours::call(&caller, "look_up", Effect::Read).await, refused);
    assert_eq!((site.calls(), site.seen("/token").len()), (1, 1));
}

/// It offers the address of a page for a person to look at, even where there is nobody.
#[tokio::test]
async fn more_scopes_are_got_without_a_person() {
    let site = scoped().await;

    let manager = bare::log_in(&site.url(), bare::secret(&site.url())).await.unwrap();
    let (service, client) = bare::connect(&site.url(), manager).await.unwrap();
    let error = bare::call(&service, "write").await.unwrap_err();
    let verdict = bare::verdict(&error);
    let StreamableHttpError::InsufficientScope(verdict) = verdict else { panic!("{verdict:?}") };
    assert_eq!(verdict.required_scope.as_deref(), Some(WRITE));
    let page = client.auth_manager.lock().await.request_scope_upgrade(WRITE).await.unwrap();
    assert!(page.starts_with(&format!("{}/authorize?", site.base)), "{page}");
    assert_eq!((site.calls(), site.seen("/token").len()), (1, 1));
    site.forget();

    let mut config = ours::usual(&site);
    config.oauth_mut().unwrap().step_up = StepUp::Within(ScopeSet::parse(WRITE).unwrap());
    let caller = ours::connect(config.clone()).await.unwrap();
    assert_eq!(ours::call(&caller, "write", Effect::Write).await, (Ok(()), vec![EventKind::ScopeStepUp]));
    assert_eq!(ours::call(&caller, "write", Effect::Write).await, (Ok(()), vec![]));
    let asked: Vec<String> = site.seen("/token").iter().map(|request| request.form()["scope"].clone()).collect();
    assert_eq!(asked, [READ.to_owned(), format!("{READ} {WRITE}")]);
    assert_eq!(site.calls(), 3);
    site.forget();

    config.oauth_mut().unwrap().step_up = StepUp::Within(ScopeSet::parse("mcp:other").unwrap());
    let caller = ours::connect(config).await.unwrap();
    let missing = ScopeSet::parse(WRITE).unwrap();
    let refused = (Err(ToolError::ScopeMissing { missing }), vec![EventKind::ScopeMissing]);
    assert_eq!(ours::call(&caller, "write", Effect::Write).await, refused);
    assert_eq!((site.calls(), site.seen("/token").len()), (1, 1));
}

#[tokio::test]
async fn one_renewal_serves_all_who_were_refused() {
    const CALLS: usize = 8;
    let all_refused = Arc::new(Barrier::new(CALLS));
    let site = Site::start(move |here, request| {
        let all_refused = all_refused.clone();
        async move {
            if request.is_call() && !here.accepts(&request) {
                all_refused.wait().await;
                return refuse(StatusCode::UNAUTHORIZED, &["Bearer error=\"invalid_token\"".to_owned()]);
            }
            here.ordinary(&request)
        }
    })
    .await;

    let (service, _) = bare::connect(&site.url(), bare::refreshable(&site).await).await.unwrap();
    site.revoke();
    let calls = join_all((0..CALLS).map(|_| bare::call(&service, "look_up"))).await;
    assert!(calls.iter().all(Result::is_ok));
    assert_eq!((site.seen("/token").len(), site.calls()), (CALLS, 2 * CALLS));
    site.forget();

    let caller = ours::connect(ours::usual(&site)).await.unwrap();
    assert_eq!(site.seen("/token").len(), 1);
    site.revoke();
    for called in join_all((0..CALLS).map(|_| ours::call(&caller, "look_up", Effect::Read))).await {
        assert_eq!(called, (Ok(()), vec![EventKind::TokenRenewed]));
    }
    assert_eq!((site.seen("/token").len(), site.calls()), (2, 2 * CALLS));
}

#[tokio::test]
async fn what_may_be_tried_again_is() {
    const LIMITED: (StatusCode, Option<u32>) = (StatusCode::TOO_MANY_REQUESTS, Some(1));
    const DOWN: (StatusCode, Option<u32>) = (StatusCode::SERVICE_UNAVAILABLE, None);
    let site = Site::ordinary().await;

    let manager = bare::log_in(&site.url(), bare::secret(&site.url())).await.unwrap();
    let (service, _) = bare::connect(&site.url(), manager).await.unwrap();
    for failure in [LIMITED, DOWN] {
        site.forget();
        site.fail([failure]);
        let error = bare::call(&service, "look_up").await.unwrap_err();
        let verdict = bare::verdict(&error);
        let StreamableHttpError::HttpStatus(verdict) = verdict else { panic!("{verdict:?}") };
        assert_eq!(verdict.status, failure.0.as_u16());
        assert_eq!(site.calls(), 1);
    }

    use EventKind::{RateLimited, ServerUnavailable};
    let caller = ours::connect(ours::usual(&site)).await.unwrap();
    for (effect, failures, expected, times) in [
        // who limits the rate did nothing, so anything may be sent again
        (Effect::Read, vec![LIMITED; 2], Ok(()), vec![RateLimited; 2]),
        (Effect::Write, vec![LIMITED; 2], Ok(()), vec![RateLimited; 2]),
        (Effect::Write, vec![LIMITED; 99], Err(ToolError::RateLimited), vec![RateLimited; 9]),
        // who is broken may have done it
        (Effect::Read, vec![DOWN; 2], Ok(()), vec![ServerUnavailable; 2]),
        (Effect::Read, vec![DOWN; 99], Err(down()), vec![ServerUnavailable; 3]),
        (
            Effect::Write,
            vec![DOWN],
            Err(ToolError::Lost("the server failed with status 503".to_owned())),
            vec![ServerUnavailable],
        ),
    ] {
        site.forget();
        site.fail(failures);
        let again = usize::from(expected.is_ok());
        assert_eq!(ours::call(&caller, "look_up", effect).await, (expected, times.clone()));
        assert_eq!(site.calls(), times.len() + again);
    }
}

fn down() -> ToolError {
    ToolError::Infrastructure("the server failed with status 503".to_owned())
}
