#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use serde_json::json;

use crate::{
    env::*,
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
fn a_key_is_all_the_vendors_need() {
    for (model, key) in [("openai/gpt-5-mini", "OPENAI_API_KEY"), ("anthropic/claude", "ANTHROPIC_API_KEY")] {
        let lm = with(&[(MODEL, model), (key, "some-key-0123")]).unwrap();
        assert_eq!(lm.model().to_string(), model);
    }
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
