#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::sync::Arc;

use abide_lm::{Finish, LmReply};
use serde_json::json;

use super::*;
use crate::{
    ProgramState, Signature, SlotPath, SlotState, Tunable,
    runtime::{CallError, Infrastructure},
    testing::{Repeat, RepeatInput, RepeatOutput, ScriptedLm, reply, runtime},
    tool::{Function, Toolbox},
};

/// Explain.
#[derive(Signature)]
pub(crate) struct Explain {
    #[input]
    word: String,
    #[output]
    reasoning: String,
    #[output]
    echo: String,
}

const NOTES: &str = "[tools.notes]\nscopes = []\neffect = \"read\"\n";

fn word() -> RepeatInput {
    RepeatInput { word: "moon".into() }
}

fn echo(text: &str) -> String {
    reply(&[("echo", text)])
}

fn notes() -> Toolbox {
    let body = |_: serde_json::Map<String, serde_json::Value>| async { Ok::<_, String>("a note") };
    Toolbox::new().with(Function::new("notes", "The notes.", body).unwrap())
}

fn set_instruction(program: &mut impl Tunable, path: &str, text: &str) {
    let path = SlotPath::try_from(path.to_owned()).unwrap();
    let mut state = ProgramState::of(program);
    state.0.insert(path, SlotState { instruction: Some(text.into()), ..SlotState::default() });
    state.install(program).unwrap();
}

#[tokio::test]
async fn a_function_without_an_entry_ends_the_run_before_a_model_is_asked() {
    let lm = ScriptedLm::texts(["never asked for"]);
    let run = runtime(lm.clone(), "").run(&ReAct::<Repeat>::new(notes()), RepeatInput { word: "x".into() }).await;
    let error = run.outcome.unwrap_err();
    assert_eq!(error, CallError::Infrastructure(Infrastructure::FunctionNotAllowed("notes".try_into().unwrap())));
    assert!(error.to_string().contains("add `[tools.notes]`") && lm.requests().is_empty(), "{error}");
}

#[tokio::test]
async fn a_boxed_program_runs_is_tuned_and_cloned_like_itself() {
    let model = ScriptedLm::texts([echo("a").as_str(), echo("b").as_str(), echo("c").as_str()]);
    let runtime = runtime(model.clone(), "");
    let original: Boxed<RepeatInput, RepeatOutput> = Boxed::new(Predict::<Repeat>::new());
    let mut tuned = original.clone();
    let path = ProgramState::of(&original).0.keys().next().unwrap().to_string();
    set_instruction(&mut tuned, &path, "Say it loud.");
    assert_ne!(ProgramState::of(&tuned), ProgramState::of(&original), "a clone is tuned alone");
    assert_eq!(runtime.run(&original, word()).await.outcome.unwrap().echo, "a");
    assert_eq!(runtime.run(&tuned, word()).await.outcome.unwrap().echo, "b");
    let shared = Arc::new(tuned);
    assert_eq!(runtime.run(&shared, word()).await.outcome.unwrap().echo, "c");
    let loud = |request: &abide_lm::LmRequest| request.messages[0].text().contains("Say it loud.");
    assert_eq!(model.requests().iter().map(loud).collect::<Vec<_>>(), [false, true, true]);
    assert_eq!(shared.user_input(&word()), original.user_input(&word()));
    assert_ne!(shared.user_input(&word()), crate::Fields::new());
}

#[tokio::test]
async fn a_signature_that_reasons_itself_keeps_its_own_field() {
    let text = reply(&[("reasoning", "Because."), ("echo", "moon")]);
    let runtime = runtime(ScriptedLm::texts([text.as_str()]), "");
    let program = ChainOfThought::<Explain>::new();
    let run = runtime.run(&program, ExplainInput { word: "moon".into() }).await;
    let Reasoned { reasoning, output } = run.outcome.unwrap();
    assert_eq!((reasoning.as_str(), output.reasoning.as_str()), ("Because.", "Because."));
    assert_eq!(output.echo, "moon");
}

