//! Without `crate = …`, everything is found below `::abide`.

/// Answer.
#[derive(abide_derive::Signature)]
struct Answer {
    #[input(pattern = "a+")]
    question: String,
    #[output]
    answer: String,
}

#[derive(abide_derive::Tunable)]
struct Program {
    step: abide::Slot,
}

#[test]
fn the_default_path_is_abide() {
    let program = Program { step: abide::Slot::new(<Answer as abide::Signature>::spec()) };
    assert_eq!(abide::ProgramState::of(&program).0.len(), 1);
    assert!(program.step.spec().inputs.iter().all(|field| field.constraints.pattern.is_some()));
}
