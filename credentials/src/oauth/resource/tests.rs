#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use abide_testbed::lab::stub::{Answer, Stub, json as reply_json, plain};
use serde_json::json;

use super::super::resource::*;
use crate::oauth::AuthError;

const SERVER: &str = "https://mcp.example/mcp";

fn about(server: &str, resource: Option<&str>, named: &Value) -> Option<Result<Document, AuthError>> {
    let body = json!({ "resource": named, "authorization_servers": ["https://issuer.example"] }).to_string();
    parse(body.as_bytes(), Subject { url: &server.parse().unwrap(), resource })
}

#[test]
fn a_server_is_what_the_operator_wrote_or_its_address() {
    for (server, resource, named) in [
        (SERVER, None, "https://mcp.example/mcp"),
        (SERVER, None, "https://mcp.example/mcp/"),
        (SERVER, None, "https://MCP.example:443/mcp"),
        (SERVER, None, "https://mcp.example"),
        (SERVER, None, "https://mcp.example/"),
        ("https://mcp.example/mcp/", None, "https://mcp.example/mcp"),
        ("https://mcp.example/a/b", None, "https://mcp.example/a"),
        ("https://mcp.example/a/b", None, "https://mcp.example/a/"),
        (SERVER, Some("api://0f3e"), "api://0f3e"),
        (SERVER, Some("api://0f3e"), "api://0f3e/"),
        (SERVER, Some("api://0f3e/"), "api://0f3e"),
        (SERVER, Some("urn:example:crm"), "urn:example:crm"),
        (SERVER, Some("https://api.example"), "https://API.example:443/"),
        (SERVER, Some("https://api.example/v1"), "https://api.example/v1/"),
        // what the operator wrote is one more name, not the only one
        (SERVER, Some("api://0f3e"), SERVER),
        (SERVER, Some("api://0f3e"), "https://mcp.example"),
    ] {
        let found = about(server, resource, &json!(named));
        assert!(matches!(found, Some(Ok(_))), "{server}, {resource:?}: {named}");
    }
}

#[test]
fn metadata_of_another_resource_need_the_operators_word() {
    for (server, resource, named) in [
        (SERVER, None, "api://0f3e"),
        (SERVER, None, "https://evil.example/mcp"),
        (SERVER, None, "https://mcp.example/mcp/x"),
        (SERVER, None, "https://mcp.example/m"),
        (SERVER, None, "https://mcp.example:444/mcp"),
        (SERVER, None, "http://mcp.example/mcp"),
        (SERVER, None, "/mcp"),
        (SERVER, Some("api://0f3e"), "api://0f3e1"),
        (SERVER, Some("api://0f3e"), "api://0F3E"),
        (SERVER, Some("api://0f3e"), "https://evil.example"),
        // an operator's name is taken whole, not as the beginning of others
        (SERVER, Some("https://api.example/v1"), "https://api.example"),
        (SERVER, Some("https://api.example"), "https://api.example/v1"),
    ] {
        let found = about(server, resource, &json!(named));
        assert!(matches!(found, Some(Err(AuthError::ForeignResource { .. }))), "{server}, {resource:?}: {named}");
    }
    let Some(Err(error)) = about(SERVER, None, &json!("api://0f3e")) else { panic!("it is foreign") };
    assert!(error.to_string().contains("set `resource` to `api://0f3e`"), "{error}");
}

#[test]
fn an_entry_of_another_type_says_nothing() {
    for named in [json!(null), json!(7), json!([SERVER]), json!(""), json!({})] {
        assert!(matches!(about(SERVER, None, &named), Some(Ok(Document { resource: None, .. }))), "{named}");
    }
    let server = SERVER.parse().unwrap();
    let issuers = |value: Value| {
        let body = json!({ "authorization_servers": value, "scopes_supported": "a b" }).to_string();
        let subject = Subject { url: &server, resource: None };
        parse(body.as_bytes(), subject).unwrap().unwrap().authorization_servers
    };
    assert_eq!(issuers(json!("https://issuer.example")), ["https://issuer.example"]);
    assert_eq!(issuers(json!(["https://issuer.example", 7, null])), ["https://issuer.example"]);
    for nothing in [json!(null), json!(7), json!({}), json!([]), json!("")] {
        assert_eq!(issuers(nothing), [""; 0]);
    }
    for body in ["", "[]", "null", "<html>", "\"text\""] {
        assert!(parse(body.as_bytes(), Subject { url: &server, resource: None }).is_none(), "{body}");
    }
}

