#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use abide_base::secret::Secret;
use abide_net as net;
use abide_testbed::lab::closed::Closed;
use serde_json::json;
use url::Url;

use super::endpoint::{MAX_BODY, TIMEOUT};
use crate::{
    Anthropic, Lm, LmError, OpenAi, Retry,
    testing::{Canned, Server, ask},
};

const KEY: &str = "sk-very-secret-0123456789";

fn net() -> net::Client {
    net::Client::new(&net::Options::own_network()).unwrap()
}

/// A client of each vendor.
fn both(base: &Url, timeout: Duration) -> [Arc<dyn Lm>; 2] {
    let key = || Some(Secret::new(KEY.to_owned()));
    // 1994-11-06 08:49:37 GMT
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
    let clock = Arc::new(abide_base::clock::ManualClock::at(now));
    [
        Arc::new(OpenAi::new(net(), base.clone(), "m", key()).unwrap().clock(clock.clone()).timeout(timeout)),
        Arc::new(Anthropic::new(net(), base.clone(), "m", key()).unwrap().clock(clock).timeout(timeout)),
    ]
}

async fn failures(canned: Canned) -> Vec<LmError> {
    let server = Server::start(canned).await;
    let mut errors = Vec::new();
    for model in both(&server.base, TIMEOUT) {
        let error = model.complete(&ask("a")).await.unwrap_err();
        assert_hidden(&error);
        errors.push(error);
    }
    assert_eq!(server.asked().len(), 2);
    errors
}

fn assert_hidden(error: &LmError) {
    let told = format!("{error} {error:?}");
    assert!(!told.contains("very-secret"), "{told}");
}

#[tokio::test]
async fn a_refused_key_is_no_transient_failure() {
    for status in [401, 403] {
        let text = format!("Incorrect API key provided: {KEY}");
        for error in failures(Canned::text(status, &text)).await {
            assert!(matches!(*error.root(), LmError::Auth { status: s, .. } if s == status));
            assert!(error.to_string().ends_with("the server says: Incorrect API key provided: [redacted]"), "{error}");
            assert!(!error.is_transient());
        }
    }
}

#[tokio::test]
async fn a_server_says_how_long_to_wait() {
    let cases =
        [(None, None), (Some("7"), Some(7)), (Some("Sun, 06 Nov 1994 08:49:49 GMT"), Some(12)), (Some("soon"), None)];
    for (header, seconds) in cases {
        let canned = |status| {
            let canned = Canned::text(status, "slow down").header("date", "Sun, 06 Nov 1994 08:49:37 GMT");
            match header {
                Some(value) => canned.header("retry-after", value),
                None => canned,
            }
        };
        let retry_after = seconds.map(Duration::from_secs);
        for error in failures(canned(429)).await {
            assert_eq!(*error.root(), LmError::RateLimited { retry_after });
        }
        for error in failures(canned(529)).await {
            let status = 529;
            assert_eq!(*error.root(), LmError::Server { status, retry_after });
            assert!(error.to_string().ends_with("the server says: slow down"), "{error}");
            assert!(error.is_transient());
        }
    }
}

#[tokio::test]
async fn what_a_server_says_is_cut_and_scrubbed() {
    let long = format!("{}{KEY}\n{}", "x".repeat(290), "y".repeat(500));
    for body in [long.clone(), json!({"error": {"message": long}}).to_string(), json!({"error": long}).to_string()] {
        for error in failures(Canned::text(418, &body)).await {
            let LmError::Refused { status, message } = error else { unreachable!("{error}") };
            assert_eq!((status, message.chars().count()), (418, 300));
            assert_eq!(message, format!("{}[redacted]", "x".repeat(290)));
        }
    }
}

