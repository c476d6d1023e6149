//! Both derives where every name of the prelude, and of the vocabulary, means something else.
#![expect(dead_code, reason = "most of them only stand in the way")]

macro_rules! shadow {
    ($($name:ident)*) => { $(struct $name;)* };
}

shadow!(Option Some None String Result Ok Err Vec Box Arc Default Clone Debug FnMut Serialize Deserialize);
shadow!(Fields FieldSpec SignatureSpec Constraints Slot SlotPath Pattern LazyLock);

mod std {}
mod core {}
mod serde {}
mod schemars {}
mod abide_signatures {}

/// Answer.
#[derive(abide_derive::Signature)]
#[signature(crate = "::abide_signatures", derive(PartialEq))]
struct Shadowed {
    /// The question
    #[input(max_chars = 3, min_chars = 1, pattern = "[a-z]+")]
    question: ::std::string::String,
    #[output(min = 0, max = 1.5)]
    answer: ::core::option::Option<u8>,
    #[output(max_items = 2)]
    items: ::std::vec::Vec<u8>,
}

#[derive(abide_derive::Tunable)]
#[tunable(crate = "::abide_signatures")]
struct Program<M> {
    one: M,
    many: ::std::vec::Vec<M>,
    maybe: ::core::option::Option<::std::boxed::Box<M>>,
    #[tunable(skip)]
    _rest: String,
}

#[test]
fn the_generated_code_names_nothing_by_the_prelude() {
    let spec = <Shadowed as ::abide_signatures::Signature>::spec();
    assert!(spec.inputs.iter().all(|field| field.constraints.pattern.is_some()));
    let slot = || ::abide_signatures::Slot::new(spec.clone());
    let program = Program {
        one: slot(),
        many: vec![slot()],
        maybe: ::core::option::Option::Some(::std::boxed::Box::new(slot())),
        _rest: String,
    };
    assert_eq!(::abide_signatures::ProgramState::of(&program).0.len(), 3);
    let input = ShadowedInput { question: "abc".into() };
    let output = ShadowedOutput { answer: ::core::option::Option::None, items: vec![1] };
    assert!(input == input.clone() && output == output.clone());
}
