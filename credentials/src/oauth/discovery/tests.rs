#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::{
    sync::{Arc, Mutex},
    time::SystemTime,
};

use abide_net::{Client, Options};
use abide_testbed::lab::{
    log::LogCapture,
    stub::{Answer, Stub, json as reply_json, plain},
};
use serde_json::json;

use super::super::{AuthError, discovery::*};
use super::discovery::{base, parse, places};

fn read(pinned: &str, document: &serde_json::Value) -> Result<Metadata, AuthError> {
    parse(document.to_string().as_bytes(), pinned, &pinned.parse().unwrap())
}

#[test]
fn looks_in_all_places_in_order() {
    let found =
        |issuer: &str| -> Vec<String> { places(&base(issuer).unwrap()).iter().map(ToString::to_string).collect() };
    assert_eq!(
        found("https://a.example/t/1/"),
        [
            "https://a.example/.well-known/oauth-authorization-server/t/1",
            "https://a.example/.well-known/openid-configuration/t/1",
            "https://a.example/t/1/.well-known/openid-configuration",
        ]
    );
    assert_eq!(
        found("https://a.example"),
        [
            "https://a.example/.well-known/oauth-authorization-server",
            "https://a.example/.well-known/openid-configuration",
        ]
    );
}

#[test]
fn takes_no_address_that_could_leak() {
    for issuer in [
        "a.example",
        "http://a.example",
        "https://user:word@a.example",
        "https://a.example/?x=1",
        "https://a.example/#x",
        "file:///etc/passwd",
    ] {
        assert!(base(issuer).is_err(), "{issuer}");
    }
}

#[test]
fn an_issuer_for_machines_needs_no_authorization_endpoint() {
    let document = json!({ "issuer": "https://a.example", "token_endpoint": "https://b.example/token" });
    let metadata = read("https://a.example", &document).unwrap();
    assert_eq!(metadata.token_endpoint.as_str(), "https://b.example/token");
    assert_eq!(metadata.key_set, None);
}

#[test]
fn the_issuer_must_be_identical() {
    for found in ["https://a.example/", "https://A.example", "https://b.example", ""] {
        let document = json!({ "issuer": found, "token_endpoint": "https://a.example/token" });
        let error = read("https://a.example", &document).unwrap_err();
        assert!(matches!(error, AuthError::IssuerMismatch { .. }), "{found}: {error}");
    }
}

/// What no request may go to.
const UNSAFE: [&str; 7] = [
    "http://a.example/token",
    "http://127.0.0.1/token",
    "ftp://a.example/token",
    "https://user@a.example/token",
    "/token",
    "token",
    "",
];

fn with(name: &str, value: serde_json::Value) -> serde_json::Value {
    let mut document = json!({ "issuer": "https://a.example", "token_endpoint": "https://a.example/t" });
    document[name] = value;
    document
}

