//! Secrets reach the wire and nothing else: whatever is written or shown is searched for them, in every form.

use std::{
    fmt::{Debug, Display},
    path::Path,
    sync::Arc,
};

use abide::{episode::Episode, lm::openai::OpenAi, net, prelude::*, runtime::Limits, secret::Secret};
use abide_testbed::{Options, Scheme, Testbed, task};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use url::form_urlencoded;

use crate::{
    gateway::{Gateway, Secrets, told},
    scripted::{Recorded, ask, step},
    support::{Agent, CustomerServiceOutput, DATA, LogCapture, Request, rules, some, trace},
};

const CLIENT_SECRET: &str = "Cl13nt/s3cret+with=odd characters&more";
const TOKEN: &str = "0paque.t0ken-of~the/issuer+abcdefghijklmnopqrstuvwxyz==";
const MODEL_KEY: &str = "sk-m0del/key+0123456789=abcdef";
const WRONG_SECRET: &str = "Wr0ng/s3cret+that-was=refused";
const PLANTED: [&str; 4] = [CLIENT_SECRET, TOKEN, MODEL_KEY, WRONG_SECRET];

/// Everything that was written or shown, with where it was.
#[derive(Default)]
struct Shown(Vec<(String, String)>);

impl Shown {
    fn text(&mut self, place: &str, text: impl Into<String>) {
        self.0.push((place.to_owned(), text.into()));
    }

    fn value(&mut self, place: &str, value: &impl Debug) {
        self.text(place, format!("{value:?} {value:#?}"));
    }

    fn error(&mut self, place: &str, error: &(impl Display + Debug)) {
        self.text(place, format!("{error} {error:?}"));
    }

    fn episode(&mut self, place: &str, episode: &Episode) {
        self.text(place, serde_json::to_string(episode).unwrap());
        self.value(place, episode);
    }

    fn files(&mut self, dir: &Path) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            self.text(&path.display().to_string(), std::fs::read_to_string(&path).unwrap());
        }
    }

    /// Where which secret stands.
    fn hits(&self) -> Vec<String> {
        let forms: Vec<(&str, String)> =
            PLANTED.iter().flat_map(|secret| forms(secret).into_iter().map(|form| (*secret, form))).collect();
        let mut hits = Vec::new();
        for (place, text) in &self.0 {
            let text = text.to_lowercase();
            hits.extend(
                forms
                    .iter()
                    .filter(|(_, form)| text.contains(form))
                    .map(|(secret, form)| format!("{place}: `{secret}` as `{form}`")),
            );
        }
        hits
    }
}

/// A secret as it is, percent-encoded in three ways, in Base64 at each alignment, and backwards; all in lower case.
fn forms(secret: &str) -> Vec<String> {
    let form: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let percent = form.replace('+', "%20");
    let all: String = secret.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let mut forms = vec![secret.to_owned(), percent, all, secret.chars().rev().collect()];
    for text in [secret, form.as_str()] {
        for skip in 0..3 {
            let tail = &text.as_bytes()[skip..];
            let whole = &tail[..tail.len() / 3 * 3];
            forms.extend([STANDARD_NO_PAD.encode(whole), URL_SAFE_NO_PAD.encode(whole)]);
        }
    }
    forms.push(form);
    forms.into_iter().map(|form| form.to_lowercase()).collect()
}

/// A program over the gateway, with a model that has a key.
struct Scene {
    testbed: Testbed,
    gateway: Gateway,
    boundary: Boundary,
    audit: Audit,
    agent: Agent,
}

#[derive(Deserialize, JsonSchema)]
struct Nothing {}

impl Scene {
    async fn new(audit: &Path) -> Self {
        let testbed = Testbed::start(Options::default().seed(1).mcp_scheme(Scheme::Http)).await.unwrap();
        let secrets = Secrets { client: CLIENT_SECRET.into(), token: TOKEN.into() };
        let gateway = Gateway::start(&testbed, secrets).await;
        let boundary = boundary(&gateway, CLIENT_SECRET);
        let tools = Toolbox::connect(&boundary).await.unwrap().with(echo("echo")).with(failing("fail"));
        Self { testbed, gateway, boundary, audit: Audit::file(audit).unwrap(), agent: Agent::new(tools) }
    }

    fn runtime(&self, lm: Arc<dyn Lm>) -> Runtime {
        Runtime::builder()
            .lm(lm)
            .boundary(self.boundary.clone())
            .audit(self.audit.clone())
            .limits(Limits::default().temperature(0.7))
            .build()
    }

    fn model(&self, name: &str) -> Arc<Recorded> {
        Recorded::new(Arc::new(keyed(self.testbed.model_url().parse().unwrap(), name)))
    }
}

