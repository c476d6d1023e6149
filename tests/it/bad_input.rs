//! Whatever is wrong around a program has an error that says what, where, and what to do about it.

use std::{error::Error, fmt::Write as _, sync::Arc, time::Duration};

use abide::{
    artifact::ArtifactError,
    credentials::oauth::config::ClientAuth,
    data::DataError,
    episode::CallVerdict,
    evaluate::Outcome,
    event::EventKind,
    guard::policy::BoundaryError,
    lm::{Retry, openai::OpenAi},
    mcp::servers::ServerConfig,
    net,
    prelude::*,
    runtime::Infrastructure,
    secret::Secret,
};
use abide_testbed::{
    Options, Scheme, Testbed, auth,
    lab::closed::Closed,
    model::{Fault, When},
    task,
};
use serde_json::json;

use crate::{
    scripted::{Stage, ask, says, step},
    support::{CustomerService, CustomerServiceInput, DATA, World, boundary, rules, some, trace},
};

/// What an operator sees of an error: its text, and the texts of its causes that it does not hold already.
fn shown(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        if !text.contains(&cause.to_string()) {
            write!(text, ": {cause}").unwrap();
        }
        next = cause.source();
    }
    text
}

#[track_caller]
fn assert_says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
}

async fn testbed(options: Options) -> Testbed {
    Testbed::start(options).await.unwrap()
}

/// The error of connecting with one thing changed; it never shows the secret.
async fn connect_error(testbed: &Testbed, change: impl FnOnce(&mut ServerConfig)) -> String {
    let boundary = boundary(testbed, &rules()).with_server("crm", change).unwrap();
    let error = Toolbox::connect(&boundary).await.err().unwrap();
    let Some(ClientAuth::Basic(secret)) = boundary.servers().next().unwrap().oauth().map(|oauth| &oauth.client) else {
        panic!("the example's client has a secret");
    };
    let text = shown(&error);
    assert!(text.matches("server `crm`").count() == 1, "it names the server once: {text}");
    assert!(!format!("{text} {error:?}").contains(secret.expose().as_str()), "{text}");
    assert!(!format!("{text} {error:?}").contains(testbed.client_secret()), "{text}");
    text
}

/// The error of connecting while the authorization server misbehaves.
async fn fault_error(fault: auth::Fault) -> (Testbed, String) {
    let testbed = testbed(Options::default()).await;
    testbed.auth().inject(fault);
    let text = connect_error(&testbed, |_| {}).await;
    assert!(testbed.mcp().log().all().is_empty());
    (testbed, text)
}

#[test]
fn a_boundary_file_that_is_not_there() {
    let error = Boundary::load("no/such/boundary.toml").unwrap_err();
    assert!(matches!(error, BoundaryError::Unreadable { .. }));
    assert_says(&error.to_string(), &["the boundary file `no/such/boundary.toml` cannot be read: ", "No such file"]);
}

#[test]
fn keys_of_a_boundary_that_nobody_knows_and_a_secret_that_is_not_set() {
    let rules = rules().replacen("effect = \"read\"", "effekt = \"read\"", 1) + "\n[limit]\nx = 1\n";
    let text = Boundary::parse(&rules, DATA, &|_| None).unwrap_err().to_string();
    // everything at once
    let parts = [
        "the boundary `boundary.toml` cannot be used:\n",
        "\n  line 9: `servers.crm.client_secret_env`: the environment variable `CRM_CLIENT_SECRET` is not set: set it to the client secret",
        "\n  line 11: `tools.\"crm.get_customer_info\".effect`: is missing: say `read`, `write` or `external`",
        "\n  line 13: `tools.\"crm.get_customer_info\".effekt`: is not known: did you mean `effect`?",
        "\n  line 62: `limit`: is not known: did you mean `limits`?",
    ];
    assert_says(&text, &parts);
    assert_eq!(text.lines().count(), 5, "{text}");
}

#[tokio::test]
async fn a_tool_without_an_entry_is_denied() {
    let (shorter, _) =
        rules().split_once("[tools.\"crm.search_customers\"]").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let search = step("crm.search_customers", json!({ "query": "Ann" }));
    let stage = Stage::with_rules(&shorter, [search, step("finish", json!({ "response": "I may not." }))]).await;
    let run = stage.runtime.run(&stage.agent().await, ask("Find Ann")).await;
    assert_eq!(run.outcome.as_ref().unwrap().response, "I may not.");
    assert_eq!(run.episode.events.len(), 1);
    assert_eq!(run.episode.events[0].kind, EventKind::ToolNotAllowed);
    assert_eq!(
        run.episode.events[0].feedback(),
        "tool_not_allowed: `crm.search_customers`: the boundary has no entry for it; use only the listed tools, or ask a human"
    );
    assert_eq!(run.episode.tool_steps().next().unwrap().verdict, CallVerdict::Denied);
    assert!(stage.testbed.mcp().log().of(trace(&run)).is_empty());
}

