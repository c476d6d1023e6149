#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Map;

mod unconfirmed;

use abide_guard::{Audit, Mode, audit::OutcomeStatus};

use super::*;
use crate::{
    Digest, Runtime,
    episode::Episode,
    module::Module,
    runtime::{CallError, RunOptions},
    testing::{ScriptedLm, boundary, runtime},
};

const RULES: &str = "[tools.shout]\nscopes = []\neffect = \"read\"\narguments = { text = {}, times = {} }\n";

#[derive(Deserialize, JsonSchema)]
struct Shout {
    text: String,
    times: u8,
}

/// Makes one call.
struct Calling(Toolbox, ToolCall);

impl Module for Calling {
    type Input = ();
    type Output = ToolOutcome;

    async fn forward(&self, cx: &Cx, (): ()) -> Result<ToolOutcome, CallError> {
        Ok(self.0.call(cx, self.1.clone()).await)
    }
}

async fn call(tools: Toolbox, tool: &str, arguments: Value) -> (ToolOutcome, Episode) {
    let Value::Object(arguments) = arguments else { panic!("{arguments}") };
    let program = Calling(tools, ToolCall { tool: tool.try_into().unwrap(), arguments });
    let run = runtime(ScriptedLm::texts([]), RULES).run(&program, ()).await;
    (run.outcome.unwrap(), run.episode)
}

fn shouting<F, Fut>(body: F) -> Toolbox
where
    F: Fn(Shout) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Value, String>> + Send + 'static,
{
    Toolbox::new().with(Function::new("shout", "Shouts.", body).unwrap())
}

fn fits() -> Value {
    json!({ "text": "hey", "times": 2 })
}

fn kinds(episode: &Episode) -> Vec<EventKind> {
    episode.events.iter().map(|event| event.kind).collect()
}

fn replied_with(outcome: ToolOutcome) -> Value {
    let ToolOutcome::Replied { observation } = outcome else { panic!("{outcome:?}") };
    observation
}

#[tokio::test]
async fn a_function_answers_and_the_call_is_on_record() {
    let (outcome, episode) = call(shouting(|shout| async move { Ok(json!(shout.text)) }), "shout", fits()).await;
    assert_eq!(replied_with(outcome), json!({ "result": "hey" }));
    let step = episode.tool_steps().next().unwrap();
    assert_eq!((step.verdict, &step.observation), (CallVerdict::Executed, &json!({ "result": "hey" })));
    assert_eq!(kinds(&episode), []);
}

#[tokio::test]
async fn a_failing_function_is_told_as_its_failure() {
    let (outcome, episode) = call(shouting(|_| async { Err("no voice".into()) }), "shout", fits()).await;
    let observation = replied_with(outcome);
    assert_eq!(
        (&observation["error"]["code"], &observation["error"]["message"]),
        (&json!("tool_failed"), &json!("no voice"))
    );
    assert_eq!(kinds(&episode), [EventKind::ToolFailed]);
}

#[tokio::test]
async fn a_function_that_panics_fails_alone() {
    let at_once = shouting(|shout| {
        assert_eq!(shout.times, 0, "on purpose");
        async { Ok(json!("called")) }
    });
    for tools in [at_once, shouting(|_| async { panic!("on purpose") })] {
        let (outcome, episode) = call(tools, "shout", fits()).await;
        assert_eq!(replied_with(outcome)["error"]["message"], "it panicked");
        assert_eq!(kinds(&episode), [EventKind::ToolFailed]);
    }
}

#[tokio::test]
async fn arguments_that_do_not_fit_never_reach_a_function() {
    for arguments in [json!({ "text": "hey" }), json!({ "text": 1, "times": 1 }), json!({ "text": "", "times": 300 })] {
        let (outcome, episode) = call(shouting(|_| async { Ok(json!("called")) }), "shout", arguments).await;
        assert!(matches!(outcome, ToolOutcome::Refused { kind: EventKind::ArgumentsMalformed, .. }), "{outcome:?}");
        assert_eq!(episode.tool_steps().next().unwrap().verdict, CallVerdict::Invalid);
    }
}

