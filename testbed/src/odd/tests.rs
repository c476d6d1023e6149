#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::{collections::BTreeSet, sync::Arc};

use reqwest::Client;
use serde_json::{Value, json};

use super::*;

fn client() -> Client {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let tls = tls.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth();
    Client::builder().tls_backend_preconfigured(tls).no_proxy().build().unwrap()
}

fn case(text: &str) -> Case {
    data::read("test", &format!("[[case]]\nname = \"t\"\nabout = \"\"\n{text}")).unwrap().remove(0)
}

async fn start(text: &str) -> (Odd, String) {
    let odd = Odd::start(&case(text), &Launch::default()).await.unwrap();
    let boundary = odd.files()["boundary.toml"].clone();
    let url = boundary.split('"').find(|text| text.starts_with("http")).unwrap().to_owned();
    (odd, url)
}

async fn ask(url: &str, session: Option<&str>, method: &str) -> reqwest::Response {
    let message = json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": { "name": "lookup" } });
    let mut request = client().post(url).json(&message);
    if let Some(session) = session {
        request = request.header("mcp-session-id", session);
    }
    request.send().await.unwrap()
}

#[test]
fn every_case_can_be_read_and_has_a_name_of_its_own() {
    let cases = cases().unwrap();
    let names: BTreeSet<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names.len(), cases.len());
    for case in &cases {
        assert!(!case.about.is_empty() && case.arguments().is_ok() && case.expect.is_object(), "{}", case.name);
    }
}

#[test]
fn what_is_wrong_with_a_file_is_said_with_its_name() {
    let wrong = |text: &str| data::read("odd", text).unwrap_err().to_string();
    assert!(
        wrong("[[case]]\nname = \"x\"\nabout = \"\"\nserver.ear = 1")
            .contains("`odd.toml` cannot be read: `x`: unknown field `ear`")
    );
    assert!(wrong("[[case]\n").contains("`odd.toml`"));
}

#[tokio::test]
async fn an_ordinary_server_answers() {
    let (odd, url) = start("").await;
    let called: Value = ask(&url, None, "tools/call").await.json().await.unwrap();
    assert_eq!((&called["id"], &called["result"]["structuredContent"]["name"]), (&json!(7), &json!("Ann Moss")));
    assert_eq!(odd.seen()["performed"], 1);
    let listed: Value = ask(&url, None, "tools/list").await.json().await.unwrap();
    assert_eq!(listed["result"]["tools"].as_array().unwrap().len(), 2);
    assert_eq!(client().get(&url).send().await.unwrap().status(), 405);
}

#[tokio::test]
async fn answers_are_given_in_turn_and_patched() {
    let text = r#"on."tools/call" = [
        { times = 1, status = 503, body = "down for {{id}}", headers = { "retry-after" = "1" } },
        { times = 1, patch = { result = { structuredContent = { name = "Bo" } } }, type = "text/event-stream" },
    ]"#;
    let (odd, url) = start(text).await;
    let first = ask(&url, None, "tools/call").await;
    assert_eq!((first.status().as_u16(), first.headers()["retry-after"].to_str().unwrap()), (503, "1"));
    assert_eq!(first.text().await.unwrap(), "down for 7");
    let second = ask(&url, None, "tools/call").await.text().await.unwrap();
    assert!(second.starts_with("event: message\ndata: {") && second.contains("\"Bo\""), "{second}");
    assert!(ask(&url, None, "tools/call").await.text().await.unwrap().contains("Ann Moss"));
    assert_eq!((odd.seen()["performed"], odd.seen()["tools/call"]), (2, 3));
}

