//! Traffic of known servers, replayed: `tests/data/servers/*.toml`, written by hand from their public documentation.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use abide_base::{clock::ManualClock, secret::Secret, usage::Usage};
use abide_net as net;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::{Canned, Server, ask};
use crate::{
    Anthropic, Effort, Finish, Lm, LmError, LmReply, LmRequest, Message, OpenAi, ReplyFormat, Tool, ToolCall,
    ToolChoice, ToolResult,
};

const KEY: &str = "sk-test-0123456789abcdef";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    about: String,
    #[serde(default)]
    ask: Asking,
    answer: Vec<Answer>,
    reply: Option<Reply>,
    error: Option<Failure>,
    /// The bodies of the requests, in order; of a plain request it need not be said.
    #[serde(default)]
    sent: Vec<String>,
}

#[derive(Clone, Copy, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Asking {
    #[default]
    Plain,
    /// With seed, temperature and `top_p`.
    Sampled,
    /// With tools, after one was called.
    Tools,
    /// With a schema.
    Schema,
    /// For JSON of any form.
    Json,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    #[serde(default)]
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: String,
    /// In place of all others: what comes over the connection before it is closed.
    raw: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reply {
    text: String,
    #[serde(default = "complete")]
    finish: Finish,
    refusal: Option<String>,
    reasoning: Option<String>,
    #[serde(default)]
    tool_calls: Vec<ToolCall>,
    #[serde(default)]
    prompt_tokens: u64,
    #[serde(default)]
    completion_tokens: u64,
    #[serde(default)]
    cached_tokens: u64,
    #[serde(default)]
    reasoning_tokens: u64,
    served_by: Option<String>,
    request_id: Option<String>,
    #[serde(default = "once")]
    attempts: u32,
    pause_ms: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Failure {
    /// All of it, with `$BASE` for the base address, and `$ORIGIN` and `$HOST` for parts of it.
    says: String,
    kind: Kind,
    wait_ms: Option<u64>,
    #[serde(default = "once")]
    attempts: u32,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Transient,
    Unanswerable,
    Final,
}

fn complete() -> Finish {
    Finish::Complete
}

fn once() -> u32 {
    1
}

type New = fn(net::Client, &Url) -> Arc<dyn Lm>;

fn openai(client: net::Client, base: &Url) -> Arc<dyn Lm> {
    Arc::new(OpenAi::new(client, base.clone(), "m", Some(Secret::new(KEY.to_owned()))).unwrap().clock(clock()))
}

fn anthropic(client: net::Client, base: &Url) -> Arc<dyn Lm> {
    Arc::new(Anthropic::new(client, base.clone(), "m", Some(Secret::new(KEY.to_owned()))).unwrap().clock(clock()))
}

/// At 1994-11-06 08:49:37 GMT.
fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777)))
}

#[tokio::test]
async fn each_server_is_understood() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/servers");
    let client = net::Client::new(&net::Options::own_network()).unwrap();
    let mut cases = 0;
    for (name, new) in [("openai", openai as New), ("compatible", openai), ("anthropic", anthropic)] {
        let text = std::fs::read_to_string(directory.join(name).with_extension("toml")).unwrap();
        let file: File = toml::from_str(&text).unwrap();
        for case in &file.case {
            play(name, case, |base| new(client.clone(), base)).await;
        }
        cases += file.case.len();
    }
    assert!(cases >= 60, "{cases}");
}

async fn play(name: &str, case: &Case, new: impl Fn(&Url) -> Arc<dyn Lm>) {
    let about = format!("{name}: {}", case.about);
    let raw = case.answer.iter().find_map(|answer| answer.raw.as_ref());
    let server = match raw {
        Some(raw) => Server::raw(raw.as_bytes()).await,
        None => Server::script(case.answer.iter().map(canned).collect()).await,
    };
    let outcome = new(&server.base).complete(&request(case.ask)).await;
    match (&case.reply, &case.error) {
        (Some(reply), None) => assert_eq!(outcome.as_ref(), Ok(&expected(reply, &outcome)), "{about}"),
        (None, Some(failure)) => assert_failed(&outcome.unwrap_err(), failure, &server.base, &about),
        _ => unreachable!("{about}: one of reply and error"),
    }
    let asked = server.asked();
    assert!(raw.is_some() || asked.len() == case.answer.len(), "{about}: {} requests", asked.len());
    for asked in &asked {
        let key = asked.headers.get("authorization").or(asked.headers.get("x-api-key")).unwrap().to_str().unwrap();
        assert!(key.ends_with(KEY), "{about}");
    }
    let bodies: Vec<Value> = asked.into_iter().map(|asked| asked.body).collect();
    let mut sent: Vec<Value> = case.sent.iter().map(|body| serde_json::from_str(body).unwrap()).collect();
    if sent.is_empty() && case.ask == Asking::Plain {
        let plain = json!({"model": "m", "messages": [{"role": "user", "content": "a"}], "max_tokens": 50});
        sent = vec![plain; bodies.len()];
    }
    assert!(sent.is_empty() || sent == bodies, "{about}: {bodies:?}");
}

