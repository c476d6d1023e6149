#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use abide_base::{secret::Secret, usage::Usage};
use abide_net as net;
use serde_json::json;
use url::Url;

use crate::{
    Finish, Lm, LmError, LmReply, LmRequest, Message, Prices, ReplyFormat,
    openai::*,
    testing::{Asked, Canned, Server, ask},
};

fn client(base: &Url) -> OpenAi {
    let net = net::Client::new(&net::Options::own_network()).unwrap();
    let key = Secret::new("sk-0123456789abcdef".to_owned());
    OpenAi::new(net, base.clone(), "small", Some(key)).unwrap()
}

fn said(content: &serde_json::Value, finish: &serde_json::Value) -> serde_json::Value {
    json!({"choices": [{"message": {"role": "assistant", "content": content}, "finish_reason": finish}]})
}

async fn reply_to(body: &serde_json::Value) -> Result<LmReply, LmError> {
    let server = Server::start(Canned::json(200, body)).await;
    client(&server.base).complete(&ask("a")).await
}

async fn sent(change: impl FnOnce(OpenAi) -> OpenAi, request: &LmRequest) -> Asked {
    let server = Server::start(Canned::json(200, &said(&json!("x"), &json!("stop")))).await;
    change(client(&server.base)).complete(request).await.unwrap();
    server.asked().remove(0)
}

#[tokio::test]
async fn everything_of_a_reply_is_read() {
    let mut body = said(&json!("hello"), &json!("stop"));
    body["usage"] = json!({"prompt_tokens": 1000, "completion_tokens": 10, "total_tokens": 1010});
    let canned = Canned::json(200, &body).header("x-request-id", "req_1");
    let server = Server::start(canned).await;
    let model = client(&server.base).prices(Prices::per_million(1_000, 100_000));
    assert_eq!(model.model().to_string(), "openai/small");
    let reply = model.complete(&ask("a")).await.unwrap();
    let expected = LmReply {
        usage: Usage { prompt_tokens: 1000, completion_tokens: 10, micro_dollars: 2 },
        request_id: Some("req_1".to_owned()),
        ..LmReply::new("hello")
    };
    assert_eq!(reply, expected);
}

#[tokio::test]
async fn everything_of_a_request_is_sent() {
    let mut request = LmRequest::new(vec![Message::system("be brief"), Message::user("a")]);
    request.temperature = Some(0.5);
    request.max_tokens = 77;
    request.seed = Some(u64::MAX);
    request.format = ReplyFormat::Json;
    let asked = sent(|model| model, &request).await;
    assert_eq!(asked.path, "/v1/chat/completions");
    assert_eq!(asked.headers["authorization"], "Bearer sk-0123456789abcdef");
    assert_eq!(asked.headers["content-type"], "application/json");
    let expected = json!({
        "model": "small",
        "messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "a"}],
        "max_tokens": 77,
        "temperature": 0.5,
        "seed": u64::MAX,
        "response_format": {"type": "json_object"},
    });
    assert_eq!(asked.body, expected);
}

#[tokio::test]
async fn what_is_not_asked_for_is_not_sent() {
    let limit = |model: OpenAi| model.token_limit(TokenLimit::MaxCompletionTokens);
    let asked = sent(limit, &ask("a")).await;
    let expected = json!({
        "model": "small",
        "messages": [{"role": "user", "content": "a"}],
        "max_completion_tokens": 1024,
    });
    assert_eq!(asked.body, expected);
}

#[tokio::test]
async fn without_a_key_none_is_sent() {
    let server = Server::start(Canned::json(200, &said(&json!("x"), &json!("stop")))).await;
    let net = net::Client::new(&net::Options::own_network()).unwrap();
    // a base address may end with a slash
    let base = format!("{}/", server.base).parse().unwrap();
    let model = OpenAi::new(net, base, "small", None).unwrap();
    model.complete(&ask("a")).await.unwrap();
    let asked = server.asked().remove(0);
    assert_eq!(asked.headers.get("authorization"), None);
    assert_eq!(asked.path, "/v1/chat/completions");
}

#[test]
fn newer_models_of_the_vendor_get_the_limit_they_demand() {
    let vendor = client(&"https://api.openai.com/v1".parse().unwrap());
    assert_eq!(vendor.limit, TokenLimit::MaxCompletionTokens);
    let other = client(&"https://models.example.com/v1".parse().unwrap());
    assert_eq!(other.limit, TokenLimit::MaxTokens);
}

#[tokio::test]
async fn the_end_of_a_reply_is_named() {
    let cases = [
        (json!("x"), json!("stop"), "x", Finish::Stop),
        (json!(""), json!("stop"), "", Finish::Stop),
        (json!("x"), json!("length"), "x", Finish::Length),
        (json!(null), json!("length"), "", Finish::Length),
        (json!(null), json!("content_filter"), "", Finish::Filtered),
        (json!("x"), json!("tool_calls"), "x", Finish::Other("tool_calls".to_owned())),
        (json!("x"), json!(null), "x", Finish::Other("unknown".to_owned())),
    ];
    for (content, finish, text, expected) in cases {
        let reply = reply_to(&said(&content, &finish)).await.unwrap();
        assert_eq!((reply.text.as_str(), reply.finish), (text, expected));
    }
    let refusal =
        json!({"choices": [{"message": {"content": null, "refusal": "I will not"}, "finish_reason": "stop"}]});
    let reply = reply_to(&refusal).await.unwrap();
    assert_eq!((reply.text.as_str(), reply.finish), ("I will not", Finish::Filtered));
}

#[tokio::test]
async fn what_the_api_does_not_promise_is_garbage() {
    for body in [
        json!({"choices": []}),
        json!({"choices": [{"message": {"role": "assistant"}, "finish_reason": "stop"}]}),
        said(&json!(null), &json!("tool_calls")),
        said(&json!(5), &json!("stop")),
        json!({}),
        json!([]),
    ] {
        let error = reply_to(&body).await.unwrap_err();
        assert!(matches!(error, LmError::InvalidResponse(_)), "{body}: {error}");
    }
}

#[tokio::test]
async fn a_used_up_account_is_not_asked_again() {
    let body = json!({"error": {"message": "You have no credit", "code": "insufficient_quota"}});
    let server = Server::start(Canned::json(429, &body)).await;
    let error = client(&server.base).complete(&ask("a")).await.unwrap_err();
    let expected = LmError::Refused { status: 429, message: "You have no credit".to_owned() };
    assert_eq!(error, expected);
}
