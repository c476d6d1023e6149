#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::sync::Arc;

use serde_json::json;

use super::{
    env::{AZURE_ENDPOINT, BASE_URL, CACHE, MODEL, OPENAI_BASE_URL, PRIVATE_HOSTS},
    vendor::{Api, Key, VENDORS},
};
use crate::{
    Lm, LmError,
    env::from,
    testing::{Canned, Server, ask},
};

fn with(variables: &[(&str, &str)]) -> Result<Arc<dyn Lm>, LmError> {
    from(|name| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    })
}

fn failure(variables: &[(&str, &str)]) -> String {
    with(variables).err().unwrap().to_string()
}

#[test]
fn what_is_missing_is_named() {
    assert!(failure(&[]).starts_with("`ABIDE_MODEL` is not set"));
    assert!(failure(&[(MODEL, " ")]).starts_with("`ABIDE_MODEL` is not set"));
    let no_key = failure(&[(MODEL, "openai/a"), ("ANTHROPIC_API_KEY", "k")]);
    assert!(no_key.starts_with("`OPENAI_API_KEY` is not set"), "{no_key}");
    let no_key = failure(&[(MODEL, "anthropic/a"), ("ANTHROPIC_API_KEY", "")]);
    assert!(no_key.starts_with("`ANTHROPIC_API_KEY` is not set"), "{no_key}");
}

#[test]
fn what_is_wrong_is_named() {
    for model in ["gpt-5", "openai/", "other/a"] {
        let told = failure(&[(MODEL, model), ("OPENAI_API_KEY", "k")]);
        assert!(told.contains(model) && told.contains(MODEL), "{told}");
    }
    let told = failure(&[(MODEL, "openai/a"), (BASE_URL, "very secret")]);
    assert!(told.contains(BASE_URL) && !told.contains("secret"), "{told}");
    let key = [(MODEL, "openai/a"), ("OPENAI_API_KEY", "very\nsecret")];
    assert!(!failure(&key).contains("secret"));
}

#[test]
fn a_key_is_all_that_a_vendor_needs() {
    for vendor in VENDORS.iter().filter(|vendor| vendor.api != Api::Azure) {
        let model = format!("{}/some/model", vendor.name);
        let keyless = with(&[(MODEL, &model)]).map(|lm| lm.model().to_string());
        match (vendor.key, keyless) {
            (Key::Optional, keyless) => assert_eq!(keyless, Ok(model.clone())),
            (Key::Needed, Err(error)) => assert!(error.to_string().contains(vendor.keys[0]), "{error}"),
            (Key::Needed, Ok(model)) => unreachable!("{model}"),
        }
        for variable in vendor.keys {
            assert_eq!(with(&[(MODEL, &model), (variable, "some-key-0123")]).unwrap().model().to_string(), model);
        }
    }
}

#[test]
fn the_page_knows_all_vendors() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/models.md")).unwrap();
    for vendor in VENDORS {
        let start = format!("| `{}/…` | ", vendor.name);
        let row = page.lines().find(|line| line.starts_with(&start)).unwrap();
        assert!(row.contains(vendor.address.unwrap_or(AZURE_ENDPOINT)), "{row}");
        assert!(vendor.keys.iter().all(|key| row.contains(key)), "{row}");
    }
    for variable in [MODEL, BASE_URL, OPENAI_BASE_URL, AZURE_ENDPOINT, PRIVATE_HOSTS, CACHE] {
        assert!(page.contains(&format!("| `{variable}` |")), "{variable}");
    }
}

#[test]
fn azure_needs_a_resource() {
    let key = ("AZURE_OPENAI_API_KEY", "some-key-0123");
    assert!(failure(&[(MODEL, "azure/d"), key]).starts_with("`AZURE_OPENAI_ENDPOINT` is not set"));
    let resource = (AZURE_ENDPOINT, "https://me.openai.azure.com/");
    assert!(failure(&[(MODEL, "azure/d"), resource]).starts_with("`AZURE_OPENAI_API_KEY` is not set"));
    assert_eq!(with(&[(MODEL, "azure/d"), resource, key]).unwrap().model().to_string(), "azure/d");
}