fn canned(answer: &Answer) -> Canned {
    let canned = Canned::text(answer.status, &answer.body);
    answer.headers.iter().fold(canned, |canned, (name, value)| canned.header(name, value))
}

fn assert_failed(error: &LmError, expected: &Failure, base: &Url, about: &str) {
    let origin = base.origin().ascii_serialization();
    let says =
        expected.says.replace("$BASE", base.as_str()).replace("$ORIGIN", &origin).replace("$HOST", base.authority());
    assert_eq!(error.to_string(), says, "{about}");
    let kind = match (error.is_transient(), error.is_unanswerable()) {
        (true, _) => Kind::Transient,
        (_, true) => Kind::Unanswerable,
        _ => Kind::Final,
    };
    assert_eq!((kind, error.attempts()), (expected.kind, expected.attempts), "{about}");
    assert_eq!(error.retry_after(), expected.wait_ms.map(Duration::from_millis), "{about}");
    assert!(!format!("{error} {error:?}").contains(KEY), "{about}");
}

/// Of the reply itself only the reasoning's signature, which has tests of its own.
fn expected(reply: &Reply, outcome: &Result<LmReply, LmError>) -> LmReply {
    let usage = Usage {
        prompt_tokens: reply.prompt_tokens,
        completion_tokens: reply.completion_tokens,
        cached_tokens: reply.cached_tokens,
        reasoning_tokens: reply.reasoning_tokens,
        micro_dollars: 0,
    };
    let mut reasoning = outcome.as_ref().map(|reply| reply.reasoning.clone()).unwrap_or_default();
    assert_eq!(reasoning.first().map(|thought| &thought.text), reply.reasoning.as_ref());
    reasoning.truncate(1);
    LmReply {
        refusal: reply.refusal.clone(),
        served_by: reply.served_by.clone(),
        request_id: reply.request_id.clone(),
        pause: reply.pause_ms.map(Duration::from_millis),
        ..LmReply::new(reply.text.clone())
            .finish(reply.finish.clone())
            .tool_calls(reply.tool_calls.clone())
            .reasoning(reasoning)
            .usage(usage)
            .attempts(reply.attempts)
    }
}

fn request(asking: Asking) -> LmRequest {
    let mut request = ask("a");
    request.max_tokens = 50;
    match asking {
        Asking::Plain => {}
        Asking::Json => request.format = ReplyFormat::Json,
        Asking::Sampled => {
            request.sampling.seed = Some(7);
            request.sampling.temperature = Some(0.5);
            request.sampling.top_p = Some(0.9);
        }
        Asking::Tools => {
            let call = ToolCall { id: "c1".into(), name: "add".into(), arguments: "{\"a\":2}".into() };
            request.messages = vec![
                Message::system("be brief"),
                Message::user("add"),
                LmReply::new("").tool_calls(vec![call]).message(),
                Message::tool([ToolResult { id: "c1".into(), content: "4".into() }]),
            ];
            let parameters = json!({"type": "object", "properties": {"a": {"type": "integer"}}});
            request.tools = vec![Tool { name: "add".into(), description: "Adds.".into(), parameters }];
            request.tool_choice = ToolChoice::Required;
            request.parallel_tool_calls = Some(false);
            request.stop = vec!["END".into()];
            request.effort = Some(Effort::Low);
        }
        Asking::Schema => {
            request.format = ReplyFormat::Schema { name: "sum".into(), schema: json!({"type": "object"}) };
        }
    }
    request
}