#[tokio::test]
async fn a_function_without_an_entry_is_not_called() {
    let whisper = Function::new("whisper", "Whispers.", |_: Shout| async { Ok::<_, String>("called") }).unwrap();
    let (outcome, _) = call(Toolbox::new().with(whisper), "whisper", fits()).await;
    assert!(matches!(outcome, ToolOutcome::Refused { kind: EventKind::ToolNotAllowed, .. }), "{outcome:?}");
}

#[test]
fn a_function_cannot_take_the_name_of_a_servers_tool() {
    for name in ["crm.shout", "", "sh out", "."] {
        let made = Function::new(name, "Shouts.", |_: Shout| async { Ok::<_, String>("called") });
        assert!(made.unwrap_err().to_string().starts_with(&format!("`{name}` is not a")), "{name}");
    }
}

#[tokio::test]
async fn long_replies_are_cut_and_stay_data() {
    for content in [json!("é".repeat(20_000)), json!({ "rows": vec!["row"; 9_000] })] {
        let characters = content.to_string().chars().count();
        let body = move |_| std::future::ready(Ok(content.clone()));
        let observation = replied_with(call(shouting(body), "shout", fits()).await.0);
        assert!(observation.to_string().len() <= 16 * 1024, "{}", observation.to_string().len());
        assert!(!observation["result"]["truncated"].as_str().unwrap().is_empty());
        assert_eq!(observation["result"]["characters"], characters);
    }
}

#[tokio::test]
async fn a_later_function_takes_the_place_of_the_first_in_its_own_toolbox_only() {
    let first = shouting(|_| async { Ok(json!("first")) });
    let again = Function::new("shout", "Shouts again.", |_: Shout| async { Ok::<_, String>("second") }).unwrap();
    let second = first.clone().with(again);
    assert_eq!(second.specs().iter().map(|spec| spec.description.as_str()).collect::<Vec<_>>(), ["Shouts again."]);
    assert_eq!(replied_with(call(second, "shout", fits()).await.0)["result"], "second");
    assert_eq!(replied_with(call(first, "shout", fits()).await.0)["result"], "first");
}

/// Makes calls one after the other.
struct Steps(Toolbox, Vec<ToolCall>);

impl Module for Steps {
    type Input = ();
    type Output = Vec<ToolOutcome>;

    async fn forward(&self, cx: &Cx, (): ()) -> Result<Self::Output, CallError> {
        let mut outcomes = Vec::new();
        for call in &self.1 {
            outcomes.push(self.0.call(cx, call.clone()).await);
        }
        Ok(outcomes)
    }
}

#[derive(Deserialize, JsonSchema)]
struct Pay {
    amount: u32,
}

#[tokio::test]
async fn cutting_a_long_text_makes_no_field_that_vouches_for_an_argument() {
    let rules = "[tools.read]\nscopes = []\neffect = \"read\"\n\
                 [tools.pay]\nscopes = []\neffect = \"write\"\narguments.amount = { from = [\"read\"] }\n";
    // whoever writes the text chooses how long it is
    let read = Function::new("read", "", async |_: Map<String, Value>| Ok::<_, String>("x ".repeat(25_000))).unwrap();
    let pay = Function::new("pay", "", async |pay: Pay| Ok::<_, String>(pay.amount)).unwrap();
    let call = |tool: &str, arguments: Value| ToolCall {
        tool: tool.try_into().unwrap(),
        arguments: arguments.as_object().unwrap().clone(),
    };
    let program = Steps(
        Toolbox::new().with(read).with(pay),
        vec![call("read", json!({})), call("pay", json!({ "amount": 50_002 }))],
    );
    let outcomes = runtime(ScriptedLm::texts([]), rules).run(&program, ()).await.outcome.unwrap();
    let ToolOutcome::Replied { observation } = &outcomes[0] else { panic!("{outcomes:?}") };
    assert_eq!(observation["result"]["characters"], 50_002);
    assert!(
        matches!(&outcomes[1], ToolOutcome::Refused { kind: EventKind::ProvenanceDenied, .. }),
        "{:?}",
        outcomes[1]
    );
}

