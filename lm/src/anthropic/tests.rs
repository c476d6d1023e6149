#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use abide_base::{id::ModelId, secret::Secret, usage::Usage};
use abide_net as net;
use serde_json::{Value, json};
use url::Url;

use crate::{
    Finish, Lm, LmError, LmReply, LmRequest, Message, Prices, Reasoning, ReplyFormat, Tool, ToolChoice, ToolResult,
    anthropic::*,
    testing::{Canned, Server, ask},
};

fn client(base: &Url) -> Anthropic {
    let net = net::Client::new(&net::Options::own_network()).unwrap();
    let key = Secret::new("sk-ant-0123456789".to_owned());
    Anthropic::new(net, base.clone(), "small", Some(key)).unwrap()
}

async fn reply_to(body: &Value) -> Result<LmReply, LmError> {
    let server = Server::start(Canned::json(200, body)).await;
    client(&server.base).complete(&ask("a")).await
}

#[tokio::test]
async fn everything_of_a_reply_is_read() {
    let body = json!({
        "content": [{"type": "thinking", "thinking": "…", "signature": "s1g"}, {"type": "text", "text": "hel"}, {"type": "text", "text": "lo"}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 600, "cache_read_input_tokens": 400, "cache_creation_input_tokens": null, "output_tokens": 10},
    });
    let server = Server::start(Canned::json(200, &body).header("request-id", "req_2")).await;
    let model = client(&server.base).prices(Prices::per_million(1_000, 100_000));
    assert_eq!(model.model().to_string(), "anthropic/small");
    let reply = model.complete(&ask("a")).await.unwrap();
    let expected = LmReply {
        usage: Usage {
            prompt_tokens: 1000,
            completion_tokens: 10,
            cached_tokens: 400,
            micro_dollars: 2,
            ..Usage::default()
        },
        request_id: Some("req_2".to_owned()),
        reasoning: vec![thought("anthropic/small", "…", "s1g")],
        ..LmReply::new("hello")
    };
    assert_eq!(reply, expected);
}

#[tokio::test]
async fn a_request_is_told_in_the_words_of_the_api() {
    let body = json!({"content": [{"type": "text", "text": "x"}], "stop_reason": "end_turn"});
    let server = Server::start(Canned::json(200, &body)).await;
    let mut request = LmRequest::new(vec![
        Message::system("be brief"),
        Message::user("a"),
        Message::assistant("b"),
        Message::system("be kind"),
        Message::user("c"),
    ]);
    request.sampling.temperature = Some(0.0);
    request.sampling.seed = Some(3);
    request.format = ReplyFormat::Json;
    client(&server.base).complete(&request).await.unwrap();
    client(&server.base).complete(&ask("a")).await.unwrap();
    let asked = server.asked();
    assert_eq!(asked[0].path, "/v1/messages");
    assert_eq!(asked[0].headers["x-api-key"], "sk-ant-0123456789");
    assert_eq!(asked[0].headers["anthropic-version"], "2023-06-01");
    assert_eq!(asked[0].headers.get("authorization"), None);
    let expected = json!({
        "model": "small",
        "max_tokens": 1024,
        "system": "be brief\n\nbe kind",
        "messages": [
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": "b"},
            {"role": "user", "content": "c"},
        ],
        "temperature": 0.0,
    });
    assert_eq!(asked[0].body, expected);
    let shortest = json!({
        "model": "small",
        "max_tokens": 1024,
        "messages": [{"role": "user", "content": "a"}],
    });
    assert_eq!(asked[1].body, shortest);
}

fn thought(model: &str, text: &str, signature: &str) -> Reasoning {
    Reasoning { model: ModelId(model.to_owned()), text: text.to_owned(), signature: Some(signature.to_owned()) }
}

