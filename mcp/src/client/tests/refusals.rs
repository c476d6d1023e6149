//! What a server refuses by status: tokens, scopes, rates.

use super::super::tests::*;

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    let server = Server::start(|seen, message| {
        let old = seen.header("authorization") == Some("Bearer token-number-0");
        (is_call(message) && old).then(|| plain("401 Unauthorized", ""))
    })
    .await;
    let (reply, events) = server.call().await;
    reply.unwrap();
    assert_eq!(events, [EventKind::TokenRenewed]);
    let tokens: Vec<_> = server.calls().iter().map(|c| c.header("authorization").map(str::to_owned)).collect();
    assert_eq!(tokens.len(), 2);
    assert_eq!(tokens[1].as_deref(), Some("Bearer token-number-1"));

    let server = calling(|_| plain("401 Unauthorized", "")).await;
    let (reply, events) = server.call().await;
    assert_eq!(reply.unwrap_err(), ToolError::Refused { status: 401 });
    assert_eq!(events, [EventKind::TokenRenewed, EventKind::ServerRefused]);
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test]
async fn a_401_for_a_scope_names_it() {
    let server = calling(|_| {
        let challenge = r#"www-authenticate: Bearer error="invalid_token", scope="a b""#;
        ("401 Unauthorized".to_owned(), vec![challenge.to_owned()], String::new())
    })
    .await;
    let (reply, events) = server.call().await;
    let missing = ScopeSet::parse("b").unwrap();
    assert_eq!(reply.unwrap_err(), ToolError::ScopeMissing { missing });
    assert_eq!(events, [EventKind::TokenRenewed, EventKind::ScopeMissing]);
}

#[tokio::test]
async fn every_challenge_of_a_403_is_read() {
    let server = calling(|_| {
        let challenges = [
            r#"www-authenticate: DPoP algs="ES256", error="insufficient_scope""#,
            r#"www-authenticate: Basic realm="x, y", Bearer error="insufficient_scope", scope="a b c""#,
        ];
        ("403 Forbidden".to_owned(), challenges.map(str::to_owned).to_vec(), String::new())
    })
    .await;
    let (reply, events) = server.call().await;
    let missing = ScopeSet::parse("b c").unwrap();
    assert_eq!(reply.unwrap_err(), ToolError::ScopeMissing { missing });
    assert_eq!(events, [EventKind::ScopeMissing]);

    for challenge in [r#"www-authenticate: Bearer error="access_denied", scope="b""#, "x-other: 1"] {
        let server = calling(move |_| ("403 Forbidden".to_owned(), vec![challenge.to_owned()], String::new())).await;
        let (reply, events) = server.call().await;
        assert_eq!(reply.unwrap_err(), ToolError::Refused { status: 403 });
        assert_eq!(events, [EventKind::ServerRefused]);
        assert_eq!(server.calls().len(), 1);
    }
}

#[tokio::test]
async fn a_server_that_refuses_every_token_is_named() {
    let server = Server::start(|_, _| {
        let challenge = "www-authenticate: Bearer error=\"invalid_token\"".to_owned();
        Some(("401 Unauthorized".to_owned(), vec![challenge], String::new()))
    })
    .await;
    let error = server.connect().await.unwrap_err();
    assert!(matches!(error, ConnectError::Refused { .. }), "{error}");
    assert!(!error.is_infrastructure());
}

#[tokio::test]
async fn a_wait_that_is_too_long_is_not_waited_for() {
    let server = calling(|_| {
        let wait = "retry-after: 31".to_owned();
        ("429 Slow".to_owned(), vec![wait], String::new())
    })
    .await;
    let (reply, events) = server.call().await;
    assert_eq!(reply.unwrap_err(), ToolError::RateLimited);
    assert_eq!(events, [EventKind::RateLimited]);
}

#[tokio::test]
async fn a_rate_limit_may_come_with_status_200() {
    let server = calling(|m| error(m, -32000, "Global rate limit exceeded for client: x")).await;
    let (reply, events) = server.call().await;
    assert_eq!(reply.unwrap_err(), ToolError::RateLimited);
    assert_eq!(events, [EventKind::RateLimited; 9]);

    let left = AtomicUsize::new(2);
    let server = Server::start(move |_, message| {
        let limited =
            is_call(message) && left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok();
        limited.then(|| error(message, -32000, "rate limit"))
    })
    .await;
    let (reply, events) = server.call().await;
    reply.unwrap();
    assert_eq!(events, [EventKind::RateLimited; 2]);
}

#[tokio::test]
async fn a_tool_that_passes_on_a_rate_limit_is_asked_again_if_nothing_can_be_done_twice() {
    for (effect, calls) in [(Effect::Read, 2), (Effect::Write, 1)] {
        let left = AtomicUsize::new(1);
        let server =
            calling(move |message| match left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)) {
                Ok(_) => {
                    let content = json!([{ "type": "text", "text": "API rate limit exceeded" }]);
                    result(message, &json!({ "resultType": "complete", "isError": true, "content": content }))
                }
                Err(_) => text(message, "done"),
            })
            .await;
        let connected = server.connect().await.unwrap();
        let (reply, events) = call(&connected, effect).await;
        assert_eq!(reply.is_ok(), effect == Effect::Read, "{reply:?}");
        assert_eq!(events, [EventKind::RateLimited]);
        assert_eq!(server.calls().len(), calls);
    }
}
