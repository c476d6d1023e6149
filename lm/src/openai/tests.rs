#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use abide_base::{secret::Secret, usage::Usage};
use abide_net as net;
use serde_json::json;
use url::Url;

use crate::{
    Effort, Finish, Lm, LmError, LmReply, LmRequest, Message, Prices, ReplyFormat, Tool, ToolCall, ToolChoice,
    ToolResult,
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
        usage: Usage { prompt_tokens: 1000, completion_tokens: 10, micro_dollars: 2, ..Usage::default() },
        request_id: Some("req_1".to_owned()),
        ..LmReply::new("hello")
    };
    assert_eq!(reply, expected);
}

#[tokio::test]
async fn everything_of_a_request_is_sent() {
    let mut request = LmRequest::new(vec![Message::system("be brief"), Message::user("a")]);
    request.sampling.temperature = Some(0.5);
    request.max_tokens = 77;
    request.sampling.seed = Some(u64::MAX);
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
    assert_eq!(vendor.compat().token_limit, TokenLimit::MaxCompletionTokens);
    let other = client(&"https://models.example.com/v1".parse().unwrap());
    assert_eq!(other.compat().token_limit, TokenLimit::MaxTokens);
}

#[tokio::test]
async fn the_end_of_a_reply_is_named() {
    let cases = [
        (json!("x"), json!("stop"), "x", Finish::Complete),
        (json!(""), json!("stop"), "", Finish::Complete),
        (json!("x"), json!("length"), "x", Finish::Limit),
        (json!(null), json!("length"), "", Finish::Limit),
        (json!(null), json!("content_filter"), "", Finish::Filtered),
        (json!("x"), json!("tool_calls"), "x", Finish::Complete),
        (json!("x"), json!(null), "x", Finish::Complete),
        (json!("x"), json!("MAX_TOKENS"), "x", Finish::Limit),
        (json!("x"), json!("SAFETY"), "x", Finish::Filtered),
        (json!("x"), json!("error"), "x", Finish::Error),
        (json!("x"), json!("moonrise"), "x", Finish::Other("moonrise".to_owned())),
        (json!([{"type": "text", "text": "x"}, {"type": "image"}, "y"]), json!("stop"), "xy", Finish::Complete),
    ];
    for (content, finish, text, expected) in cases {
        let reply = reply_to(&said(&content, &finish)).await.unwrap();
        assert_eq!((reply.text.as_str(), reply.finish), (text, expected));
    }
    let refusal =
        json!({"choices": [{"message": {"content": null, "refusal": "I will not"}, "finish_reason": "stop"}]});
    let reply = reply_to(&refusal).await.unwrap();
    assert_eq!((reply.text.as_str(), reply.finish), ("", Finish::Filtered));
    assert_eq!(reply.refusal.as_deref(), Some("I will not"));
}

#[tokio::test]
async fn tools_are_offered_and_called() {
    let mut request = LmRequest::new(vec![Message::user("add"), LmReply::new("").tool_calls(vec![two()]).message()]);
    request.messages.push(Message::tool([ToolResult { id: "c1".into(), content: "4".into() }]));
    request.tools =
        vec![Tool { name: "add".into(), description: "Adds.".into(), parameters: json!({"type": "object"}) }];
    request.tool_choice = ToolChoice::Named("add".into());
    request.format = ReplyFormat::Schema { name: "sum".into(), schema: json!({"type": "object"}) };
    request.stop = vec!["END".into()];
    request.sampling.top_p = Some(0.5);
    request.effort = Some(Effort::Low);
    let body = sent(|model| model, &request).await.body;
    assert_eq!(
        body["messages"][1],
        json!({"role": "assistant", "content": null, "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "add", "arguments": "{\"a\":2}"}}]})
    );
    assert_eq!(body["messages"][2], json!({"role": "tool", "tool_call_id": "c1", "content": "4"}));
    assert_eq!(body["tools"][0]["function"]["parameters"], json!({"type": "object"}));
    assert_eq!(body["tool_choice"], json!({"type": "function", "function": {"name": "add"}}));
    assert_eq!(body["response_format"]["json_schema"]["schema"], json!({"type": "object"}));
    assert_eq!(
        (&body["stop"], &body["top_p"], &body["reasoning_effort"]),
        (&json!(["END"]), &json!(0.5), &json!("low"))
    );

    let wanted = json!([
        {"id": "c1", "type": "function", "function": {"name": "add", "arguments": "{\"a\":2}"}},
        {"function": {"name": "add", "arguments": {"a": 3}}},
        {"function": {"name": "list", "arguments": null}},
    ]);
    let message = json!({"content": null, "tool_calls": wanted, "reasoning_content": "hm"});
    let body = json!({"model": "small-2", "choices": [{"message": message, "finish_reason": "tool_calls"}]});
    let reply = reply_to(&body).await.unwrap();
    let call = |id: &str, name: &str, arguments: &str| ToolCall {
        id: id.into(),
        name: name.into(),
        arguments: arguments.into(),
    };
    assert_eq!(reply.tool_calls, [two(), call("call_1", "add", "{\"a\":3}"), call("call_2", "list", "")]);
    assert_eq!((reply.reasoning[0].text.as_str(), reply.served_by.as_deref()), ("hm", Some("small-2")));
    assert_eq!(reply.text, "", "thoughts are no answer");
}

fn two() -> ToolCall {
    ToolCall { id: "c1".into(), name: "add".into(), arguments: "{\"a\":2}".into() }
}

#[tokio::test]
async fn one_odd_part_does_not_cost_the_reply() {
    let mut body = said(&json!("hello"), &json!(7));
    body["usage"] = json!({
        "prompt_tokens": 10.0, "completion_tokens": "2", "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": null},
    });
    body["choices"][0]["message"]["tool_calls"] = json!("none");
    let reply = reply_to(&body).await.unwrap();
    assert_eq!((reply.text.as_str(), reply.finish, reply.tool_calls.len()), ("hello", Finish::Complete, 0));
    let usage = Usage { prompt_tokens: 10, completion_tokens: 2, cached_tokens: 4, ..Usage::default() };
    assert_eq!(reply.usage, usage);
    for usage in [json!("much"), json!(null), json!(true)] {
        body["usage"] = usage;
        assert_eq!(reply_to(&body).await.unwrap().usage, Usage::default());
    }
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