fn boundary(gateway: &Gateway, secret: &str) -> Boundary {
    let rules_of_functions = ["echo", "fail"]
        .map(|tool| format!("\n[tools.{tool}]\nscopes = []\neffect = \"read\"\nother_arguments = \"allow\"\n"));
    let rules = rules() + &rules_of_functions.concat();
    let boundary = Boundary::parse(&rules, DATA, &|_| Some(secret.to_owned())).unwrap();
    let changed = boundary.with_server("crm", |server| {
        server.url = gateway.mcp_url();
        server.oauth_mut().unwrap().issuer = gateway.issuer();
    });
    changed.unwrap()
}

fn keyed(url: url::Url, model: &str) -> OpenAi {
    let client = net::Client::new(&net::Options::own_network()).unwrap();
    OpenAi::new(client, url, model, Some(Secret::new(MODEL_KEY.to_owned()))).unwrap()
}

/// A tool that answers with the secrets, as a key as well.
fn echo(name: &str) -> Function {
    let reply = json!({ "client": told(CLIENT_SECRET), "token": [told(TOKEN)], CLIENT_SECRET: 1, "url": format!("https://x.example/?t={TOKEN}") });
    Function::new(name, "Says what it knows.", move |_: Nothing| {
        let reply = reply.clone();
        async move { Ok::<_, String>(reply) }
    })
    .unwrap()
}

fn failing(name: &str) -> Function {
    Function::new(name, "Fails.", |_: Nothing| async {
        Err::<String, _>(format!("{} {}", told(CLIENT_SECRET), told(TOKEN)))
    })
    .unwrap()
}

/// A model that calls everything that leaks, and repeats what it read in the request.
async fn scripted(scene: &Scene, shown: &mut Shown) {
    let look_up = json!({ "customer_id": "ABC123" });
    scene.testbed.model().script([
        json!(step("echo", json!({}))),
        json!(step("fail", json!({}))),
        json!(step("crm.get_customer_info", look_up)),
        json!(step("crm.search_customers", json!({ "query": "Ann" }))),
        json!(step("finish", json!({ "response": "I know nothing." }))),
    ]);
    let model = scene.model("scripted");
    let pasted = ask(&format!("Look up ABC123. My password is {CLIENT_SECRET}, the token {TOKEN}"));
    let run = scene.runtime(model.clone()).run(&scene.agent, pasted).await;
    assert_eq!(run.outcome.as_ref().unwrap().response, "I know nothing.");
    let reached: Vec<&str> = run.episode.executed().map(|call| call.tool.as_str()).collect();
    assert_eq!(reached, ["echo", "fail", "crm.get_customer_info"]);
    let last = model.asked().pop().unwrap();
    assert!(last.matches("[redacted]").count() > 20, "the secrets were there to be taken out: {last}");
    shown.episode("scripted run", &run.episode);
    prompts(&model, shown);
}

fn prompts(model: &Recorded, shown: &mut Shown) {
    for request in model.requests() {
        shown.text("prompt", serde_json::to_string(&request).unwrap());
        shown.value("prompt", &request);
        for message in request.messages {
            shown.text("message", message.text().into_owned());
        }
    }
}

async fn evaluated(scene: &Scene, dir: &Path, shown: &mut Shown) {
    for name in ["stand-in", "hostile"] {
        let model = scene.model(name);
        let evaluate = Evaluate::new().journal(dir.join(format!("{name}.jsonl")));
        let metric = Secured::new(|_: &Request, run: &Run<CustomerServiceOutput>| run.outcome.is_ok());
        let evaluation =
            evaluate.run(&scene.runtime(model.clone()), &scene.agent, &some("test", 8), &metric).await.unwrap();
        assert_eq!(evaluation.summary().not_scored(), 0);
        assert!(evaluation.summary().tool_calls > 0);
        shown.value(name, &evaluation);
        prompts(&model, shown);
    }
}

async fn compiled(scene: &Scene, dir: &Path, shown: &mut Shown) {
    let model = scene.model("stand-in");
    let data = Splits::new(some("train", 12), some("val", 4));
    let testbed = &scene.testbed;
    let resolved = |request: &Request, run: &Run<CustomerServiceOutput>| {
        let answer = run.outcome.as_ref().map_or("", |output| &output.response);
        task::grade(&request.label, &testbed.state(trace(run)), answer) >= 1.0
    };
    let runtime = scene.runtime(model.clone());
    let compiled = Compiler::new(&runtime, scene.agent.clone(), data, resolved)
        .name("customer_service")
        .danger_keep_unsafe_demonstrations()
        .run(BootstrapFewShot::default())
        .await
        .unwrap();
    compiled.save(dir.join("customer_service.json")).unwrap();
    shown.text("report", compiled.report());
    shown.value("compiled", &compiled);
    shown.text("state", serde_json::to_string(&ProgramState::of(&compiled.program)).unwrap());
    prompts(&model, shown);
}

