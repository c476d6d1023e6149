//! The server over real sockets.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

use crate::model::{
    Fault, Options, Server, When,
    prompt::{fields, first_json},
};

struct Response {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Response {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn text(&self) -> String {
        self.json()["choices"][0]["message"]["content"].as_str().unwrap().to_owned()
    }
}

async fn send(server: &Server, method: &str, path: &str, headers: &str, body: &str) -> Response {
    let base = server.base_url();
    let host = base.strip_prefix("http://").unwrap().strip_suffix("/v1").unwrap();
    let mut stream = BufReader::new(TcpStream::connect(host).await.unwrap());
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut line = String::new();
    stream.read_line(&mut line).await.unwrap();
    let status = line.split(' ').nth(1).unwrap().parse().unwrap();
    let mut headers = Vec::new();
    loop {
        line.clear();
        stream.read_line(&mut line).await.unwrap();
        let Some((key, value)) = line.trim().split_once(": ") else {
            break;
        };
        headers.push((key.to_lowercase(), value.to_owned()));
    }
    let mut body = String::new();
    stream.read_to_string(&mut body).await.unwrap();
    Response { status, headers, body }
}

async fn post(server: &Server, path: &str, body: &Value) -> Response {
    send(server, "POST", path, "", &body.to_string()).await
}

async fn complete(server: &Server, body: &Value) -> Response {
    post(server, "/v1/chat/completions", body).await
}

fn hello(model: &str) -> Value {
    json!({ "model": model, "messages": [{ "role": "user", "content": "What is the status of ABC123?" }] })
}

fn openai(chat: &crate::model::prompt::Chat, model: &str) -> Value {
    let mut messages = vec![json!({ "role": "system", "content": chat.system })];
    for turn in &chat.turns {
        messages.push(match turn {
            crate::model::prompt::Turn::User(text) => json!({ "role": "user", "content": text }),
            crate::model::prompt::Turn::Model(text, _) => {
                json!({ "role": "assistant", "content": text })
            }
            crate::model::prompt::Turn::Tool(id, text) => {
                json!({ "role": "tool", "tool_call_id": id, "content": text })
            }
        });
    }
    json!({ "model": model, "messages": messages, "seed": chat.seed, "temperature": chat.temperature })
}

#[tokio::test]
async fn a_react_step_is_answered_in_its_own_format() {
    let server = Server::start(Options::default().seed(3)).await.unwrap();
    let chat = super::episodes::step_chat(
        super::episodes::PLAIN,
        &super::episodes::good(),
        "What is the status of ABC123?",
        &[],
        1,
    );
    let body = openai(&chat, "stand-in");
    let reply = complete(&server, &body).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let step = fields(&reply.text());
    assert_eq!(step["tool"], "get_customer_info");
    assert_eq!(first_json(&step["arguments"]).unwrap(), json!({ "customer_id": "ABC123" }));
    assert!(reply.text().trim_end().ends_with("[[ ## completed ## ]]"));
    let usage = &reply.json()["usage"];
    assert_eq!(
        usage["total_tokens"].as_u64().unwrap(),
        usage["prompt_tokens"].as_u64().unwrap() + usage["completion_tokens"].as_u64().unwrap()
    );
    assert!(usage["prompt_tokens"].as_u64().unwrap() > 500);
    assert_eq!(reply.json()["choices"][0]["finish_reason"], "stop");
    assert!(reply.header("x-request-id").is_some());
    assert_eq!(complete(&server, &body).await.text(), reply.text());
    assert_eq!((server.requests(), server.replies()), (2, 2));
}

#[tokio::test]
async fn the_anthropic_form_says_the_same() {
    let server = Server::start(Options::default()).await.unwrap();
    let said = complete(&server, &hello("stand-in")).await.text();
    let reply = post(&server, "/v1/messages", &json!({ "model": "stand-in", "max_tokens": 500, "messages": [{ "role": "user", "content": [{ "type": "text", "text": "What is the status of ABC123?" }] }] })).await;
    assert_eq!(reply.json()["content"][0]["text"].as_str().unwrap(), said);
    assert_eq!(reply.json()["stop_reason"], "end_turn");
    assert!(reply.json()["usage"]["input_tokens"].as_u64().unwrap() > 0);
}

#[tokio::test]
async fn native_tools_are_called_and_answered() {
    let server = Server::start(Options::default().seed(2)).await.unwrap();
    let tools = json!([{ "type": "function", "function": { "name": "get_customer_info", "description": "", "parameters": { "type": "object", "properties": { "customer_id": { "type": "string" } }, "required": ["customer_id"] } } }]);
    let mut body = hello("stand-in");
    body["tools"] = tools;
    body["temperature"] = json!(0);
    let reply = complete(&server, &body).await.json();
    let message = &reply["choices"][0]["message"];
    assert_eq!(reply["choices"][0]["finish_reason"], "tool_calls");
    assert_eq!(message["tool_calls"][0]["function"]["name"], "get_customer_info");
    let id = &message["tool_calls"][0]["id"];
    let messages = body["messages"].as_array_mut().unwrap();
    messages.push(message.clone());
    messages.push(json!({ "role": "tool", "tool_call_id": id, "content": "{\"result\":{\"customer_id\":\"ABC123\",\"status\":\"pending\"}}" }));
    let answer = complete(&server, &body).await.json();
    assert_eq!(answer["choices"][0]["finish_reason"], "stop", "{answer}");
    assert!(answer["choices"][0]["message"]["content"].as_str().unwrap().contains("ABC123"));
}

#[tokio::test]
async fn a_json_schema_gets_its_object() {
    let server = Server::start(Options::default()).await.unwrap();
    let mut body = hello("stand-in");
    body["response_format"] = json!({ "type": "json_schema", "json_schema": { "name": "out", "schema": { "type": "object", "properties": { "response": { "type": "string" }, "score": { "type": "number" } } } } });
    let text = complete(&server, &body).await.text();
    let value: Value = serde_json::from_str(&text).unwrap();
    assert!(value["response"].is_string() && value["score"].is_number(), "{text}");
}

#[tokio::test]
async fn the_script_is_replayed_in_order_and_then_ends() {
    let server = Server::start(Options::default()).await.unwrap();
    let posted =
        post(&server, "/control/script", &json!(["one", { "calls": [{ "name": "f", "arguments": { "x": 1 } }] }]))
            .await;
    assert_eq!(posted.status, 204);
    assert_eq!(complete(&server, &hello("scripted")).await.text(), "one");
    let second = complete(&server, &hello("scripted")).await.json();
    assert_eq!(second["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"], "{\"x\":1}");
    assert_eq!(complete(&server, &hello("scripted")).await.status, 400);
    assert_eq!(post(&server, "/control/script", &json!("no array")).await.status, 400);
}

#[tokio::test]
async fn faults_befall_the_planned_requests() {
    let options =
        Options::default().fault(Fault::RateLimited(Some(7)), When::First(1)).fault(Fault::Status(503), When::Every(2));
    let server = Server::start(options).await.unwrap();
    let first = complete(&server, &hello("stand-in")).await;
    assert_eq!((first.status, first.header("retry-after")), (429, Some("7")));
    assert_eq!(complete(&server, &hello("stand-in")).await.status, 503);
    assert_eq!(complete(&server, &hello("stand-in")).await.status, 200);
    assert_eq!((server.requests(), server.replies()), (3, 1));
}

#[tokio::test]
async fn a_request_may_ask_for_faults() {
    let server = Server::start(Options::default().latency(Duration::from_millis(1))).await.unwrap();
    let with = async |faults: &str| {
        send(
            &server,
            "POST",
            "/v1/chat/completions",
            &format!("x-stand-in-fault: {faults}\r\n"),
            &hello("stand-in").to_string(),
        )
        .await
    };
    let limited = with("rate-limited").await;
    assert_eq!((limited.status, limited.header("retry-after")), (429, None));
    assert_eq!(with("rate-limited;retry-after=3").await.header("retry-after"), Some("3"));
    assert_eq!(with("status=502").await.status, 502);
    assert!(serde_json::from_str::<Value>(&with("malformed").await.body).is_err());
    let whole = with("nonsense").await;
    let cut = with("truncated, no-usage").await.json();
    assert_eq!(cut["choices"][0]["finish_reason"], "length");
    assert!(cut.get("usage").is_none());
    assert!(whole.text().starts_with(cut["choices"][0]["message"]["content"].as_str().unwrap()));
}

#[tokio::test]
async fn nonsense_is_turned_down_politely() {
    let server = Server::start(Options::default()).await.unwrap();
    assert_eq!(complete(&server, &json!({ "model": "stand-in" })).await.status, 400);
    assert_eq!(complete(&server, &hello("gpt-17")).await.status, 404);
    assert_eq!(send(&server, "POST", "/v1/chat/completions", "", "{").await.status, 400);
    let listed = send(&server, "GET", "/v1/models", "", "").await.json();
    assert_eq!(listed["data"].as_array().unwrap().len(), 3);
    for odd in [
        json!({ "model": "stand-in", "messages": [] }),
        json!({ "model": "hostile", "messages": [{ "role": 7, "content": { "x": [] } }] }),
    ] {
        assert_eq!(complete(&server, &odd).await.status, 200);
    }
}

#[tokio::test]
async fn a_dropped_server_stops() {
    let server = Server::start(Options::default()).await.unwrap();
    let host = server.base_url().strip_prefix("http://").unwrap().strip_suffix("/v1").unwrap().to_owned();
    let mut idle = TcpStream::connect(&host).await.unwrap();
    drop(server);
    let mut rest = Vec::new();
    assert_eq!(tokio::time::timeout(Duration::from_secs(5), idle.read_to_end(&mut rest)).await.unwrap().unwrap(), 0);
}