#[tokio::test]
async fn reasoning_goes_back_as_it_came_and_to_its_model_only() {
    let body = json!({"content": [
        {"type": "redacted_thinking", "data": "opaque"},
        {"type": "text", "text": "I add."},
        {"type": "tool_use", "id": "c1", "name": "add", "input": {"a": 2}},
        {"type": "moon"},
    ], "stop_reason": "tool_use", "model": "small-2"});
    let server = Server::start(Canned::json(200, &body)).await;
    let model = client(&server.base);
    let reply = model.complete(&ask("a")).await.unwrap();
    assert_eq!((reply.finish.clone(), reply.served_by.as_deref()), (Finish::Complete, Some("small-2")));
    assert_eq!(reply.reasoning, [thought("anthropic/small", "", "opaque")]);
    assert_eq!(reply.tool_calls[0].arguments, "{\"a\":2}");

    let mut foreign = reply.clone();
    foreign.reasoning = vec![thought("anthropic/other", "theirs", "s")];
    let result = ToolResult { id: "c1".into(), content: "4".into() };
    let mut request = LmRequest::new(vec![Message::system("s"), Message::user("a"), reply.message()]);
    request.messages.extend([foreign.message(), Message::tool([result]), Message::assistant("")]);
    request.tools =
        vec![Tool { name: "add".into(), description: "Adds.".into(), parameters: json!({"type": "object"}) }];
    request.tool_choice = ToolChoice::Required;
    request.format = ReplyFormat::Schema { name: "sum".into(), schema: json!({"type": "object"}) };
    request.stable_messages = 2;
    model.complete(&request).await.unwrap();
    let body = &server.asked()[1].body;
    let call = json!({"type": "tool_use", "id": "c1", "name": "add", "input": {"a": 2}});
    let text = json!({"type": "text", "text": "I add."});
    let expected = json!([
        {"role": "user", "content": [{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}]},
        {"role": "assistant", "content": [{"type": "redacted_thinking", "data": "opaque"}, text, call]},
        {"role": "assistant", "content": [text, call]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "4"}]},
    ]);
    assert_eq!(body["messages"], expected, "and an empty message stays away");
    assert_eq!(body["tool_choice"], json!({"type": "any"}));
    assert_eq!(body["output_config"]["format"], json!({"type": "json_schema", "schema": {"type": "object"}}));
    assert_eq!(body["tools"][0]["input_schema"], json!({"type": "object"}));
}

#[tokio::test]
async fn the_end_of_a_reply_is_named() {
    let words = json!([{"type": "text", "text": "x"}]);
    let cases = [
        (words.clone(), "end_turn", "x", Finish::Complete),
        (json!([]), "end_turn", "", Finish::Complete),
        (words.clone(), "stop_sequence", "x", Finish::Complete),
        (words.clone(), "max_tokens", "x", Finish::Limit),
        (json!([]), "refusal", "", Finish::Filtered),
        (words, "pause_turn", "x", Finish::Paused),
    ];
    for (content, stop_reason, text, expected) in cases {
        let body = json!({"content": content, "stop_reason": stop_reason});
        let reply = reply_to(&body).await.unwrap();
        assert_eq!((reply.text.as_str(), reply.finish), (text, expected));
    }
}

#[tokio::test]
async fn what_the_api_does_not_promise_is_garbage() {
    for body in [
        json!({"stop_reason": "end_turn"}),
        json!({"content": [{"type": "tool_use", "id": "1"}], "stop_reason": "tool_use"}),
        json!({"content": "text", "stop_reason": "end_turn"}),
        json!(null),
    ] {
        let error = reply_to(&body).await.unwrap_err();
        assert!(matches!(error, LmError::InvalidResponse(_)), "{body}: {error}");
    }
}

#[tokio::test]
async fn an_error_is_told_in_the_words_of_the_server() {
    let body = json!({"type": "error", "error": {"type": "invalid_request_error", "message": "max_tokens: too large"}});
    let server = Server::start(Canned::json(400, &body)).await;
    let error = client(&server.base).complete(&ask("a")).await.unwrap_err();
    let expected = LmError::Refused { status: 400, message: "max_tokens: too large".to_owned() };
    assert_eq!(error, expected);
}