#[tokio::test]
async fn a_failure_inside_a_success_is_that_failure() {
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    let server = |status, retry_after| LmError::Server { status, retry_after };
    let cases = [
        (json!({"error": {"message": "overloaded", "code": 502}}), server(502, None)),
        (json!({"error": {"message": "overloaded", "type": "overloaded_error"}, "type": "error"}), server(529, None)),
        (json!({"error": "overloaded"}), server(500, None)),
        (json!({"object": "error", "message": "overloaded", "code": "503"}), server(503, None)),
        (json!({"choices": [{"error": {"message": "overloaded", "code": 504}, "message": {}}]}), server(504, None)),
        (
            json!([{"error": {"message": "overloaded", "status": "RESOURCE_EXHAUSTED", "details": [
                {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34s"}]}}]),
            LmError::RateLimited { retry_after: seconds(34) },
        ),
    ];
    for (body, expected) in cases {
        for error in failures(Canned::json(200, &body)).await {
            assert_eq!(error, expected.clone().told("overloaded".to_owned()), "{body}");
            assert!(error.is_transient());
        }
    }
    let refused = json!({"error": {"message": "no such field", "code": "400"}});
    for error in failures(Canned::json(200, &refused)).await {
        assert_eq!(error, LmError::Refused { status: 400, message: "no such field".to_owned() });
    }
}

#[tokio::test]
async fn an_empty_error_beside_a_reply_is_none() {
    for error in [json!(null), json!({}), json!("")] {
        let body = json!({
            "error": error, "content": [{"type": "text", "text": "x"}],
            "choices": [{"message": {"content": "x"}, "error": error}],
        });
        let server = Server::start(Canned::json(200, &body)).await;
        for model in both(&server.base, TIMEOUT) {
            assert_eq!(model.complete(&ask("a")).await.unwrap().text, "x");
        }
    }
}

#[tokio::test]
async fn nothing_at_an_address_is_told_with_the_address() {
    for error in failures(Canned::text(404, "<html><title>404 Not Found</title></html>")).await {
        let LmError::NotFound { address, message } = &error else { panic!("{error}") };
        assert!(address.starts_with("http://127.0.0.1:") && address.contains("/v1/"), "{address}");
        assert_eq!(message, "404 Not Found");
        assert!(!error.is_transient());
    }
}

#[tokio::test]
async fn a_key_that_comes_back_as_a_reply_is_taken_out() {
    let text = format!("your key is {KEY}");
    for body in [
        json!({"choices": [{"message": {"content": text}, "finish_reason": "stop"}]}),
        json!({"content": [{"type": "text", "text": text}], "stop_reason": "end_turn"}),
    ] {
        let server = Server::start(Canned::json(200, &body)).await;
        let replies = futures_util::future::join_all(
            both(&server.base, TIMEOUT).iter().map(|model| async move { model.complete(&ask("a")).await }),
        )
        .await;
        let said: Vec<String> = replies.into_iter().flatten().map(|reply| reply.text).collect();
        assert_eq!(said, ["your key is [redacted]"]);
    }
}

#[tokio::test]
async fn a_key_that_is_a_word_stays_in_replies() {
    let words = ["none", "password", "lm-studio", "sk-no-key-required"];
    let text = format!("your {} is safe", words.join(" "));
    let body = json!({"choices": [{"message": {"content": text}, "finish_reason": "stop"}]});
    let server = Server::start(Canned::json(200, &body)).await;
    let reply = async |key: &str| {
        let key = Some(Secret::new(key.to_owned()));
        OpenAi::new(net(), server.base.clone(), "m", key).unwrap().complete(&ask("a")).await.unwrap().text
    };
    for word in words {
        assert_eq!(reply(word).await, text);
    }
    let long = "none password lm-studio sk-no-key-required";
    assert_eq!(reply(long).await, "your [redacted] is safe", "no word is so long");
}

#[tokio::test]
async fn a_redirection_is_not_followed() {
    let canned = Canned::text(307, "elsewhere").header("location", "http://me:hunter2@127.0.0.1:1/v1?key=k");
    for error in failures(canned).await {
        let LmError::Moved { location, .. } = &error else { panic!("{error}") };
        assert_eq!(location, "http://127.0.0.1:1/v1");
        assert!(error.to_string().contains("base address"), "{error}");
    }
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_garbage() {
    let echo = json!({"choices": KEY, "content": KEY}).to_string();
    let huge = " ".repeat(MAX_BODY + 1);
    for body in ["", "<html>", r#"{"choices": [{"mess"#, &echo, &huge] {
        for error in failures(Canned::text(200, body)).await {
            assert!(matches!(error, LmError::InvalidResponse(_)), "{error}");
        }
    }
}

#[tokio::test]
async fn a_connection_that_breaks_is_transient() {
    for vendor in 0..2 {
        let cut = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"choices\": [";
        let server = Server::raw(cut).await;
        let [openai, anthropic] = both(&server.base, TIMEOUT);
        let model = if vendor == 0 { openai } else { anthropic };
        let error = model.complete(&ask("a")).await.unwrap_err();
        assert!(matches!(error, LmError::Connection(_)), "{error}");
        assert!(error.is_transient());
    }
}

#[tokio::test]
async fn no_server_listens() {
    let closed = Closed::bind();
    for model in both(&format!("http://{closed}/v1").parse().unwrap(), TIMEOUT) {
        let error = model.complete(&ask("a")).await.unwrap_err();
        assert!(matches!(error, LmError::Connection(_)), "{error}");
    }
}

#[tokio::test]
async fn a_server_that_hangs_is_given_up() {
    let server = Server::raw(b"").await;
    let timeout = Duration::from_millis(50);
    for model in both(&server.base, timeout) {
        let error = model.complete(&ask("a")).await.unwrap_err();
        assert_eq!(error, LmError::Timeout(timeout));
    }
}

#[tokio::test]
async fn a_failing_server_is_asked_four_times() {
    let server = Server::start(Canned::text(500, "oops")).await;
    let [model, _] = both(&server.base, TIMEOUT);
    let retry = Retry::new(model).longest_wait(Duration::ZERO);
    let error = retry.complete(&ask("a")).await.unwrap_err();
    let LmError::GaveUp { attempts: 4, last } = error else { panic!("{error:?}") };
    assert_eq!(last.to_string(), "the model server failed with status 500; the server says: oops");
    assert_eq!(server.asked().len(), 4);
}

#[tokio::test]
async fn keys_travel_encrypted_or_not_at_all() {
    for base in ["http://models.example.com/v1", "ftp://127.0.0.1/v1"] {
        for model in both(&base.parse().unwrap(), TIMEOUT) {
            let error = model.complete(&ask("a")).await.unwrap_err();
            assert!(matches!(error, LmError::Config { .. }), "{error}");
        }
    }
}

#[test]
fn an_unusable_address_or_key_is_refused_at_once() {
    let new = |base: &str, key: &str| {
        let key = Some(Secret::new(key.to_owned()));
        OpenAi::new(net(), base.parse().unwrap(), "m", key)
    };
    for error in [
        new("https://a.example/v1?key=very-secret", KEY).unwrap_err(),
        new("https://a.example/v1#very-secret", KEY).unwrap_err(),
        new("data:very-secret", KEY).unwrap_err(),
        new("https://a.example/v1", "very-secret\n").unwrap_err(),
    ] {
        assert!(matches!(error, LmError::Config { .. }));
        assert_hidden(&error);
    }
    let model = new("https://a.example/v1", KEY).unwrap();
    assert!(!format!("{model:?}").contains("very-secret"), "{model:?}");
}
