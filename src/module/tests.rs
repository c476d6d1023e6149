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