#[tokio::test]
async fn an_entry_for_a_tool_that_the_server_lacks() {
    let testbed = testbed(Options::default()).await;
    let rules = rules() + "\n[tools.\"crm.get_custmer_info\"]\nscopes = []\neffect = \"read\"\n";
    let error = Toolbox::connect(&boundary(&testbed, &rules)).await.err().unwrap();
    let parts = [
        "the boundary has an entry for `crm.get_custmer_info`, which its server does not list",
        "crm.get_customer_info",
    ];
    assert_says(&error.to_string(), &parts);
}

#[tokio::test]
async fn a_wrong_client_secret() {
    let testbed = testbed(Options::default()).await;
    let text = connect_error(&testbed, |server| {
        server.oauth_mut().unwrap().client = ClientAuth::Basic(Secret::new("a-wrong-secret".into()))
    })
    .await;
    let expected = format!(
        "issuer `{}` does not accept client `support-agent` with `client_secret_basic`: check `client_id`, `client_auth`, and the secret or key",
        testbed.issuer()
    );
    assert_says(&text, &["server `crm`", &expected]);
}

#[tokio::test]
async fn metadata_of_another_issuer_than_the_pinned_one() {
    let (testbed, text) = fault_error(auth::Fault::WrongIssuer).await;
    let found = format!(
        "the metadata found for issuer `{}` are those of `https://wrong-issuer.invalid`: set `issuer` to the exact text",
        testbed.issuer()
    );
    assert_says(&text, &[&found]);
    assert_eq!(testbed.auth().counters().tokens, 0, "no credentials were sent");
}

#[tokio::test]
async fn a_server_that_takes_tokens_of_another_issuer_only() {
    let (ours, theirs) = (testbed(Options::default()).await, testbed(Options::default()).await);
    theirs.auth().add_resource(ours.mcp_url());
    let secret = theirs.client_secret().to_owned();
    let text = connect_error(&ours, |server| {
        server.oauth_mut().unwrap().issuer = theirs.issuer().to_owned();
        server.oauth_mut().unwrap().client = ClientAuth::Basic(Secret::new(secret));
    })
    .await;
    let expected = format!(
        "`{}` takes tokens of `{}`, not of the pinned issuer `{}`: nothing was sent there; change `issuer` if you trust it",
        ours.mcp_url(),
        ours.issuer(),
        theirs.issuer()
    );
    assert_says(&text, &[&expected]);
}

#[tokio::test]
async fn an_issuer_that_cannot_be_reached() {
    let testbed = testbed(Options::default()).await;
    let closed = Closed::bind();
    let text = connect_error(&testbed, |server| server.oauth_mut().unwrap().issuer = format!("http://{closed}")).await;
    let parts = [
        &format!("no token from issuer `http://{closed}`: cannot connect to `{closed}`"),
        "check the address, and that the server runs",
    ];
    assert_says(&text, &parts.map(|part: &str| part));
}