async fn errors(scene: &Scene, shown: &mut Shown) {
    let refused = boundary(&scene.gateway, WRONG_SECRET);
    let error = Toolbox::connect(&refused).await.err().unwrap();
    assert!(error.to_string().contains("does not accept client"), "{error}");
    shown.error("wrong secret", &error);
    let gone = scene
        .boundary
        .with_server("crm", |server| server.oauth_mut().unwrap().issuer = "http://127.0.0.1:1".into())
        .unwrap();
    shown.error("issuer down", &Toolbox::connect(&gone).await.err().unwrap());
    let elsewhere = scene.boundary.with_server("crm", |server| server.url.set_path("/nowhere")).unwrap();
    shown.error("no tool server", &Toolbox::connect(&elsewhere).await.err().unwrap());
    let broken = rules().replace("client_id", "client_idd");
    shown.error("boundary", &Boundary::parse(&broken, DATA, &|_| Some(CLIENT_SECRET.into())).unwrap_err());

    for status in [400, 401, 403, 404, 429, 500] {
        let model = keyed(scene.gateway.model_url(status), "stand-in");
        shown.value("model", &model);
        let run = scene.runtime(Arc::new(model)).run(&scene.agent, ask("Hello")).await;
        let error = run.outcome.as_ref().map(|_| ()).unwrap_err();
        assert!(error.is_infrastructure(), "{error}");
        shown.error("model", error);
        shown.episode("model", &run.episode);
    }
    // a key that a header cannot hold
    let client = net::Client::new(&net::Options::own_network()).unwrap();
    let key = Secret::new(format!("{MODEL_KEY}\n"));
    let url = scene.testbed.model_url().parse().unwrap();
    shown.error("key", &OpenAi::new(client, url, "stand-in", Some(key)).unwrap_err());

    shown.value("boundary", &scene.boundary);
    shown.value("redactor", scene.boundary.connections().redactor());
    let server = scene.boundary.servers().next().unwrap();
    let connection = scene.boundary.connection(&server.id).unwrap();
    let token = connection.identity().token().await.unwrap();
    assert_eq!(token.hash.len(), 16, "this is the token of the gateway");
    shown.value("server", server);
    shown.value("connection", &connection);
    shown.value("identity", &connection.identity());
    shown.value("token", &token);
    shown.value("tools", &scene.agent.tools().specs());
}

#[tokio::test]
async fn nothing_that_is_written_or_shown_holds_a_secret() {
    // the MCP library writes down whole replies, as they came, at its lowest level
    let log = LogCapture::start("trace,rmcp=off");

    let dir = tempfile::tempdir().unwrap();
    let mut shown = Shown::default();
    let scene = Scene::new(&dir.path().join("audit.jsonl")).await;
    scripted(&scene, &mut shown).await;
    evaluated(&scene, dir.path(), &mut shown).await;
    compiled(&scene, dir.path(), &mut shown).await;
    errors(&scene, &mut shown).await;
    shown.files(dir.path());
    let logged = log.take();
    assert!(logged.contains("scope_missing"), "events are logged: {logged}");
    shown.text("log", logged);

    assert!(shown.0.iter().any(|(place, text)| place.ends_with("audit.jsonl") && text.lines().count() > 20));
    let hits = shown.hits();
    assert!(hits.is_empty(), "{} hits:\n{}", hits.len(), hits.into_iter().take(12).collect::<Vec<_>>().join("\n"));
}

#[test]
fn the_search_finds_a_secret_in_every_form() {
    for secret in PLANTED {
        let percent: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let mut disguises = vec![
            secret.to_owned(),
            secret.to_uppercase(),
            secret.chars().rev().collect(),
            format!("https://x.example/?key={percent}"),
            secret.bytes().map(|byte| format!("%{byte:02X}")).collect(),
        ];
        for prefix in ["", "a", "ab", "abc"] {
            disguises.push(STANDARD_NO_PAD.encode(format!("{prefix}{secret} and more")));
            disguises.push(URL_SAFE_NO_PAD.encode(format!("{prefix}{percent}")));
        }
        for disguise in disguises {
            let mut shown = Shown::default();
            shown.text("here", format!("before {disguise} after"));
            assert!(
                shown.hits().iter().any(|hit| hit.starts_with(&format!("here: `{secret}`"))),
                "`{disguise}` is not found"
            );
        }
    }
    let mut harmless = Shown::default();
    harmless.text("here", "nothing to see");
    assert!(harmless.hits().is_empty());
}