#[tokio::test]
async fn a_session_is_forgotten_and_a_fresh_one_is_not() {
    let text = r#"
        server.era = "legacy"
        forget = { after = "tools/list", answer = { status = 400, body = "who?" } }
    "#;
    let (odd, url) = start(text).await;
    let begin = async || ask(&url, None, "initialize").await.headers()["mcp-session-id"].to_str().unwrap().to_owned();
    let first = begin().await;
    assert_eq!(ask(&url, Some(&first), "tools/list").await.status(), 200);
    assert_eq!(ask(&url, Some(&first), "tools/call").await.status(), 400);
    let second = begin().await;
    assert_eq!(ask(&url, Some(&second), "tools/call").await.status(), 200);
    assert_eq!((odd.seen()["performed"], odd.seen()["forgotten"]), (1, 1));
    assert_eq!(ask(&url, None, "tools/call").await.status(), 400, "no session at all");
}

#[tokio::test]
async fn pieces_are_sent_as_often_as_they_say_and_raw_ones_as_they_are() {
    let text = r#"
        on."tools/list" = { send = [{ text = "ab", times = 3 }, { text = "{{ordinary}}" }] }
        on."tools/call" = { raw = [{ text = "HTTP/1.1 418 Teapot\r\ncontent-length: 2\r\n\r\n" }, { text = "no" }] }
        on.ping = { send = [{ text = "[", times = "forever" }] }
    "#;
    let (_odd, url) = start(text).await;
    assert!(ask(&url, None, "tools/list").await.text().await.unwrap().starts_with("ababab{\"id\":7"));
    let raw = ask(&url, None, "tools/call").await;
    assert_eq!((raw.status().as_u16(), raw.text().await.unwrap().as_str()), (418, "no"));
    let mut endless = ask(&url, None, "ping").await;
    for _ in 0..100 {
        assert!(endless.chunk().await.unwrap().unwrap().iter().all(|byte| *byte == b'['));
    }
}

#[tokio::test]
async fn an_issuer_gives_out_tokens_and_the_server_takes_no_others() {
    for algorithm in ["ES256", "ES384", "ES512", "EdDSA", "RS256", "PS384"] {
        let text = format!(
            "issuer = {{ algorithm = \"{algorithm}\", claims = {{ aud = \"x\" }}, wants = {{ audience = \"a\" }} }}"
        );
        let (_odd, url) = start(&text).await;
        assert_eq!(ask(&url, None, "tools/list").await.status(), 401);
        let base = url.trim_end_matches("/mcp");
        let form = [("grant_type", "client_credentials"), ("audience", "a")];
        let refused = client().post(format!("{base}/token")).form(&form[..1]).send().await.unwrap();
        assert_eq!(refused.status(), 400);
        let token: Value =
            client().post(format!("{base}/token")).form(&form).send().await.unwrap().json().await.unwrap();
        let token = token["access_token"].as_str().unwrap();
        assert_eq!(token.split('.').count(), 3);
        let send = |token: &str| {
            client().post(&url).bearer_auth(token).json(&json!({ "id": 1, "method": "tools/list" })).send()
        };
        assert_eq!(send(token).await.unwrap().status(), 200);
        assert_eq!(send("other").await.unwrap().status(), 401);
        let keys: Value = client().get(format!("{base}/jwks")).send().await.unwrap().json().await.unwrap();
        assert_eq!(keys["keys"][0]["alg"], algorithm);
    }
}

#[tokio::test]
async fn every_answer_of_every_case_can_be_made() {
    for case in cases().unwrap() {
        let state = answer::State::new(&case, "http://127.0.0.1:1").unwrap();
        let names = ["server/discover", "initialize", "notifications/initialized", "tools/list", "tools/call", "ping"];
        for _ in 0..3 {
            for method in names {
                let message = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": { "name": "lookup" } });
                let reply = state.line(&message).unwrap_or_else(|error| panic!("{}: {method}: {error}", case.name));
                let unfilled = |bytes: &[u8]| bytes.windows(2).any(|two| two == b"{{");
                assert!(!reply.pieces.iter().any(|piece| unfilled(&piece.bytes)), "{}: {method}", case.name);
            }
        }
    }
}
