#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::{
    Budget, Budgeted, CacheStore, DiskCache, ReplyFormat, Retry, Tool, ToolChoice,
    openai::openai::*,
    testing::{Canned, Server, ask},
};

fn client(base: &Url) -> OpenAi {
    let net = net::Client::new(&net::Options::own_network()).unwrap();
    OpenAi::new(net, base.clone(), "small", Some(Secret::new("sk-0123456789abcdef".to_owned()))).unwrap()
}

fn fine() -> Canned {
    Canned::json(200, &json!({"choices": [{"message": {"content": "fine"}, "finish_reason": "stop"}]}))
}

fn refusing(parameter: &str) -> Canned {
    let message = format!("Unsupported parameter: '{parameter}' is not supported with this model.");
    Canned::json(400, &json!({"error": {"message": message, "param": parameter, "code": "unsupported_parameter"}}))
}

/// With every parameter that can be left out.
fn full() -> LmRequest {
    let mut request = ask("a");
    request.sampling.seed = Some(7);
    request.sampling.temperature = Some(0.5);
    request.sampling.top_p = Some(0.5);
    request.stop = vec!["END".to_owned()];
    request.tools = vec![Tool { name: "t".into(), description: "T.".into(), parameters: json!({"type": "object"}) }];
    request.tool_choice = ToolChoice::Required;
    request.parallel_tool_calls = Some(false);
    request.format = ReplyFormat::Schema { name: "s".into(), schema: json!({"type": "object"}) };
    request
}

fn without(body: &Value, parameter: &str) -> Value {
    let mut body = body.clone();
    assert!(body.as_object_mut().unwrap().remove(parameter).is_some(), "{parameter}");
    body
}

#[tokio::test]
async fn a_refused_parameter_is_left_out_from_then_on() {
    for parameter in ["seed", "temperature", "top_p", "parallel_tool_calls"] {
        let server = Server::script(vec![refusing(parameter), fine()]).await;
        let model = client(&server.base);
        assert_eq!(model.settings(), [""; 0]);
        assert_eq!(model.complete(&full()).await.unwrap().attempts, 2);
        assert_eq!(model.clone().complete(&full()).await.unwrap().attempts, 1, "clones learn together");
        assert_eq!(model.settings(), [format!("{parameter}=omit")]);
        let asked = server.asked();
        assert_eq!(asked[1].body, without(&asked[0].body, parameter));
        assert_eq!(asked[2].body, asked[1].body);
    }
}

#[tokio::test]
async fn the_limit_is_renamed_once() {
    let server = Server::script(vec![refusing("max_tokens"), fine()]).await;
    client(&server.base).complete(&full()).await.unwrap();
    let asked = server.asked();
    assert_eq!(asked[0].body["max_tokens"], 1024);
    assert_eq!((&asked[1].body["max_completion_tokens"], asked[1].body.get("max_tokens")), (&json!(1024), None));

    let server = Server::script(vec![refusing("max_tokens"), refusing("max_completion_tokens"), fine()]).await;
    let error = client(&server.base).complete(&full()).await.unwrap_err();
    assert!(matches!(error.root(), LmError::Refused { status: 400, .. }), "{error}");
    assert_eq!((error.attempts(), server.asked().len()), (2, 2));
}

#[tokio::test]
async fn a_refused_form_falls_to_json_and_to_text() {
    let server = Server::script(vec![refusing("response_format"), refusing("response_format"), fine()]).await;
    let model = client(&server.base);
    assert_eq!(model.complete(&full()).await.unwrap().attempts, 3);
    let asked = server.asked();
    assert_eq!(asked[0].body["response_format"]["type"], "json_schema");
    assert_eq!(asked[1].body["response_format"], json!({"type": "json_object"}));
    assert_eq!(asked[2].body, without(&asked[1].body, "response_format"));
    assert_eq!(model.settings(), ["response_format=omit"]);
}

#[tokio::test]
async fn what_a_request_needs_is_never_left_out() {
    for parameter in ["tools", "tool_choice", "stop", "messages", "model"] {
        let server = Server::script(vec![refusing(parameter), fine()]).await;
        let model = client(&server.base);
        let error = model.complete(&full()).await.unwrap_err();
        assert!(error.to_string().contains(parameter), "{error}");
        assert_eq!((server.asked().len(), model.compat()), (1, Compat::default()));
    }
    // it was not in the request, so leaving it out changes nothing
    let server = Server::script(vec![refusing("seed"), fine()]).await;
    client(&server.base).complete(&ask("a")).await.unwrap_err();
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn requests_side_by_side_learn_it_together() {
    let refusal = refusing("seed");
    let server = Server::script(vec![refusal.clone(), refusal.clone(), refusal, fine()]).await;
    let model = client(&server.base);
    let request = full();
    let replies = join_all((0..3).map(|_| model.complete(&request))).await;
    let attempts: u32 = replies.into_iter().map(|reply| reply.unwrap().attempts).sum();
    assert_eq!(attempts as usize, server.asked().len());
    assert_eq!(model.settings(), ["seed=omit"]);
}

#[tokio::test]
async fn attempts_are_counted_through_every_layer() {
    let server =
        Server::script(vec![Canned::text(503, "busy"), refusing("seed"), Canned::text(503, "busy"), fine()]).await;
    let budget = Arc::new(Budget::unlimited());
    let budgeted = Budgeted::new(Arc::new(client(&server.base)), Arc::clone(&budget), Prices::default());
    let retry = Retry::new(Arc::new(budgeted)).longest_wait(Duration::ZERO);
    assert_eq!(retry.complete(&full()).await.unwrap().attempts, 4);
    assert_eq!(budget.spent().calls, 4);
    assert_eq!(retry.settings(), ["seed=omit"]);
}

#[tokio::test]
async fn a_cache_finds_a_reply_before_and_after_the_client_learned() {
    let directory = tempfile::tempdir().unwrap();
    let store = CacheStore::open(directory.path().join("c")).unwrap();
    let server = Server::script(vec![refusing("seed"), fine()]).await;
    let cache = |model: OpenAi| DiskCache::new(Arc::new(model), &server.base, store.clone());
    let learning = cache(client(&server.base));
    assert_eq!(learning.complete(&full()).await.unwrap().attempts, 2);
    assert_eq!(learning.complete(&full()).await.unwrap().attempts, 0);
    assert_eq!(cache(client(&server.base)).complete(&full()).await.unwrap().attempts, 0);
    let other = Compat { top_p: crate::openai::Param::Omit, ..Compat::default() };
    let reply = cache(client(&server.base).with_compat(other)).complete(&full()).await.unwrap();
    assert_eq!(reply.attempts, 1, "another way to send it is another request");
}

#[tokio::test]
async fn azure_has_a_version_in_its_address() {
    let server = Server::start(fine()).await;
    let base = format!("{}/deployments/d?api-version=2024-10-21", server.base).parse().unwrap();
    client(&base).complete(&ask("a")).await.unwrap();
    let asked = server.asked().remove(0);
    assert_eq!(
        (asked.path.as_str(), asked.query.as_deref()),
        ("/v1/deployments/d/chat/completions", Some("api-version=2024-10-21"))
    );
    assert_eq!(
        (&asked.headers["api-key"], asked.headers.get("authorization")),
        (&http::HeaderValue::from_static("sk-0123456789abcdef"), None)
    );
}