#[tokio::test]
async fn an_exchange_is_kept_without_what_is_the_same_in_every_turn() {
    let step = reply(&[("thought", "done"), ("tool", "finish"), ("arguments", r#"{"echo": "moon"}"#)]);
    let runtime = runtime(ScriptedLm::texts([step.as_str()]), NOTES);
    let run = runtime.run(&ReAct::<Repeat>::new(notes()), word()).await;
    assert_eq!(run.outcome.unwrap().echo, "moon");
    let exchange = &run.episode.exchanges[0];
    let names: Vec<&str> = exchange.inputs.iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["trajectory", "word"], "neither the protocol nor the tools");
    assert_eq!(exchange.outputs.get("tool"), Some(&json!("finish")));
}

#[tokio::test]
async fn an_agent_without_turns_asks_once_with_its_instruction() {
    let model = ScriptedLm::texts([echo("moon").as_str()]);
    let mut agent = ReAct::<Repeat>::new(notes()).max_iters(0);
    set_instruction(&mut agent, "act", "Say it twice.");
    let run = runtime(model.clone(), NOTES).run(&agent, word()).await;
    assert_eq!(run.outcome.unwrap().echo, "moon");
    assert_eq!(model.requests().len(), 1);
    assert!(model.requests()[0].messages[0].text().contains("Say it twice."));
    assert!(!model.asked()[0].contains("[[ ## tools ## ]]\n"));
    assert!(run.episode.exchanges.is_empty(), "the last question teaches nothing");
}

#[tokio::test]
async fn compiled_descriptions_of_tools_are_shown_instead_of_the_servers() {
    let step = reply(&[("thought", "done"), ("tool", "finish"), ("arguments", r#"{"echo": "moon"}"#)]);
    let model = ScriptedLm::texts([step.as_str()]);
    let mut agent = ReAct::<Repeat>::new(notes());
    let mut state = ProgramState::of(&agent);
    for slot in state.0.values_mut() {
        slot.tool_docs.insert("notes".into(), "What was written down.".into());
    }
    state.install(&mut agent).unwrap();
    runtime(model.clone(), NOTES).run(&agent, word()).await.outcome.unwrap();
    let asked = &model.asked()[0];
    assert!(asked.contains("What was written down.") && !asked.contains("The notes."), "{asked}");
}

#[tokio::test]
async fn a_reply_that_ran_out_of_tokens_is_asked_for_again() {
    let cut = |text: &str| Ok(LmReply::new(text).finish(Finish::Limit));
    let model = ScriptedLm::replies([cut("[[ ## echo ## ]]\nmo"), Ok(LmReply::new(echo("moon")))]);
    let run = runtime(model.clone(), "").run(&Predict::<Repeat>::new(), word()).await;
    assert_eq!(run.outcome.unwrap().echo, "moon");
    assert_eq!(
        run.episode.events[0].detail,
        "output of `Repeat`: the reply was cut off at the limit of its tokens; be brief"
    );
    // what stands before the closing marker is whole
    let model = ScriptedLm::replies([cut(&echo("moon"))]);
    let run = runtime(model.clone(), "").run(&Predict::<Repeat>::new(), word()).await;
    assert_eq!(run.outcome.unwrap().echo, "moon");
    assert!(run.episode.events.is_empty());
}

/// A user's own struct of modules, which says nothing about its input.
struct Own<I>(Toolbox, std::marker::PhantomData<fn(I)>);

impl<I: serde::Serialize + Send + Sync + 'static> Module for Own<I> {
    type Input = I;
    type Output = bool;

    async fn forward(&self, cx: &crate::runtime::Cx, _: I) -> Result<bool, crate::runtime::CallError> {
        let arguments = serde_json::Map::from_iter([("topic".to_owned(), json!("moon"))]);
        let call = abide_base::call::ToolCall { tool: "notes".try_into().unwrap(), arguments };
        Ok(matches!(self.0.call(cx, call).await, crate::tool::ToolOutcome::Replied { .. }))
    }
}

#[tokio::test]
async fn the_input_of_every_module_counts_as_given() {
    async fn is_given<I: serde::Serialize + Send + Sync + 'static>(input: I) -> bool {
        let rules = format!("{NOTES}arguments.topic = {{ from = ['input'] }}\n");
        let runtime = runtime(ScriptedLm::texts([]), &rules);
        runtime.run(&Own(notes(), std::marker::PhantomData), input).await.outcome.unwrap()
    }
    assert!(is_given("What of the moon?".to_owned()).await);
    assert!(is_given(word()).await);
    assert!(is_given(vec![("a", "moon")]).await);
    assert!(!is_given("What of Mars?".to_owned()).await);
    assert!(!is_given(()).await);
}

/// A step of an agent over the notes.
fn step(tool: &str, arguments: &str) -> String {
    reply(&[("thought", "t"), ("tool", tool), ("arguments", arguments)])
}

/// Rules that allow notes by topic.
fn topics() -> String {
    format!("{NOTES}arguments.topic = {{ max_chars = 20 }}\n")
}

/// Runs an agent over these replies: what it said in the end, what it was asked, and the record.
async fn agent(replies: &[String]) -> (Result<String, String>, Vec<String>, crate::episode::Episode) {
    let model = ScriptedLm::texts(replies.iter().map(String::as_str));
    let run = runtime(model.clone(), &topics()).run(&ReAct::<Repeat>::new(notes()), word()).await;
    (run.outcome.map(|output| output.echo).map_err(|error| error.to_string()), model.asked(), run.episode)
}

fn finish() -> String {
    step("finish", r#"{"echo": "moon"}"#)
}

#[tokio::test]
async fn a_call_that_was_only_considered_is_not_made() {
    let considered = format!("<think>\n{}\n</think>\n{}", step("notes", r#"{"topic": "moon"}"#), finish());
    let (said, _, episode) = agent(&[considered]).await;
    assert_eq!((said.as_deref(), episode.tool_steps().count()), (Ok("moon"), 0));
}

#[tokio::test]
async fn a_tools_name_is_known_in_its_usual_dress_and_a_call_without_arguments_is_one() {
    for (name, arguments) in [
        ("`notes`", r#"{"topic": "moon"}"#),
        ("notes()", r#"{"topic": "moon"}"#),
        ("functions.notes", r#""{\"topic\": \"moon\"}""#),
        ("NOTES", r#"{"topic": "moon"}"#),
    ] {
        let (said, _, episode) =
            agent(&[step(name, arguments), step("FINISH", r#"{"Echo": "moon",}"#), finish()]).await;
        assert_eq!(said.as_deref(), Ok("moon"), "{name}");
        let made: Vec<&str> = episode.executed().map(|step| step.tool.as_str()).collect();
        assert_eq!(made, ["notes"], "{name}");
    }
    for empty in ["", "null", "{}"] {
        let (_, _, episode) = agent(&[step("notes", empty), finish()]).await;
        let wanted = episode.tool_steps().next().unwrap();
        assert!(wanted.arguments.is_empty(), "{empty}");
    }
}

#[tokio::test]
async fn arguments_are_taken_as_they_are_or_asked_for_again() {
    for loose in [
        "```json\n{\"topic\": \"moon\"}\n```",
        "{'topic': 'moon'}",
        "Call it with {\"topic\": \"moon\"}.",
        r#"{"topic": "a", "topic": "moon"}"#,
    ] {
        let (said, asked, episode) =
            agent(&[step("notes", loose), step("notes", r#"{"topic": "moon"}"#), finish()]).await;
        assert_eq!((said.as_deref(), episode.executed().count()), (Ok("moon"), 1), "{loose}");
        assert!(asked[1].starts_with("That reply cannot be used: field `arguments` must be an object"), "{}", asked[1]);
    }
}

#[tokio::test]
async fn a_name_that_no_tool_can_have_is_a_step_all_the_same() {
    let (said, _, episode) = agent(&[step("crm get customer!", "{}"), finish()]).await;
    assert_eq!(said.as_deref(), Ok("moon"));
    let wanted = episode.tool_steps().next().unwrap();
    assert_eq!((wanted.tool.as_str(), wanted.verdict), ("-hidden-", crate::episode::CallVerdict::Invalid));
}

#[tokio::test]
async fn an_unreadable_turn_costs_a_turn_and_not_the_run() {
    let call = step("notes", r#"{"topic": "moon"}"#);
    let prose = || "I think I am done.".to_owned();
    let (said, asked, episode) = agent(&[call.clone(), prose(), prose(), finish()]).await;
    assert_eq!((said.as_deref(), episode.executed().count()), (Ok("moon"), 1));
    assert!(asked[3].contains("\"code\":\"output_rejected\""), "{}", asked[3]);
    // twice in a row: what is known is asked for alone
    let (said, _, episode) = agent(&[call, prose(), prose(), prose(), prose(), echo("moon")]).await;
    assert_eq!((said.as_deref(), episode.executed().count()), (Ok("moon"), 1));
    // with nothing done yet there is nothing to keep
    let (said, _, _) = agent(&[prose(), prose()]).await;
    assert!(said.unwrap_err().contains("the reply has no field marker"));
}

#[tokio::test]
async fn a_wrong_answer_of_an_agent_is_told_with_its_place() {
    let (said, asked, _) = agent(&[step("finish", r#"{"echo": ["moon"]}"#), finish()]).await;
    assert_eq!(said.as_deref(), Ok("moon"));
    assert!(asked[1].contains("field `echo` must be text, and is a list"), "{}", asked[1]);
}

#[tokio::test]
async fn a_trajectory_that_is_too_long_loses_its_oldest_turns_and_never_the_task() {
    let call = || Ok(LmReply::new(step("notes", r#"{"topic": "moon"}"#)));
    let too_long = || Err(abide_lm::LmError::TooLong { message: "maximum context".into() });
    let model = ScriptedLm::replies([call(), call(), call(), too_long(), Ok(LmReply::new(finish()))]);
    let run = runtime(model.clone(), &topics()).run(&ReAct::<Repeat>::new(notes()), word()).await;
    assert_eq!(run.outcome.unwrap().echo, "moon");
    let turns = |text: &String| text.matches("\"observation\"").count();
    let asked = model.asked();
    assert_eq!(asked.iter().map(turns).collect::<Vec<_>>(), [0, 1, 2, 3, 1]);
    assert!(asked[4].contains("[[ ## word ## ]]\nmoon"));
}

#[tokio::test]
async fn what_would_end_the_same_way_again_is_not_asked_again() {
    let spent = Ok(LmReply::new("").finish(Finish::Limit));
    let model = ScriptedLm::replies([spent]);
    let run = runtime(model.clone(), "").run(&Predict::<Repeat>::new(), word()).await;
    let error = run.outcome.map(|output| output.echo).unwrap_err().to_string();
    assert!(error.contains("its limit of 1024 tokens: raise `limits.reply_tokens`"), "{error}");
    let model = ScriptedLm::replies([Ok(LmReply::new("").refusal("No."))]);
    let run = runtime(model.clone(), "").run(&Predict::<Repeat>::new(), word()).await;
    let error = run.outcome.map(|output| output.echo).unwrap_err().to_string();
    assert!(error.ends_with("the model declined to answer"), "{error}");
    for finish in [Finish::Filtered, Finish::Error, Finish::Other("moon".into())] {
        let cut = Ok(LmReply::new("[[ ## echo ## ]]\nmo").finish(finish.clone()));
        let model = ScriptedLm::replies([cut, Ok(LmReply::new(echo("moon")))]);
        let run = runtime(model.clone(), "").run(&Predict::<Repeat>::new(), word()).await;
        assert_eq!(run.outcome.unwrap().echo, "moon", "{finish:?}");
        assert_eq!(model.requests().len(), 2, "{finish:?}");
    }
}

/// Judge an argument.
#[derive(Signature)]
struct Argue {
    #[input]
    reasoning: String,
    #[output]
    is_sound: bool,
}

#[tokio::test]
async fn an_input_named_reasoning_does_not_switch_reasoning_off() {
    let model = ScriptedLm::texts([reply(&[("rationale", "It holds."), ("is_sound", "true")]).as_str()]);
    let input = ArgueInput { reasoning: "A, so A.".into() };
    let run = runtime(model, "").run(&ChainOfThought::<Argue>::new(), input).await;
    let Reasoned { reasoning, output } = run.outcome.unwrap();
    assert_eq!((reasoning.as_str(), output.is_sound), ("It holds.", true));
}