#[test]
fn what_is_needed_must_be_usable_and_is_named() {
    for name in ["token_endpoint", "jwks_uri"] {
        let values = UNSAFE.iter().map(|text| json!(text)).chain([json!(7), json!([]), json!({}), json!(false)]);
        for value in values {
            let error = read("https://a.example", &with(name, value.clone())).unwrap_err();
            assert!(matches!(error, AuthError::Metadata { .. }), "{value}: {error}");
            assert!(error.to_string().contains(&format!("`{name}`")), "{value}: {error}");
        }
    }
    for (name, value, says) in [
        ("token_endpoint", json!(null), "it lacks `token_endpoint`"),
        ("token_endpoint", json!(""), "`token_endpoint` is empty"),
        ("issuer", json!(null), "it lacks `issuer`"),
        ("issuer", json!(["https://a.example"]), "`issuer` is not text"),
    ] {
        let error = read("https://a.example", &with(name, value)).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
    assert_eq!(read("https://a.example", &with("jwks_uri", json!(null))).unwrap().key_set, None);
    let local = json!({ "issuer": "http://127.0.0.1:8", "token_endpoint": "http://127.0.0.1:8/token" });
    read("http://127.0.0.1:8", &local).unwrap();
}

#[test]
fn what_is_not_needed_counts_as_absent_where_it_is_unusable() {
    let plain = read("https://a.example", &with("note", json!(1))).unwrap();
    let endpoints =
        ["introspection_endpoint", "authorization_endpoint", "registration_endpoint", "revocation_endpoint"];
    for name in endpoints {
        let values = UNSAFE.iter().map(|text| json!(text)).chain([json!(null), json!(7), json!([]), json!({})]);
        for value in values {
            assert_eq!(read("https://a.example", &with(name, value.clone())).unwrap(), plain, "{name} {value}");
        }
        assert_ne!(read("https://a.example", &with(name, json!("https://b.example/x"))).unwrap(), plain, "{name}");
    }
    for aliases in [json!(null), json!(""), json!([]), json!({ "token_endpoint": "" }), json!({ "token_endpoint": 7 })]
    {
        assert_eq!(
            read("https://a.example", &with("mtls_endpoint_aliases", aliases.clone())).unwrap(),
            plain,
            "{aliases}"
        );
    }
    for name in [
        "scopes_supported",
        "grant_types_supported",
        "token_endpoint_auth_methods_supported",
        "code_challenge_methods_supported",
        "dpop_signing_alg_values_supported",
        "client_id_metadata_document_supported",
        "authorization_response_iss_parameter_supported",
    ] {
        for value in [json!(null), json!("S256"), json!(7), json!({})] {
            assert_eq!(read("https://a.example", &with(name, value.clone())).unwrap(), plain, "{name} {value}");
        }
    }
    let mixed = read("https://a.example", &with("scopes_supported", json!(["a", 7, null, "b"]))).unwrap();
    assert_eq!(mixed.capabilities.scopes_supported.unwrap(), ["a", "b"]);
}

#[test]
fn what_counts_as_absent_is_logged_with_its_issuer() {
    let log = LogCapture::start("warn");
    read("https://a.example", &with("revocation_endpoint", json!("http://b.example/x"))).unwrap();
    let said = log.take();
    assert!(said.contains("issuer=\"https://a.example\""), "{said}");
    assert!(said.contains("entry=\"revocation_endpoint\""), "{said}");
    assert!(said.contains("counts as absent"), "{said}");
    read("https://a.example", &with("revocation_endpoint", json!("https://b.example/x"))).unwrap();
    assert_eq!(log.take(), "");
}

#[test]
fn garbage_is_refused_and_told_apart() {
    for (body, says) in [
        (&b""[..], "it is empty"),
        (b" \r\n", "it is empty"),
        (b"[]", "no object"),
        (b"\"https://a.example\"", "no object"),
        (b"{}", "it lacks `issuer`"),
        (b"<html>", "a page"),
        (b"  <!doctype html>", "a page"),
        (b"not found", "not JSON"),
        (b"{\"issuer\":1}", "`issuer` is not text"),
        (b"{\"issuer\":\"https://a.example\"}", "it lacks `token_endpoint`"),
    ] {
        let base = "https://a.example".parse().unwrap();
        let error = parse(body, "https://a.example", &base).unwrap_err();
        assert!(matches!(error, AuthError::Metadata { .. }), "{error}");
        assert!(error.to_string().contains(says), "{error}");
    }
    let marked = b"\xef\xbb\xbf{\"issuer\":\"https://a.example\",\"token_endpoint\":\"https://a.example/t\"}";
    parse(marked, "https://a.example", &"https://a.example".parse().unwrap()).unwrap();
}

const PLACES: [&str; 3] = [
    "/.well-known/oauth-authorization-server/realm",
    "/.well-known/openid-configuration/realm",
    "/realm/.well-known/openid-configuration",
];

/// What comes of an issuer that answers like this at its places. An answer is made of the issuer.
async fn asked<const N: usize>(answers: [fn(&str) -> Answer; N]) -> (Result<Metadata, AuthError>, Vec<String>, String) {
    let own: Arc<Mutex<String>> = Arc::default();
    let issuer = own.clone();
    let stub = Stub::start(move |seen| {
        let place = PLACES.iter().position(|place| *place == seen.path);
        let answer = place.and_then(|place| answers.get(place));
        answer.map_or_else(|| plain("404 Not Found", "{}"), |answer| answer(&issuer.lock().unwrap()))
    })
    .await;
    let issuer = format!("{}/realm", stub.url);
    own.lock().unwrap().clone_from(&issuer);
    let client = Client::new(&Options::own_network()).unwrap();
    let found = discover(&client, &issuer, SystemTime::UNIX_EPOCH).await;
    (found, stub.seen().into_iter().map(|seen| seen.path).collect(), stub.url.clone())
}

fn good(issuer: &str) -> Answer {
    reply_json(&json!({ "issuer": issuer, "token_endpoint": format!("{issuer}/token") }))
}

fn nothing(_: &str) -> Answer {
    plain("404 Not Found", "")
}

#[tokio::test]
async fn a_place_that_has_something_else_does_not_end_the_search() {
    let odd: [fn(&str) -> Answer; 14] = [
        |_| plain("200 OK", "<html>a page of an application</html>"),
        |_| ("200 OK".into(), vec!["content-type: text/html".into()], "<!doctype html>".into()),
        |_| reply_json(&json!({})),
        |_| reply_json(&json!([])),
        |_| reply_json(&json!(null)),
        |_| plain("200 OK", ""),
        |_| plain("204 No Content", ""),
        |_| plain("302 Found\r\nlocation: https://evil.example/", ""),
        |_| plain("308 Moved\r\nlocation: /elsewhere", ""),
        |_| plain("401 Unauthorized", "{}"),
        |_| plain("429 Slow", ""),
        |_| plain("500 Oops", "{}"),
        |_| plain("200 OK", "x".repeat((1 << 20) + 1)),
        |issuer| reply_json(&json!({ "issuer": format!("{issuer}/other"), "token_endpoint": format!("{issuer}/t") })),
    ];
    for (number, odd) in odd.into_iter().enumerate() {
        let (found, seen, url) = asked([odd, odd, good]).await;
        assert_eq!(found.unwrap().token_endpoint.as_str(), format!("{url}/realm/token"), "answer {number}");
        assert_eq!(seen, PLACES);
        let (found, seen, _) = asked([odd, good, odd]).await;
        found.unwrap();
        assert_eq!(seen, PLACES[..2]);
        // an unusable document of the issuer itself, before a usable one
        let broken = |issuer: &str| reply_json(&json!({ "issuer": issuer, "token_endpoint": "" }));
        asked([broken, odd, good]).await.0.unwrap();
    }
}

#[tokio::test]
async fn the_first_complaint_is_told_with_all_places() {
    let page = |_: &str| plain("200 OK", "<html>");
    let broken = |issuer: &str| reply_json(&json!({ "issuer": issuer, "token_endpoint": "/token" }));
    let other = |_: &str| reply_json(&json!({ "issuer": "https://other.example" }));
    let down = |_: &str| plain("503 Down\r\nretry-after: 7", "");
    let moved = |_: &str| plain("301 Moved", "");

    let (found, _, _) = asked([nothing, page, broken]).await;
    let error = found.unwrap_err();
    assert!(matches!(error, AuthError::Metadata { .. }) && !error.is_infrastructure(), "{error}");
    let text = error.to_string();
    assert!(
        text.contains("unusable: it is a page") && text.contains("`token_endpoint` is not an absolute address"),
        "{text}"
    );
    assert!(PLACES.iter().all(|place| text.contains(place)) && text.contains("status 404"), "{text}");

    let (found, _, url) = asked([nothing, broken, page]).await;
    let text = found.unwrap_err().to_string();
    let expected = format!(
        "the metadata of issuer `{url}/realm` is unusable: `token_endpoint` is not an absolute address; tried `{url}{}` (status 404), \
         `{url}{}` (`token_endpoint` is not an absolute address), `{url}{}` (it is a page (HTML or XML), and no JSON)",
        PLACES[0], PLACES[1], PLACES[2]
    );
    assert_eq!(text, expected);

    let (found, _, _) = asked([other, page, nothing]).await;
    let error = found.unwrap_err();
    assert!(matches!(&error, AuthError::IssuerMismatch { found, .. } if found == "https://other.example"), "{error}");
    assert!(PLACES.iter().all(|place| error.to_string().contains(place)), "{error}");

    let (found, _, _) = asked([nothing, down, page]).await;
    let error = found.unwrap_err();
    assert!(matches!(error, AuthError::Unavailable { status: 503, .. }) && error.is_infrastructure(), "{error}");
    assert_eq!(error.retry_after(), Some(std::time::Duration::from_secs(7)));

    let (found, _, _) = asked([nothing, moved, nothing]).await;
    let error = found.unwrap_err();
    assert!(matches!(error, AuthError::NoMetadata { .. }), "{error}");
    assert!(error.to_string().contains("status 301, and redirects are not followed"), "{error}");
    assert!(PLACES.iter().all(|place| error.to_string().contains(place)), "{error}");
}