#[tokio::test]
async fn azure_is_asked_at_a_deployment_or_at_the_first_version() {
    let server = Server::start(fine()).await;
    let resource = server.base.join("/").unwrap();
    let common = [(MODEL, "azure/d"), (AZURE_ENDPOINT, resource.as_str()), ("AZURE_OPENAI_API_KEY", "some-key-0123")];
    with(&common).unwrap().complete(&ask("a")).await.unwrap();
    let versioned = [&common[..], &[("OPENAI_API_VERSION", "2024-10-21")]].concat();
    with(&versioned).unwrap().complete(&ask("a")).await.unwrap();
    let asked = server.asked();
    assert_eq!((asked[0].path.as_str(), asked[0].query.as_deref()), ("/openai/v1/chat/completions", None));
    assert_eq!(asked[0].body["model"], "d");
    assert_eq!(asked[1].path, "/openai/deployments/d/chat/completions");
    assert_eq!(asked[1].query.as_deref(), Some("api-version=2024-10-21"));
    assert_eq!(asked[1].headers["api-key"], "some-key-0123");
}

#[tokio::test]
async fn the_address_of_openai_counts_where_no_other_is_named() {
    let (server, other) = (Server::start(fine()).await, Server::start(fine()).await);
    let openai = (OPENAI_BASE_URL, server.base.as_str());
    with(&[(MODEL, "openai/a"), openai]).unwrap().complete(&ask("a")).await.unwrap();
    let both = [(MODEL, "openai/a"), openai, (BASE_URL, other.base.as_str())];
    with(&both).unwrap().complete(&ask("a")).await.unwrap();
    assert_eq!((server.asked().len(), other.asked().len()), (1, 1));
    assert!(failure(&[(MODEL, "groq/a"), openai]).starts_with("`GROQ_API_KEY` is not set"));
}

#[test]
fn plain_http_is_for_hosts_that_are_named() {
    let inside = [(MODEL, "ollama/a"), (BASE_URL, "http://model.internal:11434/v1")];
    let told = failure(&inside);
    assert!(told.contains(BASE_URL) && told.contains(PRIVATE_HOSTS), "{told}");
    for hosts in ["model.internal", "10.0.0.5, MODEL.internal"] {
        let named = [&inside[..], &[(PRIVATE_HOSTS, hosts)]].concat();
        assert!(with(&named).is_ok(), "{hosts}");
    }
    let told = failure(&[&inside[..], &[(PRIVATE_HOSTS, "http://model.internal")]].concat());
    assert!(told.contains("`ABIDE_PRIVATE_HOSTS` has an entry that is no host"), "{told}");
}

#[tokio::test]
async fn one_variable_keeps_replies() {
    let server = Server::start(fine()).await;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("replies");
    let variables = [(MODEL, "openai/a"), (BASE_URL, server.base.as_str()), (CACHE, path.to_str().unwrap())];
    let lm = with(&variables).unwrap();
    for attempts in [1, 0] {
        assert_eq!(lm.complete(&ask("a")).await.unwrap().attempts, attempts);
    }
    assert!(matches!(with(&variables), Err(LmError::Cache { .. })), "it is open already");
}

fn fine() -> Canned {
    Canned::json(200, &json!({"choices": [{"message": {"content": "x"}, "finish_reason": "stop"}]}))
}

#[tokio::test]
async fn another_server_gets_the_requests_and_needs_no_key() {
    let both = json!({
        "choices": [{"message": {"content": "x"}, "finish_reason": "stop"}],
        "content": [{"type": "text", "text": "x"}],
        "stop_reason": "end_turn",
    });
    let server = Server::start(Canned::json(200, &both)).await;
    let base = server.base.as_str();
    for model in ["openai/meta/llama", "anthropic/a"] {
        let lm = with(&[(MODEL, model), (BASE_URL, base)]).unwrap();
        assert_eq!(lm.complete(&ask("a")).await.unwrap().text, "x");
    }
    let keyed = [(MODEL, "openai/a"), (BASE_URL, base), ("OPENAI_API_KEY", "some-key-0123")];
    with(&keyed).unwrap().complete(&ask("a")).await.unwrap();
    let asked = server.asked();
    assert_eq!(asked[0].path, "/v1/chat/completions");
    assert_eq!(asked[0].body["model"], "meta/llama");
    assert_eq!(asked[0].headers.get("authorization"), None);
    assert_eq!(asked[1].path, "/v1/messages");
    assert_eq!(asked[1].headers.get("x-api-key"), None);
    assert_eq!(asked[2].headers["authorization"], "Bearer some-key-0123");
}
