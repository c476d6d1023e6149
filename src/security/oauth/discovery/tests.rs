#![expect(clippy::unwrap_used, reason = "tests")]

use serde_json::json;

use super::*;

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

#[test]
fn endpoints_must_be_safe() {
    for endpoint in [
        "http://a.example/token",
        "http://127.0.0.1/token",
        "ftp://a.example/token",
        "https://user@a.example/token",
        "/token",
    ] {
        let token = json!({ "issuer": "https://a.example", "token_endpoint": endpoint });
        let keys =
            json!({ "issuer": "https://a.example", "token_endpoint": "https://a.example/t", "jwks_uri": endpoint });
        for document in [token, keys] {
            let error = read("https://a.example", &document).unwrap_err();
            assert!(matches!(error, AuthError::Metadata { .. }), "{endpoint}: {error}");
        }
    }
    let local = json!({ "issuer": "http://127.0.0.1:8", "token_endpoint": "http://127.0.0.1:8/token" });
    read("http://127.0.0.1:8", &local).unwrap();
}

#[test]
fn garbage_is_refused() {
    for body in [&b""[..], b"[]", b"{}", b"<html>", b"{\"issuer\":1}"] {
        let base = "https://a.example".parse().unwrap();
        let error = parse(body, "https://a.example", &base).unwrap_err();
        assert!(matches!(error, AuthError::Metadata { .. }), "{error}");
    }
}