#[test]
fn an_issuer_in_a_servers_list_may_be_spelled_in_another_way() {
    for (listed, pinned) in [
        ("https://issuer.example/", "https://issuer.example"),
        ("https://issuer.example", "https://issuer.example/"),
        ("https://ISSUER.example:443", "https://issuer.example"),
        ("https://issuer.example/t/1", "https://issuer.example/t/1"),
        ("not a URL", "not a URL"),
    ] {
        assert!(is_same_issuer(listed, pinned), "{listed}, {pinned}");
    }
    for (listed, pinned) in [
        ("https://issuer.example/t/1/", "https://issuer.example/t/1"),
        ("https://issuer.example/t", "https://issuer.example"),
        ("https://issuer.example/T", "https://issuer.example/t"),
        ("https://issuer.example:444", "https://issuer.example"),
        ("http://issuer.example", "https://issuer.example"),
        ("https://issuer.example.evil.example", "https://issuer.example"),
        ("https://issuer.example@evil.example", "https://issuer.example"),
        ("https://user@issuer.example", "https://issuer.example"),
        ("https://issuer.example?x", "https://issuer.example"),
        ("https://issuer.example#x", "https://issuer.example"),
        ("issuer.example", "https://issuer.example"),
        ("", "https://issuer.example"),
    ] {
        assert!(!is_same_issuer(listed, pinned), "{listed}, {pinned}");
    }
}

/// The answers of a server at the place with its path and at the one without.
async fn asked(first: Answer, second: Answer) -> Result<(), AuthError> {
    let stub = Stub::start(move |seen| match seen.path.as_str() {
        "/.well-known/oauth-protected-resource/mcp" => first.clone(),
        "/.well-known/oauth-protected-resource" => second.clone(),
        _ => plain("404 Not Found", ""),
    })
    .await;
    let url = format!("{}/mcp", stub.url).parse().unwrap();
    let client = Client::new(&Options::own_network()).unwrap();
    check(&client, Subject { url: &url, resource: Some("api://0f3e") }, "https://issuer.example", None).await
}

#[tokio::test]
async fn the_next_place_is_asked_where_one_has_nothing_about_the_server() {
    let of =
        |resource: &str, issuer: &str| reply_json(&json!({ "resource": resource, "authorization_servers": [issuer] }));
    let good = of("api://0f3e", "https://issuer.example/");
    asked(good.clone(), plain("404 Not Found", "")).await.unwrap();
    for first in [
        plain("404 Not Found", ""),
        plain("200 OK", "<html>"),
        plain("204 No Content", ""),
        plain("500 Oops", ""),
        reply_json(&json!([])),
        of("https://evil.example", "https://evil.example"),
    ] {
        asked(first, good.clone()).await.unwrap();
    }
    let error = asked(of("https://evil.example", ""), plain("404 Not Found", "")).await.unwrap_err();
    assert!(matches!(&error, AuthError::ForeignResource { named, .. } if named == "https://evil.example"), "{error}");
    let error = asked(of("https://a.example", ""), of("https://b.example", "")).await.unwrap_err();
    assert!(matches!(&error, AuthError::ForeignResource { named, .. } if named == "https://a.example"), "{error}");
    let error = asked(of("api://0f3e", "https://evil.example"), good).await.unwrap_err();
    assert!(matches!(error, AuthError::ForeignIssuer { .. }), "{error}");
}