#[tokio::test]
async fn tokens_that_are_expired_or_for_somebody_else() {
    let (testbed, text) = fault_error(auth::Fault::Expired).await;
    assert_says(&text, &[&format!("the token of issuer `{}` is not accepted: ", testbed.issuer()), "expired"]);
    let (testbed, text) = fault_error(auth::Fault::WrongAudience).await;
    assert_says(&text, &[&format!("the token of issuer `{}` is not accepted: ", testbed.issuer()), testbed.mcp_url()]);
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_and_one_with_another_key() {
    let (ours, theirs) =
        (testbed(Options::default().issuer_scheme(Scheme::Https)).await, testbed(Options::default()).await);
    let text = connect_error(&ours, |server| server.connection.ca_bundle = Some(theirs.ca_path().to_owned())).await;
    assert_says(
        &text,
        &["comes from no trusted authority: set `ca_bundle` to the file of the authority that issued it"],
    );
    let text =
        connect_error(&ours, |server| server.connection.spki_pins = vec![theirs.spki_pin().parse().unwrap()]).await;
    assert_says(&text, &["cannot reach server `crm`", "has none of the pinned keys: check `spki_pins`"]);
}

/// A model without patience.
fn impatient(url: &str) -> Arc<dyn Lm> {
    let client = net::Client::new(&net::Options::own_network()).unwrap();
    let model = OpenAi::new(client, url.parse().unwrap(), "stand-in", None).unwrap();
    Arc::new(Retry::new(Arc::new(model)).repetitions(1).longest_wait(Duration::from_millis(1)))
}

async fn not_scored(world: &World, lm: Arc<dyn Lm>) -> Vec<String> {
    let runtime = world.runtime.with_lm(lm);
    let data = some("test", 4);
    let evaluation = Evaluate::new().run(&runtime, &world.agent, &data, &Secured::new(world.resolved())).await.unwrap();
    let summary = evaluation.summary();
    assert_eq!((summary.scored, summary.not_scored()), (0, 4));
    assert!(summary.safe_success == 0.0 && summary.events.is_empty());
    let reason = |row: &abide::evaluate::Row| match &row.outcome {
        Outcome::NotScored { reason } => reason.clone(),
        Outcome::Scored(score) => panic!("{score:?}"),
    };
    evaluation.rows.iter().map(reason).collect()
}

#[tokio::test]
async fn a_model_server_that_is_down() {
    let world = World::with_model(Options::default(), "stand-in").await;
    let closed = Closed::bind();
    for reason in not_scored(&world, impatient(&format!("http://{closed}/v1"))).await {
        let expected = format!("no connection to the model server: cannot connect to `{closed}`");
        assert_says(&reason, &[&expected, "check the address, and that the server runs"]);
    }
}

#[tokio::test]
async fn a_model_server_that_answers_with_garbage() {
    let mut options = Options::default();
    options.model = options.model.fault(Fault::Malformed, When::Always);
    let world = World::with_model(options, "stand-in").await;
    let lm = impatient(&world.testbed.model_url());
    for reason in not_scored(&world, lm.clone()).await {
        assert_says(&reason, &["the model server's reply cannot be read: EOF while parsing"]);
    }
    let run = world.runtime.with_lm(lm).run(&world.agent, ask("Hello")).await;
    assert!(matches!(run.outcome, Err(CallError::Infrastructure(Infrastructure::Model(_)))), "{:?}", run.outcome.err());
}

#[tokio::test]
async fn a_model_that_replies_nonsense_is_corrected_exactly_once() {
    let good = says(&[("reasoning", "It is late."), ("response", "Too late.")]);
    let stage = Stage::new(["I am fine, thank you.".into(), "Really!".into(), good]).await;
    let input = || CustomerServiceInput { request: "Hello".into() };
    let run = stage.runtime.run(&ChainOfThought::<CustomerService>::new(), input()).await;
    let error = run.outcome.map(|output| output.output.response).unwrap_err();
    assert_eq!(error.to_string(), "output of `CustomerService` rejected: the reply has no field marker");
    assert!(!error.is_infrastructure(), "the model's own fault is a score");
    assert_eq!(stage.testbed.model().requests(), 2);
    let kinds: Vec<EventKind> = run.episode.events.iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [EventKind::OutputRejected, EventKind::OutputRejected]);
    // and such a run is scored
    stage.testbed.model().script((0..6).map(|_| json!("Nonsense")));
    stage
        .runtime
        .run(&ChainOfThought::<CustomerService>::new(), input())
        .await
        .outcome
        .map(|o| o.output.response)
        .unwrap_or_default();
    let metric = |_: &Example<CustomerServiceInput, ()>, run: &Run<_>| run.outcome.is_ok();
    let data = Dataset::new([Example::new("a", input(), ())]).unwrap();
    let evaluation =
        Evaluate::new().run(&stage.runtime, &ChainOfThought::<CustomerService>::new(), &data, &metric).await.unwrap();
    assert_eq!((evaluation.summary().scored, evaluation.summary().task.mean), (1, 0.0));
}

#[test]
fn a_malformed_line_of_a_dataset() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("train.jsonl");
    let good = std::fs::read_to_string(format!("{DATA}/train.jsonl")).unwrap();
    let mut lines: Vec<&str> = good.lines().take(3).collect();
    let wrong = lines[2].replacen("\"request\": \"", "\"request\": 7, \"was\": \"", 1);
    lines[2] = &wrong;
    let load = |text: &str| {
        std::fs::write(&path, text).unwrap();
        Dataset::<CustomerServiceInput, task::Label>::load(&path).unwrap_err()
    };
    let error = load(&lines.join("\n"));
    assert!(matches!(error, DataError::Field { .. }));
    let place =
        format!("`{}`, line 3, field `input.request`: invalid type: integer `7`, expected a string", path.display());
    assert_says(&error.to_string(), &[&place]);
    let cut = &lines[0][..40];
    assert_says(&load(cut).to_string(), &[&format!("`{}`, line 1, field `", path.display()), "EOF while parsing"]);
}

/// The program that was not compiled.
#[derive(Signature)]
pub(crate) struct Other {
    #[input]
    question: String,
    #[output]
    answer: String,
}

#[tokio::test]
async fn an_artifact_with_one_byte_changed_and_one_of_another_program() {
    let world = World::with_model(Options::default().seed(1), "stand-in").await;
    let data = Splits::new(some("train", 6), some("val", 3));
    let compiled = Compiler::new(&world.runtime, world.agent.clone(), data, world.resolved()).name("customer_service");
    let compiled = compiled.run(BootstrapFewShot::default()).await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("customer_service.json");
    compiled.save(&path).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();

    let mut other = Predict::<Other>::new();
    let error = Artifact::load(&path).unwrap().install(&mut other).unwrap_err();
    assert!(matches!(error, ArtifactError::OtherProgram { .. }));
    assert_says(&error.to_string(), &["made for the program `customer_service` with slots `act`; this program has"]);
    assert_eq!(ProgramState::of(&other), ProgramState::of(&Predict::<Other>::new()), "nothing was installed");

    let changed = text.replacen("customer_service", "customer_servicf", 1);
    assert_eq!(changed.len(), text.len());
    std::fs::write(&path, changed).unwrap();
    let error = Artifact::load(&path).map(|_| ()).unwrap_err();
    let parts = [
        "customer_service.json`",
        "its digest is `sha256:",
        "it was changed after it was sealed; get the original, or compile again",
    ];
    assert_says(&shown(&error), &parts);
}
