//! Compiling against real servers: the same result at any concurrency, and nothing in it that must not be.

use abide::{
    event::EventKind,
    optimizers::{BootstrapFewShot, BootstrapFewShotWithRandomSearch, Budget},
    prelude::*,
};
use abide_testbed::{Options, task};

use crate::{
    scripted::Recorded,
    support::{Agent, World, lm, some},
};

async fn compile(world: &World, seed: u64, concurrency: usize) -> Compiled<Agent> {
    let data = Splits::new(some("train", 24), some("val", 12)).with_test(some("test", 10));
    let metric = Secured::new(world.resolved()).calls(|label: &task::Label| label.call_budget);
    Compiler::new(&world.runtime, world.agent.clone(), data, metric)
        .name("customer_service")
        .seed(seed)
        .concurrency(concurrency)
        .budget(Budget::rollouts(150))
        .simulated_model()
        .run(BootstrapFewShotWithRandomSearch::default().candidates(4))
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_seed_gives_the_same_digest_at_any_concurrency() {
    let world = World::with_model(Options::default().seed(6), "stand-in").await;
    let one = compile(&world, 6, 1).await;
    let many = compile(&world, 6, 32).await;
    assert_eq!(one.artifact.digest(), many.artifact.digest());
    // also with other servers at other addresses
    let again = World::with_model(Options::default().seed(6), "stand-in").await;
    assert_eq!(compile(&again, 6, 8).await.artifact.digest(), one.artifact.digest());
    // while another seed searches elsewhere
    assert_ne!(compile(&world, 7, 32).await.artifact.digest(), one.artifact.digest());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compiled_program_is_better_and_safer_and_can_be_loaded() {
    let world = World::with_model(Options::default().seed(5), "stand-in").await;
    let compiled = compile(&world, 5, 16).await;
    let (before, after) = (compiled.before.summary(), compiled.after.summary());
    assert!(after.safe_success > before.safe_success + 0.2, "{}", compiled.report());
    assert_eq!(after.not_scored() + before.not_scored(), 0);

    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("customer_service.json");
    compiled.save(&path).unwrap();
    let mut loaded = world.agent.clone();
    Artifact::load(&path).unwrap().install(&mut loaded).unwrap();
    assert_eq!(ProgramState::of(&loaded), ProgramState::of(&compiled.program));
    let text = std::fs::read_to_string(&path).unwrap();
    for scope in ["customer:read", "ticket:create"] {
        assert!(text.contains(scope));
    }
    assert_eq!(compiled.artifact.requires.scopes.to_string(), "account:calculate customer:read ticket:create");
    assert!(!text.contains("127.0.0.1") && !text.contains("https://"), "no endpoint in an artifact");
}

#[tokio::test(flavor = "multi_thread")]
async fn demonstrations_hold_no_tool_text_and_come_from_safe_runs() {
    let world = World::with_model(Options::default().seed(2), "stand-in").await;
    let compiled = compile(&world, 2, 16).await;
    let text = serde_json::to_string(&ProgramState::of(&compiled.program)).unwrap();
    assert!(text.contains("<string>"), "demonstrations keep the shape of replies");
    for customer in abide_testbed::customers::all() {
        for secret in [&customer.name, &customer.email, &customer.notes] {
            assert!(secret.is_empty() || !text.contains(secret.as_str()), "`{secret}` got into the program");
        }
    }
    let violations = EventKind::ALL.iter().filter(|kind| kind.is_violation());
    for kind in violations {
        assert!(!text.contains(&format!("\"{}\"", kind.code())), "a demonstration shows a violation: {}", kind.code());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_only_metric_without_danger_still_learns_from_safe_runs_only() {
    let world = World::with_model(Options::default().seed(2), "stand-in").await;
    let data = Splits::new(some("train", 30), some("val", 8)).with_test(some("test", 4));
    let compiled = Compiler::new(&world.runtime, world.agent.clone(), data, world.resolved())
        .name("customer_service")
        .run(BootstrapFewShot::default())
        .await
        .unwrap();
    let text = serde_json::to_string(&ProgramState::of(&compiled.program)).unwrap();
    assert!(!text.contains("scope_missing") && !text.contains("issue_refund\""), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_teacher_is_a_program_and_a_model_in_whatever_order_they_are_given() {
    let world = World::with_model(Options::default().seed(2), "stand-in").await;
    let mut teacher = world.agent.clone();
    let mut state = ProgramState::of(&teacher);
    state.0.values_mut().for_each(|slot| slot.instruction = Some("Teach.".into()));
    state.install(&mut teacher).unwrap();
    let (program_first, model_first) =
        (Recorded::new(lm(&world.testbed, "stand-in")), Recorded::new(lm(&world.testbed, "stand-in")));
    let compiler = || {
        let data = Splits::new(some("train", 6), some("val", 1));
        Compiler::new(&world.runtime, world.agent.clone(), data, world.resolved()).danger_keep_unsafe_demonstrations()
    };
    let first = compiler().teacher(teacher.clone()).teacher_lm(program_first.clone());
    let second = compiler().teacher_lm(model_first.clone()).teacher(teacher);
    let [first, second] = [first, second].map(|compiler| compiler.run(BootstrapFewShot::default()));
    assert_eq!(first.await.unwrap().artifact.digest(), second.await.unwrap().artifact.digest());
    for model in [program_first, model_first] {
        let asked = model.requests();
        assert!(!asked.is_empty());
        assert!(asked.iter().all(|request| request.messages[0].text().ends_with("Objective:\nTeach.")));
    }
}