#[tokio::test]
async fn a_pinned_runtime_runs_only_the_definitions_it_was_given() {
    let tools = shouting(|shout| async move { Ok(json!(shout.text)) });
    let spec = &tools.specs()[0];
    let Value::Object(arguments) = fits() else { unreachable!() };
    let program = Calling(tools.clone(), ToolCall { tool: spec.name.clone(), arguments });
    for (digest, expected) in
        [(spec.digest.clone(), vec![]), (Digest::of_bytes(b"another definition"), vec![EventKind::ToolDrift])]
    {
        let builder = Runtime::builder().lm(ScriptedLm::texts([])).boundary(boundary(RULES));
        let run = builder.pinned([(spec.name.clone(), digest)].into()).build().run(&program, ()).await;
        assert_eq!(kinds(&run.episode), expected);
    }
}

/// Calls a tool once, and says what came of it by the audit.
async fn audited(tools: Toolbox, rules: &str, mode: Mode) -> Vec<(OutcomeStatus, Option<EventKind>)> {
    let Value::Object(arguments) = fits() else { panic!("an object") };
    let (audit, rows) = Audit::memory();
    let runtime = Runtime::builder().lm(ScriptedLm::texts([])).boundary(boundary(rules)).audit(audit).build();
    let program = Calling(tools, ToolCall { tool: "shout".try_into().unwrap(), arguments });
    let options = RunOptions { mode, ..RunOptions::default() };
    runtime.run_with(&program, (), options).await;
    let permitted: Vec<u64> = rows.all().iter().filter(|row| row.verdict.is_permit()).map(|row| row.seq).collect();
    let outcomes = rows.outcomes();
    assert_eq!(outcomes.iter().map(|outcome| outcome.decision).collect::<Vec<_>>(), permitted);
    outcomes.iter().map(|outcome| (outcome.status, outcome.code)).collect()
}

#[tokio::test]
async fn every_permitted_call_has_one_outcome_in_the_audit() {
    let live = |tools| audited(tools, RULES, Mode::Live);
    assert_eq!(live(shouting(|_| async { Ok(json!("HEY")) })).await, [(OutcomeStatus::Done, None)]);
    assert_eq!(live(shouting(|_| async { Err("no voice".into()) })).await, [(OutcomeStatus::Failed, None)]);
    let short = format!("{RULES}reply = {{ max_bytes = 3 }}\n");
    let withheld = audited(shouting(|_| async { Ok(json!("HEY")) }), &short, Mode::Live).await;
    assert_eq!(withheld, [(OutcomeStatus::Withheld, Some(EventKind::ReplyDenied))]);
    // refused
    assert_eq!(audited(shouting(|_| async { Ok(json!("HEY")) }), "", Mode::Live).await, []);
    let writes = RULES.replace("\"read\"", "\"write\"");
    let dry = audited(shouting(|_| async { Ok(json!("HEY")) }), &writes, Mode::DryRun).await;
    assert_eq!(dry, [(OutcomeStatus::DryRun, None)]);
}

#[tokio::test]
async fn a_call_that_nobody_waits_for_has_an_outcome_too() {
    let Value::Object(arguments) = fits() else { panic!("an object") };
    let (audit, rows) = Audit::memory();
    let runtime = Runtime::builder().lm(ScriptedLm::texts([])).boundary(boundary(RULES)).audit(audit).build();
    let silent = shouting(|_| std::future::pending());
    let program = Calling(silent, ToolCall { tool: "shout".try_into().unwrap(), arguments });
    let mut run = Box::pin(runtime.run(&program, ()));
    assert!(futures_util::poll!(&mut run).is_pending());
    assert_eq!((rows.all().len(), rows.outcomes().len()), (1, 0));
    drop(run);
    assert_eq!(rows.outcomes()[0].status, OutcomeStatus::Abandoned);
}
